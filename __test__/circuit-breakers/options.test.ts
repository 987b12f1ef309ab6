/** What a circuit breaker refuses to be made with, and why. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  CircuitBreaker,
  type CircuitBreakerConfig,
  InvalidArgumentError,
  NameConflictError,
  NotFoundError,
} from 'millrace';

const garbage = [null, NaN, -1, '1', {}, [], Symbol('s'), 1n, () => 1, Infinity];
const but = (...allowed: unknown[]): unknown[] => garbage.filter((value) => !allowed.includes(value));

const refused: Record<string, unknown[]> = {
  failureThreshold: [0, 1.5, 2 ** 32, true, ...garbage],
  recoveryTimeout: [0, 0.5, 4e11, true, ...garbage],
  halfOpenMaxRequests: [0, 1.5, 100_001, ...garbage],
  halfOpenSuccesses: [0, 1.5, ...garbage],
  probeLease: [0, ...garbage],
  enableMetrics: [0, 1, ...garbage],
  failureRate: [0, 1.1, ...garbage],
  slowCallRate: [0, 1.1, ...garbage],
  slowCallDuration: [0, ...garbage],
  timeout: [0, ...but(Infinity)],
  isFailure: [true, ...garbage.filter((value) => typeof value !== 'function')],
  fallback: [true, ...garbage.filter((value) => typeof value !== 'function')],
  healthCheck: [true, ...garbage.filter((value) => typeof value !== 'function')],
  healthCheckInterval: [0, 2 ** 31, ...garbage],
  window: [true, ...garbage],
  recoveryBackoff: [true, ...garbage],
  name: ['', 1, null, {}],
};

for (const [name, values] of Object.entries(refused)) {
  describe(name, () => {
    for (const value of values) {
      test(`refuses ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`, () => {
        assert.throws(
          () => new CircuitBreaker({ [name]: value } as Partial<CircuitBreakerConfig>),
          (error) => error instanceof InvalidArgumentError && error.message.startsWith(name),
        );
      });
    }
  });
}

describe('options that need another, or contradict it', () => {
  const count = { type: 'count', size: 5 } as const;
  const cases: [string, object, RegExp][] = [
    ['an unknown one', { treshold: 5 }, /^treshold: got an unknown option/],
    ['an unknown one of a window', { failureRate: 1, window: { ...count, kind: 1 } }, /^window\.kind/],
    ['an unknown one of the back-off', { recoveryBackoff: { factor: 2, max: 1e6, min: 1 } }, /\.min/],
    ['a window without a rate', { window: count }, /^window: got no failureRate or slowCallRate/],
    ['a window without a type', { failureRate: 1, window: { size: 5 } }, /^window\.type/],
    ['a window of another type', { failureRate: 1, window: { type: 'sliding' } }, /^window\.type/],
    ['a time window without a size', { failureRate: 1, window: { type: 'time' } }, /^window\.size/],
    ['a window of no calls', { failureRate: 1, window: { type: 'count', size: 0 } }, /^window\.size: got 0/],
    [
      'a minimum that the window never has',
      { failureRate: 1, window: { ...count, minimumCalls: 6 } },
      /^window\.minimumCalls: got 6, wants at most window\.size/,
    ],
    ['parts of a count window', { failureRate: 1, window: { ...count, buckets: 2 } }, /^window\.buckets/],
    ['a slow-call rate without a duration', { slowCallRate: 1 }, /^slowCallRate: got no slowCallDuration/],
    [
      'a slow-call duration that nobody reads',
      { slowCallDuration: 1, enableMetrics: false },
      /^slowCallDuration/,
    ],
    ['half a back-off', { recoveryBackoff: { factor: 2 } }, /^recoveryBackoff: got a part of it/],
    ['a back-off that shrinks', { recoveryBackoff: { factor: 0.5, max: 1e6 } }, /^recoveryBackoff\.factor/],
    [
      'a back-off below the recovery time',
      { recoveryTimeout: 100, recoveryBackoff: { factor: 2, max: 99 } },
      /^recoveryBackoff\.max: got 99, wants at least recoveryTimeout/,
    ],
    ['an interval of no check', { healthCheckInterval: 5 }, /^healthCheckInterval: got no healthCheck/],
  ];
  for (const [what, options, message] of cases) {
    test(what, () => {
      assert.throws(() => new CircuitBreaker(options as Partial<CircuitBreakerConfig>), {
        code: 'ERR_INVALID_ARGUMENT',
        message,
      });
    });
  }

  for (const value of [null, 1, 'x'])
    test(`no object: ${value}`, () => {
      assert.throws(() => new CircuitBreaker(value as never), { code: 'ERR_INVALID_ARGUMENT' });
      assert.throws(() => CircuitBreaker.open('none', value as never), { code: 'ERR_INVALID_ARGUMENT' });
    });
});

test('what is undefined is left out, and Infinity is no time limit', async () => {
  const options = { failureThreshold: undefined, window: undefined, isFailure: undefined };
  const breaker = new CircuitBreaker({ ...options, timeout: Infinity } as never);
  assert.equal(await breaker.call(() => 1), 1);
});

for (const value of garbage.filter((value) => typeof value !== 'function'))
  test(`call refuses ${typeof value} as a function, and as options`, async () => {
    const breaker = new CircuitBreaker();
    const refusal = { code: 'ERR_INVALID_ARGUMENT' };
    await assert.rejects(breaker.call(value as never), refusal);
    if (Array.isArray(value) || (typeof value === 'object' && value !== null)) return;
    await assert.rejects(
      breaker.call(() => 1, value as never),
      refusal,
    );
    await assert.rejects(
      breaker.call(() => 1, { signal: value as never }),
      refusal,
    );
    await assert.rejects(
      breaker.call(() => 1, { timeout: 1 } as never),
      refusal,
    );
    assert.equal(breaker.getMetrics().calls, 0);
  });

test('a name gives the same breaker, and another configuration is an error that says both', async () => {
  const config = { name: 'options-same', failureThreshold: 1, window: undefined, timeout: 50 } as never;
  const breaker = new CircuitBreaker(config);
  const same = new CircuitBreaker(config);
  breaker.isolate();
  assert.deepEqual([same.getState(), same.name], ['isolated', 'options-same']);
  assert.throws(
    () => new CircuitBreaker({ name: 'options-same', failureThreshold: 2 }),
    (error) =>
      error instanceof NameConflictError && /failureThreshold":1.*failureThreshold":2/.test(error.message),
  );
  const rates = { name: 'options-window', failureRate: 0.5 };
  const first = new CircuitBreaker({ ...rates, window: { type: 'count', size: 10 } });
  const second = new CircuitBreaker({ ...rates, window: { size: 10, type: 'count' } });
  first.forceOpen();
  assert.equal(second.isOpen(), true);
});

test('open and from find it, with the time limit, and with functions of their own', async () => {
  const breaker = new CircuitBreaker({ name: 'options-found', timeout: 1 });
  const opened = CircuitBreaker.open('options-found', { fallback: () => 'instead' });
  const from = CircuitBreaker.from(breaker.toHandle(), { isFailure: () => false });
  assert.equal(await opened.call(() => new Promise(() => undefined)), 'instead');
  await assert.rejects(
    from.call(() => new Promise(() => undefined)),
    { code: 'ERR_CALL_TIMEOUT' },
  );
  assert.equal(breaker.getMetrics().timeouts, 2);
  assert.throws(() => CircuitBreaker.open('options-nowhere'), NotFoundError);
  assert.throws(() => CircuitBreaker.from({ millrace: 'mutex', id: 1 } as never), InvalidArgumentError);
  assert.throws(
    () => CircuitBreaker.open('options-found', { timeout: 1 } as never),
    /timeout: got an unknown/,
  );
  breaker.close();
});
