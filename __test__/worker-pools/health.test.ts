/** What a pool tells of itself, and what becomes of workers that do not answer. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FixedWorkerPool } from 'millrace';
import { deferred, until } from '../helpers.js';

describe('what a pool tells of itself', () => {
  test('metrics and health', async () => {
    await using pool = new FixedWorkerPool<number, number>(2, {
      processor: async (n) => {
        if (n < 0) throw new Error('negative');
        await new Promise((resolve) => setTimeout(resolve, n));
        return n;
      },
    });
    await pool.submitBatch([5, 5, 5, -1], { settle: true });
    const metrics = pool.getMetrics();
    assert.deepEqual([metrics.submitted, metrics.completed, metrics.failed], [4, 3, 1]);
    assert.equal(metrics.running.count, 4);
    assert.ok(metrics.running.p50 >= 3 && metrics.running.max >= metrics.running.p99);
    assert.ok(metrics.utilisation > 0 && metrics.utilisation <= 1);
    const { healthy, workers, running } = pool.getHealthStatus();
    assert.deepEqual([healthy, workers.length, running], [true, 2, 0]);
    assert.equal(
      workers.reduce((sum, worker) => sum + worker.done, 0),
      3,
    );
    pool.resetMetrics();
    const { submitted, running: times, waiting } = pool.getMetrics();
    assert.deepEqual([submitted, times.count, times.max, waiting.count], [0, 0, 0, 0]);
    await pool.submit(1);
    assert.equal(pool.getMetrics().running.count, 1);
  });

  test('a busy worker’s heartbeat tells its event loop and heap; a blocked one is unresponsive and can be restarted', async () => {
    await using pool = new FixedWorkerPool<'block' | 'wait', number>(1, {
      heartbeatInterval: 10,
      heartbeatTimeout: 60,
      processor: (what) => {
        if (what === 'block') for (;;);
        return new Promise((resolve) => setTimeout(() => resolve(1), 80));
      },
    });
    await pool.submit('wait');
    assert.ok((pool.getHealthStatus().workers[0]?.heapUsed ?? 0) > 0);
    const blocked = pool.submit('block');
    await until(() => !pool.getHealthStatus().healthy);
    assert.equal(pool.getHealthStatus().workers[0]?.state, 'unresponsive');
    const rejected = assert.rejects(blocked, { code: 'ERR_WORKER_REPLACED', reason: 'unresponsive' });
    await pool.restartUnhealthyWorkers();
    await rejected;
    assert.equal(await pool.submit('wait'), 1);
  });

  test('autoRestart replaces an unresponsive worker unasked', async () => {
    await using pool = new FixedWorkerPool<number, number>(1, {
      heartbeatInterval: 10,
      heartbeatTimeout: 50,
      autoRestart: true,
      processor: (n) => {
        while (n === 0);
        return n;
      },
    });
    await assert.rejects(pool.submit(0), { code: 'ERR_WORKER_REPLACED' });
    assert.equal(await pool.submit(1), 1);
  });

  test('drain is told when nothing waits any more', async () => {
    await using pool = new FixedWorkerPool<number, number>(1, { processor: (n) => n });
    const { promise, resolve } = deferred<void>();
    pool.on('drain', resolve);
    await pool.submitBatch([1, 2, 3]);
    await promise;
  });
});
