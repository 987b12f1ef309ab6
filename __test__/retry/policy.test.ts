/** When to try again, and after how long. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NonRetryableError, RetryPolicy, type RetryPolicyConfig } from 'millrace';
import { parseRetryAfter, retryAfterOf } from '#millrace/retry/retry-after.js';

const plain = { jitter: false, initialDelay: 100, maxDelay: 1000 } as const;
const delays = (config: Partial<RetryPolicyConfig>, count = 6): number[] => {
  const policy = new RetryPolicy({ ...plain, ...config });
  return Array.from({ length: count }, (_, i) => policy.getDelay(i + 1));
};

describe('delays', () => {
  test('of each strategy', () => {
    assert.deepEqual(delays({ backoffStrategy: 'fixed' }), [100, 100, 100, 100, 100, 100]);
    assert.deepEqual(delays({ backoffStrategy: 'linear' }), [100, 200, 300, 400, 500, 600]);
    assert.deepEqual(delays({ backoffStrategy: 'exponential' }), [100, 200, 400, 800, 1000, 1000]);
    assert.deepEqual(delays({ factor: 3 }), [100, 300, 900, 1000, 1000, 1000]);
    assert.deepEqual(delays({ backoffStrategy: 'fibonacci' }), [100, 100, 200, 300, 500, 800]);
    const delay = (attempt: number): number => attempt * 7;
    assert.deepEqual(delays({ backoffStrategy: 'custom', delay }), [7, 14, 21, 28, 35, 42]);
  });

  test('of a custom strategy, which gets the error, are bounded and spread as others are', () => {
    const seen: unknown[] = [];
    const custom = { backoffStrategy: 'custom', maxDelay: 50 } as const;
    const delay = (_: number, error: unknown): number => {
      seen.push(error);
      return Infinity;
    };
    assert.equal(new RetryPolicy({ ...custom, jitter: 'none', delay }).getDelay(1, 'why'), 50);
    assert.deepEqual(seen, ['why']);
    const spread = new RetryPolicy({ ...custom, jitter: 'equal', delay }).getDelay(1);
    assert.ok(spread >= 25 && spread < 50);
    for (const wrong of [NaN, -1, 'soon', undefined]) {
      const policy = new RetryPolicy({ ...custom, delay: () => wrong as number });
      assert.throws(() => policy.getDelay(1), { code: 'ERR_INVALID_ARGUMENT', message: /^delay: got/ });
    }
  });

  test('of attempts beyond all numbers are no NaN and not negative (cockatiel#86)', () => {
    for (const backoffStrategy of ['fixed', 'linear', 'exponential', 'fibonacci'] as const) {
      for (const jitter of ['none', 'full', 'equal'] as const) {
        const policy = new RetryPolicy({ ...plain, backoffStrategy, jitter });
        for (const attempt of [1024, 5000, 2 ** 32 - 1]) {
          const delay = policy.getDelay(attempt);
          assert.ok(delay >= 0 && delay <= 1000, `${backoffStrategy} ${jitter} ${delay}`);
        }
      }
    }
  });

  test('are spread after the cap, so nobody marches in step (p-retry, cockatiel)', () => {
    for (const jitter of [true, 'full', 'equal', 'decorrelated'] as const) {
      const policy = new RetryPolicy({ ...plain, jitter });
      const drawn = Array.from({ length: 200 }, () => policy.getDelay(50, undefined, 1000));
      assert.ok(new Set(drawn).size > 190, `${jitter}`);
      const least = jitter === 'equal' ? 500 : jitter === 'decorrelated' ? 100 : 0;
      assert.ok(drawn.every((delay) => delay >= least && delay <= 1000));
      assert.ok(Math.max(...drawn) > 900);
    }
  });

  test('a first delay is never above the cap, unless both are said', () => {
    assert.equal(new RetryPolicy({ jitter: false, maxDelay: 5 }).getDelay(1), 5);
    assert.throws(() => new RetryPolicy({ initialDelay: 6, maxDelay: 5 }), { code: 'ERR_INVALID_ARGUMENT' });
  });
});

describe('whether to retry', () => {
  test('as long as there are attempts and the condition holds', () => {
    const policy = new RetryPolicy({ maxAttempts: 3, retryCondition: (error) => error.name === 'TypeError' });
    assert.deepEqual(
      [1, 2, 3].map((attempt) => policy.shouldRetry(new TypeError(), attempt)),
      [true, true, false],
    );
    assert.equal(policy.shouldRetry(new Error(), 1), false);
    assert.equal(new RetryPolicy({ maxAttempts: Infinity }).shouldRetry(new Error(), 1e9), true);
  });

  test('never what says that it is final, whatever the condition says', () => {
    const policy = new RetryPolicy({ retryCondition: () => true });
    assert.equal(policy.shouldRetry(new NonRetryableError('no'), 1), false);
    assert.equal(policy.shouldRetry(Object.assign(new Error(), { retryable: false }), 1), false);
    assert.equal(policy.shouldRetry(Object.assign(new Error(), { retryable: true }), 1), true);
    for (const thrown of [undefined, null, 5, 'text']) assert.equal(policy.shouldRetry(thrown, 1), true);
  });

  test('a NonRetryableError wraps what failed', () => {
    const cause = new TypeError('inner');
    const error = new NonRetryableError(cause);
    assert.deepEqual([error.code, error.message, error.cause], ['ERR_NON_RETRYABLE', 'inner', cause]);
    assert.equal(new NonRetryableError('text', { cause }).cause, cause);
    assert.ok(!('cause' in new NonRetryableError('text')));
  });
});

describe('Retry-After', () => {
  const now = Date.parse('Wed, 21 Oct 2026 07:28:00 GMT');
  test('is seconds or a date', () => {
    assert.equal(parseRetryAfter('120', now), 120_000);
    assert.equal(parseRetryAfter(' 1.5 ', now), 1500);
    assert.equal(parseRetryAfter(2, now), 2000);
    assert.equal(parseRetryAfter(['3', '4'], now), 3000);
    assert.equal(parseRetryAfter('Wed, 21 Oct 2026 07:28:30 GMT', now), 30_000);
    assert.equal(parseRetryAfter('Wednesday, 21-Oct-26 07:28:30 GMT', now), 30_000);
    assert.equal(parseRetryAfter('Wed Oct 21 07:28:30 2026 GMT', now), 30_000);
    assert.equal(parseRetryAfter('Wed, 21 Oct 2026 07:00:00 GMT', now), 0);
    for (const wrong of ['', '-5', 'soon', 'NaN', '1e3', {}, 'Mon, nonsense']) {
      assert.equal(parseRetryAfter(wrong, now), undefined, String(wrong));
    }
  });

  test('is found on our errors, and in the shapes of fetch, undici and axios', () => {
    const headers = new Headers({ 'Retry-After': '2' });
    assert.equal(retryAfterOf(Object.assign(new Error(), { retryAfter: 250 })), 250);
    assert.equal(retryAfterOf(new Response('', { status: 429, headers })), 2000);
    assert.equal(retryAfterOf({ response: new Response('', { headers }) }), 2000);
    assert.equal(retryAfterOf({ headers: { 'retry-after': '2' } }), 2000);
    assert.equal(retryAfterOf({ headers: ['Content-Length', '0', 'Retry-After', '2'] }), 2000);
    assert.equal(retryAfterOf({ response: { headers: { 'Retry-After': '2' } } }), 2000);
    for (const none of [
      undefined,
      null,
      5,
      new Error(),
      { headers: null },
      { retryAfter: -1 },
      { headers: {} },
    ])
      assert.equal(retryAfterOf(none), undefined);
    const getter = {
      get headers(): never {
        throw new Error('mine');
      },
    };
    assert.equal(retryAfterOf(getter), undefined);
  });

  test('is never undercut, is capped, and can be ignored', () => {
    const asked = { retryAfter: 5000 };
    const wait = (config: Partial<RetryPolicyConfig>, delay = 100): number =>
      new RetryPolicy({ ...plain, ...config }).getWait(delay, asked);
    assert.equal(wait({}), 5000);
    assert.equal(wait({}, 9000), 9000);
    assert.equal(wait({ maxRetryAfter: 300 }), 300);
    assert.equal(wait({ respectRetryAfter: false }), 100);
    assert.equal(new RetryPolicy(plain).getWait(100, { retryAfter: 1e9 }), 60_000);
    // Spread: not all who were told the same come at once.
    assert.equal(wait({ jitter: true }), 5100);
  });
});

describe('what cannot be meant is refused by name', () => {
  const wrong: [string, Record<string, unknown>][] = [
    ['maxAttempts', { maxAttempts: 0 }],
    ['maxAttempts', { maxAttempts: 1.5 }],
    ['maxAttempts', { maxAttempts: '3' }],
    ['backoffStrategy', { backoffStrategy: 'toString' }],
    ['backoffStrategy', { backoffStrategy: 'custom' }],
    ['backoffStrategy', { backoffStrategy: 'fixed', jitter: 'decorrelated' }],
    ['initialDelay', { initialDelay: -1 }],
    ['maxDelay', { maxDelay: NaN }],
    ['maxDelay', { maxDelay: Infinity }],
    ['jitter', { jitter: 'some' }],
    ['jitter', { jitter: 1 }],
    ['retryCondition', { retryCondition: 'x' }],
    ['retryOnResult', { retryOnResult: true }],
    ['factor', { factor: 0.5 }],
    ['factor', { factor: 2, backoffStrategy: 'fixed' }],
    ['delay', { delay: () => 1 }],
    ['delay', { delay: 5, backoffStrategy: 'custom' }],
    ['maxElapsed', { maxElapsed: 0 }],
    ['timeout', { timeout: 0 }],
    ['respectRetryAfter', { respectRetryAfter: 'yes' }],
    ['maxRetryAfter', { maxRetryAfter: -1 }],
    ['maxRetryAfter', { maxRetryAfter: 1, respectRetryAfter: false }],
    ['retries', { retries: 3 }],
  ];
  for (const [name, config] of wrong) {
    test(JSON.stringify(config), () => {
      const refusal = { code: 'ERR_INVALID_ARGUMENT', message: new RegExp(`^${name}: got `) };
      assert.throws(() => new RetryPolicy(config as Partial<RetryPolicyConfig>), refusal);
    });
  }

  test('and by setters and calls', () => {
    const refusal = { code: 'ERR_INVALID_ARGUMENT' };
    const policy = new RetryPolicy();
    assert.throws(() => new RetryPolicy(null as never), refusal);
    assert.throws(() => policy.setMaxAttempts(-1), refusal);
    assert.throws(() => policy.setBackoffStrategy('random'), refusal);
    assert.throws(() => policy.setBackoffStrategy('custom'), refusal);
    assert.throws(() => new RetryPolicy({ jitter: 'decorrelated' }).setBackoffStrategy('fixed'), refusal);
    assert.throws(() => policy.setRetryCondition(undefined as never), refusal);
    for (const attempt of [0, -1, 1.5, NaN, '1', 2 ** 32])
      assert.throws(() => policy.getDelay(attempt as number), refusal);
  });
});
