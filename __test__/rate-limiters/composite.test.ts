/** Several limiters at once, and so many at once. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  CompositeRateLimiter,
  ConcurrencyLimiter,
  isMillraceError,
  RateLimitError,
  SlidingLogRateLimiter,
  TokenBucketRateLimiter,
} from 'millrace';
import { pending } from '../helpers.js';

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

describe('ConcurrencyLimiter', () => {
  test('at most so many at once, first come, first served', async () => {
    const limiter = new ConcurrencyLimiter(2);
    let running = 0;
    let most = 0;
    const work = async (n: number): Promise<number> => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      return n;
    };
    const results = await Promise.all([1, 2, 3, 4, 5].map((n) => limiter.run(() => work(n))));
    assert.deepEqual([results, most, limiter.available], [[1, 2, 3, 4, 5], 2, 2]);
  });

  test('guards, tryAcquire, and giving up', async () => {
    const limiter = new ConcurrencyLimiter(1);
    const guard = await limiter.acquire();
    assert.equal(limiter.tryAcquire(), undefined);
    await assert.rejects(limiter.acquire({ timeout: 1 }), { code: 'ERR_TIMEOUT' });
    const waiting = limiter.acquire();
    assert.equal(limiter.waiting, 1);
    guard.release();
    (await waiting).release();
    assert.deepEqual([limiter.limit, limiter.available], [1, 1]);
  });

  test('a place is given back when the function throws; the signal is handed on', async () => {
    const limiter = new ConcurrencyLimiter(1);
    const failing = limiter.call(() => Promise.reject(new Error('no')));
    await assert.rejects(failing, /no/);
    const { signal } = new AbortController();
    assert.equal(await limiter.call((context) => context.signal === signal, { signal }), true);
    assert.equal(limiter.available, 1);
  });

  test('the same name is the same limiter; closed', async () => {
    const limiter = new ConcurrencyLimiter(1, { name: 'places' });
    const guard = ConcurrencyLimiter.open('places').tryAcquire();
    assert.ok(guard?.held);
    const waiting = ConcurrencyLimiter.from(limiter.toHandle()).acquire();
    limiter.close();
    limiter.close();
    await assert.rejects(waiting, { code: 'ERR_LOCK_CLOSED' });
    assert.deepEqual([limiter.closed, limiter.name], [true, 'places']);
  });

  test('garbage', () => {
    for (const limit of [0, -1, 0.5, NaN, '1', undefined])
      assert.throws(() => new ConcurrencyLimiter(limit as number), isMillraceError);
    assert.throws(() => new ConcurrencyLimiter(1, { other: 1 } as never), /other/);
  });
});
