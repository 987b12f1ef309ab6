/** Fan-out and fan-in in one, over lists and streams. */
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { Readable } from 'node:stream';
import { describe, test } from 'node:test';
import { Channel, FanOutError, FanPattern } from 'millrace';
import { deferred, pending, turns, until } from '../helpers.js';
import { collect, upTo } from './fans.js';

/** Reads until it fails. */
async function untilFailed<T>(items: AsyncIterable<T>): Promise<{ all: T[]; error: unknown }> {
  const all: T[] = [];
  try {
    for await (const item of items) all.push(item);
  } catch (error) {
    return { all, error };
  }
  return assert.fail('it did not fail');
}

test('process is distribute', async () => {
  const fan = new FanPattern<number, number>({ workerCount: 2 });
  assert.deepEqual(await fan.process(upTo(5), async (n) => n * 2), [0, 2, 4, 6, 8]);
  assert.equal(fan.getMetrics().completed, 5);
  const stop = AbortSignal.abort(new Error('no'));
  await assert.rejects(
    fan.process([1], (n) => n, { signal: stop }),
    /no/,
  );
});

describe('processStream', () => {
  test('keeps the order of the inputs, whatever takes how long', async () => {
    const fan = new FanPattern<number, number>({ workerCount: 4 });
    const results = fan.processStream(upTo(40), async (n) => {
      await turns((n * 7) % 5);
      return n;
    });
    assert.deepEqual(await collect(results), upTo(40));
  });

  test('ordered: false gives results as they come', async () => {
    const fan = new FanPattern<number, number>({ workerCount: 2, ordered: false });
    const results = fan.processStream([5, 0, 0], async (n, { index }) => {
      await turns(n);
      return index;
    });
    assert.deepEqual(await collect(results), [1, 2, 0]);
  });

  test('reads every kind of source', async () => {
    const fan = new FanPattern<number, number>();
    const channel = new Channel<number>(2);
    await channel.sendBatch([1, 2]);
    channel.close();
    const generator = async function* (): AsyncGenerator<number> {
      yield* [1, 2];
    };
    for (const source of [[1, 2], new Set([1, 2]), channel, Readable.from([1, 2]), generator()])
      assert.deepEqual(await collect(fan.processStream(source, (n) => -n)), [-1, -2]);
  });

  for (const ordered of [true, false]) {
    test(`reads no further than workers and buffer have room, ordered: ${ordered}`, async () => {
      const fan = new FanPattern<number, number>({ workerCount: 3, bufferSize: 2, ordered });
      let read = 0;
      const source = (function* () {
        for (;;) yield read++;
      })();
      const results = fan.processStream(source, async (n) => n);
      await turns(2);
      assert.equal(read, 0);
      for (let taken = 1; taken <= 10; taken++) {
        await results.next();
        await until(() => read === taken + 5);
        await turns(3);
        assert.equal(read, taken + 5);
      }
      await results.return?.();
      // Slow workers hold the source back as a slow reader does.
      const gate = deferred<number>();
      read = 0;
      const slow = fan.processStream(
        (async function* () {
          for (;;) yield read++;
        })(),
        () => gate.promise,
      );
      const first = slow.next();
      await until(() => read === 5);
      await turns(3);
      assert.equal(read, 5);
      gate.resolve(0);
      await first;
      await slow.return?.();
    });
  }

  test('leaving it ends the source and tells what runs', async () => {
    const fan = new FanPattern<number, number>({ workerCount: 2 });
    let ended = false;
    const aborted: number[] = [];
    const source = async function* (): AsyncGenerator<number> {
      try {
        for (let n = 0; ; n++) yield n;
      } finally {
        ended = true;
      }
    };
    for await (const _ of fan.processStream(source(), async (n, { signal }) => {
      if (n > 0)
        await new Promise<void>((resolve) =>
          signal.addEventListener('abort', () => {
            aborted.push(n);
            resolve();
          }),
        );
      return n;
    })) {
      await turns(3);
      break;
    }
    assert.equal(ended, true);
    assert.ok(aborted.length > 0);
    await turns(2);
    assert.deepEqual([...fan.getWorkerLoads().values()], [0, 0]);
  });

  test('an error comes in its place, after the results before it; nothing after it begins', async () => {
    const fan = new FanPattern<number, number>({ workerCount: 2, bufferSize: 4 });
    const begun: number[] = [];
    const error = new Error('three');
    const failed = await untilFailed(
      fan.processStream(upTo(100), async (n) => {
        begun.push(n);
        if (n === 3) throw error;
        if (n === 2) await turns(5);
        return n;
      }),
    );
    assert.deepEqual(failed, { all: [0, 1, 2], error });
    assert.deepEqual(begun, [0, 1, 2, 3]);
  });

  test('in strict turn too, inputs before the one that failed have their results', async () => {
    const fan = new FanPattern<number, number>({ workerCount: 2, bufferSize: 20 });
    fan.setLoadBalancer('round-robin');
    const failed = await untilFailed(
      fan.processStream(upTo(30), async (n) => {
        if (n % 2 === 0) await turns(3);
        if (n === 7) throw new Error('seven');
        return n;
      }),
    );
    assert.deepEqual([failed.all, String(failed.error)], [upTo(7), 'Error: seven']);
  });

  test('ordered: false tells an error at once', async () => {
    const fan = new FanPattern<number, number>({ workerCount: 2, ordered: false });
    const never = fan.processStream([0, 1], (n) => {
      if (n === 1) throw new Error('one');
      return new Promise<number>(() => undefined);
    });
    await assert.rejects(never.next(), /one/);
    assert.deepEqual(await never.next(), { value: undefined, done: true });
  });

  test("onError: 'collect' goes on, and ends with all errors", async () => {
    for (const ordered of [true, false]) {
      const fan = new FanPattern<number, number>({ workerCount: 2, onError: 'collect', ordered });
      const { all, error } = await untilFailed(
        fan.processStream(upTo(10), async (n) => {
          if (n % 3 === 0) throw new Error(`no ${n}`);
          return n;
        }),
      );
      assert.deepEqual(all.sort(), [1, 2, 4, 5, 7, 8]);
      assert.ok(error instanceof FanOutError);
      assert.deepEqual(error.failures.map(({ index }) => index).sort(), [0, 3, 6, 9]);
      assert.deepEqual(error.results, []);
    }
  });

  test('settle gives each outcome in its place', async () => {
    const fan = new FanPattern<number, number>();
    const error = new Error('one');
    const outcomes = fan.processStream(
      [0, 1, 2],
      (n) => {
        if (n === 1) throw error;
        return n;
      },
      { settle: true },
    );
    assert.deepEqual(await collect(outcomes), [
      { status: 'fulfilled', value: 0 },
      { status: 'rejected', reason: error },
      { status: 'fulfilled', value: 2 },
    ]);
  });

  test("the source's own error comes after what it gave", async () => {
    const fan = new FanPattern<number, number>({ workerCount: 3 });
    const source = async function* (): AsyncGenerator<number> {
      yield 1;
      yield 2;
      throw new Error('dry');
    };
    const failed = await untilFailed(fan.processStream(source(), async (n) => n));
    assert.deepEqual([failed.all, String(failed.error)], [[1, 2], 'Error: dry']);
    const broken = {
      [Symbol.iterator](): Iterator<number> {
        throw new Error('cannot begin');
      },
    };
    await assert.rejects(fan.processStream(broken, (n) => n).next(), /cannot begin/);
  });

  test('a signal ends it and the source; so does a reader’s timeout', async () => {
    const fan = new FanPattern<number, number>({ workerCount: 1, abortGrace: 0 });
    const stop = new AbortController();
    let left = 0;
    const source = (): AsyncIterable<number> => ({
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ value: 1, done: false as const }),
        return: async () => {
          left++;
          return { value: undefined, done: true as const };
        },
      }),
    });
    const hanging = (): Promise<number> => new Promise(() => undefined);
    const next = fan.processStream(source(), hanging, { signal: stop.signal }).next();
    const stopped = assert.rejects(next, /enough/);
    await turns(2);
    stop.abort(new Error('enough'));
    await stopped;
    const late = fan.processStream(source(), hanging, { timeout: 5 });
    await assert.rejects(late.next(), { code: 'ERR_TIMEOUT' });
    assert.equal(left, 2);
    assert.deepEqual(await collect(fan.processStream([1], (n) => n)), [1]);
  });

  test('streams and lists share the workers', async () => {
    const fan = new FanPattern<number, number>({ workerCount: 2 });
    let [running, most] = [0, 0];
    const processor = async (n: number): Promise<number> => {
      most = Math.max(most, ++running);
      await turns(1);
      running--;
      return n;
    };
    const all = await Promise.all([
      collect(fan.processStream(upTo(20), processor)),
      fan.process(upTo(20), processor),
      collect(fan.processStream(upTo(20), processor)),
    ]);
    assert.deepEqual(all, [upTo(20), upTo(20), upTo(20)]);
    assert.equal(most, 2);
  });

  test('a rule of one’s own, strict turns and equal parts work on streams', async () => {
    const fan = new FanPattern<number, number>({ workerCount: 3 });
    const workers = (): Promise<number[]> =>
      collect(fan.processStream(upTo(6), (_, { worker }) => turns(1).then(() => worker)));
    fan.setLoadBalancer('round-robin');
    assert.deepEqual(await workers(), [0, 1, 2, 0, 1, 2]);
    fan.setLoadBalancer({ choose: () => 2 });
    assert.deepEqual(await workers(), [2, 2, 2, 2, 2, 2]);
    const parts = new FanPattern<number, number>({ workerCount: 2, enableLoadBalancing: false });
    const dealt = parts.processStream(upTo(4), (_, { worker }) => worker);
    assert.deepEqual(await collect(dealt), [0, 1, 0, 1]);
  });

  test('functions run in the AsyncLocalStorage context of the caller', async () => {
    const storage = new AsyncLocalStorage<string>();
    const fan = new FanPattern<number, string | undefined>({ workerCount: 1 });
    const stream = (name: string): Promise<(string | undefined)[]> =>
      storage.run(name, () => collect(fan.processStream(upTo(5), async () => storage.getStore())));
    const [a, b] = await Promise.all([stream('a'), stream('b')]);
    assert.deepEqual([new Set(a), new Set(b)], [new Set(['a']), new Set(['b'])]);
  });

  test('several readers are served in turn', async () => {
    const fan = new FanPattern<number, number>({ workerCount: 2 });
    const results = fan.processStream([1, 2], async (n) => n);
    const all = await Promise.all([results.next(), results.next(), results.next()]);
    assert.deepEqual(
      all.map(({ value }) => value),
      [1, 2, undefined],
    );
  });

  test('close waits for a stream that is read, terminate ends it', async () => {
    const fan = new FanPattern<number, number>({ workerCount: 1, abortGrace: 0 });
    const gate = deferred<number>();
    const results = collect(fan.processStream([1], () => gate.promise));
    const closing = fan.close();
    assert.ok(await pending(closing));
    gate.resolve(5);
    assert.deepEqual(await results, [5]);
    await closing;
    assert.throws(() => fan.processStream([1], (n) => n), { code: 'ERR_FAN_CLOSED' });
    const other = new FanPattern<number, number>({ workerCount: 1 });
    const ended = assert.rejects(
      collect(other.processStream([1], () => new Promise<number>(() => undefined))),
      { code: 'ERR_FAN_CLOSED' },
    );
    await until(() => other.getMetrics().pending === 1);
    await other.terminate();
    await ended;
  });

  test('garbage is refused by its name', () => {
    assert.throws(() => new FanPattern({ bufferSize: 0 }), /bufferSize/);
    assert.throws(() => new FanPattern({ buffers: 1 } as never), /buffers: got an unknown option/);
    const fan = new FanPattern<number, number>();
    for (const call of [
      () => fan.processStream(5 as never, (n) => n),
      () => fan.processStream([1], 5 as never),
      () => fan.processStream([1], (n) => n, { settle: 1 as never }),
      () => fan.processStream([1], (n) => n, { timeout: -1 }),
      () => fan.processStream([1], (n) => n, { limit: 1 } as never),
    ])
      assert.throws(call, { code: 'ERR_INVALID_ARGUMENT' });
  });
});
