/** The usage examples and signatures of the text the project grew from, §5, as they stand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type LeakyBucketConfig,
  LeakyBucketRateLimiter,
  type SlidingWindowConfig,
  SlidingWindowRateLimiter,
  type TokenBucketConfig,
  TokenBucketRateLimiter,
} from 'millrace';

test('a token bucket for API rate limiting', async () => {
  const rateLimiter = new TokenBucketRateLimiter({
    capacity: 100,
    refillRate: 10,
    refillInterval: 1000,
    enableBurst: true,
  });

  if (rateLimiter.tryAcquire(1)) {
    // Process request
  } else {
    // Wait for token
    await rateLimiter.acquire(1);
  }
  assert.equal(rateLimiter.getAvailableTokens(), 99);
});

test('a leaky bucket for smooth processing', async () => {
  const request = { socket: () => 'whatever the user has' };
  const leakyBucket = new LeakyBucketRateLimiter({
    capacity: 50,
    leakRate: 5,
    leakInterval: 100,
  });

  await leakyBucket.enqueue(request);
  assert.equal(leakyBucket.getQueueLength(), 0);
});

test('the signatures of the text', async () => {
  const bucketConfig: TokenBucketConfig = {
    capacity: 5,
    refillRate: 1,
    refillInterval: 60_000,
    enableBurst: true,
  };
  const bucket = new TokenBucketRateLimiter(bucketConfig);
  const one: boolean = bucket.tryAcquire(1);
  const waited: Promise<void> = bucket.acquire(1);
  await waited;
  const batch: boolean[] = bucket.tryAcquireBatch([2, 2, 1]);
  const available: number = bucket.getAvailableTokens();
  const refill: number = bucket.getRefillTime();
  assert.deepEqual([one, batch, available], [true, [true, false, true], 0]);
  assert.ok(refill > 0 && refill <= 60_000);
  const nothing: void = bucket.reset();
  assert.deepEqual([nothing, bucket.getAvailableTokens()], [undefined, 5]);

  const leakyConfig: LeakyBucketConfig = { capacity: 2, leakRate: 1, leakInterval: 60_000 };
  const leaky = new LeakyBucketRateLimiter(leakyConfig);
  const entered: boolean = leaky.tryEnqueue('a');
  const entering: Promise<void> = leaky.enqueue('b');
  assert.deepEqual([entered, leaky.tryEnqueue('c')], [true, false]);
  const [length, capacity, full]: [number, number, boolean] = [
    leaky.getQueueLength(),
    leaky.getCapacity(),
    leaky.isFull(),
  ];
  assert.deepEqual([length, capacity, full], [2, 2, true]);
  assert.deepEqual([leaky.dequeue(), leaky.dequeue(), leaky.dequeue()], ['a', 'b', undefined]);
  await entering;

  const windowConfig: SlidingWindowConfig = { windowSize: 60_000, maxRequests: 4, precision: 10 };
  const window = new SlidingWindowRateLimiter(windowConfig);
  const tried: boolean = window.tryRequest();
  const requested: Promise<void> = window.request();
  await requested;
  const batched: boolean = window.tryRequestBatch(2);
  assert.deepEqual([tried, batched, window.tryRequestBatch(1)], [true, true, false]);
  const current: number = window.getCurrentWindow();
  assert.ok(Number.isInteger(current));
  assert.equal(window.getRequestCount(), 4);
  window.reset();
  assert.equal(window.getRequestCount(), 0);
});
