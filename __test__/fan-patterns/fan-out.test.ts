/** Work shared out among places of this thread. */
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, test } from 'node:test';
import { Context, FanOut, FanOutError, type WorkerLoad } from 'millrace';
import { child, deferred, foreignPromise, pending, turns, until } from '../helpers.js';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

/** A processor whose calls end when they are told to. */
function gated(): {
  running: Map<number, ReturnType<typeof deferred<number>>>;
  most: () => number;
  begun: number[];
  processor: (n: number) => Promise<number>;
} {
  const running = new Map<number, ReturnType<typeof deferred<number>>>();
  const begun: number[] = [];
  let most = 0;
  return {
    running,
    begun,
    most: () => most,
    processor: (n) => {
      const call = deferred<number>();
      running.set(n, call);
      begun.push(n);
      most = Math.max(most, running.size);
      const end = (): void => void running.delete(n);
      call.promise.then(end, end);
      return call.promise;
    },
  };
}

/** What it rejects with. */
const failing = (promise: Promise<unknown>): Promise<FanOutError> =>
  promise.then(
    () => assert.fail('it resolved'),
    (thrown: FanOutError) => thrown,
  );

describe('distribute', () => {
  test('gives the results in the order of the inputs, workerCount at once', async () => {
    const fan = new FanOut<number, number>({ workerCount: 3 });
    const gate = gated();
    const all = fan.distribute(upTo(7), gate.processor);
    for (const n of [2, 0, 1, 5, 3, 6, 4]) {
      await until(() => gate.running.has(n));
      gate.running.get(n)?.resolve(n * 10);
      await turns(1);
    }
    assert.deepEqual(await all, [0, 10, 20, 30, 40, 50, 60]);
    assert.equal(gate.most(), 3);
  });

  test('processors may be synchronous, return any thenable, and get index, worker and signal', async () => {
    const fan = new FanOut<string, string>({ workerCount: 2 });
    const results = await fan.distribute(['a', 'b', 'c'], (input, { index, worker, signal }) => {
      assert.ok(worker === 0 || worker === 1);
      assert.equal(signal.aborted, false);
      const result = `${input}${index}`;
      return index === 1 ? foreignPromise(result) : result;
    });
    assert.deepEqual(results, ['a0', 'b1', 'c2']);
    assert.deepEqual(await fan.distribute([], () => 'never'), []);
  });

  test('ordered: false gives results as they come', async () => {
    const fan = new FanOut<number, number>({ workerCount: 2, ordered: false });
    const gate = gated();
    const all = fan.distribute([0, 1], gate.processor);
    gate.running.get(1)?.resolve(1);
    await turns(1);
    gate.running.get(0)?.resolve(0);
    assert.deepEqual(await all, [1, 0]);
  });

  test('the first error comes out as it is, what has not begun does not begin, what runs is told', async () => {
    const fan = new FanOut<number, number>({ workerCount: 2 });
    const error = new RangeError('one');
    const begun: number[] = [];
    const told: unknown[] = [];
    const all = fan.distribute(upTo(10), async (n, { signal }) => {
      begun.push(n);
      if (n === 1) throw error;
      return new Promise<number>((_, reject) =>
        signal.addEventListener('abort', () => {
          told.push(signal.reason);
          reject(signal.reason as Error);
        }),
      );
    });
    await assert.rejects(all, (thrown) => thrown === error);
    await turns(2);
    assert.deepEqual([begun, told], [[0, 1], [error]]);
    assert.deepEqual([...fan.getWorkerLoads().values()], [0, 0]);
    const { failed, cancelled, completed } = fan.getMetrics();
    assert.deepEqual([failed, cancelled, completed], [1, 9, 0]);
  });

  test("onError: 'collect' tries all, and rejects with every error and every result", async () => {
    const fan = new FanOut<number, number>({ workerCount: 2, onError: 'collect' });
    const all = fan.distribute(upTo(4), (n) => {
      if (n % 2 === 1) throw new Error(`odd ${n}`);
      return Promise.resolve(n);
    });
    const error = await failing(all);
    assert.ok(error instanceof FanOutError);
    assert.equal(error.code, 'ERR_FAN_OUT');
    assert.deepEqual(error.results, [0, undefined, 2, undefined]);
    assert.deepEqual(
      error.failures.map(({ index, count }) => [index, count]),
      [
        [1, 1],
        [3, 1],
      ],
    );
    assert.deepEqual(error.errors.map(String), ['Error: odd 1', 'Error: odd 3']);
    assert.equal(error.cause, error.errors[0]);
  });

  test('a signal, and a context, end the call at once; nothing more begins', async () => {
    const fan = new FanOut<number, number>({ workerCount: 2 });
    const [ctx, cancel] = Context.background().withCancel();
    const gate = gated();
    const all = fan.distribute(upTo(10), gate.processor, { signal: ctx });
    cancel();
    await assert.rejects(all, { code: 'ERR_CONTEXT_CANCELED' });
    for (const call of gate.running.values()) call.resolve(0);
    await turns(2);
    assert.deepEqual(gate.begun, [0, 1]);
    const stopped = fan.distribute([1], gate.processor, { signal: AbortSignal.abort(new Error('before')) });
    await assert.rejects(stopped, /before/);
    assert.deepEqual(gate.begun, [0, 1]);
  });

  test("the call's timeout ends it with WaitTimeoutError", async () => {
    const fan = new FanOut<number, number>({ workerCount: 2 });
    const gate = gated();
    await assert.rejects(fan.distribute([1, 2, 3], gate.processor, { timeout: 5 }), { code: 'ERR_TIMEOUT' });
    assert.deepEqual(gate.begun, [1, 2]);
    for (const call of gate.running.values()) call.reject(new Error('late, and nobody hears'));
  });

  test('calls share the workers: no more than workerCount run at once, and each call gets its turn', async () => {
    const fan = new FanOut<number, number>({ workerCount: 2 });
    const gate = gated();
    const first = fan.distribute([0, 1, 2, 3], gate.processor);
    const second = fan.distribute([10, 11], gate.processor);
    while (gate.running.size > 0) {
      const [n, call] = [...gate.running][0] as [number, ReturnType<typeof deferred<number>>];
      call.resolve(n);
      await turns(1);
    }
    assert.deepEqual(
      [await first, await second],
      [
        [0, 1, 2, 3],
        [10, 11],
      ],
    );
    assert.equal(gate.most(), 2);
    assert.ok(gate.begun.indexOf(10) < gate.begun.indexOf(3), `${gate.begun}`);
  });

  test("each call's functions run in the AsyncLocalStorage context of its caller", async () => {
    const storage = new AsyncLocalStorage<string>();
    const fan = new FanOut<number, string | undefined>({ workerCount: 2 });
    const call = (name: string): Promise<(string | undefined)[]> =>
      storage.run(name, () =>
        fan.distribute(upTo(20), async (n) => {
          if (n % 3 === 0) await turns(1);
          return storage.getStore();
        }),
      );
    const [a, b] = await Promise.all([call('a'), call('b')]);
    assert.deepEqual([new Set(a), new Set(b)], [new Set(['a']), new Set(['b'])]);
  });

  test('synchronous work lets the event loop have its turns', async () => {
    const fan = new FanOut<number, number>({ workerCount: 4 });
    let looped = 0;
    const timer = setInterval(() => looped++, 0);
    const count = 300_000;
    const results = await fan.distribute(upTo(count), (n) => n);
    clearInterval(timer);
    assert.equal(results.length, count);
    assert.ok(looped > 0);
  });
});

