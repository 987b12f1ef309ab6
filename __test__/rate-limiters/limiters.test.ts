/** Limiters within one thread. Hours are used where nothing may come back, so that no test depends on how long it takes. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  CompositeRateLimiter,
  Context,
  FixedWindowRateLimiter,
  isMillraceError,
  LeakyBucketMeter,
  type Limiter,
  LimiterClosedError,
  NameConflictError,
  RateLimitError,
  type RateLimiter,
  SlidingLogRateLimiter,
  SlidingWindowRateLimiter,
  TokenBucketRateLimiter,
} from 'millrace';
import { pending } from '../helpers.js';
import { hour, invalid, tenAnHour } from './hourly.js';

/** What a composite that has a name is made of. */
const named = tenAnHour();

/** Ten an hour, of each kind. */
const kinds: [
  string,
  (also?: object) => Limiter & Partial<Pick<RateLimiter<string, object>, 'config' | 'configure'>>,
][] = [
  [
    'TokenBucketRateLimiter',
    (also) =>
      new TokenBucketRateLimiter({ capacity: 10, refillRate: 10, refillInterval: 10 * hour, ...also }),
  ],
  [
    'LeakyBucketMeter',
    (also) => new LeakyBucketMeter({ capacity: 10, leakRate: 10, leakInterval: 10 * hour, ...also }),
  ],
  [
    'SlidingWindowRateLimiter',
    (also) => new SlidingWindowRateLimiter({ windowSize: hour, maxRequests: 10, ...also }),
  ],
  [
    'SlidingLogRateLimiter',
    (also) => new SlidingLogRateLimiter({ windowSize: hour, maxRequests: 10, ...also }),
  ],
  [
    'FixedWindowRateLimiter',
    // Around an edge of such windows nothing would be as it is below; they begin with the process's clock.
    (also) => new FixedWindowRateLimiter({ windowSize: 24 * hour, maxRequests: 10, ...also }),
  ],
  [
    'CompositeRateLimiter',
    (also) =>
      new CompositeRateLimiter(
        [{ limiter: also !== undefined && 'name' in also ? named : tenAnHour() }],
        also,
      ),
  ],
];

