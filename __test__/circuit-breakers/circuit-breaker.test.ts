/** What a circuit breaker does in one thread. */
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, test } from 'node:test';
import {
  type CallContext,
  CallTimeoutError,
  CircuitBreaker,
  type CircuitBreakerConfig,
  CircuitOpenError,
  CircuitShutdownError,
  Context,
  isMillraceError,
} from 'millrace';
import { child, deferred, foreignPromise, pending, turns, until } from '../helpers.js';

const bad = async (): Promise<never> => {
  throw new Error('bad');
};
const good = async (): Promise<string> => 'good';

/** Opens after one failure; open for a minute. */
function one(config: Partial<CircuitBreakerConfig> = {}): CircuitBreaker {
  return new CircuitBreaker({ failureThreshold: 1, recoveryTimeout: 60_000, ...config });
}

/** Half-open. */
async function tried(config: Partial<CircuitBreakerConfig> = {}): Promise<CircuitBreaker> {
  const breaker = one({ recoveryTimeout: 1, ...config });
  breaker.forceOpen();
  await until(() => breaker.isHalfOpen());
  return breaker;
}

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

describe('signal', () => {
  test('an abort rejects with its reason, frees the place, and is no failure', async () => {
    const breaker = await tried();
    const controller = new AbortController();
    let seen: AbortSignal | undefined;
    const call = breaker.call(
      ({ signal }) => {
        seen = signal;
        return new Promise(() => undefined);
      },
      { signal: controller.signal },
    );
    assert.equal(breaker.getMetrics().probes, 1);
    controller.abort('enough');
    await assert.rejects(call, (error) => error === 'enough');
    assert.equal(seen, controller.signal);
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
    const controller = new AbortController();
    let seen: AbortSignal | undefined;
    const call = breaker.call(
      ({ signal }) => {
        seen = signal;
        return new Promise(() => undefined);
      },
      { signal: controller.signal },
    );
    controller.abort('enough');
    await assert.rejects(call, (error) => error === 'enough');
    assert.equal(seen?.reason, 'enough');
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

describe('by hand', () => {
  test('forceOpen opens until the recovery time is over, forceClose closes', async () => {
    const breaker = one();
    breaker.forceOpen();
    assert.equal(breaker.getState(), 'open');
    breaker.forceClose();
    assert.equal(await breaker.call(good), 'good');
    assert.equal((await tried()).isHalfOpen(), true);
  });

  test('isolate opens it until reset or forceClose', async () => {
    const breaker = one({ recoveryTimeout: 1 });
    for (const end of ['reset', 'forceClose'] as const) {
      breaker.isolate();
      assert.deepEqual([breaker.isOpen(), breaker.getState()], [true, 'isolated']);
      assert.equal(breaker.getMetrics().retryAfter, Infinity);
      await assert.rejects(
        breaker.call(good),
        (error) => error instanceof CircuitOpenError && error.retryAfter === Infinity,
      );
      breaker[end]();
      assert.equal(breaker.isClosed(), true);
    }
  });

  test('reset forgets what was counted', async () => {
    const breaker = new CircuitBreaker();
    for (let i = 0; i < 4; i++) await assert.rejects(breaker.call(bad));
    breaker.reset();
    const { failures, calls, stateChanges } = breaker.getMetrics();
    assert.deepEqual([failures, calls, stateChanges], [0, 0, 0]);
    for (let i = 0; i < 4; i++) await assert.rejects(breaker.call(bad));
    assert.equal(breaker.isClosed(), true);
  });

  test('close shuts it down, twice without harm', async () => {
    const breaker = one();
    const gate = deferred<number>();
    const running = breaker.call(() => gate.promise);
    breaker.close();
    breaker.close();
    assert.equal(breaker.getState(), 'shutdown');
    await assert.rejects(breaker.call(good), { code: 'ERR_CIRCUIT_SHUTDOWN' });
    breaker.forceClose();
    breaker.reset();
    assert.deepEqual([breaker.getState(), breaker.isOpen(), breaker.isClosed()], ['shutdown', false, false]);
    gate.resolve(7);
    assert.equal(await running, 7);
    let kept: CircuitBreaker;
    {
      using scoped = one();
      kept = scoped;
    }
    assert.equal(kept.getState(), 'shutdown');
  });
});

describe('health', () => {
  test('a check that finds all well ends the recovery time, one that does not leaves it', async () => {
    let well: unknown = false;
    const breaker = one({
      healthCheck: async () => {
        if (well instanceof Error) throw well;
        return well;
      },
    });
    assert.equal(await breaker.checkHealth(), false);
    assert.equal(breaker.isClosed(), true);
    breaker.forceOpen();
    well = new Error('ill');
    assert.equal(await breaker.checkHealth(), false);
    assert.equal(breaker.isOpen(), true);
    well = undefined;
    assert.equal(await breaker.checkHealth(), true);
    assert.equal(breaker.isHalfOpen(), true);
    breaker.isolate();
    assert.equal(await breaker.checkHealth(), true);
    assert.equal(breaker.getState(), 'isolated');
  });

  test('who asks while a check runs gets its answer', async () => {
    const gate = deferred<void>();
    let checks = 0;
    const breaker = one({
      healthCheck: () => {
        checks++;
        return gate.promise;
      },
    });
    const both = [breaker.checkHealth(), breaker.checkHealth()];
    gate.resolve();
    assert.deepEqual([await Promise.all(both), checks], [[true, true], 1]);
    await assert.rejects(one().checkHealth(), { code: 'ERR_INVALID_ARGUMENT' });
  });

  test('at an interval while it is open, and not otherwise', async () => {
    let checks = 0;
    let well = false;
    using breaker = one({ healthCheck: () => ++checks > 0 && well, healthCheckInterval: 1 });
    await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(checks, 0);
    breaker.forceOpen();
    // The interval keeps no process alive; this does.
    const alive = setInterval(() => undefined, 1000);
    await until(() => checks > 2);
    assert.equal(breaker.isOpen(), true);
    well = true;
    await until(() => breaker.isHalfOpen());
    clearInterval(alive);
  });
});

describe('events', () => {
  test('of calls, by opossum’s names', async () => {
    const breaker = one({ timeout: 5, failureThreshold: 2, fallback: () => 'instead' });
    const seen: unknown[] = [];
    for (const name of ['fire', 'success', 'failure', 'timeout', 'reject', 'fallback'] as const)
      breaker.on(name, (...args: unknown[]) =>
        seen.push([name, ...args.map((arg) => (arg instanceof Error ? arg.name : arg))]),
      );
    await breaker.call(good);
    await breaker.call<string>(bad);
    await breaker.call<string>(() => new Promise(() => undefined));
    await breaker.call(good);
    assert.deepEqual(seen, [
      ['fire'],
      ['success', 'good'],
      ['fire'],
      ['failure', 'Error'],
      ['fallback', 'instead', 'Error'],
      ['fire'],
      ['timeout', 'CallTimeoutError'],
      ['failure', 'CallTimeoutError'],
      ['fallback', 'instead', 'CallTimeoutError'],
      ['fire'],
      ['reject', 'CircuitOpenError'],
      ['fallback', 'instead', 'CircuitOpenError'],
    ]);
  });

  test('of states, in order; a listener sees the state that it is told of, and may call the breaker', async () => {
    const breaker = one({ healthCheck: () => true });
    const seen: unknown[] = [];
    breaker.on('open', ({ from, to, retryAfter }) =>
      seen.push(['open', from, to, retryAfter === 60_000 || retryAfter === 60_001, breaker.isOpen()]),
    );
    breaker.on('halfOpen', () => {
      seen.push(['halfOpen', breaker.isHalfOpen()]);
      breaker.forceClose();
    });
    breaker.on('close', () => seen.push(['close', breaker.isClosed()]));
    const changes: string[] = [];
    breaker.on('stateChange', ({ to }) => changes.push(to));
    await assert.rejects(breaker.call(bad));
    await until(() => seen.length === 1);
    await breaker.checkHealth();
    await until(() => seen.length === 3);
    assert.deepEqual(seen, [
      ['open', 'closed', 'open', true, true],
      ['halfOpen', true],
      ['close', true],
    ]);
    assert.deepEqual(changes, ['open', 'half-open', 'closed']);
    breaker.close();
    await until(() => changes.length === 4);
    assert.equal(changes[3], 'shutdown');
  });

  test('once is once, off is off', async () => {
    const breaker = one();
    let [first, second] = [0, 0];
    const count = (): void => void second++;
    breaker.once('fire', () => first++).on('fire', count);
    await breaker.call(good);
    breaker.off('fire', count);
    await breaker.call(good);
    assert.deepEqual([first, second], [1, 1]);
    assert.throws(() => breaker.on('fir' as 'fire', count), { code: 'ERR_INVALID_ARGUMENT' });
    assert.throws(() => breaker.on('fire', 1 as never), { code: 'ERR_INVALID_ARGUMENT' });
  });

  test('what a listener throws is uncaught, and spoils neither the call nor the breaker', async () => {
    const { stdout, code } = await child(`
      const breaker = new millrace.CircuitBreaker({ recoveryTimeout: 60_000 });
      const uncaught = [];
      process.on('uncaughtException', (error) => uncaught.push(error.message));
      for (const name of ['fire', 'success', 'open'])
        breaker.on(name, () => { throw new Error(name); });
      const value = await breaker.call(() => 'value');
      breaker.forceOpen();
      for (let i = 0; i < 100 && uncaught.length < 3; i++) await new Promise((resolve) => setImmediate(resolve));
      console.log(value, uncaught.join(), breaker.getMetrics().successes);
      process.exit(0);`);
    assert.deepEqual([code, stdout.trim()], [0, 'value fire,success,open 1']);
  });

  test('listeners are called in the context they were added in, functions in the caller’s', async () => {
    const storage = new AsyncLocalStorage<string>();
    const breaker = one();
    const seen: (string | undefined)[] = [];
    storage.run('listener', () => breaker.on('success', () => seen.push(storage.getStore())));
    await storage.run('caller', () => breaker.call(async () => seen.push(storage.getStore())));
    assert.deepEqual(seen, ['caller', 'listener']);
  });
});

describe('metrics', () => {
  test('count calls by what they came to, time in states, changes and latency', async () => {
    const before = Date.now();
    const breaker = one({ failureThreshold: 2, slowCallDuration: 60_000 });
    await breaker.call(() => new Promise((resolve) => setTimeout(resolve, 5)));
    await breaker.call(good);
    for (let i = 0; i < 2; i++) await assert.rejects(breaker.call(bad));
    for (let i = 0; i < 3; i++) await assert.rejects(breaker.call(good), CircuitOpenError);
    const metrics = breaker.getMetrics();
    const { calls, successes, failures, rejections, timeouts, slowCalls, stateChanges } = metrics;
    assert.deepEqual(
      [calls, successes, failures, rejections, timeouts, slowCalls, stateChanges],
      [7, 2, 2, 3, 0, 0, 1],
    );
    const { latency, history, timeInState } = metrics;
    const ladder = [latency.min, latency.p50, latency.p90, latency.p95, latency.p99, latency.p999];
    assert.deepEqual(
      ladder,
      ladder.toSorted((a, b) => a - b),
    );
    assert.ok(latency.max > 3 && latency.p50 < latency.max && latency.mean > 0);
    assert.deepEqual(
      history.map(({ from, to }) => [from, to]),
      [['closed', 'open']],
    );
    assert.ok((history[0]?.at ?? 0) >= before - 1 && (history[0]?.at ?? 0) <= Date.now() + 1);
    assert.ok(timeInState.closed > 3 && timeInState.open > 0 && timeInState.isolated === 0);
  });

  test('of calls that come faster than they can be timed some are not, and all are counted', async () => {
    for (const config of [{}, { failureRate: 1 }, { timeout: 60_000 }]) {
      const breaker = one({ failureThreshold: 2, ...config });
      for (let i = 0; i < 1000; i++) await breaker.call(good);
      for (let i = 0; i < 30 && breaker.isClosed(); i++) await assert.rejects(breaker.call(bad), /bad/);
      assert.equal(breaker.isOpen(), true);
      for (let i = 0; i < 3; i++) await assert.rejects(breaker.call(good), CircuitOpenError);
      const { successes, failures, rejections } = breaker.getMetrics();
      assert.deepEqual([successes, failures, rejections], [1000, 2, 3]);
      breaker.forceClose();
      assert.equal(await breaker.call(good), 'good');
    }
  });

  test('what began unasked before the circuit opened is late, and opens nothing afterwards', async () => {
    const breaker = one({ failureThreshold: 3 });
    for (let i = 0; i < 100; i++) await breaker.call(good);
    const gate = deferred<never>();
    const late = Array.from({ length: 20 }, () => breaker.call(() => gate.promise));
    breaker.forceOpen();
    await assert.rejects(breaker.call(good), CircuitOpenError);
    breaker.forceClose();
    gate.reject(new Error('late'));
    await Promise.allSettled(late);
    assert.deepEqual([breaker.isClosed(), breaker.getMetrics().consecutiveFailures], [true, 0]);
  });

  test('enableMetrics: false counts states alone', async () => {
    const breaker = one({ enableMetrics: false });
    await breaker.call(good);
    await assert.rejects(breaker.call(bad));
    const { calls, latency, stateChanges, state } = breaker.getMetrics();
    assert.deepEqual([calls, latency.max, stateChanges, state], [0, 0, 1, 'open']);
  });
});

test('an idle breaker keeps no process alive, with listeners and health checks too', async () => {
  const { code, stderr } = await child(`
    const breaker = new millrace.CircuitBreaker({ healthCheck: () => false, healthCheckInterval: 1, timeout: 100_000 });
    breaker.on('open', () => undefined);
    await breaker.call(() => 1);
    breaker.forceOpen();`);
  assert.equal(code, 0, stderr);
});

test('a call in flight is pending until its function ends', async () => {
  const gate = deferred<number>();
  const call = one({ timeout: 60_000 }).call(() => gate.promise);
  assert.equal(await pending(call), true);
  gate.resolve(1);
  assert.equal(await call, 1);
});