describe('timeout', () => {
  test('an input that takes too long fails, its signal says so, and the others go on', async () => {
    const fan = new FanOut<number, number>({ workerCount: 2, timeout: 10, onError: 'collect' });
    let reason: unknown;
    const all = fan.distribute([0, 1, 2], (n, { signal }) => {
      if (n !== 0) return n;
      return new Promise((_, reject) =>
        signal.addEventListener('abort', () => {
          ({ reason } = signal);
          reject(signal.reason as Error);
        }),
      );
    });
    const error = await failing(all);
    assert.deepEqual(error.results, [undefined, 1, 2]);
    assert.equal((error.errors[0] as { code: string }).code, 'ERR_CALL_TIMEOUT');
    assert.equal(reason, error.errors[0]);
    assert.equal(fan.getMetrics().timedOut, 1);
  });

  test('a call that does not end keeps its worker for abortGrace, then the worker goes on without it', async () => {
    const fan = new FanOut<number, number>({
      workerCount: 1,
      timeout: 5,
      abortGrace: 20,
      onError: 'collect',
    });
    const calls: number[] = [];
    const late = deferred<number>();
    const all = fan.distribute([0, 1], (n) => {
      calls.push(n);
      return n === 0 ? late.promise : n;
    });
    const error = await failing(all);
    assert.deepEqual(
      [calls, error.results],
      [
        [0, 1],
        [undefined, 1],
      ],
    );
    late.resolve(0);
    await turns(2);
    assert.deepEqual(await fan.distribute([7], (n) => n), [7]);
    assert.deepEqual([...fan.getWorkerLoads().values()], [0]);
  });

  test('while it is overdue, nothing else runs in its place', async () => {
    const fan = new FanOut<number, number>({
      workerCount: 1,
      timeout: 5,
      abortGrace: Infinity,
      onError: 'collect',
    });
    const late = deferred<number>();
    const calls: number[] = [];
    const all = fan.distribute([0, 1], (n) => {
      calls.push(n);
      return n === 0 ? late.promise : n;
    });
    await until(() => fan.getMetrics().timedOut === 1);
    assert.ok(await pending(all));
    assert.deepEqual(calls, [0]);
    late.resolve(0);
    await assert.rejects(all, { code: 'ERR_FAN_OUT' });
    assert.deepEqual(calls, [0, 1]);
  });
});

