/** A rate limit for each of many keys. The rules themselves are tested in Rust, by a clock that is moved by hand. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import {
  Context,
  InvalidArgumentError,
  isMillraceError,
  KeyedRateLimiter,
  type KeyedRateLimiterOptions,
  LimiterClosedError,
  type LimiterKey,
  RateLimitError,
} from 'millrace';
import { child, pending, thread, until } from '../helpers.js';
import { waitElsewhere } from './waits-elsewhere.js';

const hour = 3_600_000;
const codeOf = (fn: () => unknown): string | undefined => {
  try {
    fn();
  } catch (error) {
    assert.ok(isMillraceError(error), String(error));
    return error.code;
  }
  return undefined;
};

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
    assert.equal(
      codeOf(() => limiter.setLimits('a', [])),
      'ERR_INVALID_ARGUMENT',
    );
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

describe('KeyedRateLimiter.acquire', () => {
  test('waits its turn, first come, first served, for each key apart', async () => {
    using limiter = new KeyedRateLimiter({ limits: { limit: 1, window: 10 } });
    const order: number[] = [];
    const waits = [1, 2, 3].map((n) => limiter.acquire('a').then(() => order.push(n)));
    await limiter.acquire('b');
    assert.equal(limiter.tryAcquire('a'), false);
    await Promise.all(waits);
    assert.deepEqual(order, [1, 2, 3]);
    assert.equal(limiter.stats.waiting, 0);
  });

  test('what cannot end in time fails at once, with the time it would need', async () => {
    using limiter = new KeyedRateLimiter({ limits: { limit: 1, window: hour }, deny: ['out'], maxKeys: 1 });
    await limiter.acquire('a');
    await assert.rejects(limiter.acquire('a', 1, { timeout: 1000 }), (error) => {
      assert.ok(error instanceof RateLimitError);
      assert.ok(error.retryAfter > hour - 60_000 && error.retryAfter <= hour);
      return error.reason === 'limit' && error.code === 'ERR_RATE_LIMITED';
    });
    await assert.rejects(limiter.acquire('a', 2), { code: 'ERR_INVALID_ARGUMENT', message: /at most 1/ });
    await assert.rejects(limiter.acquire('out'), { reason: 'denied', retryAfter: Infinity });
    await assert.rejects(limiter.acquire('b'), { reason: 'full' });
    await assert.rejects(limiter.acquire('a', 1, { patience: 1 } as object), {
      code: 'ERR_INVALID_ARGUMENT',
    });
  });

  test('one who gives up takes nothing, and those behind it come', async () => {
    using limiter = new KeyedRateLimiter({ limits: { limit: 2, window: hour } });
    await limiter.acquire('a', 2);
    const controller = new AbortController();
    const large = limiter.acquire('a', 2, { signal: controller.signal });
    const small = limiter.acquire('a');
    limiter.reward('a');
    assert.ok(await pending(small));
    controller.abort(new Error('enough'));
    await assert.rejects(large, /enough/);
    await small;
    await assert.rejects(limiter.acquire('a', 1, { signal: AbortSignal.abort() }), { name: 'AbortError' });
    const [context, cancel] = Context.background().withCancel();
    const wait = limiter.acquire('a', 1, { signal: context });
    cancel();
    await assert.rejects(wait, { code: 'ERR_CONTEXT_CANCELED' });
    assert.equal(limiter.stats.waiting, 0);
  });

  test('a reward, other limits, a list and delete let those pass who wait; denying ends their wait', async () => {
    using limiter = new KeyedRateLimiter({ limits: { limit: 1, window: hour } });
    await limiter.acquire('a');
    const wakes = [
      () => limiter.reward('a'),
      () => limiter.setLimits('a', { limit: 50, window: hour }),
      () => limiter.allowList.add('a'),
    ];
    for (const wake of wakes) {
      const wait = limiter.acquire('a');
      assert.ok(await pending(wait));
      wake();
      await wait;
      if (limiter.limitsFor('a')[0]?.limit === 50) limiter.penalty('a', 50);
    }
    limiter.allowList.delete('a');
    const denied = limiter.acquire('a');
    limiter.denyList.add('a');
    await assert.rejects(denied, { reason: 'denied' });
    limiter.denyList.delete('a');
    const waiting = limiter.acquire('a');
    limiter.clear();
    await waiting;
  });

  test('closing ends waits and all that is asked, twice without harm', async () => {
    const limiter = new KeyedRateLimiter({ limits: { limit: 1, window: hour } });
    await limiter.acquire('a');
    const waits = [limiter.acquire('a'), limiter.acquire('a')];
    assert.equal(limiter.closed, false);
    limiter.close();
    limiter[Symbol.dispose]();
    assert.ok(limiter.closed);
    for (const wait of waits) await assert.rejects(wait, LimiterClosedError);
    await assert.rejects(limiter.acquire('a'), LimiterClosedError);
    for (const call of ['tryAcquire', 'consume', 'check', 'penalty'] as const)
      assert.throws(() => limiter[call]('b'), LimiterClosedError);
  });

  test('blocks a worker thread, and not the main one', async () => {
    using limiter = new KeyedRateLimiter({ limits: { limit: 1, window: 20 } });
    assert.throws(() => limiter.acquireSync('a'), { code: 'ERR_UNSUPPORTED' });
    limiter.tryAcquire('a');
    const worker = thread(
      `const limiter = KeyedRateLimiter.from(data);
      limiter.acquireSync('a');
      const code = (fn) => { try { fn(); return 'none'; } catch (error) { return error.code; } };
      limiter.block('b', 1e9);
      parentPort.postMessage([
        code(() => limiter.acquireSync('b', 1, { timeout: 5 })),
        code(() => limiter.acquireSync('a', 2)),
        code(() => limiter.acquireSync('c')),
        code(() => limiter.acquireSync('a', 0)),
      ]);`,
      limiter.toHandle(),
    );
    const exit = once(worker, 'exit');
    const [codes] = (await once(worker, 'message')) as [string[]];
    assert.deepEqual(codes, ['ERR_RATE_LIMITED', 'ERR_INVALID_ARGUMENT', 'none', 'ERR_INVALID_ARGUMENT']);
    await exit;
  });
});

describe('KeyedRateLimiter among threads', () => {
  test('eight threads on one key never take more than there is', async () => {
    const limits = { limit: 1000, window: hour };
    using limiter = new KeyedRateLimiter({ name: 'eight', limits });
    const workers = Array.from({ length: 8 }, () =>
      thread(
        `const limiter = KeyedRateLimiter.open('eight');
        let taken = 0;
        for (let i = 0; i < 1000; i++) if (limiter.tryAcquire('one')) taken++;
        for (let i = 0; i < 200; i++) limiter.tryAcquire('key ' + i % 50);
        parentPort.postMessage(taken);`,
        undefined,
      ),
    );
    const exits = workers.map((worker) => once(worker, 'exit'));
    const taken = await Promise.all(
      workers.map(async (worker) => (await once(worker, 'message'))[0] as number),
    );
    assert.equal(
      taken.reduce((a, b) => a + b, 0),
      1000,
    );
    await Promise.all(exits);
    assert.equal(limiter.check('one').remaining, 0);
    assert.equal(limiter.check('key 7').remaining, 1000 - 32);
  });

  test('a name is one limiter with one configuration', () => {
    const limits = { limit: 1, window: hour };
    using limiter = new KeyedRateLimiter({ name: 'same', limits, deny: ['x'] });
    using again = new KeyedRateLimiter({ name: 'same', limits: [{ ...limits, algorithm: 'token-bucket' }] });
    assert.ok(limiter.tryAcquire('a') && !again.tryAcquire('a') && !again.tryAcquire('x'));
    assert.equal(
      codeOf(() => new KeyedRateLimiter({ name: 'same', limits: { limit: 2, window: hour } })),
      'ERR_NAME_CONFLICT',
    );
    assert.equal(
      codeOf(() => new KeyedRateLimiter({ name: 'same', limits, maxKeys: 9 })),
      'ERR_NAME_CONFLICT',
    );
    assert.equal(
      codeOf(() => KeyedRateLimiter.open('none')),
      'ERR_NOT_FOUND',
    );
    assert.equal(
      codeOf(() => KeyedRateLimiter.from({ millrace: 'keyed-rate-limiter', id: 0 })),
      'ERR_NOT_FOUND',
    );
  });

  test('a thread that is terminated while it waits is out of the line', async () => {
    using limiter = new KeyedRateLimiter({ limits: { limit: 1, window: hour } });
    limiter.tryAcquire('a');
    const end = await waitElsewhere(limiter);
    const own = limiter.acquire('a');
    await end();
    await until(() => limiter.stats.waiting === 1);
    limiter.reward('a');
    await own;
  });

  test('an idle limiter keeps no process alive, a wait does', async () => {
    const { code, stdout } = await child(`
      const limiter = new millrace.KeyedRateLimiter({ name: 'idle', limits: { limit: 1, window: 50 } });
      limiter.tryAcquire('a');
      void limiter.acquire('a').then(() => console.log('passed'));`);
    assert.deepEqual([code, stdout.trim()], [0, 'passed']);
  });
});
