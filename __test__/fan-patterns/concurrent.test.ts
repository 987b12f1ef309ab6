/** Functions that run functions at once: `fanOut`, `runConcurrent`, `fanIn`, `pipeline`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Context, diagnostics, fanIn, fanOut, leaks, pipeline, runConcurrent, sleep } from 'millrace';
import { deferred, turns } from '../helpers.js';
import { failing, hanging, invalid, upTo } from './fans.js';

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
