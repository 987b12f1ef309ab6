/** Calling until it succeeds, or it is no use. */
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, test } from 'node:test';
import {
  Context,
  NonRetryableError,
  RetryBudget,
  type RetryContext,
  RetryExecutor,
  type RetryExecutorOptions,
  RetryPolicy,
  type RetryPolicyConfig,
} from 'millrace';
import { child, thread, turns, until } from '../helpers.js';

const quick = { jitter: false, initialDelay: 0 } as const;
const executor = (config: Partial<RetryPolicyConfig> = {}, options?: RetryExecutorOptions): RetryExecutor =>
  new RetryExecutor(new RetryPolicy({ ...quick, ...config }), options);

/** Fails so many times, then succeeds. */
function failing(times: number): { fn: () => Promise<string>; calls: () => number; errors: Error[] } {
  let calls = 0;
  const errors: Error[] = [];
  const fn = async (): Promise<string> => {
    if (calls++ >= times) return 'good';
    const error = new Error(`failure ${calls}`);
    errors.push(error);
    throw error;
  };
  return { fn, calls: () => calls, errors };
}

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

describe('an abort', () => {
  test('before the call rejects with its reason, and the function does not run', async () => {
    const { fn, calls } = failing(0);
    await assert.rejects(
      executor().execute(fn, { signal: AbortSignal.abort(new RangeError('gone')) }),
      RangeError,
    );
    assert.equal(calls(), 0);
  });

  test('during the back-off ends it at once, and the function does not run again (cockatiel)', async () => {
    for (const way of ['signal', 'context'] as const) {
      const retries = executor({ initialDelay: 30_000 });
      const controller = new AbortController();
      const [context, cancel] = Context.background().withCancel();
      const { fn, calls } = failing(9);
      const call = retries.execute(fn, { signal: way === 'signal' ? controller.signal : context });
      await until(() => calls() === 1);
      await turns(3);
      const reason = new RangeError('enough');
      if (way === 'signal') controller.abort(reason);
      else cancel();
      await assert.rejects(call, way === 'signal' ? reason : { code: 'ERR_CONTEXT_CANCELED' });
      assert.equal(calls(), 1);
      assert.equal(retries.getMetrics().giveUpsByReason.aborted, 1);
    }
  });

  test('while the function runs is its to heed; it is not tried again', async () => {
    const controller = new AbortController();
    let calls = 0;
    const fn = async (): Promise<never> => {
      calls++;
      controller.abort(new RangeError('enough'));
      throw new Error('aborted');
    };
    await assert.rejects(executor().execute(fn, { signal: controller.signal }), RangeError);
    assert.equal(calls, 1);
    const late = new AbortController();
    const done = async (): Promise<string> => {
      late.abort();
      return 'done even so';
    };
    assert.equal(await executor().execute(done, { signal: late.signal }), 'done even so');
  });

  test('leaves no listener behind', async () => {
    const { signal } = new AbortController();
    let listeners = 0;
    const [add, remove] = [signal.addEventListener, signal.removeEventListener];
    signal.addEventListener = (...args: unknown[]) => {
      listeners++;
      return Reflect.apply(add, signal, args);
    };
    signal.removeEventListener = (...args: unknown[]) => {
      listeners--;
      return Reflect.apply(remove, signal, args);
    };
    await executor({ initialDelay: 1, timeout: 1000 }).execute(failing(2).fn, { signal });
    assert.equal(listeners, 0);
  });
});

describe('limits of time', () => {
  test('who would wait beyond maxElapsed gives up at once', async () => {
    const retries = executor({ initialDelay: 20_000, maxElapsed: 10_000 });
    const { fn, calls } = failing(9);
    await assert.rejects(retries.execute(fn), /failure 1/);
    assert.equal(calls(), 1);
    assert.equal(retries.getMetrics().giveUpsByReason.elapsed, 1);
  });

  test('waits are waited for, and counted', async () => {
    const retries = executor({ initialDelay: 15, backoffStrategy: 'fixed' });
    const began = performance.now();
    await retries.execute(failing(2).fn);
    assert.ok(performance.now() - began >= 29);
    assert.equal(retries.getMetrics().timeWaiting, 30);
  });

  test('an event that there is none of, or a listener that cannot be called, is refused', () => {
    const retries = executor({});
    for (const event of ['else', 'constructor', 7])
      assert.throws(() => retries.on(event as 'retry', () => 1), { code: 'ERR_INVALID_ARGUMENT' });
    assert.throws(() => retries.once('retry', 7 as never), { code: 'ERR_INVALID_ARGUMENT' });
  });

  test('resetMetrics counts from the beginning', async () => {
    const retries = executor({ initialDelay: 1 });
    const none = retries.getMetrics();
    await retries.execute(failing(1).fn);
    await assert.rejects(retries.execute(failing(9).fn));
    assert.deepEqual([retries.getMetrics().calls, retries.getMetrics().giveUps], [2, 1]);
    retries.resetMetrics();
    assert.deepEqual(retries.getMetrics(), none);
  });

  test('a wait keeps the process alive, an idle executor does not', async () => {
    const { code, stdout, stderr } = await child(`
      const retries = new millrace.RetryExecutor(new millrace.RetryPolicy({ initialDelay: 50, jitter: false }));
      let calls = 0;
      retries.execute(() => { if (++calls < 2) throw new Error('again'); console.log('done'); });`);
    assert.deepEqual([code, stdout.trim()], [0, 'done'], stderr);
  });
});

