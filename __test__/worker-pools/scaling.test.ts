/** A pool grows and shrinks: by its own rule, by the user's, when asked. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DynamicWorkerPool } from 'millrace';
import { deferred, wait } from '../helpers.js';

describe('scaling', () => {
  test('the pool grows with its queue and shrinks when idle', async () => {
    const events: string[] = [];
    const shrunk = deferred<void>();
    await using pool = new DynamicWorkerPool<number, number>({
      minWorkers: 1,
      maxWorkers: 3,
      idleTimeout: 50,
      processor: wait,
    });
    pool.on('scale', ({ from, to }) => events.push(to > from ? 'up' : 'down'));
    pool.on('worker', ({ state }) => {
      if (state === 'retired' && pool.getWorkerCount() === 1) shrunk.resolve();
    });
    await pool.submitBatch(Array<number>(30).fill(20));
    assert.ok(pool.getMetrics().spawned > 1);
    assert.ok(events.includes('up'));
    // An idle pool does not keep the process alive; this test must.
    const alive = setInterval(() => undefined, 1000);
    await shrunk.promise;
    clearInterval(alive);
    assert.equal(pool.getWorkerCount(), 1);
    assert.ok(events.includes('down'));
  });

  test('scaleUp and scaleDown stay within minimum and maximum', async () => {
    await using pool = new DynamicWorkerPool<number, number>({
      minWorkers: 1,
      maxWorkers: 3,
      processor: (n) => n,
    });
    await pool.scaleUp(10);
    assert.equal(pool.getWorkerCount(), 3);
    assert.ok(pool.getHealthStatus().workers.every(({ state }) => state === 'idle'));
    await pool.scaleDown(10);
    assert.equal(pool.getWorkerCount(), 1);
  });

  test('a worker that is let go is handed no more work (tinypool PR#61)', async () => {
    await using pool = new DynamicWorkerPool<number, number>({
      minWorkers: 1,
      maxWorkers: 4,
      enableAutoScaling: false,
      processor: (_, ctx) => ctx.workerId,
    });
    for (let round = 0; round < 15; round++) {
      await pool.scaleUp(3);
      const gone = new Set(pool.getHealthStatus().workers.map(({ workerId }) => workerId));
      const before = Array.from({ length: 300 }, () => pool.submit(0));
      await pool.scaleDown(3);
      const after = Array.from({ length: 300 }, () => pool.submit(0));
      await Promise.all(before);
      for (const { workerId } of pool.getHealthStatus().workers) gone.delete(workerId);
      const later = await Promise.all(Array.from({ length: 50 }, () => pool.submit(0)));
      assert.equal((await Promise.all(after)).length, 300);
      assert.ok(!later.some((worker) => gone.has(worker)));
    }
  });

  test('a policy of the user’s decides', async () => {
    const samples: number[] = [];
    await using pool = new DynamicWorkerPool<number, number>({
      minWorkers: 1,
      maxWorkers: 8,
      processor: wait,
      scalingPolicy: ({ waiting }) => {
        samples.push(waiting);
        return 2;
      },
    });
    await pool.submitBatch(Array<number>(20).fill(20));
    assert.ok(samples.length > 0);
    assert.equal(pool.getMetrics().spawned, 2);
  });

  test('enableAutoScaling: false leaves the number alone', async () => {
    await using pool = new DynamicWorkerPool<number, number>({
      maxWorkers: 4,
      enableAutoScaling: false,
      processor: wait,
    });
    await pool.submitBatch(Array<number>(20).fill(5));
    assert.equal(pool.getMetrics().spawned, 1);
  });

  test('a pool of no workers starts one for the first task', async () => {
    await using pool = new DynamicWorkerPool<number, number>({ minWorkers: 0, processor: (n) => n });
    assert.equal(pool.getWorkerCount(), 0);
    assert.equal(await pool.submit(7), 7);
  });
});
