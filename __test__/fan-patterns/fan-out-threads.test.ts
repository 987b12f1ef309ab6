/** Work shared out among threads. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { FanOut, type FanOutError, FanPattern, FixedWorkerPool } from 'millrace';
import { child, processors, thread, turns, until } from '../helpers.js';
import { upTo } from './fans.js';

describe('threads of its own', () => {
  let fan: FanOut<number, unknown>;
  before(() => {
    fan = new FanOut<number, unknown>({ workerCount: 2, on: 'workers' });
  });
  after(() => fan.close());

  test('results stand in order, work goes to every worker, each is one thread', async () => {
    const results = (await fan.distribute(upTo(400), (n, { index, worker }) => {
      const until = performance.now() + 0.2;
      while (performance.now() < until);
      const { threadId } = process.getBuiltinModule('node:worker_threads');
      return [n * 2, index, worker, threadId];
    })) as number[][];
    assert.deepEqual(
      results.map(([double, index]) => [double, index]),
      upTo(400).map((n) => [n * 2, n]),
    );
    const threads = new Map(results.map(([, , worker, thread]) => [worker, thread]));
    assert.deepEqual([...threads.keys()].sort(), [0, 1]);
    assert.ok(results.every(([, , worker, thread]) => threads.get(worker as number) === thread));
    assert.ok(!results.some(([, , , thread]) => thread === 0));
    assert.ok(fan.getMetrics().batches < 400);
  });

  test('asynchronous functions, modules, and batches', async () => {
    assert.deepEqual(await fan.distribute([1, 2, 3], async (n) => n + 1), [2, 3, 4]);
    const loaded = await fan.distribute([1, 2], { module: processors, export: 'square' });
    assert.deepEqual(loaded, [1, 4]);
    const batched = new FanOut<number, number>({ workerCount: 2, batchSize: 3, on: 'workers' });
    const results = await batched.processBatches(upTo(7), (batch) => [batch.length]);
    assert.deepEqual(results, [3, 3, 1]);
    await batched.close();
  });

  test('an error comes out as a worker’s does; collect has all of them', async () => {
    const thrown = fan.distribute(upTo(50), (n) => {
      if (n === 30) throw new RangeError(`at ${n}`);
      return n;
    });
    await assert.rejects(thrown, { name: 'RangeError', message: 'at 30' });
    const all = new FanOut<number, number>({ workerCount: 2, on: 'workers', onError: 'collect' });
    const error = await all
      .distribute(upTo(10), (n) => {
        if (n % 4 === 0) throw new Error(`no ${n}`);
        return n;
      })
      .then(
        () => assert.fail('it resolved'),
        (failed: FanOutError) => failed,
      );
    assert.deepEqual(
      error.failures.map(({ index, error }) => [index, (error as Error).message]),
      [
        [0, 'no 0'],
        [4, 'no 4'],
        [8, 'no 8'],
      ],
    );
    assert.deepEqual(error.results[5], 5);
    await all.close();
  });

  test('what cannot be sent, either way', async () => {
    const bound = function (this: number, n: number): number {
      return n + this;
    }.bind(5 as never);
    await assert.rejects(fan.distribute([1], bound), { code: 'ERR_PROCESSOR' });
    const uncloneable = new FanOut<unknown, unknown>({ workerCount: 1, on: 'workers' });
    await assert.rejects(
      uncloneable.distribute([() => 1], (x) => x),
      { name: 'DataCloneError' },
    );
    await assert.rejects(
      uncloneable.distribute([1], () => () => 1),
      { name: 'DataCloneError' },
    );
    assert.deepEqual(await uncloneable.distribute([1], (x) => x), [1]);
    await uncloneable.close();
  });

  test('a signal ends the call at once, and the thread is told', async () => {
    const flag = new Int32Array(new SharedArrayBuffer(4));
    const one = new FanOut<Int32Array, unknown>({ workerCount: 1, on: 'workers' });
    const stop = new AbortController();
    const all = one.distribute(
      [flag],
      async (shared, { signal }) => {
        Atomics.store(shared, 0, 1);
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        Atomics.store(shared, 0, 2);
      },
      { signal: stop.signal },
    );
    await until(() => Atomics.load(flag, 0) === 1);
    stop.abort(new Error('enough'));
    await assert.rejects(all, /enough/);
    await until(() => Atomics.load(flag, 0) === 2);
    assert.deepEqual([...one.getWorkerLoads().values()], [0]);
    await one.close();
  });
});

test('timeout: a thread that computes on is replaced, and the other inputs have their results', async () => {
  const fan = new FanOut<number, number>({
    workerCount: 1,
    on: 'workers',
    timeout: 500,
    abortGrace: 10,
    onError: 'collect',
  });
  const error = await fan
    .distribute([0, 1, 2], (n) => {
      while (n === 1);
      return n;
    })
    .then(
      () => assert.fail('it resolved'),
      (failed: FanOutError) => failed,
    );
  assert.deepEqual(error.results, [0, undefined, 2]);
  assert.equal((error.errors[0] as { code: string }).code, 'ERR_CALL_TIMEOUT');
  assert.equal(fan.getMetrics().timedOut, 1);
  await fan.close();
});

test('a worker that dies takes its batch with it, and no more', async () => {
  const fan = new FanOut<number, number>({
    workerCount: 2,
    batchSize: 1,
    on: 'workers',
    onError: 'collect',
  });
  const error = await fan
    .distribute(upTo(8), (n) => {
      if (n === 3) process.exit(5);
      return n;
    })
    .then(
      () => assert.fail('it resolved'),
      (failed: FanOutError) => failed,
    );
  assert.deepEqual(
    error.failures.map(({ index, error }) => [index, (error as { code: string }).code]),
    [[3, 'ERR_WORKER_CRASHED']],
  );
  assert.deepEqual(error.results, [0, 1, 2, undefined, 4, 5, 6, 7]);
  await fan.close();
});

test('round-robin, a rule, and equal parts choose the thread', async () => {
  const fan = new FanOut<number, number>({ workerCount: 2, batchSize: 1, on: 'workers' });
  const workers = (): Promise<number[]> => fan.distribute(upTo(6), (_, { worker }) => worker);
  fan.setLoadBalancer('round-robin');
  assert.deepEqual(await workers(), [0, 1, 0, 1, 0, 1]);
  fan.setLoadBalancer({ choose: (loads) => loads.length - 1 });
  assert.deepEqual(await workers(), [1, 1, 1, 1, 1, 1]);
  fan.setLoadBalancer('adaptive');
  assert.equal((await workers()).length, 6);
  await fan.close();
  const parts = new FanOut<number, number>({ workerCount: 2, on: 'workers', enableLoadBalancing: false });
  assert.deepEqual(await parts.distribute(upTo(4), (_, { worker }) => worker), [0, 0, 1, 1]);
  await parts.close();
});

test('a pool of somebody’s does the work, and stays open', async () => {
  const pool = new FixedWorkerPool<string, number>(2, { processor: (text) => text.length });
  const fan = new FanOut<number, number>({ workerCount: 4, on: pool });
  assert.deepEqual(
    await fan.distribute(upTo(20), (n) => n + 1),
    upTo(20).map((n) => n + 1),
  );
  await fan.close();
  assert.equal(await pool.submit('four'), 4);
  const again = new FanOut<number, number>({ on: pool, timeout: 20 });
  const slow = again.distribute([1], () => new Promise<number>(() => undefined));
  await assert.rejects(slow, { code: 'ERR_CALL_TIMEOUT' });
  await pool.terminate();
  await assert.rejects(
    again.distribute([1], (n) => n),
    { code: 'ERR_POOL_CLOSED' },
  );
  assert.throws(() => new FanOut({ on: pool, abortGrace: 5 }), { code: 'ERR_INVALID_ARGUMENT' });
});

test('a stream over threads keeps its order, and reads no further than it may', async () => {
  await using fan = new FanPattern<number, number>({ workerCount: 2, on: 'workers', bufferSize: 8 });
  let read = 0;
  const results: number[] = [];
  const source = (function* () {
    for (let n = 0; n < 500; n++) {
      read++;
      yield n;
    }
  })();
  for await (const result of fan.processStream(source, (n) => n * n)) {
    results.push(result);
    assert.ok(read - results.length <= 2 * 2 + 8, `${read} read, ${results.length} given`);
  }
  assert.deepEqual(
    results,
    upTo(500).map((n) => n * n),
  );
});

test('terminate ends threads that compute', async () => {
  const fan = new FanOut<number, number>({ workerCount: 1, on: 'workers' });
  const flag = new Int32Array(new SharedArrayBuffer(4));
  const all = fan.distribute([flag as never], (shared) => {
    Atomics.store(shared as unknown as Int32Array, 0, 1);
    for (;;);
  });
  const ended = assert.rejects(all, { code: 'ERR_FAN_CLOSED' });
  await until(() => Atomics.load(flag, 0) === 1);
  await fan.terminate();
  await ended;
  await turns(1);
  assert.deepEqual([...fan.getWorkerLoads().values()], [0]);
});

test('a thread that owns a fan of threads is terminated: they go with it', async () => {
  const worker = thread(
    `const fan = new FanOut({ workerCount: 2, on: 'workers' });
    fan.distribute([1, 2, 3], (n) => new Promise(() => undefined)).catch(() => undefined);
    parentPort.postMessage(await fan.distribute([], (n) => n));`,
    undefined,
  );
  await once(worker, 'message');
  const exited = once(worker, 'exit');
  await worker.terminate();
  await exited;
});

test('eight threads share a pool through fans of their own', async () => {
  const pool = new FixedWorkerPool<number, number>(2);
  const workers = upTo(8).map(() =>
    thread(
      `const pool = FixedWorkerPool.from(data);
      const fan = new FanOut({ workerCount: 4, on: pool });
      const items = Array.from({ length: 200 }, (_, n) => n);
      const results = await fan.distribute(items, (n) => n * 3);
      parentPort.postMessage(results);
      await pool.close();`,
      pool.toHandle(),
    ),
  );
  const answers = await Promise.all(
    workers.map(async (worker) => {
      const exited = once(worker, 'exit');
      const [results] = (await once(worker, 'message')) as [number[]];
      await exited;
      return results;
    }),
  );
  for (const results of answers)
    assert.deepEqual(
      results,
      upTo(200).map((n) => n * 3),
    );
  await pool.close();
});

test('a fan that is not closed keeps no process alive', async () => {
  const { code, stdout } = await child(`
    const fan = new millrace.FanOut({ workerCount: 2, on: 'workers' });
    console.log(await fan.distribute([1, 2], (n) => n + 1));
  `);
  assert.deepEqual([code, stdout], [0, '[ 2, 3 ]\n']);
});
