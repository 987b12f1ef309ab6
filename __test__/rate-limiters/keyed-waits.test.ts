/** Waiting for one of many keys, also among threads. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { Context, KeyedRateLimiter, LimiterClosedError, RateLimitError } from 'millrace';
import { child, pending, thread, until } from '../helpers.js';
import { waitElsewhere } from './waits-elsewhere.js';

const hour = 3_600_000;

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
    assert.throws(() => new KeyedRateLimiter({ name: 'same', limits: { limit: 2, window: hour } }), {
      code: 'ERR_NAME_CONFLICT',
    });
    assert.throws(() => new KeyedRateLimiter({ name: 'same', limits, maxKeys: 9 }), {
      code: 'ERR_NAME_CONFLICT',
    });
    assert.throws(() => KeyedRateLimiter.open('none'), { code: 'ERR_NOT_FOUND' });
    assert.throws(() => KeyedRateLimiter.from({ millrace: 'keyed-rate-limiter', id: 0 }), {
      code: 'ERR_NOT_FOUND',
    });
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
