/** Calling until it succeeds, or it is no use. */
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, test } from 'node:test';
import {
  NonRetryableError,
  type RetryContext,
  RetryExecutor,
  type RetryExecutorOptions,
  RetryPolicy,
} from 'millrace';
import { executor, failing, quick } from './executors.js';

describe('attempts', () => {
  test('succeed at once, or later', async () => {
    const retries = executor({ maxAttempts: 4 });
    for (const times of [0, 0, 1, 3]) assert.equal(await retries.execute(failing(times).fn), 'good');
    const metrics = retries.getMetrics();
    assert.deepEqual(metrics.successesByAttempt.slice(0, 5), [2, 1, 0, 1, 0]);
    assert.deepEqual(
      [metrics.calls, metrics.attempts, metrics.successes, metrics.retries, metrics.giveUps],
      [4, 1 + 1 + 2 + 4, 4, 4, 0],
    );
  });

  test('end with the last error itself, which has the earlier ones', async () => {
    const retries = executor({ maxAttempts: 3 });
    const { fn, calls, errors } = failing(9);
    const thrown = await retries.execute(fn).catch((error) => error);
    assert.equal(thrown, errors[2]);
    const error = thrown as unknown as Error & { errors: unknown[] };
    assert.deepEqual(error.errors, errors.slice(0, 2));
    assert.ok(!Object.keys(error).includes('errors'));
    assert.equal(calls(), 3);
    assert.equal(retries.getMetrics().giveUpsByReason.attempts, 1);
  });

  test('of a function that throws synchronously are attempts too', async () => {
    let calls = 0;
    const fn = (): string => {
      if (++calls < 3) throw new Error('at once');
      return 'good';
    };
    assert.equal(await executor().execute(fn), 'good');
  });

  test('end at once with one that is not to be tried again', async () => {
    const retries = executor({ retryCondition: (error) => error.message !== 'final' });
    for (const error of [new NonRetryableError('no'), new Error('final')]) {
      let calls = 0;
      const fn = (): never => {
        calls++;
        throw error;
      };
      assert.equal(await retries.execute(fn).catch((thrown) => thrown), error);
      assert.equal(calls, 1);
      assert.ok(!('errors' in error));
    }
    assert.equal(retries.getMetrics().giveUpsByReason.notRetryable, 2);
  });

  test('of an error that cannot take the earlier ones end with it as it is', async () => {
    const frozen = Object.freeze(new Error('frozen'));
    const many = new AggregateError([1], 'many');
    const same = new Error('same');
    for (const thrown of [frozen, many, same, 'text', undefined]) {
      const fn = (): Promise<never> => Promise.reject(thrown);
      await assert.rejects(
        executor()
          .execute(fn)
          .then(
            () => undefined,
            (error) => {
              assert.equal(error, thrown);
              throw new Error('as expected');
            },
          ),
        /as expected/,
      );
    }
    assert.deepEqual(many.errors, [1]);
    // It does not hold itself.
    assert.deepEqual((same as Error & { errors: unknown[] }).errors, []);
  });

  test('of a condition that throws end with what it throws, and leave nothing stuck', async () => {
    const retries = executor({
      retryCondition: () => {
        throw new RangeError('mine');
      },
    });
    await assert.rejects(retries.execute(failing(1).fn), RangeError);
    assert.equal(retries.getMetrics().giveUps, 1);
    assert.equal(await retries.execute(failing(0).fn), 'good');
  });

  test('change with the policy while they run', async () => {
    const policy = new RetryPolicy({ ...quick, maxAttempts: 10 });
    let calls = 0;
    const fn = (): never => {
      if (++calls === 2) policy.setMaxAttempts(2);
      throw new Error('no');
    };
    await assert.rejects(new RetryExecutor(policy).execute(fn), /no/);
    assert.equal(calls, 2);
  });

  test('let the event loop have its turns, however many without a delay', async () => {
    let turned = 0;
    const count = (): void => {
      turned++;
      if (turned < 20) setImmediate(count);
    };
    setImmediate(count);
    await assert.rejects(executor({ maxAttempts: 50 }).execute(failing(99).fn));
    assert.equal(turned, 20);
  });
});