describe('load balancing', () => {
  const workersOf = (fan: FanOut<number, number>, count: number): Promise<number[]> =>
    fan.distribute(upTo(count), async (_, { worker }) => {
      await turns(1);
      return worker;
    });

  test('round-robin is in strict turn, also from one call to the next', async () => {
    const fan = new FanOut<number, number>({ workerCount: 3 });
    fan.setLoadBalancer('round-robin');
    assert.deepEqual(await workersOf(fan, 7), [0, 1, 2, 0, 1, 2, 0]);
    assert.deepEqual(await workersOf(fan, 1), [1]);
    assert.deepEqual(await workersOf(fan, 1), [2]);
    const pairs = new FanOut<number, number>({ workerCount: 2, batchSize: 2 });
    pairs.setLoadBalancer('round-robin');
    assert.deepEqual(await workersOf(pairs, 6), [0, 0, 1, 1, 0, 0]);
  });

  test('least-loaded: whoever is free takes the next', async () => {
    const fan = new FanOut<number, number>({ workerCount: 2 });
    const gate = gated();
    const workers: number[] = [];
    const all = fan.distribute(upTo(4), (n, { worker }) => {
      workers[n] = worker;
      return gate.processor(n);
    });
    for (const n of [1, 2, 3, 0]) {
      await until(() => gate.running.has(n));
      gate.running.get(n)?.resolve(n);
      await turns(1);
    }
    await all;
    assert.deepEqual(workers, [0, 1, 1, 1]);
  });

  test('adaptive gives a slow worker less', async () => {
    const fan = new FanOut<number, number>({ workerCount: 2 });
    fan.setLoadBalancer('adaptive');
    const counts = [0, 0];
    await fan.distribute(upTo(60), async (_, { worker }) => {
      counts[worker] = (counts[worker] as number) + 1;
      await new Promise((resolve) => setTimeout(resolve, worker === 0 ? 15 : 1));
      return 0;
    });
    assert.ok((counts[0] as number) < (counts[1] as number) / 2, `${counts}`);
  });

  test('a rule of one’s own sees the loads; a worker that has enough is waited for', async () => {
    const fan = new FanOut<number, number>({ workerCount: 3 });
    const seen: (readonly WorkerLoad[])[] = [];
    fan.setLoadBalancer({
      choose(workers) {
        seen.push(workers);
        return 1;
      },
    });
    assert.deepEqual(await workersOf(fan, 4), [1, 1, 1, 1]);
    assert.deepEqual(
      seen[0],
      [0, 1, 2].map((id) => ({ id, pending: 0, completed: 0, meanTime: 0 })),
    );
    assert.ok(seen.some(([, load]) => load?.pending === 1));
    // Synchronous work and a rule: no recursion, however many.
    assert.equal((await fan.distribute(upTo(20_000), (n) => n)).length, 20_000);
  });

  test('a rule that throws, or names no worker, ends the call', async () => {
    const fan = new FanOut<number, number>({ workerCount: 2 });
    fan.setLoadBalancer({ choose: () => 2 });
    await assert.rejects(workersOf(fan, 3), { code: 'ERR_INVALID_ARGUMENT' });
    fan.setLoadBalancer({
      choose() {
        throw new Error('no idea');
      },
    });
    await assert.rejects(workersOf(fan, 3), /no idea/);
    assert.throws(() => fan.setLoadBalancer('random' as never), { code: 'ERR_INVALID_ARGUMENT' });
  });

  test('enableLoadBalancing: false gives each worker an equal part beforehand', async () => {
    const fan = new FanOut<number, number>({ workerCount: 2, enableLoadBalancing: false });
    assert.deepEqual(await workersOf(fan, 6), [0, 0, 0, 1, 1, 1]);
    assert.throws(() => fan.setLoadBalancer('adaptive'), { code: 'ERR_INVALID_ARGUMENT' });
  });

  test('getWorkerLoads says what each has to do', async () => {
    const fan = new FanOut<number, number>({ workerCount: 2, batchSize: 3 });
    const gate = gated();
    const all = fan.distribute(upTo(5), gate.processor);
    assert.deepEqual(
      [...fan.getWorkerLoads()],
      [
        [0, 3],
        [1, 2],
      ],
    );
    assert.equal(fan.getMetrics().pending, 5);
    gate.running.get(0)?.resolve(0);
    await turns(1);
    assert.equal(fan.getWorkerLoads().get(0), 2);
    while (gate.running.size > 0) {
      for (const call of [...gate.running.values()]) call.resolve(1);
      await turns(1);
    }
    await all;
    assert.deepEqual([...fan.getWorkerLoads().values()], [0, 0]);
  });
});

