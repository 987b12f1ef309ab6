/** A policy takes a call through its parts by their steps: that is to come to the same as if each called the next. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  BulkheadCircuitBreaker,
  CircuitBreaker,
  fallback,
  isMillraceError,
  limited,
  type Policy,
  type PolicyPart,
  policy,
  RetryBudget,
  RetryExecutor,
  RetryPolicy,
  Semaphore,
  TokenBucketRateLimiter,
  timeout,
} from 'millrace';
import { deferred, turns } from '../helpers.js';

const hour = 3_600_000;
/** Turns after which nothing goes on by itself. */
const quiet = 40;

/** Parts by their letters, and what each has counted. */
function make(letters: string): { parts: PolicyPart[]; counts(): unknown[] } {
  const counts: (() => unknown)[] = [];
  const retry = (budget?: RetryBudget): RetryExecutor => {
    // What our own refusals carry as retryAfter would be waited for.
    const retryCondition = (error: unknown): boolean => !isMillraceError(error);
    const retries = new RetryPolicy({ maxAttempts: 3, initialDelay: 0, jitter: false, retryCondition });
    const executor = new RetryExecutor(retries, budget === undefined ? {} : { budget });
    counts.push(() => {
      const { calls, attempts, retries, giveUps } = executor.getMetrics();
      return [calls, attempts, retries, giveUps];
    });
    return executor;
  };
  const makers: Record<string, () => PolicyPart> = {
    r: () => retry(),
    R: () => retry(new RetryBudget({ ratio: 0.1, minPerSecond: 0 })),
    b: () => {
      const breaker = new CircuitBreaker({ failureThreshold: 3, recoveryTimeout: hour });
      counts.push(() => {
        const { calls, successes, failures, rejections } = breaker.getMetrics();
        return [calls, successes, failures, rejections, breaker.getState()];
      });
      return breaker;
    },
    B: () => {
      const breaker = new CircuitBreaker({
        failureThreshold: 3,
        recoveryTimeout: hour,
        fallback: () => 'breaker’s',
      });
      counts.push(() => breaker.getMetrics().fallbacks);
      return breaker;
    },
    k: () => {
      const bulkhead = new BulkheadCircuitBreaker({
        maxConcurrentCalls: 2,
        maxWaitTime: hour,
        enableQueue: true,
        maxQueue: 1,
      });
      counts.push(() => [
        bulkhead.getAvailablePermits(),
        bulkhead.getQueueLength(),
        bulkhead.getMetrics().rejections,
      ]);
      return bulkhead;
    },
    l: () => {
      const limiter = new TokenBucketRateLimiter({
        capacity: 6,
        refillRate: 1,
        refillInterval: hour,
        enableBurst: true,
      });
      counts.push(() => limiter.getAvailableTokens());
      return limited(limiter, 1, { timeout: 0 });
    },
    s: () => {
      const semaphore = new Semaphore(2);
      counts.push(() => semaphore.available);
      return limited(semaphore);
    },
    f: () => fallback('instead', { when: (error) => !(error instanceof RangeError) }),
    t: () => timeout(hour),
    o: () => ({ call: async (fn, options) => fn({ signal: options?.signal as AbortSignal | undefined }) }),
  };
  return {
    parts: [...letters].map((letter) => (makers[letter] as () => PolicyPart)()),
    counts: () => counts.map((count) => count()),
  };
}

/** A part whose steps cannot be seen. */
const veiled = (part: PolicyPart): PolicyPart => ({ call: (fn, options) => part.call(fn, options) });

type Deed = 'give' | 'throw' | 'reject' | 'range' | 'begin' | 'end';

/** What calls come to, one after the other and several at once. */
async function play(guard: Policy<unknown>, deeds: readonly Deed[]): Promise<unknown[]> {
  const told: unknown[] = [];
  const open: (() => void)[] = [];
  const all: Promise<unknown>[] = [];
  for (const [at, deed] of deeds.entries()) {
    if (deed === 'end') open.shift()?.();
    else {
      const call = guard.call(() => {
        told.push(`called ${at}`);
        if (deed === 'throw') throw new Error('thrown');
        if (deed === 'reject') return Promise.reject(new Error('rejected'));
        if (deed === 'range') return Promise.reject(new RangeError('range'));
        if (deed === 'give') return at;
        const gate = deferred<number>();
        open.push(() => gate.resolve(at));
        return gate.promise;
      });
      const outcome = call.then(
        (value) => ['value', value],
        (error) => ['error', isMillraceError(error) ? error.code : (error as Error).message],
      );
      all.push(outcome.then((what) => told.push([at, what])));
    }
    await turns(quiet);
  }
  while (open.length > 0) {
    open.shift()?.();
    await turns(quiet);
  }
  await Promise.all(all);
  return told;
}

test('any parts in any order: the same outcomes, the same counts', async () => {
  const letters = fc.array(fc.constantFrom(...'rRbBklsfto'), { minLength: 2, maxLength: 5 });
  const deeds = fc.array(fc.constantFrom<Deed>('give', 'throw', 'reject', 'range', 'begin', 'end'), {
    minLength: 1,
    maxLength: 12,
  });
  await fc.assert(
    fc.asyncProperty(letters, deeds, async (shape, script) => {
      const [bare, hidden] = [make(shape.join('')), make(shape.join(''))];
      const one = await play(policy(...(bare.parts as [PolicyPart])), script);
      const other = await play(policy(...(hidden.parts.map(veiled) as [PolicyPart])), script);
      assert.deepEqual(one, other);
      assert.deepEqual(bare.counts(), hidden.counts());
    }),
    { numRuns: 300 },
  );
});

describe('a part that changes while a policy stands', () => {
  test('a breaker that is listened to tells of calls', async () => {
    const breaker = new CircuitBreaker({ failureThreshold: 2 });
    const guard = policy(new RetryExecutor(new RetryPolicy({ maxAttempts: 1 })), breaker);
    assert.equal(await guard.call(() => 1), 1);
    const told: string[] = [];
    breaker.on('fire', () => told.push('fire')).on('success', (value) => told.push(`success ${value}`));
    assert.equal(await guard.call(() => 2), 2);
    assert.deepEqual(told, ['fire', 'success 2']);
    assert.equal(breaker.getMetrics().successes, 2);
  });

  test('an executor that is closed calls nothing; nor does a breaker or a bulkhead', async () => {
    for (const close of ['retry', 'breaker', 'bulkhead'] as const) {
      const parts = {
        retry: new RetryExecutor(new RetryPolicy({ maxAttempts: 2, initialDelay: 0 })),
        breaker: new CircuitBreaker({ failureThreshold: 9 }),
        bulkhead: new BulkheadCircuitBreaker({ maxConcurrentCalls: 1, maxWaitTime: 1, enableQueue: false }),
      };
      const guard = policy(parts.bulkhead, parts.breaker, parts.retry);
      assert.equal(await guard.call(() => 1), 1);
      parts[close].close();
      let called = false;
      await assert.rejects(
        guard.call(() => void (called = true)),
        {
          code: {
            retry: 'ERR_RETRY_CLOSED',
            breaker: 'ERR_CIRCUIT_SHUTDOWN',
            bulkhead: 'ERR_BULKHEAD_CLOSED',
          }[close],
        },
      );
      assert.equal(called, false);
      if (close !== 'bulkhead') assert.equal(parts.bulkhead.getAvailablePermits(), 1);
    }
  });
});
