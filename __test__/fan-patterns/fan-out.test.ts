/** Distributing: results, errors, time-outs. */
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, test } from 'node:test';
import { Context, FanOut, FanOutError } from 'millrace';
import { deferred, foreignPromise, pending, turns, until } from '../helpers.js';
import { failing, gated, upTo } from './fans.js';

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
    const error = await failing<FanOutError>(all);
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
    const error = await failing<FanOutError>(all);
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
    const error = await failing<FanOutError>(all);
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
