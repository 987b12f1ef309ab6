/** What a circuit breaker does in one thread. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CircuitBreaker, CircuitOpenError, isMillraceError } from 'millrace';
import { deferred, foreignPromise, turns, until } from '../helpers.js';
import { bad, good, one, tried } from './breakers.js';

describe('failures', () => {
  test('so many in a row open it, and the function is called no more', async () => {
    const breaker = new CircuitBreaker({ failureThreshold: 3, recoveryTimeout: 60_000 });
    for (let i = 0; i < 2; i++) await assert.rejects(breaker.call(bad), /bad/);
    assert.equal(await breaker.call(good), 'good');
    for (let i = 0; i < 3; i++) await assert.rejects(breaker.call(bad), /bad/);
    assert.deepEqual([breaker.isOpen(), breaker.isClosed(), breaker.getState()], [true, false, 'open']);
    let called = false;
    await assert.rejects(
      breaker.call(() => (called = true)),
      (error) => {
        assert.ok(error instanceof CircuitOpenError && isMillraceError(error));
        assert.deepEqual([error.code, error.state, error.breaker], ['ERR_CIRCUIT_OPEN', 'open', undefined]);
        assert.ok(error.retryAfter > 0 && error.retryAfter <= 60_001);
        return true;
      },
    );
    assert.equal(called, false);
  });

  test('five in a row open it by default', async () => {
    const breaker = new CircuitBreaker();
    for (let i = 0; i < 4; i++) await assert.rejects(breaker.call(bad));
    assert.equal(breaker.isClosed(), true);
    await assert.rejects(breaker.call(bad));
    assert.equal(breaker.isOpen(), true);
    assert.ok(breaker.getMetrics().retryAfter > 20_000);
  });

  test('a function that throws before it returns a promise has failed', async () => {
    const breaker = one();
    await assert.rejects(
      breaker.call(() => {
        throw new TypeError('at once');
      }),
      TypeError,
    );
    assert.equal(breaker.isOpen(), true);
  });

  test('a function may return what is no promise, or a thenable', async () => {
    const breaker = one({ timeout: 60_000 });
    assert.equal(await breaker.call(() => 1), 1);
    assert.equal(await breaker.call(() => foreignPromise(2)), 2);
    assert.equal(await one().call(() => 3), 3);
  });

  test('a rate of failures opens it, once there are enough calls', async () => {
    const breaker = new CircuitBreaker({
      failureRate: 0.5,
      window: { type: 'count', size: 10, minimumCalls: 4 },
    });
    await assert.rejects(breaker.call(bad));
    await assert.rejects(breaker.call(bad));
    await breaker.call(good);
    assert.equal(breaker.isClosed(), true);
    assert.deepEqual(breaker.getMetrics().window, { calls: 3, failures: 2, slowCalls: 0 });
    await breaker.call(good);
    assert.equal(breaker.isOpen(), true);
  });

  test('a rate and a row of failures can be given together', async () => {
    const breaker = new CircuitBreaker({ failureRate: 1, failureThreshold: 2 });
    await assert.rejects(breaker.call(bad));
    await assert.rejects(breaker.call(bad));
    assert.equal(breaker.isOpen(), true);
  });

  test('a time window counts too', async () => {
    const breaker = new CircuitBreaker({
      failureRate: 1,
      window: { type: 'time', size: 60_000, minimumCalls: 2, buckets: 6 },
    });
    await assert.rejects(breaker.call(bad));
    assert.equal(breaker.isClosed(), true);
    await assert.rejects(breaker.call(bad));
    assert.equal(breaker.isOpen(), true);
  });

  test('slow calls open it', async () => {
    const breaker = new CircuitBreaker({
      slowCallDuration: 1e-5,
      slowCallRate: 1,
      window: { type: 'count', size: 2, minimumCalls: 2 },
    });
    await breaker.call(good);
    await breaker.call(good);
    assert.deepEqual([breaker.isOpen(), breaker.getMetrics().slowCalls], [true, 2]);
  });
});

describe('half-open', () => {
  test('exactly halfOpenMaxRequests are in flight, and as many successes close it', async () => {
    const breaker = await tried({ halfOpenMaxRequests: 3 });
    const gates = [1, 2, 3].map(() => deferred<number>());
    const calls = gates.map(({ promise }) => breaker.call(() => promise));
    assert.equal(breaker.getMetrics().probes, 3);
    await assert.rejects(
      breaker.call(good),
      (error) => error instanceof CircuitOpenError && error.state === 'half-open',
    );
    for (const gate of gates) {
      assert.equal(breaker.isHalfOpen(), true);
      gate.resolve(1);
      await turns(1);
    }
    await Promise.all(calls);
    assert.equal(breaker.isClosed(), true);
  });

  test('halfOpenSuccesses says how many successes close it', async () => {
    const breaker = await tried({ halfOpenSuccesses: 2 });
    await breaker.call(good);
    assert.equal(breaker.isHalfOpen(), true);
    await breaker.call(good);
    assert.equal(breaker.isClosed(), true);
  });

  test('a failed probe opens it again, for longer each time, up to the maximum', async () => {
    const breaker = one({ recoveryTimeout: 1, recoveryBackoff: { factor: 1000, max: 100_000 } });
    await assert.rejects(breaker.call(bad));
    await until(() => breaker.isHalfOpen());
    await assert.rejects(breaker.call(bad), /bad/);
    const { retryAfter } = breaker.getMetrics();
    assert.ok(retryAfter > 1 && retryAfter <= 1002, String(retryAfter));
  });

  test('a late success of an earlier state does not close it, a late failure does not open it', async () => {
    const breaker = one({ recoveryTimeout: 1 });
    const [late, later] = [deferred<void>(), deferred<void>()];
    const calls = [late, later].map(({ promise }) => breaker.call(() => promise));
    await assert.rejects(breaker.call(bad));
    await until(() => breaker.isHalfOpen());
    late.resolve();
    await calls[0];
    assert.equal(breaker.getState(), 'half-open');
    later.reject(new Error('late'));
    await assert.rejects(calls[1] as Promise<void>, /late/);
    assert.equal(breaker.getState(), 'half-open');
  });

  test('a probe that hangs gives its place to another when its lease ends, and comes back for nothing', async () => {
    const breaker = await tried({ probeLease: 1 });
    const hung = deferred<void>();
    const call = breaker.call(() => hung.promise);
    await until(() => breaker.getMetrics().probes === 0);
    const next = deferred<void>();
    const second = breaker.call(() => next.promise);
    hung.resolve();
    await call;
    assert.equal(breaker.getState(), 'half-open');
    next.resolve();
    await second;
    assert.equal(breaker.isClosed(), true);
  });
});

test('a slow probe whose place nobody wants comes back for something after its lease', async () => {
  const breaker = await tried({ probeLease: 1 });
  const gate = deferred<void>();
  const call = breaker.call(() => gate.promise);
  await until(() => breaker.getMetrics().probes === 0);
  gate.resolve();
  await call;
  assert.equal(breaker.isClosed(), true);
});

describe('isFailure', () => {
  test('says of errors and results whether they are failures', async () => {
    const breaker = one({
      failureThreshold: 2,
      isFailure: (error, result) => (error === undefined ? result === 500 : error instanceof TypeError),
    });
    await assert.rejects(breaker.call(bad), /bad/);
    assert.equal(await breaker.call(() => 500), 500);
    assert.equal(breaker.getMetrics().consecutiveFailures, 1);
    assert.equal(await breaker.call(() => 200), 200);
    assert.equal(breaker.getMetrics().consecutiveFailures, 0);
    assert.equal(await breaker.call(() => 500), 500);
    await assert.rejects(
      breaker.call(() => Promise.reject(new TypeError('worse'))),
      /worse/,
    );
    assert.equal(breaker.isOpen(), true);
    const { successes, failures } = breaker.getMetrics();
    assert.deepEqual([successes, failures], [2, 3]);
  });

  test("'ignore': the call counts as nothing, and a probe's place is free again", async () => {
    const breaker = await tried({ isFailure: (error) => (error === undefined ? false : 'ignore') });
    for (let i = 0; i < 3; i++) await assert.rejects(breaker.call(bad), /bad/);
    const { probes, ignored, failures, state } = breaker.getMetrics();
    assert.deepEqual([probes, ignored, failures, state], [0, 3, 0, 'half-open']);
    await breaker.call(good);
    assert.equal(breaker.isClosed(), true);
  });

  for (const [what, isFailure] of [
    [
      'throws',
      () => {
        throw new Error('predicate');
      },
    ],
    ['gives a promise', async () => true],
  ] as const) {
    test(`a predicate that ${what} does not leave the breaker half-open for ever`, async () => {
      const breaker = await tried({ isFailure: isFailure as () => boolean });
      const wanted = what === 'throws' ? /predicate/ : { code: 'ERR_INVALID_ARGUMENT' };
      await assert.rejects(breaker.call(good), wanted);
      const { history, probes } = breaker.getMetrics();
      assert.deepEqual([history[2]?.to, probes], ['open', 0]);
      await until(() => breaker.isHalfOpen());
      await assert.rejects(breaker.call(bad), wanted);
      assert.equal(breaker.getMetrics().probes, 0);
    });
  }
});