describe('listeners', () => {
  test('are told of retries and give-ups', async () => {
    const told: unknown[] = [];
    const retries = executor({ maxAttempts: 2, initialDelay: 1 })
      .on('retry', ({ attempt, delay, error }) =>
        told.push(['retry', attempt, delay, (error as Error).message]),
      )
      .once('giveUp', ({ attempts, reason, errors }) =>
        told.push(['giveUp', attempts, reason, errors.length]),
      );
    await assert.rejects(retries.execute(failing(9).fn));
    assert.deepEqual(told, [
      ['retry', 1, 1, 'failure 1'],
      ['giveUp', 2, 'attempts', 2],
    ]);
    const never = (): never => assert.fail('it listens no more');
    retries.on('giveUp', never).off('giveUp', never);
    await assert.rejects(retries.execute(failing(9).fn), /failure 2/);
  });

  test('that throw break no call', async () => {
    const { code, stdout } = await child(`
      process.on('uncaughtException', (error) => console.log('uncaught', error.message));
      const retries = new millrace.RetryExecutor(new millrace.RetryPolicy({ initialDelay: 1 }));
      retries.on('retry', () => { throw new Error('mine'); });
      let calls = 0;
      console.log(await retries.execute(() => { if (++calls < 2) throw new Error('again'); return 'good'; }));`);
    assert.equal(code, 0);
    assert.deepEqual(stdout.trim().split('\n').sort(), ['good', 'uncaught mine']);
  });
});

describe('closing', () => {
  test('ends waits with the last error, and refuses new calls; twice is no harm', async () => {
    const retries = executor({ initialDelay: 30_000 });
    const { fn, calls } = failing(9);
    const call = retries.execute(fn);
    await until(() => calls() === 1);
    await turns(3);
    retries.close();
    retries.close();
    await assert.rejects(call, /failure 1/);
    await assert.rejects(retries.execute(fn), { code: 'ERR_RETRY_CLOSED' });
    assert.deepEqual([calls(), retries.closed, retries.getMetrics().giveUpsByReason.closed], [1, true, 1]);
  });

  test('is of one executor: another of its name goes on, and is told nothing', async () => {
    const [one, other] = [1, 2].map(() => new RetryExecutor(new RetryPolicy(), { name: 'two of a name' }));
    other?.on('close', () => assert.fail('it was not closed'));
    one?.close();
    assert.deepEqual([await other?.execute(() => 'good'), other?.closed], ['good', false]);
  });

  test('by using', async () => {
    let kept: RetryExecutor;
    {
      using retries = executor();
      kept = retries;
    }
    assert.ok(kept.closed);
  });
});

describe('a budget', () => {
  test('who finds no token gives up with the error he has', async () => {
    const budget = new RetryBudget({ ratio: 0, minPerSecond: 1 });
    const retries = executor({ maxAttempts: 5 }, { budget });
    const { fn, calls } = failing(9);
    await assert.rejects(retries.execute(fn), /failure 2/);
    assert.deepEqual([calls(), retries.getMetrics().giveUpsByReason.budget], [2, 1]);
  });

  test('counts retries that wait: a thousand at once get their share (envoy#30205)', async () => {
    const budget = new RetryBudget({ ratio: 0.2, minPerSecond: 0, ttl: 1e9 });
    const retries = executor({ initialDelay: 20, backoffStrategy: 'fixed', maxAttempts: 2 }, { budget });
    let calls = 0;
    const fn = async (): Promise<never> => {
      calls++;
      throw new Error('down');
    };
    await Promise.allSettled(Array.from({ length: 1000 }, () => retries.execute(fn)));
    assert.ok(calls >= 1190 && calls <= 1200, String(calls));
  });

  test('gets the token of a cancelled wait back', async () => {
    const budget = new RetryBudget({ ratio: 0, minPerSecond: 1 });
    const retries = executor({ initialDelay: 30_000 }, { budget });
    const controller = new AbortController();
    const { fn, calls } = failing(9);
    const call = retries.execute(fn, { signal: controller.signal });
    await until(() => calls() === 1);
    await turns(3);
    assert.equal(budget.standing.earned, 0);
    controller.abort();
    await assert.rejects(call);
    assert.equal(budget.standing.earned, 1);
  });
});

describe('threads', () => {
  test('share the metrics of a name; another policy of that name is an error', async () => {
    const retries = executor({ maxAttempts: 2 }, { name: 'shared retries' });
    await retries.execute(failing(1).fn);
    const source = `
      const options = { name: 'shared retries' };
      const config = { jitter: false, initialDelay: 0, maxAttempts: 2 };
      const own = new RetryExecutor(new RetryPolicy(config), options);
      await own.execute(() => 1);
      const opened = RetryExecutor.open('shared retries', own.policy);
      await opened.execute(() => 1);
      const from = RetryExecutor.from(data, own.policy);
      await from.execute(() => { throw new Error('no'); }).catch(() => undefined);
      let conflict;
      try { new RetryExecutor(new RetryPolicy({ ...config, maxAttempts: 9 }), options); } catch (error) { conflict = error.code; }
      parentPort.postMessage(conflict);`;
    const worker = thread(source, retries.toHandle());
    const conflict = await new Promise((resolve, reject) => {
      worker.on('message', resolve).on('error', reject);
    });
    assert.equal(conflict, 'ERR_NAME_CONFLICT');
    const { successesByAttempt, giveUps, attempts, calls } = retries.getMetrics();
    assert.deepEqual([successesByAttempt.slice(0, 2), giveUps, attempts, calls], [[2, 1], 1, 6, 4]);
    assert.throws(() => RetryExecutor.open('nobody', retries.policy), { code: 'ERR_NOT_FOUND' });
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