describe('batches', () => {
  test('batchSize is how many a worker has at a time, no more than an even share', async () => {
    const fan = new FanOut<number, number>({ workerCount: 4, batchSize: 100 });
    const workers = await fan.distribute(upTo(8), async (_, { worker }) => worker);
    assert.deepEqual(workers, [0, 0, 1, 1, 2, 2, 3, 3]);
    assert.equal(fan.getMetrics().batches, 4);
  });

  test('processBatches gives batches of batchSize, and their results one after the other', async () => {
    const fan = new FanOut<number, string>({ workerCount: 2, batchSize: 3 });
    const batches: number[][] = [];
    const results = await fan.processBatches(upTo(8), async (batch, { index }) => {
      batches.push(batch);
      if (index === 0) await turns(3);
      return batch.map((n) => `${index}:${n}`);
    });
    assert.deepEqual(batches, [
      [0, 1, 2],
      [3, 4, 5],
      [6, 7],
    ]);
    assert.deepEqual(results, ['0:0', '0:1', '0:2', '3:3', '3:4', '3:5', '6:6', '6:7']);
    const unordered = new FanOut<number, number>({ workerCount: 2, batchSize: 2, ordered: false });
    const late = await unordered.processBatches(upTo(4), async (batch, { index }) => {
      if (index === 0) await turns(3);
      return batch;
    });
    assert.deepEqual(late, [2, 3, 0, 1]);
  });

  test('a batch that fails, or gives no array', async () => {
    const fan = new FanOut<number, number>({ workerCount: 1, batchSize: 2, onError: 'collect' });
    const all = fan.processBatches(upTo(5), async (batch) => {
      if (batch.includes(2)) throw new Error('two');
      return batch;
    });
    const error = await failing(all);
    assert.deepEqual(error.results, [0, 1, 4]);
    assert.deepEqual([error.failures[0]?.index, error.failures[0]?.count], [2, 2]);
    const wrong = new FanOut<number, number>().processBatches([1], (() => 'text') as never);
    await assert.rejects(wrong, { code: 'ERR_INVALID_ARGUMENT' });
  });

  test('adaptive batches grow when larger ones are faster', async () => {
    const fan = new FanOut<number, number>({ workerCount: 1 });
    const sizes: number[] = [];
    const processor = async (batch: number[]): Promise<number[]> => {
      sizes.push(batch.length);
      // A request each: its time does not depend on what is in it.
      await new Promise((resolve) => setTimeout(resolve, 3));
      return batch;
    };
    await fan.processBatches(upTo(2000), processor);
    assert.equal(sizes[0], 16);
    assert.ok(Math.max(...sizes) >= 64, `${sizes}`);
  });
});

