/** Several limiters at once. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  CompositeRateLimiter,
  isMillraceError,
  RateLimitError,
  SlidingLogRateLimiter,
  TokenBucketRateLimiter,
} from 'millrace';
import { pending, turns, until } from '../helpers.js';

const hour = 3_600_000;
const bucket = (capacity: number): TokenBucketRateLimiter =>
  new TokenBucketRateLimiter({ capacity, refillRate: 1, refillInterval: hour });

describe('CompositeRateLimiter', () => {
  test('when one refuses none has counted it', () => {
    const [many, few] = [bucket(10), bucket(2)];
    const both = new CompositeRateLimiter([{ limiter: many }, { limiter: few }]);
    assert.deepEqual([both.tryAcquire(3), both.tryAcquire(2), both.tryAcquire()], [false, true, false]);
    assert.deepEqual([many.check().remaining, few.check().remaining], [8, 0]);
    assert.deepEqual([both.check().limit, both.check().remaining, both.check().allowed], [2, 0, false]);
  });

  test('weight: so much for each', () => {
    const [plain, cost] = [bucket(10), bucket(10)];
    const both = new CompositeRateLimiter([{ limiter: plain }, { limiter: cost, weight: 4 }]);
    assert.deepEqual([both.tryAcquire(2), both.tryAcquire()], [true, false]);
    assert.deepEqual([plain.check().remaining, cost.check().remaining], [8, 2]);
  });

  test('acquire waits until all allow it, in order', async () => {
    const log = new SlidingLogRateLimiter({ windowSize: 20, maxRequests: 1 });
    const all = new CompositeRateLimiter([{ limiter: bucket(100) }, { limiter: log }]);
    const order: number[] = [];
    await Promise.all([1, 2, 3].map((n) => all.acquire().then(() => order.push(n))));
    assert.deepEqual([order, all.getMetrics().allowed], [[1, 2, 3], 3]);
  });

  test('too much, too late, too many, given up, closed', async () => {
    const few = bucket(2);
    const all = new CompositeRateLimiter([{ limiter: few }, { limiter: bucket(9) }], { maxWaiting: 1 });
    await assert.rejects(all.acquire(3), { code: 'ERR_INVALID_ARGUMENT' });
    few.tryAcquire(2);
    await assert.rejects(all.acquire(1, { timeout: 100 }), RateLimitError);
    const controller = new AbortController();
    const given = all.acquire(1, { signal: controller.signal });
    await assert.rejects(all.acquire(1), RateLimitError);
    controller.abort();
    await assert.rejects(given, { name: 'AbortError' });
    const waiting = all.acquire(1);
    assert.ok(await pending(waiting));
    all.reset();
    await waiting;
    all.penalty(1);
    const last = all.acquire(1);
    all.close();
    await assert.rejects(last, { code: 'ERR_LIMITER_CLOSED' });
    assert.equal(few.closed, false);
  });

  test('reserve: a place that takes of all when its time comes, or of none if it is cancelled', async () => {
    const [few, many] = [bucket(2), new SlidingLogRateLimiter({ windowSize: 30, maxRequests: 2 })];
    const all = new CompositeRateLimiter([{ limiter: few }, { limiter: many }], { maxWaiting: 3 });
    const now = all.reserve(2);
    assert.deepEqual([now.delay, now.pending, now.cancel()], [0, false, false]);
    few.reset();
    const next = all.reserve();
    const late = all.reserve(2);
    assert.ok(next.delay > 0 && next.delay <= 30 && late.delay >= next.delay, String(late.delay));
    assert.ok(Math.abs(late.retryAt - Date.now() - late.delay) < 10_000);
    const last = all.reserve(2);
    // The bucket has one token and not two within the hour: only the log lets more pass.
    assert.ok(late.delay > hour - 60_000 && last.delay > 2 * hour);
    assert.throws(() => all.reserve(), { code: 'ERR_RATE_LIMITED', reason: 'queue' });
    assert.throws(() => all.reserve(3), { code: 'ERR_INVALID_ARGUMENT' });
    assert.deepEqual([next.pending, all.waiting], [true, 3]);
    await until(() => !next.pending);
    assert.deepEqual([next.cancel(), few.check().remaining], [false, 1]);
    assert.ok(late.cancel() && !late.cancel() && last.cancel());
    assert.deepEqual([late.pending, all.waiting, few.check().remaining], [false, 0, 1]);
    few.tryAcquire();
    const given = all.reserve();
    all.close();
    assert.deepEqual([given.pending, given.cancel()], [false, false]);
    assert.throws(() => all.reserve(), { code: 'ERR_LIMITER_CLOSED' });
    for (const count of [0, -1, 0.5, '1', null])
      assert.throws(() => all.reserve(count as number), isMillraceError);
  });

  test('it is at its end when it, or one of those it is made of, is closed, and says so once', async () => {
    const [one, two] = [bucket(1), bucket(1)];
    const inner = new CompositeRateLimiter([{ limiter: one }, { limiter: two }]);
    const outer = new CompositeRateLimiter([{ limiter: inner }, { limiter: one }]);
    const other = new CompositeRateLimiter([{ limiter: two }]);
    const told: string[] = [];
    for (const [name, limiter] of Object.entries({ inner, outer, other, one, two }))
      limiter.on('close', () => void told.push(name));
    inner.close();
    await until(() => told.length === 1);
    assert.deepEqual([told, outer.closed], [['inner'], false]);
    one.close();
    one.close();
    await until(() => told.length === 3);
    assert.deepEqual([told.slice(1).toSorted(), outer.closed, other.closed], [['one', 'outer'], true, false]);
    const late = new CompositeRateLimiter([{ limiter: one }, { limiter: two }]);
    late.on('close', () => void told.push('late'));
    two.close();
    await until(() => told.length === 5);
    await turns(10);
    assert.deepEqual([told.slice(3).toSorted(), late.closed], [['other', 'two'], true]);
  });

  test('those that come and go leave nothing in the limiters they were made of', async () => {
    const limiter = bucket(1);
    let told = 0;
    for (let i = 0; i < 10_000; i++) {
      const composite = new CompositeRateLimiter([{ limiter }]);
      if (i % 100 === 0) composite.on('close', () => told++);
    }
    limiter.close();
    await until(() => told === 100);
  });

  test('composites within composites are their limiters', () => {
    const limiter = bucket(10);
    const inner = new CompositeRateLimiter([{ limiter, weight: 2 }]);
    const outer = new CompositeRateLimiter([{ limiter: inner, weight: 3 }, { limiter }]);
    assert.ok(outer.tryAcquire());
    assert.equal(limiter.check().remaining, 3);
    assert.equal(outer.tryAcquire(), false);
  });

  test('the same name is the same limiter', () => {
    const limiter = bucket(10);
    const all = new CompositeRateLimiter([{ limiter }], { name: 'composed' });
    CompositeRateLimiter.open('composed').tryAcquire(3);
    CompositeRateLimiter.from(all.toHandle()).tryAcquire(3);
    assert.equal(limiter.check().remaining, 4);
    const other = (): object => new CompositeRateLimiter([{ limiter: bucket(1) }], { name: 'composed' });
    assert.throws(other, { code: 'ERR_NAME_CONFLICT' });
  });

  test('garbage', () => {
    const limiter = bucket(1);
    for (const parts of [undefined, null, [], 7, [null], [{}], [{ limiter: 1 }], [{ limiter, weight: 0 }]])
      assert.throws(() => new CompositeRateLimiter(parts as never), isMillraceError);
    assert.throws(() => new CompositeRateLimiter([{ limiter }], { other: 1 } as never), /other/);
  });
});
