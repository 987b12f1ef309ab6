/** A rate limit for each of many keys. The rules themselves are tested in Rust, by a clock that is moved by hand. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  InvalidArgumentError,
  KeyedRateLimiter,
  type KeyedRateLimiterOptions,
  type LimiterKey,
} from 'millrace';
import { until } from '../helpers.js';

const hour = 3_600_000;

describe('KeyedRateLimiter', () => {
  for (const algorithm of ['token-bucket', 'fixed-window', 'sliding-window'] as const) {
    test(`${algorithm}: each key has its limit`, () => {
      using limiter = new KeyedRateLimiter({ limits: { limit: 3, window: hour, algorithm } });
      for (const key of ['a', 'b', 'ä€', 'x'.repeat(100_000), '', 1, '1', 1n]) {
        assert.ok(limiter.tryAcquire(key) && limiter.tryAcquire(key, 2));
        assert.equal(limiter.tryAcquire(key), false);
      }
      assert.equal(limiter.size, 8);
      const { allowed, reason, limit, remaining, retryAfter, resetAt } = limiter.consume('a', 1);
      assert.deepEqual([allowed, reason, limit, remaining], [false, 'limit', 3, 0]);
      assert.ok(retryAfter > 0 && retryAfter <= 2 * hour && resetAt > Date.now());
      const fresh = limiter.consume('c', 2);
      assert.deepEqual(
        [fresh.allowed, fresh.reason, fresh.remaining, fresh.retryAfter],
        [true, undefined, 1, 0],
      );
    });
  }

  test('what comes back can be taken again', async () => {
    using limiter = new KeyedRateLimiter({ limits: { limit: 1, window: 5 } });
    assert.ok(limiter.tryAcquire('a'));
    await until(() => limiter.tryAcquire('a'));
  });

  test('several limits hold all at once: nothing is taken when one refuses', () => {
    const limits = [
      { limit: 10, window: 1000 * hour },
      { limit: 15, window: hour, algorithm: 'fixed-window' },
    ] as const;
    using limiter = new KeyedRateLimiter({ limits });
    assert.ok(limiter.tryAcquire('a', 10));
    assert.equal(limiter.check('a').remaining, 0);
    assert.equal(limiter.tryAcquire('a'), false);
    limiter.reward('a', 4);
    assert.equal(limiter.tryAcquire('a', 5), false);
    assert.ok(limiter.tryAcquire('a', 4));
    assert.equal(limiter.check('b', 11).retryAfter, Infinity);
    assert.deepEqual(limiter.limitsFor('a'), [
      { limit: 10, window: 1000 * hour, algorithm: 'token-bucket', capacity: 10, enableBurst: true },
      { limit: 15, window: hour, algorithm: 'fixed-window' },
    ]);
  });

  test('capacity is what can be saved up, and without bursts requests are spaced', () => {
    using saving = new KeyedRateLimiter({ limits: { limit: 1, window: hour, capacity: 5 } });
    assert.ok(saving.tryAcquire('a', 5));
    assert.equal(saving.tryAcquire('a'), false);
    using spaced = new KeyedRateLimiter({ limits: { limit: 5, window: hour, enableBurst: false } });
    assert.ok(spaced.tryAcquire('a'));
    assert.equal(spaced.tryAcquire('a'), false);
    assert.ok(Math.abs(spaced.check('a').retryAfter - hour / 5) < 60_000);
  });

  test('check and get take nothing, and get knows only those that owe something', () => {
    using limiter = new KeyedRateLimiter({ limits: { limit: 2, window: hour } });
    assert.equal(limiter.get('a'), undefined);
    assert.deepEqual(
      [limiter.check('a').remaining, limiter.check('a', 0).allowed, limiter.size],
      [2, true, 0],
    );
    limiter.consume('a');
    assert.equal(limiter.get('a')?.remaining, 1);
  });

  test('a penalty takes what is not there; a reward gives no more than was taken', () => {
    using limiter = new KeyedRateLimiter({ limits: { limit: 2, window: hour, algorithm: 'fixed-window' } });
    assert.equal(limiter.penalty('a', 5).remaining, 0);
    limiter.reward('a', 1);
    assert.equal(limiter.tryAcquire('a'), false);
    limiter.reward('a', 100);
    const taken = limiter.consume('a', 2);
    assert.equal(taken.remaining, 0);
    limiter.reward('a', 1, taken);
    assert.equal(limiter.check('a').remaining, 1);
    limiter.reward('a', 1, { at: 0 });
    assert.equal(limiter.check('a').remaining, 1, 'of a window that is over nothing is given back');
  });

  test('block refuses a key for a time, delete and 0 end it', async () => {
    using limiter = new KeyedRateLimiter({ limits: { limit: 2, window: hour } });
    limiter.block('a', hour);
    const { allowed, reason, retryAfter, remaining } = limiter.consume('a');
    assert.deepEqual([allowed, reason, remaining], [false, 'blocked', 0]);
    assert.ok(retryAfter > hour - 60_000 && retryAfter <= hour);
    limiter.block('a', 0);
    assert.ok(limiter.tryAcquire('a'));
    limiter.block('a', hour);
    assert.ok(limiter.delete('a') && !limiter.delete('a') && limiter.tryAcquire('a', 2));
    limiter.block('b', 2);
    await until(() => limiter.tryAcquire('b'));
  });

  test('lists let through and shut out, from the options and while it runs', () => {
    const options = { limits: { limit: 1, window: hour }, allow: ['in'], deny: ['out', 7] };
    using limiter = new KeyedRateLimiter(options);
    assert.ok([1, 2, 3].every(() => limiter.tryAcquire('in')));
    assert.deepEqual([limiter.consume('out').reason, limiter.consume(7).retryAfter], ['denied', Infinity]);
    assert.ok(limiter.allowList.has('in') && !limiter.denyList.has('in'));
    assert.equal(limiter.denyList.add('in'), true);
    assert.equal(limiter.denyList.add('in'), false);
    assert.ok(!limiter.allowList.has('in') && !limiter.tryAcquire('in'));
    assert.ok(
      !limiter.allowList.delete('in') && limiter.denyList.delete('in') && !limiter.denyList.delete('in'),
    );
    assert.ok(limiter.tryAcquire('in') && !limiter.tryAcquire('in'));
  });

  test('a key can have limits of its own, under which what it has taken counts on', () => {
    using limiter = new KeyedRateLimiter({ limits: { limit: 2, window: hour } });
    assert.ok(limiter.tryAcquire('a', 2));
    const own = { limit: 5, window: hour, algorithm: 'fixed-window' } as const;
    limiter.setLimits('a', own);
    assert.deepEqual(limiter.limitsFor('a'), [own]);
    assert.ok(limiter.tryAcquire('a', 3) && !limiter.tryAcquire('a'));
    limiter.setLimits('a', undefined);
    assert.equal(limiter.limitsFor('a')[0]?.limit, 2);
    assert.throws(() => limiter.setLimits('a', []), { code: 'ERR_INVALID_ARGUMENT' });
  });

  test('keys whose limits have come back are forgotten, and clear forgets all', async () => {
    using limiter = new KeyedRateLimiter({ limits: { limit: 1, window: 1, algorithm: 'fixed-window' } });
    for (let key = 0; key < 50_000; key++) limiter.tryAcquire(`key ${key}`);
    await until(() => limiter.check('key 49999').allowed);
    limiter.sweep();
    assert.equal(limiter.size, 0);
    const { allowed, dropped, keys, turnedAway } = limiter.stats;
    assert.deepEqual([allowed, dropped, keys, turnedAway], [50_000, 50_000, 0, 0]);
    limiter.setLimits('a', { limit: 1, window: hour });
    assert.ok(limiter.tryAcquire('a') && !limiter.tryAcquire('a'));
    limiter.clear();
    assert.ok(limiter.tryAcquire('a'));
  });

  test('stats: keys, their bytes, who passed and who did not; sweep gives memory back, and says how many', async () => {
    using limiter = new KeyedRateLimiter({ limits: { limit: 1, window: 1, algorithm: 'fixed-window' } });
    const empty = limiter.stats.bytes;
    limiter.setLimits('owes', { limit: 1, window: hour });
    for (let key = 0; key < 2000; key++) limiter.tryAcquire(`key ${key}`);
    assert.ok(limiter.tryAcquire('owes') && !limiter.tryAcquire('owes'));
    const { bytes, keys, allowed, refused, waiting } = limiter.stats;
    assert.ok(keys > 0 && keys <= 2001 && bytes > empty, `${keys} keys in ${bytes} bytes`);
    assert.deepEqual([allowed, refused, waiting], [2001, 1, 0]);
    await until(() => limiter.check('key 1999').allowed);
    const before = limiter.size;
    assert.deepEqual([limiter.sweep(), limiter.size, limiter.stats.keys], [before - 1, 1, 1]);
    assert.equal(limiter.sweep(), 0);
  });

  test('flooding keys resets nobody’s limit; onFull says what happens to new ones', () => {
    const limits = { limit: 1, window: hour };
    for (const onFull of ['refuse', 'allow'] as const) {
      using limiter = new KeyedRateLimiter({ limits, maxKeys: 100, onFull });
      limiter.tryAcquire('attacker');
      for (let key = 0; key < 10_000; key++) limiter.tryAcquire(`key ${key}`);
      assert.equal(limiter.tryAcquire('attacker'), false);
      assert.equal(limiter.size, 100);
      const late = limiter.consume('late');
      assert.deepEqual([late.allowed, late.reason], onFull === 'allow' ? [true, undefined] : [false, 'full']);
      assert.equal(limiter.stats.turnedAway, 9902);
    }
  });

  test('garbage is refused by name', () => {
    const limits = { limit: 1, window: 1 };
    const wrong: [unknown, RegExp][] = [
      [undefined, /options/],
      [{}, /limits/],
      [{ limits: [] }, /limits/],
      [{ limits: Array(5).fill(limits) }, /limits/],
      [{ limits: { limit: 0, window: 1 } }, /^limit: got 0/],
      [{ limits: { limit: 1.5, window: 1 } }, /^limit/],
      [{ limits: { limit: 2 ** 32, window: 1 } }, /^limit/],
      [{ limits: [limits, { limit: 1, window: 0 }] }, /^limits\[1\]\.window/],
      [{ limits: { limit: 1, window: Infinity } }, /^window/],
      [{ limits: { ...limits, algorithm: 'gcra' } }, /^algorithm/],
      [{ limits: { ...limits, algorithm: 'fixed-window', capacity: 3 } }, /^capacity/],
      [{ limits: { ...limits, capacity: 0 } }, /^capacity/],
      [{ limits: { ...limits, enableBurst: 1 } }, /^enableBurst/],
      [{ limits: { ...limits, per: 1 } }, /^per: got an unknown option/],
      [{ limits, maxKeys: 0 }, /^maxKeys/],
      [{ limits, onFull: 'evict' }, /^onFull/],
      [{ limits, allow: 'a' }, /^allow/],
      [{ limits, deny: [{}] }, /^key/],
      [{ limits, ttl: 1 }, /^ttl: got an unknown option/],
      [{ limits, name: '' }, /^name/],
    ];
    for (const [options, message] of wrong)
      assert.throws(() => new KeyedRateLimiter(options as KeyedRateLimiterOptions), {
        code: 'ERR_INVALID_ARGUMENT',
        message,
      });
    using limiter = new KeyedRateLimiter({ limits });
    for (const key of [undefined, null, true, NaN, Infinity, {}, [], () => 1, Symbol('s')]) {
      const bad = key as LimiterKey;
      for (const call of ['tryAcquire', 'consume', 'check', 'get', 'penalty', 'delete', 'limitsFor'] as const)
        assert.throws(() => limiter[call](bad), InvalidArgumentError, `${call} ${String(key)}`);
      assert.throws(() => limiter.allowList.add(bad), InvalidArgumentError);
      assert.throws(() => limiter.block(bad, 1), InvalidArgumentError);
    }
    for (const n of [0, -1, 0.5, NaN, 2 ** 32, '1', null] as number[]) {
      for (const call of ['tryAcquire', 'consume', 'penalty', 'reward'] as const)
        assert.throws(() => limiter[call]('a', n), InvalidArgumentError, `${call} ${n}`);
    }
    for (const ms of [-1, NaN, Infinity, '1'] as number[])
      assert.throws(() => limiter.block('a', ms), InvalidArgumentError);
    assert.throws(() => limiter.reward('a', 1, {} as { at: number }), InvalidArgumentError);
    assert.throws(() => limiter.reward('a', 1, null as unknown as { at: number }), InvalidArgumentError);
  });
});
