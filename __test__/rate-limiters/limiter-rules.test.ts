/** What one kind of limiter has that others have not; clocks; many who wait. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  FixedWindowRateLimiter,
  InvalidArgumentError,
  LeakyBucketMeter,
  RateLimitError,
  type RateLimiter,
  SlidingLogRateLimiter,
  SlidingWindowRateLimiter,
  TokenBucketRateLimiter,
} from 'millrace';
import { child, pending } from '../helpers.js';
import { hour, invalid, tenAnHour } from './hourly.js';

test('a token bucket configured anew keeps the share of its tokens, and the line', async () => {
  const limiter = new TokenBucketRateLimiter({ capacity: 10, refillRate: 1, refillInterval: hour });
  limiter.tryAcquire(5);
  limiter.configure({ capacity: 100 });
  assert.deepEqual(limiter.config, {
    capacity: 100,
    refillRate: 1,
    refillInterval: hour,
    enableBurst: true,
  });
  assert.ok(limiter.getAvailableTokens() >= 49 && limiter.getAvailableTokens() <= 50);
  limiter.tryAcquire(limiter.getAvailableTokens());
  const order: number[] = [];
  const waits = [1, 2, 60].map((count) => limiter.acquire(count).then(() => order.push(count)));
  const last = assert.rejects(waits[2] as Promise<unknown>, invalid);
  limiter.configure({ capacity: 50, refillRate: 50, refillInterval: 1 });
  await Promise.all(waits.slice(0, 2));
  await last;
  assert.deepEqual(order, [1, 2]);
  assert.throws(() => Object.assign(limiter.config, { capacity: 1 }), TypeError);
});

test('enableBurst: false spaces requests by what they take', () => {
  const config = { capacity: 5, refillRate: 1, refillInterval: hour, enableBurst: false };
  const limiter = new TokenBucketRateLimiter(config);
  assert.equal(limiter.getAvailableTokens(), 5);
  assert.ok(limiter.tryAcquire(2));
  assert.equal(limiter.tryAcquire(1), false);
  const refill = limiter.getRefillTime();
  assert.ok(refill > hour && refill <= 2 * hour);
  limiter.configure({ enableBurst: true });
  assert.ok(limiter.tryAcquire(1));
});

test('config is what a limiter decides by', () => {
  const size = { windowSize: hour, maxRequests: 4 };
  const configs: [RateLimiter<string, object>, object][] = [
    [tenAnHour(), { capacity: 10, refillRate: 10, refillInterval: 10 * hour, enableBurst: true }],
    [
      new LeakyBucketMeter({ capacity: 3, leakRate: 2, leakInterval: hour }),
      { capacity: 3, leakRate: 2, leakInterval: hour },
    ],
    [new FixedWindowRateLimiter(size), size],
    [new SlidingWindowRateLimiter({ ...size, precision: 7 }), { ...size, precision: 7 }],
    [new SlidingLogRateLimiter(size), size],
  ];
  for (const [limiter, config] of configs) {
    assert.deepEqual(limiter.config, config);
    assert.ok(Object.isFrozen(limiter.config));
  }
});

for (const make of [
  () => new FixedWindowRateLimiter({ windowSize: 24 * hour, maxRequests: 4 }),
  () => new SlidingWindowRateLimiter({ windowSize: hour, maxRequests: 4 }),
  () => new SlidingLogRateLimiter({ windowSize: hour, maxRequests: 4 }),
]) {
  test(`${make().constructor.name}: requests by their own words`, async () => {
    const limiter = make();
    await limiter.request();
    assert.deepEqual(
      [limiter.tryRequestBatch(4), limiter.tryRequestBatch(2), limiter.tryRequest()],
      [false, true, true],
    );
    assert.deepEqual([limiter.tryRequest(), limiter.getRequestCount()], [false, 4]);
    await assert.rejects(limiter.request({ timeout: 5 }), RateLimitError);
    const waiting = limiter.request();
    assert.ok(await pending(waiting));
    limiter.reset();
    await waiting;
    assert.equal(limiter.getRequestCount(), 1);
  });
}

test('precision: the number of sub-windows, which getCurrentWindow counts', () => {
  const coarse = new SlidingWindowRateLimiter({ windowSize: hour, maxRequests: 1, precision: 1 });
  const fine = new SlidingWindowRateLimiter({ windowSize: hour, maxRequests: 1, precision: 3600 });
  assert.deepEqual([coarse.config.precision, fine.config.precision], [1, 3600]);
  assert.ok(coarse.tryRequest() && fine.tryRequest());
  const retry = fine.check().retryAfter;
  assert.ok(retry > hour - 60_000 && retry <= hour + 1000);
  assert.ok(coarse.check().retryAfter <= 2 * hour);
  assert.ok(fine.getCurrentWindow() >= coarse.getCurrentWindow());
  fine.configure({ maxRequests: 3 });
  assert.deepEqual([fine.getRequestCount(), fine.tryRequestBatch(2), fine.tryRequest()], [1, true, false]);
});

test('a leaky bucket that meters tells its level', () => {
  const meter = new LeakyBucketMeter({ capacity: 10, leakRate: 1, leakInterval: hour });
  assert.equal(meter.getLevel(), 0);
  meter.tryAcquire(4);
  assert.equal(meter.getLevel(), 4);
});

test('x/time/rate: a limit of 0, or of infinity, is no limiter: it is refused by name', () => {
  for (const refillRate of [0, Infinity]) {
    const make = (): object => new TokenBucketRateLimiter({ capacity: 1, refillRate, refillInterval: 1000 });
    assert.throws(make, /refillRate/);
  }
  assert.throws(() => new TokenBucketRateLimiter({} as never), InvalidArgumentError);
  assert.throws(() => new TokenBucketRateLimiter(undefined as never), InvalidArgumentError);
});

test('a bucket that would not be full again within nine years is refused, not made smaller', () => {
  const config = { capacity: 10_000, refillRate: 1, refillInterval: 24 * hour };
  assert.throws(() => new TokenBucketRateLimiter(config), /capacity: got 10000 at this rate/);
});

test('a system clock that jumps changes nothing', (context) => {
  const limiter = new SlidingLogRateLimiter({ windowSize: hour, maxRequests: 1 });
  assert.ok(limiter.tryRequest());
  const { resetAt } = limiter.check();
  for (const jump of [-1e9, 1e9]) {
    const now = Date.now() + jump;
    context.mock.method(Date, 'now', () => now);
    assert.equal(limiter.tryRequest(), false);
    assert.ok(Math.abs(limiter.check().resetAt - resetAt) < hour / 60);
    context.mock.restoreAll();
  }
});

test('a window above 2³¹-1 ms does not end at once', async () => {
  const limiter = new SlidingLogRateLimiter({ windowSize: 3e9, maxRequests: 1 });
  await limiter.request();
  const controller = new AbortController();
  const waiting = limiter.request({ signal: controller.signal });
  assert.ok(await pending(waiting));
  controller.abort();
  await assert.rejects(waiting, { name: 'AbortError' });
});

test('ten thousand wait, and pass in the order of their coming', async () => {
  const limiter = new TokenBucketRateLimiter({ capacity: 10_000, refillRate: 1000, refillInterval: 1 });
  limiter.penalty(10_000);
  // Nobody passes before all stand in line.
  limiter.block(1000);
  const order: number[] = [];
  const waits = Array.from({ length: 10_000 }, (_, i) => limiter.acquire().then(() => order.push(i)));
  limiter.block(0);
  await Promise.all(waits);
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  );
});

test('an idle limiter, or a reservation, keeps no process alive; a wait does', async () => {
  const make = `const limiter = new millrace.TokenBucketRateLimiter({ capacity: 1, refillRate: 1, refillInterval: `;
  const idle = await child(`${make} 1e9 }); limiter.tryAcquire(); limiter.reserve(); console.log('idle');`);
  assert.deepEqual([idle.code, idle.stdout], [0, 'idle\n']);
  const waits = await child(
    `${make} 50 }); limiter.tryAcquire(); limiter.acquire().then(() => console.log('passed'));`,
  );
  assert.deepEqual([waits.code, waits.stdout], [0, 'passed\n']);
});
