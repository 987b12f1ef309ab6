/** One pool for all threads. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import * as workerThreads from 'node:worker_threads';
import { DynamicWorkerPool, FixedWorkerPool, type PoolHandle } from 'millrace';
import { thread, wait } from '../helpers.js';

const reach = 'postMessageToThread' in workerThreads;

/** Runs a module's text in a thread of its own and gives what it posts. */
function answer(text: string, data: unknown): Promise<unknown> {
  const worker = thread(text, data);
  return new Promise((resolve, reject) => {
    worker.on('message', resolve);
    worker.on('error', reject);
    worker.on('exit', (code) => reject(new Error(`the thread ended with ${code} and no answer`)));
  });
}

describe('any thread', () => {
  test('opens a pool by handle, and gets its own results', async () => {
    await using pool = new FixedWorkerPool<number, number>(2, { processor: (n) => n * 2 });
    const source = `
      const pool = FixedWorkerPool.from(data);
      parentPort.postMessage(await pool.submitBatch([1, 2, 3]));
      await pool.close();`;
    assert.deepEqual(await answer(source, pool.toHandle()), [2, 4, 6]);
    assert.equal(await pool.submit(4), 8);
  });

  test('eight at once submit to one pool, each its own thousands', async () => {
    await using pool = new FixedWorkerPool<number, number>(2, { processor: (n) => n + 1 });
    const source = `
      const { handle, base } = data;
      const pool = DynamicWorkerPool.from(handle);
      const results = await Promise.all(Array.from({ length: 5000 }, (_, i) => pool.submit(base + i)));
      parentPort.postMessage(results.every((result, i) => result === base + i + 1));`;
    const threads = Array.from({ length: 8 }, (_, i) =>
      answer(source, { handle: pool.toHandle(), base: i * 1e6 }),
    );
    assert.deepEqual(await Promise.all(threads), Array(8).fill(true));
    assert.equal(pool.getMetrics().completed, 40_000);
  });

  test('opens a pool by name; another configuration of that name is an error that says both', async () => {
    const processor = 'data:text/javascript,export default (n) => n - 1';
    await using pool = new DynamicWorkerPool<number, number>({ name: 'shared', maxWorkers: 2, processor });
    const source = `
      const opened = DynamicWorkerPool.open('shared');
      const same = new DynamicWorkerPool({ name: 'shared', maxWorkers: 2, processor: data });
      let conflict;
      try { new DynamicWorkerPool({ name: 'shared', maxWorkers: 3, processor: data }); } catch (error) { conflict = error; }
      parentPort.postMessage([await opened.submit(5), await same.submit(6), conflict.code, conflict.message]);`;
    const [a, b, code, message] = (await answer(source, processor)) as [number, number, string, string];
    assert.deepEqual([a, b, code], [4, 5, 'ERR_NAME_CONFLICT']);
    assert.match(message, /"maxWorkers":2.*"maxWorkers":3/s);
    assert.equal(pool.name, 'shared');
  });

  test('finds a name free again when its pool is closed', async () => {
    await new DynamicWorkerPool({ name: 'again', processor: () => 1 }).close();
    await using second = new DynamicWorkerPool<number, number>({ name: 'again', processor: () => 2 });
    assert.equal(await second.submit(0), 2);
    assert.throws(() => DynamicWorkerPool.open('never'), { code: 'ERR_NOT_FOUND' });
    assert.throws(() => DynamicWorkerPool.from({ millrace: 'worker-pool', id: 1e9 }), {
      code: 'ERR_NOT_FOUND',
    });
    assert.throws(() => DynamicWorkerPool.from({} as PoolHandle), { code: 'ERR_INVALID_ARGUMENT' });
  });

  test('sends what only the platform can clone, and moves buffers', {
    skip: !reach && 'no postMessageToThread',
  }, async () => {
    await using pool = new FixedWorkerPool<unknown, unknown>(1, { processor: (input) => input });
    const source = `
      const pool = FixedWorkerPool.from(data);
      const bytes = new Uint8Array(1000).fill(9);
      const moved = await pool.submit(bytes, { transfer: [bytes.buffer] });
      const shared = new Int32Array(new SharedArrayBuffer(4));
      const back = await pool.submit({ shared });
      Atomics.store(back.shared, 0, 5);
      parentPort.postMessage([bytes.length, moved[999], shared[0]]);`;
    assert.deepEqual(await answer(source, pool.toHandle()), [0, 9, 5]);
  });

  test('that ends takes its waiting tasks along and leaves the pool whole', async () => {
    await using pool = new FixedWorkerPool<number, number>(1, {
      processor: wait,
    });
    const worker = thread(
      `const pool = FixedWorkerPool.from(data);
      for (let i = 0; i < 1000; i++) pool.submit(20).catch(() => {});
      parentPort.postMessage('submitted');`,
      pool.toHandle(),
    );
    await once(worker, 'message');
    assert.ok(pool.getQueueLength() > 900);
    await worker.terminate();
    assert.equal(await pool.submit(1), 1);
    assert.equal(pool.getQueueLength(), 0);
  });
});
