/** Functions for work at once. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  Channel,
  CombinedError,
  Context,
  combineErrors,
  diagnostics,
  type FanOutError,
  fanIn,
  fanOut,
  leaks,
  pipeline,
  processInBatches,
  type QuorumError,
  rateLimited,
  runConcurrent,
  Semaphore,
  scatterGather,
  sleep,
  streamProcessor,
} from 'millrace';
import { deferred, pending, turns } from '../helpers.js';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const failing = <E>(promise: Promise<unknown>): Promise<E> =>
  promise.then(
    () => assert.fail('it resolved'),
    (thrown: E) => thrown,
  );

/** Ends with its signal, and only so. */
const hanging = ({ signal }: { signal: AbortSignal | undefined }): Promise<never> =>
  new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)));

const invalid = { code: 'ERR_INVALID_ARGUMENT' };

describe('fanOut', () => {
  test('results in order, concurrency at once; all at once if nothing is said', async () => {
    let [running, most] = [0, 0];
    const fn = async (n: number, { index }: { index: number }): Promise<number> => {
      most = Math.max(most, ++running);
      await turns((n * 3) % 4);
      running--;
      return n + index;
    };
    assert.deepEqual(
      await fanOut(fn, upTo(10), { concurrency: 3 }),
      upTo(10).map((n) => n * 2),
    );
    assert.equal(most, 3);
    assert.deepEqual(await fanOut(fn, new Set([5, 6])), [5, 7]);
    await fanOut(fn, upTo(50));
    assert.equal(most, 50);
    assert.deepEqual(await fanOut(fn, []), []);
  });

  test('the first error tells those that run, the rest does not begin', async () => {
    const begun: number[] = [];
    const reasons: unknown[] = [];
    const error = new Error('one');
    const all = fanOut(
      async (n: number, context) => {
        begun.push(n);
        if (n === 1) throw error;
        return hanging(context).catch((reason: unknown) => reasons.push(reason));
      },
      upTo(5),
      { concurrency: 2 },
    );
    assert.equal(await failing(all), error);
    await turns(1);
    assert.deepEqual([begun, reasons], [[0, 1], [error]]);
  });

  test('a signal, a context, a timeout', async () => {
    const before = diagnostics();
    const [ctx, cancel] = Context.background().withCancel();
    const all = fanOut((_, { signal }) => sleep(60_000, { signal }), upTo(3), { signal: ctx });
    cancel();
    await assert.rejects(all, { code: 'ERR_CONTEXT_CANCELED' });
    const late = fanOut((_, { signal }) => sleep(60_000, { signal }), upTo(3), { timeout: 5 });
    await assert.rejects(late, { code: 'ERR_TIMEOUT' });
    await turns(2);
    assert.deepEqual(leaks(before), []);
    const begun: number[] = [];
    const never = fanOut((n) => begun.push(n), [1], { signal: AbortSignal.abort(new Error('no')) });
    await assert.rejects(never, /no/);
    assert.deepEqual(begun, []);
  });

  test('garbage', async () => {
    for (const call of [
      () => fanOut(5 as never, [1]),
      () => fanOut((n) => n, 5 as never),
      () => fanOut((n) => n, 'ab' as never),
      () => fanOut((n) => n, [1], { concurrency: 0 }),
      () => fanOut((n) => n, [1], { limit: 2 } as never),
      () => fanOut((n) => n, [1], { signal: {} as never }),
    ])
      await assert.rejects(call(), invalid);
  });
});

describe('runConcurrent and fanIn', () => {
  test('each result in its place and with its type', async () => {
    const [text, count, flag] = await runConcurrent([
      async () => 'text',
      () => 2,
      ({ signal }) => Promise.resolve(signal.aborted),
    ]);
    const typed: [string, number, boolean] = [text, count, flag];
    assert.deepEqual(typed, ['text', 2, false]);
    assert.deepEqual(await runConcurrent([]), []);
  });

  test('the first error tells the others; concurrency, signal and timeout', async () => {
    let reason: unknown;
    const error = new Error('second');
    const all = runConcurrent([
      (context) => hanging(context).catch((why: unknown) => (reason = why)),
      () => Promise.reject(error),
    ]);
    assert.equal(await failing(all), error);
    await turns(1);
    assert.equal(reason, error);
    const order: string[] = [];
    await runConcurrent(
      [
        async () => {
          await turns(2);
          order.push('a');
        },
        () => order.push('b'),
      ],
      { concurrency: 1 },
    );
    assert.deepEqual(order, ['a', 'b']);
    await assert.rejects(runConcurrent([hanging], { timeout: 5 }), { code: 'ERR_TIMEOUT' });
    await assert.rejects(runConcurrent([5 as never]), invalid);
    await assert.rejects(runConcurrent(5 as never), invalid);
  });

  test('fanIn makes one result of all', async () => {
    const total: string = await fanIn(
      [() => 'a', async () => 1, () => [true]],
      ([text, count, [flag]]) => `${text.toUpperCase()}${count + 1}${flag}`,
    );
    assert.equal(total, 'A2true');
    await assert.rejects(
      fanIn([() => Promise.reject(new Error('source'))], () => 1),
      /source/,
    );
    await assert.rejects(
      fanIn([() => 1], () => {
        throw new Error('aggregate');
      }),
      /aggregate/,
    );
    await assert.rejects(
      fanIn([hanging], () => 1, { timeout: 5 }),
      { code: 'ERR_TIMEOUT' },
    );
    await assert.rejects(fanIn([() => 1], 5 as never), invalid);
  });
});

