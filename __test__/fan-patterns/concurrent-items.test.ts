/** Functions that go through items: `rateLimited`, `processInBatches`, `streamProcessor`, and `combineErrors`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  Channel,
  CombinedError,
  combineErrors,
  diagnostics,
  type FanOutError,
  fanOut,
  leaks,
  processInBatches,
  rateLimited,
  Semaphore,
  streamProcessor,
} from 'millrace';
import { deferred, pending, turns } from '../helpers.js';
import { collect, failing, hanging, invalid, upTo } from './fans.js';

describe('rateLimited', () => {
  test('waits for the limiter before each call, with the weight of its input', async () => {
    const taken: number[] = [];
    const gate = deferred<void>();
    const limiter = {
      acquire: async (count: number) => {
        taken.push(count);
        if (taken.length === 3) await gate.promise;
      },
    };
    const limited = rateLimited((n: number) => n * 2, limiter, { count: (n) => n + 1 });
    const all = fanOut(limited, [0, 1, 2]);
    assert.ok(await pending(all));
    assert.deepEqual(taken, [1, 2, 3]);
    gate.resolve();
    assert.deepEqual(await all, [0, 2, 4]);
    assert.equal(await limited(5), 10);
  });

  test('the signal of its call ends the wait', async () => {
    const semaphore = new Semaphore(1);
    const held = await semaphore.acquire();
    const limited = rateLimited((n: number) => n, semaphore);
    await assert.rejects(fanOut(limited, [1], { timeout: 5 }), { code: 'ERR_TIMEOUT' });
    held.release();
    await turns(1);
    assert.equal(semaphore.available, 1);
  });

  test('permits are given back when the call has ended, however', async () => {
    const semaphore = new Semaphore(2);
    let [running, most] = [0, 0];
    const limited = rateLimited(
      async (n: number) => {
        most = Math.max(most, ++running);
        await turns(1);
        running--;
        if (n === 3) throw new Error('three');
        return n;
      },
      semaphore,
      { count: 1 },
    );
    assert.deepEqual(await fanOut(limited, [0, 1, 2]), [0, 1, 2]);
    await assert.rejects(limited(3), /three/);
    assert.deepEqual([most, semaphore.available], [2, 2]);
  });

  test('garbage', async () => {
    const limiter = { acquire: async () => undefined };
    assert.throws(() => rateLimited(5 as never, limiter), invalid);
    assert.throws(() => rateLimited((n) => n, {} as never), invalid);
    assert.throws(() => rateLimited((n) => n, limiter, { count: 0 }), invalid);
    assert.throws(() => rateLimited((n) => n, limiter, { weight: 1 } as never), invalid);
    await assert.rejects(rateLimited((n: number) => n, limiter, { count: () => -1 })(1), invalid);
  });
});

describe('processInBatches', () => {
  test('a batch begins when the one before it is done, and its progress is told', async () => {
    const events: string[] = [];
    const results = await processInBatches(
      upTo(5),
      2,
      async (n, { index }) => {
        events.push(`begin ${n}/${index}`);
        await turns(2 - (n % 2));
        return n * 10;
      },
      {
        onProgress: async ({ batch, batches, done, total, results }) => {
          await turns(1);
          events.push(`batch ${batch}/${batches} ${done}/${total} ${results}`);
        },
      },
    );
    assert.deepEqual(results, [0, 10, 20, 30, 40]);
    assert.deepEqual(events, [
      'begin 0/0',
      'begin 1/1',
      'batch 1/3 2/5 0,10',
      'begin 2/2',
      'begin 3/3',
      'batch 2/3 4/5 20,30',
      'begin 4/4',
      'batch 3/3 5/5 40',
    ]);
    assert.deepEqual(await processInBatches([], 3, (n) => n), []);
  });

  test('concurrency within a batch; a pause between two', async () => {
    let [running, most] = [0, 0];
    const fn = async (n: number): Promise<number> => {
      most = Math.max(most, ++running);
      await turns(1);
      running--;
      return n;
    };
    await processInBatches(upTo(12), 6, fn, { concurrency: 2 });
    assert.equal(most, 2);
    const begun: number[] = [];
    const paused = processInBatches([1, 2], 1, (n) => begun.push(n), { pause: 30 });
    await turns(3);
    assert.deepEqual(begun, [1]);
    await paused;
    assert.deepEqual(begun, [1, 2]);
  });

  test('an error, of the function or the listener, keeps the next batch from beginning', async () => {
    const begun: number[] = [];
    const fn = (n: number): number => {
      begun.push(n);
      if (n === 1) throw new Error('one');
      return n;
    };
    await assert.rejects(processInBatches(upTo(6), 2, fn), /one/);
    const told = processInBatches([5, 6], 1, fn, {
      onProgress: () => {
        throw new Error('listener');
      },
    });
    await assert.rejects(told, /listener/);
    assert.deepEqual(begun, [0, 1, 5]);
  });

  test('a signal and a timeout end it, also in a pause', async () => {
    const before = diagnostics();
    const begun: number[] = [];
    const stop = new AbortController();
    const pausing = processInBatches([1, 2], 1, (n) => begun.push(n), {
      pause: 60_000,
      signal: stop.signal,
      onProgress: () => void setImmediate(() => stop.abort(new Error('enough'))),
    });
    await assert.rejects(pausing, /enough/);
    const late = processInBatches([3, 4], 1, (n) => begun.push(n), { pause: 60_000, timeout: 5 });
    await assert.rejects(late, { code: 'ERR_TIMEOUT' });
    const stuck = processInBatches([5, 6], 1, (n) => begun.push(n), {
      onProgress: () => new Promise(() => undefined),
      timeout: 5,
      signal: new AbortController().signal,
    });
    await assert.rejects(stuck, { code: 'ERR_TIMEOUT' });
    assert.deepEqual(begun, [1, 3, 5]);
    await turns(2);
    assert.deepEqual(leaks(before), []);
  });

  test('garbage', async () => {
    for (const call of [
      () => processInBatches(5 as never, 1, (n) => n),
      () => processInBatches([1], 0, (n) => n),
      () => processInBatches([1], 1, 5 as never),
      () => processInBatches([1], 1, (n) => n, { pause: -1 }),
      () => processInBatches([1], 1, (n) => n, { pause: Infinity }),
      () => processInBatches([1], 1, (n) => n, { concurrency: 1.5 }),
      () => processInBatches([1], 1, (n) => n, { onProgress: 1 as never }),
      () => processInBatches([1], 1, (n) => n, { size: 1 } as never),
    ])
      await assert.rejects(call(), invalid);
  });
});

describe('streamProcessor', () => {
  test('concurrency, order, and every outcome with settle', async () => {
    let [running, most] = [0, 0];
    const fn = async (n: number): Promise<number> => {
      most = Math.max(most, ++running);
      await turns(1 + ((n * 5) % 3));
      running--;
      if (n === 2) throw new Error('two');
      return n;
    };
    const processor = streamProcessor(fn, { concurrency: 3, settle: true });
    const outcomes: PromiseSettledResult<number>[] = await collect(processor.processStream(upTo(9)));
    assert.deepEqual(
      outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : 'failed')),
      [0, 1, 'failed', 3, 4, 5, 6, 7, 8],
    );
    assert.equal(most, 3);
  });

  test('one at a time if nothing is said; unordered; collect', async () => {
    let most = 0;
    let running = 0;
    const one = streamProcessor(async (n: number) => {
      most = Math.max(most, ++running);
      await turns(1);
      running--;
      return n;
    });
    assert.deepEqual(await collect(one.processStream(upTo(4))), upTo(4));
    assert.equal(most, 1);
    const unordered = streamProcessor((n: number) => turns(n).then(() => n), {
      concurrency: 2,
      ordered: false,
    });
    assert.deepEqual(await collect(unordered.processStream([4, 0])), [0, 4]);
    const all = streamProcessor((n: number) => (n === 1 ? Promise.reject(new Error('one')) : n), {
      onError: 'collect',
    });
    const error = await failing<FanOutError>(collect(all.processStream(upTo(3))));
    assert.equal(error.code, 'ERR_FAN_OUT');
  });

  test('reads as fast as its reader, from a channel as well, and leaves messages there', async () => {
    const channel = new Channel<number>(100);
    await channel.sendBatch(upTo(50));
    const processor = streamProcessor((n: number) => n, { concurrency: 2, bufferSize: 3 });
    let last = -1;
    for await (const n of processor.processStream(channel)) {
      last = n;
      await turns(2);
      assert.ok(channel.length >= 50 - (n + 1) - 5, `${channel.length} left after ${n}`);
      if (n === 9) break;
    }
    assert.equal(last, 9);
    assert.ok(channel.length >= 35);
  });

  test('timeout of a call, timeout of the reader, a signal', async () => {
    const slow = streamProcessor((_: number, context) => hanging(context), { timeout: 5 });
    await assert.rejects(slow.processStream([1]).next(), { code: 'ERR_CALL_TIMEOUT' });
    const hangs = streamProcessor((_: number, context) => hanging(context));
    await assert.rejects(hangs.processStream([1], { timeout: 5 }).next(), { code: 'ERR_TIMEOUT' });
    const stop = new AbortController();
    const next = hangs.processStream([1], { signal: stop.signal }).next();
    stop.abort(new Error('enough'));
    await assert.rejects(next, /enough/);
  });

  test('garbage', () => {
    const fn = (n: number): number => n;
    for (const options of [
      { concurrency: 0 },
      { bufferSize: 0 },
      { ordered: 1 },
      { settle: 'no' },
      { onError: 'skip' },
      { timeout: -1 },
      { width: 1 },
    ])
      assert.throws(() => streamProcessor(fn, options as never), invalid);
    assert.throws(() => streamProcessor(5 as never), invalid);
    assert.throws(() => streamProcessor(fn).processStream(5 as never), invalid);
    assert.throws(() => streamProcessor(fn).processStream([1], { pause: 1 } as never), invalid);
  });
});

describe('combineErrors', () => {
  test('nothing, the error itself, or all in one', () => {
    const [a, b] = [new Error('a'), new TypeError('b')];
    assert.equal(combineErrors([]), undefined);
    assert.equal(combineErrors([undefined, null]), undefined);
    assert.equal(combineErrors([undefined, a]), a);
    const both = combineErrors(new Set([a, undefined, b, 'text']));
    assert.ok(both instanceof CombinedError);
    assert.deepEqual([both.errors, both.code, both.cause], [[a, b, 'text'], 'ERR_COMBINED', a]);
    assert.match(both.message, /3 errors: a; b; text/);
    assert.throws(() => combineErrors(5 as never), invalid);
    assert.throws(() => combineErrors(null as never), invalid);
  });
});
