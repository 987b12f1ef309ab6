/** `scatterGather`: deadlines, partial answers and quorums. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type QuorumError, scatterGather } from 'millrace';
import { turns } from '../helpers.js';
import { failing, hanging, invalid } from './fans.js';

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