describe('pipeline', () => {
  test('gives each stage what the one before gave, typed', async () => {
    const result: string[] = await pipeline(
      [
        (text: string) => text.length,
        async (length) => length * 2,
        (double) => String(double).padStart(3, '0'),
        (text) => [text],
      ],
      'four',
    );
    assert.deepEqual(result, ['008']);
    const many = Array.from({ length: 20 }, () => (n: number) => n + 1);
    assert.equal(await pipeline(many, 0), 20);
    assert.equal(await pipeline([], 7), 7);
  });

  test('an error, a signal and a timeout keep the next stage from running', async () => {
    const ran: string[] = [];
    const last = (): number => ran.push('last');
    await assert.rejects(pipeline([() => Promise.reject(new Error('first')), last], 1), /first/);
    await assert.rejects(pipeline([(_, context) => hanging(context), last], 1, { timeout: 5 }), {
      code: 'ERR_TIMEOUT',
    });
    const stop = new AbortController();
    const gate = deferred<number>();
    const all = pipeline([() => gate.promise, last], 1, { signal: stop.signal });
    stop.abort(new Error('enough'));
    await assert.rejects(all, /enough/);
    gate.resolve(1);
    await turns(2);
    assert.deepEqual(ran, []);
    await assert.rejects(pipeline([5 as never], 1), invalid);
    await assert.rejects(pipeline([(n: number) => n], 1, { concurrency: 2 } as never), invalid);
    await assert.rejects(pipeline([(n: number) => n], 1, null as never), invalid);
  });
});

describe('scatterGather', () => {
  test('answers and errors by name', async () => {
    const error = new Error('down');
    const services = {
      length: (text: string) => text.length,
      upper: async (text: string) => text.toUpperCase(),
      down: () => Promise.reject(error),
    };
    const { answers, errors } = await scatterGather(services, 'abc');
    const [length, upper]: [number | undefined, string | undefined] = [answers.length, answers.upper];
    assert.deepEqual([length, upper], [3, 'ABC']);
    assert.deepEqual(answers, { length: 3, upper: 'ABC' });
    assert.deepEqual(errors, { down: error });
    assert.deepEqual(await scatterGather({}, 1), { answers: {}, errors: {} });
  });

  test('a deadline for each service: one that is late is told, and stands among the errors', async () => {
    let reason: unknown;
    const services = {
      late: (_: number, context: { signal: AbortSignal | undefined }) =>
        hanging(context).catch((why: unknown) => {
          reason = why;
          return 'too late';
        }),
      deaf: () => new Promise<string>(() => undefined),
      quick: (n: number) => n,
    };
    const { answers, errors } = await scatterGather(services, 1, { timeout: 5 });
    assert.deepEqual(answers, { quick: 1 });
    assert.deepEqual(Object.keys(errors).sort(), ['deaf', 'late']);
    assert.equal((errors.late as { code: string }).code, 'ERR_CALL_TIMEOUT');
    assert.equal(reason, errors.late);
    const own = await scatterGather(services, 1, { timeout: { late: 1, deaf: 2 } });
    assert.equal((own.errors.deaf as { timeout: number }).timeout, 2);
  });

  test('atLeast: with fewer answers it rejects as soon as that is certain', async () => {
    let told = false;
    const error = await failing<QuorumError>(
      scatterGather(
        {
          a: () => 1,
          b: () => Promise.reject(new Error('b')),
          c: () => Promise.reject(new Error('c')),
          d: (_, context) => hanging(context).finally(() => (told = true)),
        },
        0,
        { atLeast: 3 },
      ),
    );
    assert.equal(error.code, 'ERR_QUORUM');
    assert.deepEqual(error.answers, { a: 1 });
    assert.deepEqual(Object.keys(error.failed), ['b', 'c']);
    assert.equal(error.errors.length, 2);
    await turns(1);
    assert.equal(told, true);
    await assert.rejects(scatterGather({ a: () => Promise.reject(new Error('a')) }, 0), {
      code: 'ERR_QUORUM',
    });
    const none = await scatterGather({ a: () => Promise.reject(new Error('a')) }, 0, { atLeast: 0 });
    assert.deepEqual(Object.keys(none.errors), ['a']);
  });

  test("until: 'quorum' waits for no more than atLeast, and tells the others", async () => {
    let told = false;
    const services = {
      a: () => 1,
      b: async () => 2,
      c: (_: number, context: { signal: AbortSignal | undefined }) =>
        hanging(context).finally(() => (told = true)),
    };
    const { answers, errors } = await scatterGather(services, 0, { atLeast: 2, until: 'quorum' });
    assert.deepEqual([answers, errors], [{ a: 1, b: 2 }, {}]);
    await turns(1);
    assert.equal(told, true);
  });

  test('a signal ends it at once; names are only names', async () => {
    const stop = new AbortController();
    const all = scatterGather({ a: (_, context) => hanging(context) }, 0, { signal: stop.signal });
    stop.abort(new Error('enough'));
    await assert.rejects(all, /enough/);
    const odd = { ['__proto__']: () => 1, constructor: () => 2 };
    const { answers } = await scatterGather(odd as Record<string, () => number>, 0);
    assert.deepEqual(Object.entries(answers).sort(), [
      ['__proto__', 1],
      ['constructor', 2],
    ]);
  });

  test('garbage', async () => {
    const services = { a: () => 1 };
    for (const call of [
      () => scatterGather(null as never, 1),
      () => scatterGather({ a: 5 as never }, 1),
      () => scatterGather(services, 1, { atLeast: 2 }),
      () => scatterGather(services, 1, { until: 'some' as never }),
      () => scatterGather(services, 1, { timeout: -1 }),
      () => scatterGather(services, 1, { timeout: { b: 1 } as never }),
      () => scatterGather(services, 1, { quorum: 1 } as never),
      () => scatterGather(services, 1, { signal: 5 as never }),
      () => scatterGather(services, 1, null as never),
    ])
      await assert.rejects(call(), invalid);
  });
});

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