describe('a result', () => {
  test('that is not good enough is tried again', async () => {
    let n = 0;
    const retries = executor({ retryOnResult: (result) => (result as number) < 3 });
    assert.equal(await retries.execute(() => ++n), 3);
    n = -10;
    assert.equal(await retries.execute(() => ++n), -7, 'the last one is given as it is');
    assert.equal(retries.getMetrics().giveUpsByReason.attempts, 1);
  });

  test('that is a response says when to come back', async () => {
    const waits: number[] = [];
    const retryOnResult = (result: unknown): boolean => (result as Response).status === 429;
    const retries = executor({ retryOnResult, maxRetryAfter: 20 });
    retries.on('retry', ({ delay, error }) => waits.push(delay, Number(error === undefined)));
    let calls = 0;
    const fn = async (): Promise<Response> =>
      ++calls === 1
        ? new Response('', { status: 429, headers: { 'retry-after': '3600' } })
        : new Response('ok');
    assert.equal((await retries.execute(fn)).status, 200);
    assert.deepEqual(waits, [20, 1]);
  });
});

describe('what the function gets', () => {
  test('is nothing by execute', async () => {
    const seen: unknown[][] = [];
    await executor().execute((...args: unknown[]) => seen.push(args));
    assert.deepEqual(seen, [[]]);
  });

  test('is its attempts by executeWithContext', async () => {
    const seen: unknown[] = [];
    const first = new Error('first');
    const { signal } = new AbortController();
    const fn = (context: RetryContext): string => {
      const { attempt, maxAttempts, elapsed, lastError } = context;
      seen.push([
        attempt,
        maxAttempts,
        elapsed >= 0 && elapsed < 60_000,
        lastError,
        context.signal === signal,
      ]);
      if (attempt === 1) throw first;
      return 'good';
    };
    await executor().executeWithContext(fn, { signal });
    assert.deepEqual(seen, [
      [1, 3, true, undefined, true],
      [2, 3, true, first, true],
    ]);
  });

  test('is a signal that aborts when an attempt takes too long, each its own', async () => {
    const signals: AbortSignal[] = [];
    const retries = executor({ timeout: 5, maxAttempts: 2 });
    const fn = ({ signal }: { signal: AbortSignal | undefined }): Promise<never> => {
      signals.push(signal as AbortSignal);
      return new Promise(() => undefined);
    };
    const error = await retries.call(fn).catch((thrown) => thrown);
    assert.equal(error.code, 'ERR_CALL_TIMEOUT');
    assert.deepEqual(
      signals.map(({ aborted }) => aborted),
      [true, true],
    );
    assert.notEqual(signals[0], signals[1]);
    assert.equal(signals[1]?.reason, error);
    assert.equal(await retries.execute(() => 'quick'), 'quick');
  });

  test('is the caller’s context of AsyncLocalStorage, at each attempt', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const fn = (): void => {
      seen.push(storage.getStore());
      if (seen.length < 3) throw new Error('again');
    };
    await storage.run('mine', () => executor({ initialDelay: 1 }).execute(fn));
    assert.deepEqual(seen, ['mine', 'mine', 'mine']);
  });

  test('is its own this and arguments by wrap', async () => {
    const it = { base: 2 };
    const wrapped = executor().wrap(async function add(this: typeof it, a: number, b: number) {
      return this.base + a + b;
    });
    const sum: number = await wrapped.call(it, 3, 4);
    assert.deepEqual([sum, wrapped.name, wrapped.length], [9, 'add', 2]);
  });
});

describe('what cannot be meant is refused by name', () => {
  const refusal = { code: 'ERR_INVALID_ARGUMENT' };
  test('when it is made', () => {
    assert.throws(() => new RetryExecutor({} as RetryPolicy), refusal);
    const policy = new RetryPolicy();
    for (const options of [null, 5, { budget: {} }, { name: '' }, { names: 'x' }])
      assert.throws(() => new RetryExecutor(policy, options as RetryExecutorOptions), refusal);
  });

  test('when it is called', async () => {
    const retries = executor();
    for (const method of ['execute', 'executeWithContext', 'call'] as const) {
      for (const fn of [undefined, null, 'x', {}])
        await assert.rejects(retries[method](fn as never), refusal);
      for (const options of [null, 5, { signal: 5 }, { timeout: 5 }])
        await assert.rejects(
          retries[method](() => 1, options as never),
          refusal,
        );
    }
    assert.throws(() => retries.wrap(5 as never), refusal);
  });
});
