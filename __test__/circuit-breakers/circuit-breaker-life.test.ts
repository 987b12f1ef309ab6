/** A circuit breaker by hand, its health checks, events and figures, and its end. */
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, test } from 'node:test';
import { CircuitBreaker, CircuitOpenError } from 'millrace';
import { child, deferred, pending, turns, until } from '../helpers.js';
import { bad, good, one, tried } from './breakers.js';

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

  test('its end is a change of state and an event of its own, once', async () => {
    const breaker = one();
    const told: string[] = [];
    breaker.on('stateChange', ({ to }) => told.push(to)).on('shutdown', () => told.push('the end'));
    breaker.on('close', () => assert.fail('that is the circuit’s'));
    breaker.forceOpen();
    breaker.close();
    breaker.close();
    await until(() => told.length === 3);
    breaker.on('shutdown', () => assert.fail('it was before'));
    await turns(10);
    assert.deepEqual(told, ['open', 'shutdown', 'the end']);
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
    let closed = 0;
    using breaker = one({ healthCheck: () => ++checks > 0 && well, healthCheckInterval: 1 });
    using _closed = one({ healthCheck: () => ++closed > 0, healthCheckInterval: 1 });
    breaker.forceOpen();
    // The interval keeps no process alive; this does.
    const alive = setInterval(() => undefined, 1000);
    await until(() => checks > 2);
    assert.equal(closed, 0);
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