for (const [name, make] of kinds) {
  describe(name, () => {
    test('tryAcquire takes all it is asked for, or nothing', () => {
      const limiter = make();
      assert.ok(limiter.tryAcquire() && limiter.tryAcquire(6));
      assert.equal(limiter.tryAcquire(4), false);
      assert.ok(limiter.tryAcquire(3));
      assert.equal(limiter.tryAcquire(), false);
      assert.equal(limiter.tryAcquire(11), false);
    });

    test('tryAcquireBatch decides each in order', () => {
      assert.deepEqual(make().tryAcquireBatch([4, 7, 6, 1]), [true, false, true, false]);
      assert.deepEqual(make().tryAcquireBatch([]), []);
      const limiter = make();
      assert.throws(() => limiter.tryAcquireBatch([1, 0]), invalid);
      assert.throws(() => limiter.tryAcquireBatch('1' as unknown as number[]), invalid);
      assert.equal(limiter.check().remaining, 10);
    });

    test('check says all at once', () => {
      const limiter = make();
      assert.deepEqual(
        { ...limiter.check(), resetAt: 0 },
        { allowed: true, limit: 10, remaining: 10, retryAfter: 0, resetAt: 0 },
      );
      limiter.tryAcquire(10);
      const { allowed, limit, remaining, retryAfter, resetAt } = limiter.check();
      assert.deepEqual([allowed, limit, remaining], [false, 10, 0]);
      assert.ok(retryAfter > 0 && resetAt > Date.now());
    });

    test('acquire waits its turn, first come, first served, and nobody overtakes', async () => {
      const limiter = make();
      await limiter.acquire(9);
      const order: string[] = [];
      const large = limiter.acquire(5).then(() => order.push('large'));
      const small = limiter.acquire(1).then(() => order.push('small'));
      assert.equal(limiter.tryAcquire(1), false);
      assert.ok(await pending(Promise.race([large, small])));
      assert.equal(limiter.waiting, 2);
      limiter.reset();
      await Promise.all([large, small]);
      assert.deepEqual([order, limiter.check().remaining], [['large', 'small'], 4]);
    });

    test('acquire fails at once when it could not be in time, and says when it could', async () => {
      const limiter = make();
      limiter.tryAcquire(10);
      const error = await limiter.acquire(1, { timeout: 50 }).catch((error: unknown) => error);
      assert.ok(error instanceof RateLimitError && error.code === 'ERR_RATE_LIMITED');
      assert.ok(error.retryAfter > 50 && error.retryAfter <= 24 * hour);
      assert.equal(limiter.waiting, 0);
    });

    test('more than the limit at once is an error', async () => {
      await assert.rejects(make().acquire(11), /count: got 11, wants at most 10/);
      assert.throws(() => make().reserve(11), invalid);
    });

    test('one who gives up has taken nothing, and those behind move up', async () => {
      const limiter = make();
      limiter.tryAcquire(8);
      const controller = new AbortController();
      const large = limiter.acquire(5, { signal: controller.signal });
      const small = limiter.acquire(2);
      const reason = new Error('enough');
      controller.abort(reason);
      await assert.rejects(large, reason);
      await small;
      const { cancelled, waited, allowed } = limiter.getMetrics();
      assert.deepEqual([cancelled, waited, allowed, limiter.waiting], [1, 1, 2, 0]);
      await assert.rejects(limiter.acquire(1, { signal: AbortSignal.abort(reason) }), reason);
      const [context, cancel] = Context.background().withCancel();
      const waiting = limiter.acquire(1, { signal: context });
      cancel();
      await assert.rejects(waiting, { code: 'ERR_CONTEXT_CANCELED' });
    });

    test('maxWaiting: more are refused', async () => {
      const limiter = make({ maxWaiting: 1 });
      limiter.tryAcquire(10);
      const waiting = limiter.acquire(1);
      const error = await limiter.acquire(1).catch((error: unknown) => error);
      assert.ok(error instanceof RateLimitError && error.retryAfter > 0, String(error));
      assert.throws(() => limiter.reserve(1), { code: 'ERR_RATE_LIMITED' });
      assert.equal(limiter.getMetrics().refused, 2);
      limiter.reset();
      await waiting;
    });

    test('reserve: at once, or when; cancelling it gives it back', async () => {
      const limiter = make();
      const now = limiter.reserve(8);
      assert.deepEqual([now.delay, now.cancel()], [0, false]);
      const later = limiter.reserve(5);
      assert.ok(later.delay > 0 && later.retryAt > Date.now());
      const waiting = limiter.acquire(2);
      assert.ok(await pending(waiting));
      assert.deepEqual([later.cancel(), later.cancel()], [true, false]);
      await waiting;
      assert.equal(limiter.check().remaining, 0);
    });

    test('penalty and reward', () => {
      const limiter = make();
      limiter.penalty(7);
      assert.equal(limiter.check().remaining, 3);
      limiter.reward(5);
      assert.equal(limiter.check().remaining, 8);
      limiter.reward(100);
      assert.equal(limiter.check().remaining, 10);
      limiter.penalty(12);
      limiter.reward(3);
      assert.equal(limiter.check().remaining, 1);
    });

    test('block lets nobody pass, and those who wait stay', async () => {
      const limiter = make();
      limiter.block(hour);
      const { allowed, remaining, retryAfter } = limiter.check();
      assert.deepEqual([allowed, remaining, retryAfter > hour - 60_000], [false, 0, true]);
      assert.equal(limiter.tryAcquire(), false);
      const waiting = limiter.acquire();
      limiter.block(0);
      await waiting;
      limiter.block(hour);
      limiter.reset();
      assert.ok(limiter.tryAcquire());
      limiter.block(5);
      await limiter.acquire();
    });

    test('metrics: how many passed, how many waited, and how long', async () => {
      const limiter = make();
      limiter.block(hour);
      const waits = [limiter.acquire(), limiter.acquire()];
      await new Promise((resolve) => setTimeout(resolve, 4));
      limiter.tryAcquire();
      assert.equal(limiter.getMetrics().waiting, 2);
      limiter.block(0);
      await Promise.all(waits);
      const { waitedSum, waitedMax, ...counts } = limiter.getMetrics();
      assert.deepEqual(counts, { allowed: 2, refused: 1, waited: 2, cancelled: 0, waiting: 0 });
      assert.ok(waitedMax > 2 && waitedMax < 60_000, String(waitedMax));
      assert.ok(waitedSum >= 1.5 * waitedMax && waitedSum <= 2 * waitedMax, String(waitedSum));
    });

    test('close rejects those who wait and all who come, twice without harm', async () => {
      const limiter = make();
      limiter.tryAcquire(10);
      const waiting = limiter.acquire();
      limiter.close();
      limiter.close();
      await assert.rejects(waiting, LimiterClosedError);
      await assert.rejects(limiter.acquire(), { code: 'ERR_LIMITER_CLOSED' });
      assert.throws(() => limiter.reserve(), LimiterClosedError);
      assert.deepEqual([limiter.tryAcquire(), limiter.closed], [false, true]);
      const other = make();
      {
        using _limiter = other;
      }
      assert.ok(other.closed);
    });

    test('limited: a call of this thread was refused', async () => {
      const limiter = make({ maxWaiting: 0 });
      const heard: [number, number][] = [];
      const listener = (count: number, retryAfter: number): void => void heard.push([count, retryAfter]);
      limiter.on('limited', listener);
      limiter.tryAcquire(10);
      limiter.tryAcquire(2);
      limiter.tryAcquire(20);
      await assert.rejects(limiter.acquire(3), RateLimitError);
      limiter.off('limited', listener);
      limiter.tryAcquire(1);
      let once = 0;
      limiter.once('limited', () => once++);
      limiter.tryAcquire(1);
      limiter.tryAcquire(1);
      assert.equal(once, 1);
      assert.deepEqual(
        heard.map(([count, retryAfter]) => [count, retryAfter === Infinity]),
        [
          [2, false],
          [20, true],
          [3, false],
        ],
      );
      assert.throws(() => limiter.on('else' as 'limited', listener), invalid);
      assert.throws(() => limiter.on('limited', 7 as unknown as () => void), invalid);
    });

    test('call takes one and hands on the signal', async () => {
      const limiter = make();
      const { signal } = new AbortController();
      assert.equal(await limiter.call((context) => context.signal === signal, { signal }), true);
      assert.equal(await limiter.call((context) => context.signal), undefined);
      assert.equal(limiter.check().remaining, 8);
      await assert.rejects(limiter.call(7 as unknown as () => void), invalid);
    });

    test('the same name is the same limiter, and other numbers are an error', () => {
      const called = `limiter of ${name}`;
      const limiter = make({ name: called });
      const Class = limiter.constructor as unknown as {
        open(name: string): Limiter;
        from(handle: object): Limiter;
      };
      Class.open(called).tryAcquire(4);
      Class.from(limiter.toHandle()).tryAcquire(4);
      make({ name: called }).tryAcquire(1);
      assert.equal(limiter.check().remaining, 1);
      assert.throws(() => make({ name: called, maxWaiting: 3 }), NameConflictError);
      assert.throws(() => Class.open('nobody'), { code: 'ERR_NOT_FOUND' });
      limiter.close();
    });

    test('garbage in every argument is an error of ours', async () => {
      const garbage: unknown[] = [0, -1, 0.5, NaN, Infinity, 2 ** 32, '1', null, {}, [], Symbol('s'), 1n];
      const limiter = make();
      for (const it of garbage as number[]) {
        assert.throws(() => limiter.tryAcquire(it), isMillraceError);
        await assert.rejects(limiter.acquire(it), isMillraceError);
        for (const method of ['reserve', 'penalty', 'reward'] as const)
          assert.throws(() => limiter[method](it), isMillraceError);
      }
      for (const it of [-1, NaN, Infinity, '1', null, 1e13] as number[])
        assert.throws(() => limiter.block(it), isMillraceError);
      for (const options of [null, 7, { timeout: -1 }, { signal: {} }, { other: 1 }] as object[])
        await assert.rejects(limiter.acquire(1, options), invalid);
      assert.throws(() => limiter.acquireSync(1), { code: 'ERR_UNSUPPORTED' });
      assert.throws(() => make({ other: 1 }), /other/);
      assert.throws(() => make({ maxWaiting: -1 }), /maxWaiting/);
      const { config, configure } = limiter;
      if (config !== undefined && configure !== undefined) {
        const change = configure.bind(limiter);
        assert.throws(() => change({ other: 1 } as object), /other/);
        assert.throws(() => change({ name: 'another' } as object), /name/);
        assert.throws(() => change(null as unknown as object), isMillraceError);
        for (const key of Object.keys(config)) {
          for (const it of [0, -1, NaN, 'x', null, {}]) {
            assert.throws(() => make({ [key]: it }), new RegExp(key));
            assert.throws(() => change({ [key]: it } as object), new RegExp(key));
          }
        }
      }
      assert.equal(limiter.check().remaining, 10);
    });
  });
}