describe('life', () => {
  test('close waits for the calls it has, and takes no more; again does no harm', async () => {
    const fan = new FanOut<number, number>({ workerCount: 1 });
    const gate = gated();
    const all = fan.distribute([1], gate.processor);
    const closing = fan.close();
    assert.equal(fan.closed, true);
    assert.ok(await pending(closing));
    await assert.rejects(fan.distribute([2], gate.processor), { code: 'ERR_FAN_CLOSED' });
    gate.running.get(1)?.resolve(1);
    assert.deepEqual(await all, [1]);
    await closing;
    await fan.close();
  });

  test('terminate, and a close that takes too long, reject what runs', async () => {
    for (const end of [
      (fan: FanOut<number, number>) => fan.terminate(),
      (fan: FanOut<number, number>) => fan.close({ timeout: 1 }),
    ]) {
      const fan = new FanOut<number, number>({ workerCount: 1, abortGrace: 0 });
      const all = fan.distribute([1, 2], () => new Promise<number>(() => undefined));
      all.catch(() => undefined);
      await end(fan);
      await assert.rejects(all, { code: 'ERR_FAN_CLOSED' });
    }
  });

  test('metrics begin anew', async () => {
    const fan = new FanOut<number, number>({ workerCount: 1 });
    await fan.distribute([1, 2], async (n) => n);
    const { calls, inputs, completed, batches, meanTime } = fan.getMetrics();
    assert.deepEqual([calls, inputs, completed, batches], [1, 2, 2, 2]);
    assert.ok(meanTime >= 0);
    fan.resetMetrics();
    assert.equal(fan.getMetrics().inputs, 0);
  });

  test('an idle fan keeps no process alive, a call cut short leaves no timer', async () => {
    const { code, ms, stdout } = await child(`
      const { FanOut } = millrace;
      const fan = new FanOut({ workerCount: 2, timeout: 60_000, abortGrace: 60_000 });
      console.log(await fan.distribute([1, 2], async (n) => n + 1, { timeout: 60_000 }));
      await fan.distribute([1], (_, { signal }) => new Promise((_, no) => signal.addEventListener('abort', no)), {
        timeout: 1,
      }).catch(({ code }) => console.log(code));
    `);
    assert.deepEqual([code, stdout.includes('[ 2, 3 ]'), stdout.includes('ERR_TIMEOUT')], [0, true, true]);
    assert.ok(ms < 20_000);
  });

  test('garbage is refused by its name', async () => {
    const wrong: [object, RegExp][] = [
      [{ workerCount: 0 }, /workerCount/],
      [{ workerCount: 1.5 }, /workerCount/],
      [{ batchSize: 'all' }, /batchSize/],
      [{ timeout: -1 }, /timeout/],
      [{ timeout: 'soon' }, /timeout/],
      [{ enableLoadBalancing: 1 }, /enableLoadBalancing/],
      [{ ordered: 'yes' }, /ordered/],
      [{ onError: 'panic' }, /onError/],
      [{ abortGrace: Number.NaN }, /abortGrace/],
      [{ on: 'threads' }, /on/],
      [{ on: 'workers', workerCount: 2000 }, /workerCount/],
      [{ workers: 3 }, /workers: got an unknown option/],
    ];
    for (const [options, message] of wrong)
      assert.throws(() => new FanOut(options as never), { code: 'ERR_INVALID_ARGUMENT', message });
    assert.throws(() => new FanOut(null as never), { code: 'ERR_INVALID_ARGUMENT' });
    const fan = new FanOut<number, number>();
    for (const call of [
      () => fan.distribute('ab' as never, (n) => n),
      () => fan.distribute([1], 5 as never),
      () => fan.distribute([1], 'module.js'),
      () => fan.distribute([1], (n) => n, { signal: 5 as never }),
      () => fan.distribute([1], (n) => n, { patience: 5 } as never),
      () => fan.processBatches({} as never, (batch) => batch),
      () => fan.close({ timeout: 'x' as never }),
      () => fan.close({ soon: true } as never),
    ])
      await assert.rejects(call(), { code: 'ERR_INVALID_ARGUMENT' });
    assert.equal(fan.closed, false);
  });
});
