/** What a circuit breaker does with a call: time limits, signals, fallbacks, and the forms of calling. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type CallContext,
  CallTimeoutError,
  type CircuitBreaker,
  CircuitOpenError,
  CircuitShutdownError,
  Context,
} from 'millrace';
import { deferred, turns } from '../helpers.js';
import { bad, good, one, tried } from './breakers.js';

describe('timeout', () => {
  test('rejects, aborts the signal, and counts as one failure, however the function ends', async () => {
    const breaker = one({ timeout: 1, failureThreshold: 2 });
    const gate = deferred<void>();
    let seen: AbortSignal | undefined;
    const fn = ({ signal }: CallContext): Promise<void> => {
      seen = signal;
      return gate.promise;
    };
    await assert.rejects(breaker.call(fn), (error) => {
      assert.ok(error instanceof CallTimeoutError && error.timeout === 1);
      assert.equal(seen?.reason, error);
      return true;
    });
    gate.reject(new Error('late'));
    await turns(2);
    const { timeouts, failures, consecutiveFailures } = breaker.getMetrics();
    assert.deepEqual([timeouts, failures, consecutiveFailures], [1, 1, 1]);
  });

  test('a signal that is looked at afterwards has aborted', async () => {
    const breaker = one({ timeout: 1 });
    let context: CallContext | undefined;
    await assert.rejects(
      breaker.call((given) => {
        context = given;
        return new Promise(() => undefined);
      }),
      CallTimeoutError,
    );
    assert.ok(context?.signal?.reason instanceof CallTimeoutError);
  });

  test('a probe that takes too long opens it again', async () => {
    const breaker = await tried({ timeout: 5, recoveryTimeout: 10 });
    await assert.rejects(
      breaker.call(() => new Promise(() => undefined)),
      CallTimeoutError,
    );
    assert.deepEqual(
      breaker
        .getMetrics()
        .history.slice(0, 3)
        .map(({ to }) => to),
      ['open', 'half-open', 'open'],
    );
  });

  test('what ends in time is left alone', async () => {
    const breaker = one({ timeout: 60_000 });
    assert.equal(await breaker.call(good), 'good');
    assert.equal(await breaker.call(() => 1), 1);
    await assert.rejects(breaker.call(bad), /bad/);
    assert.equal(breaker.getMetrics().timeouts, 0);
  });
});

/** A call that ends by its signal alone. */
function hang(breaker: CircuitBreaker): {
  call: Promise<unknown>;
  controller: AbortController;
  seen(): AbortSignal | undefined;
} {
  const controller = new AbortController();
  let seen: AbortSignal | undefined;
  const call = breaker.call(
    ({ signal }) => {
      seen = signal;
      return new Promise(() => undefined);
    },
    { signal: controller.signal },
  );
  return { call, controller, seen: () => seen };
}

describe('signal', () => {
  test('an abort rejects with its reason, frees the place, and is no failure', async () => {
    const breaker = await tried();
    const { call, controller, seen } = hang(breaker);
    assert.equal(breaker.getMetrics().probes, 1);
    controller.abort('enough');
    await assert.rejects(call, (error) => error === 'enough');
    assert.equal(seen(), controller.signal);
    const { probes, ignored, failures, state } = breaker.getMetrics();
    assert.deepEqual([probes, ignored, failures, state], [0, 1, 0, 'half-open']);
  });

  test('one that has aborted calls nothing', async () => {
    const breaker = one();
    let called = false;
    const call = breaker.call(() => (called = true), { signal: AbortSignal.abort('early') });
    await assert.rejects(call, (error) => error === 'early');
    assert.deepEqual([called, breaker.getMetrics().calls], [false, 0]);
  });

  test('together with a time limit, either aborts the function', async () => {
    const breaker = one({ timeout: 60_000 });
    const { call, controller, seen } = hang(breaker);
    controller.abort('enough');
    await assert.rejects(call, (error) => error === 'enough');
    assert.equal(seen()?.reason, 'enough');
    assert.equal(breaker.isClosed(), true);
  });

  test('a context will do', async () => {
    const [context, cancel] = Context.background().withCancel();
    const call = one().call(() => new Promise(() => undefined), { signal: context });
    cancel();
    await assert.rejects(call, { code: 'ERR_CONTEXT_CANCELED' });
  });
});

describe('fallback', () => {
  test('stands in for failures, time-outs and refusals, and gets why', async () => {
    const seen: unknown[] = [];
    const breaker = one({
      timeout: 1,
      failureThreshold: 2,
      fallback: (error) => {
        seen.push((error as { code?: string }).code ?? (error as Error).message);
        return 'instead';
      },
    });
    assert.equal(await breaker.call<string>(bad), 'instead');
    assert.equal(await breaker.call<string>(() => new Promise(() => undefined)), 'instead');
    assert.equal(await breaker.call<string>(good), 'instead');
    assert.deepEqual(seen, ['bad', 'ERR_CALL_TIMEOUT', 'ERR_CIRCUIT_OPEN']);
    assert.equal(breaker.getMetrics().fallbacks, 3);
    assert.deepEqual(await breaker.tryCall(good), { ok: true, value: 'instead' });
  });

  test('not for a caller who gave up, nor for what is no failure; what it throws is thrown', async () => {
    const breaker = one({ fallback: () => 'instead', isFailure: () => false });
    const controller = new AbortController();
    const call = breaker.call(() => new Promise(() => undefined), { signal: controller.signal });
    controller.abort('enough');
    await assert.rejects(call, (error) => error === 'enough');
    await assert.rejects(breaker.call(bad), /bad/);
    const worse = one({
      fallback: () => {
        throw new Error('worse');
      },
    });
    await assert.rejects(worse.call(bad), /worse/);
    assert.equal(worse.getMetrics().fallbacks, 0);
  });
});

describe('tryCall', () => {
  test('gives values, errors and refusals, and throws nothing', async () => {
    const breaker = one();
    assert.deepEqual(await breaker.tryCall(good), { ok: true, value: 'good' });
    const failed = await breaker.tryCall(bad);
    assert.ok(!failed.ok && (failed.error as Error).message === 'bad');
    const refused = await breaker.tryCall(good);
    assert.ok(!refused.ok && refused.rejected?.state === 'open' && refused.rejected.retryAfter <= 60_001);
    breaker.isolate();
    assert.deepEqual(await breaker.tryCall(good), {
      ok: false,
      rejected: { state: 'isolated', retryAfter: Infinity },
    });
    const aborted = await breaker.tryCall(good, { signal: AbortSignal.abort('early') });
    assert.deepEqual(aborted, { ok: false, error: 'early' });
    breaker.close();
    const shut = await breaker.tryCall(good);
    assert.ok(!shut.ok && shut.error instanceof CircuitShutdownError);
    await assert.rejects(breaker.tryCall(1 as never), { code: 'ERR_INVALID_ARGUMENT' });
  });
});

describe('wrap', () => {
  test('hands on `this` and the arguments, and goes through the breaker', async () => {
    const breaker = one();
    const counter = {
      count: 40,
      add: breaker.wrap(async function (this: { count: number }, a: number, b: number) {
        if (a < 0) throw new RangeError('below');
        return this.count + a + b;
      }),
    };
    const sum: number = await counter.add(1, 1);
    assert.equal(sum, 42);
    assert.equal(counter.add.length, 2);
    await assert.rejects(counter.add(-1, 0), RangeError);
    await assert.rejects(counter.add(1, 1), CircuitOpenError);
    assert.throws(() => breaker.wrap(1 as never), { code: 'ERR_INVALID_ARGUMENT' });
  });
});
