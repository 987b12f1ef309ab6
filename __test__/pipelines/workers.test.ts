/** Stages that run on worker threads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { threadId } from 'node:worker_threads';
import { DynamicWorkerPool, FixedWorkerPool, Pipeline, PipelineStage } from 'millrace';
import { processors, started, until } from '../helpers.js';
import { numbers } from './items.js';

/** Self-contained, as it is sent by its source. */
const thread = (n: number): [number, number] => [
  n * 2,
  (process.getBuiltinModule('node:worker_threads') as { threadId: number }).threadId,
];
const hangs = (_n: number, { signal }: { signal: AbortSignal | undefined }): Promise<number> =>
  new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));

test("on: 'workers' runs the stage in threads of its own, in order", async () => {
  await using pipeline = new Pipeline<number>()
    .addStage({ name: 'double', processor: thread, on: 'workers', concurrency: 2 })
    .map(([n, id]) => {
      assert.notEqual(id, threadId);
      return n;
    });
  assert.deepEqual(
    await pipeline.processBatch(numbers(50)),
    numbers(50).map((n) => n * 2),
  );
  assert.equal((await pipeline.process(4)) as number, 8);
});

test('on: a pool runs it there, with the function given or the pool’s own', async () => {
  await using pool = new DynamicWorkerPool<number, number>({
    maxWorkers: 2,
    processor: (n: number) => n + 1,
  });
  const pipeline = new Pipeline<number>({ concurrency: 4 })
    .addStage<number>({ name: 'own', on: pool })
    .addStage({ name: 'given', processor: (n: number) => n * 10, on: pool })
    .addStage<number>({ name: 'module', processor: { module: processors, export: 'square' }, on: pool });
  assert.deepEqual(await pipeline.processBatch([1, 2, 3]), [400, 900, 1600]);
  await pipeline.close();
  assert.equal(await pool.submit(1), 2, 'the pool is not the pipeline’s to close');
});

test('what a worker throws, and a worker that dies, fail the item with all that is known', async () => {
  await using pipeline = new Pipeline<number>({ onError: 'dead-letter' }).addStage({
    name: 'risky',
    processor: (n: number) => {
      if (n === 1) throw new RangeError('one');
      if (n === 2) process.exit(3);
      return n;
    },
    on: 'workers',
  });
  assert.deepEqual(await pipeline.processBatch([0, 1, 2, 3]), [0, 3]);
  const letters = [pipeline.deadLetters.tryReceive()?.value, pipeline.deadLetters.tryReceive()?.value];
  const [thrown, died] = letters.map((letter) => letter?.error as Error & { code?: string });
  assert.deepEqual([thrown?.name, thrown?.message, died?.code], ['RangeError', 'one', 'ERR_WORKER_CRASHED']);
});

test('abort, a signal and a time limit cancel what workers run', async () => {
  await using pool = new FixedWorkerPool<number, number>(2, { concurrentTasksPerWorker: 4 });
  const of = (timeout?: number): Pipeline<number, number> =>
    new Pipeline<number>({ concurrency: 2 }).addStage({
      name: 'hangs',
      processor: hangs,
      on: pool,
      ...(timeout !== undefined && { timeout }),
    });
  const aborted = of();
  const rejected = assert.rejects(aborted.processBatch([1, 2]), /enough/);
  await started(pool, 2);
  await aborted.abort(new Error('enough'));
  await rejected;
  await until(() => pool.isIdle());
  await assert.rejects(of(20).process(1), { code: 'ERR_STAGE_TIMEOUT' });
  const stop = new AbortController();
  const one = of().process(1, { signal: stop.signal });
  await started(pool);
  stop.abort(new Error('no more'));
  await assert.rejects(one, /no more/);
  await until(() => pool.isIdle());
});

test('a pool that is closed fails the items', async () => {
  const pool = new FixedWorkerPool<number, number>(1, { processor: (n: number) => n });
  await pool.close();
  const pipeline = new Pipeline<number>().addStage({ name: 'late', on: pool });
  await assert.rejects(pipeline.process(1), { code: 'ERR_POOL_CLOSED' });
});

test('a PipelineStage ends its own threads when it is closed', async () => {
  const stage = new PipelineStage({ name: 'double', processor: thread, on: 'workers', concurrency: 2 });
  assert.deepEqual(
    (await stage.processBatch([1, 2])).map(([n]) => n),
    [2, 4],
  );
  await stage.close();
});

test('two pipelines of one definition have threads each', async () => {
  const first = new Pipeline<number>().addStage({ name: 'double', processor: thread, on: 'workers' });
  const second = first.map(([n]) => n);
  assert.equal((await first.process(1))[0], 2);
  assert.equal(await second.process(1), 2);
  await first.close();
  assert.equal(await second.process(2), 4);
  await second.close();
});
