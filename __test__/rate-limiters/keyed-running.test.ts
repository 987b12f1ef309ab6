/** What is changed, bounded and told of a limiter of many keys while it runs. */
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import {
  InvalidArgumentError,
  KeyedRateLimiter,
  LimiterClosedError,
  type LimiterKey,
  RateLimitError,
} from 'millrace';
import { deferred, pending, thread, until } from '../helpers.js';
import { waitElsewhere } from './waits-elsewhere.js';

const hour = 3_600_000;
const window = hour;

describe('KeyedRateLimiter.configure', () => {
  test('other limits for all keys, save those that have their own; what was taken carries over', () => {
    using limiter = new KeyedRateLimiter({
      limits: [
        { limit: 10, window: 1000 * hour },
        { limit: 40, window, algorithm: 'fixed-window' },
      ],
    });
    limiter.setLimits('own', { limit: 2, window, algorithm: 'fixed-window' });
    assert.ok(limiter.tryAcquire('a', 5) && limiter.tryAcquire('own'));
    limiter.configure({
      limits: [
        { limit: 100, window: 1000 * hour },
        { limit: 70, window: 2 * hour, algorithm: 'fixed-window' },
      ],
    });
    // Of the bucket half is left; the window has counted five.
    assert.deepEqual([limiter.check('a').remaining, limiter.check('b').remaining], [50, 70]);
    assert.deepEqual(limiter.limitsFor('b')[1], { limit: 70, window: 2 * hour, algorithm: 'fixed-window' });
    assert.equal(limiter.limitsFor('own')[0]?.limit, 2);
    assert.ok(limiter.tryAcquire('own') && !limiter.tryAcquire('own'));
    limiter.configure({ limits: { limit: 60, window, algorithm: 'sliding-window' } });
    assert.deepEqual([limiter.check('a').remaining, limiter.limitsFor('a').length], [10, 1]);
    limiter.setLimits('own', undefined);
    assert.equal(limiter.limitsFor('own')[0]?.algorithm, 'sliding-window');
  });

  test('those who wait pass if they may now; one who asks for too much is told', async () => {
    using limiter = new KeyedRateLimiter({ limits: { limit: 10, window, algorithm: 'fixed-window' } });
    limiter.tryAcquire('a', 10);
    const one = limiter.acquire('a');
    const large = limiter.acquire('a', 9);
    const last = limiter.acquire('a');
    limiter.configure({ limits: { limit: 11, window, algorithm: 'fixed-window' } });
    await one;
    assert.ok((await pending(large)) && (await pending(last)));
    limiter.configure({ limits: { limit: 5, window, algorithm: 'fixed-window' } });
    await assert.rejects(large, { code: 'ERR_INVALID_ARGUMENT', message: /^n: got 9.*at most 5/ });
    limiter.delete('a');
    await last;
    limiter.tryAcquire('b', 5);
    const own = limiter.acquire('b', 3);
    limiter.setLimits('b', { limit: 2, window });
    await assert.rejects(own, /^InvalidArgumentError: n: got 3/);
  });

  test('garbage changes nothing', () => {
    using limiter = new KeyedRateLimiter({ limits: { limit: 3, window } });
    const wrong = [
      undefined,
      null,
      7,
      {},
      { limits: [] },
      { limits: { limit: 0, window } },
      { limits: { limit: 1, window, other: 1 } },
      { limits: { limit: 1, window }, maxKeys: 1 },
      { name: 'x' },
    ];
    for (const config of wrong)
      assert.throws(() => limiter.configure(config as never), InvalidArgumentError, JSON.stringify(config));
    assert.equal(limiter.check('a').limit, 3);
  });

  test('it is so in every thread, while eight of them take', async () => {
    const make = (limit: number) => ({ limit, window, algorithm: 'fixed-window' }) as const;
    using limiter = new KeyedRateLimiter({ name: 'configured', limits: make(100) });
    const workers = Array.from({ length: 8 }, () =>
      thread(
        `const limiter = KeyedRateLimiter.open('configured');
        let taken = 0;
        while (limiter.limitsFor('x')[0].limit !== 2000 || limiter.check('one').remaining > 0)
          if (limiter.tryAcquire('one')) taken++;
        parentPort.postMessage(taken);`,
        undefined,
      ),
    );
    const exits = workers.map((worker) => once(worker, 'exit'));
    const all = workers.map(async (worker) => (await once(worker, 'message'))[0] as number);
    for (let limit = 150; limit <= 2000; limit += 50) {
      await until(() => limiter.check('one').remaining === 0);
      limiter.configure({ limits: make(limit) });
    }
    const taken = await Promise.all(all);
    assert.equal(
      taken.reduce((a, b) => a + b, 0),
      2000,
    );
    await Promise.all(exits);
    using again = new KeyedRateLimiter({ name: 'configured', limits: make(100) });
    assert.equal(again.check('new').limit, 2000, 'the name keeps the configuration it was made with');
  });
});

describe('KeyedRateLimiter: maxWaiting', () => {
  test('so many wait, whatever their keys; more are refused with the time they would wait', async () => {
    using limiter = new KeyedRateLimiter({ limits: { limit: 1, window }, maxWaiting: 2 });
    for (const key of ['a', 'b', 'c']) limiter.tryAcquire(key);
    const controller = new AbortController();
    const first = limiter.acquire('a', 1, { signal: controller.signal });
    const second = limiter.acquire('b');
    await assert.rejects(limiter.acquire('c'), (error) => {
      assert.ok(error instanceof RateLimitError);
      assert.ok(error.retryAfter > hour - 60_000 && error.retryAfter <= hour);
      return error.reason === 'queue' && error.code === 'ERR_RATE_LIMITED';
    });
    await assert.rejects(limiter.acquire('b'), { reason: 'queue' });
    await limiter.acquire('d');
    controller.abort();
    await assert.rejects(first, { name: 'AbortError' });
    const third = limiter.acquire('c');
    limiter.clear();
    await Promise.all([second, third]);
    assert.deepEqual([limiter.stats.waiting, limiter.stats.refused], [0, 2]);
  });

  test('a thread that is terminated while it waits makes room', async () => {
    using limiter = new KeyedRateLimiter({ limits: { limit: 1, window }, maxWaiting: 1 });
    limiter.tryAcquire('a');
    const end = await waitElsewhere(limiter);
    await assert.rejects(limiter.acquire('a'), { reason: 'queue' });
    await end();
    await until(() => limiter.stats.waiting === 0);
    const wait = limiter.acquire('a');
    limiter.delete('a');
    await wait;
  });

  test('0 lets nobody wait; Infinity is none; blocked threads count; garbage', async () => {
    using none = new KeyedRateLimiter({ limits: { limit: 1, window }, maxWaiting: 0 });
    await none.acquire('a');
    await assert.rejects(none.acquire('a'), { reason: 'queue' });
    const worker = thread(
      `try { KeyedRateLimiter.from(data).acquireSync('a'); } catch (error) { parentPort.postMessage(error.reason); }`,
      none.toHandle(),
    );
    const exit = once(worker, 'exit');
    assert.deepEqual(await once(worker, 'message'), ['queue']);
    await exit;
    using _all = new KeyedRateLimiter({ limits: { limit: 1, window }, maxWaiting: Infinity });
    for (const maxWaiting of [-1, 0.5, NaN, 2 ** 24 + 1, '1', null])
      assert.throws(
        () => new KeyedRateLimiter({ limits: { limit: 1, window }, maxWaiting: maxWaiting as number }),
        {
          code: 'ERR_INVALID_ARGUMENT',
          message: /maxWaiting/,
        },
      );
  });

  test('it is part of what a name stands for', () => {
    const limits = { limit: 1, window };
    using _one = new KeyedRateLimiter({ name: 'bounded', limits, maxWaiting: 3 });
    using _same = new KeyedRateLimiter({ name: 'bounded', limits, maxWaiting: 3 });
    assert.throws(() => new KeyedRateLimiter({ name: 'bounded', limits, maxWaiting: 4 }), {
      code: 'ERR_NAME_CONFLICT',
    });
  });
});

describe('KeyedRateLimiter: events', () => {
  test('limited: a call of this thread was refused, which key, how much, until when and why', async () => {
    const limits = { limit: 2, window, algorithm: 'fixed-window' } as const;
    using limiter = new KeyedRateLimiter({ limits, deny: ['out'], maxKeys: 1, maxWaiting: 1 });
    const heard: [LimiterKey, number, string][] = [];
    const times: number[] = [];
    const listener = (key: LimiterKey, count: number, retryAfter: number, reason: string): void => {
      heard.push([key, count, reason]);
      times.push(retryAfter);
    };
    assert.equal(limiter.on('limited', listener), limiter);
    assert.ok(limiter.tryAcquire('a') && !limiter.tryAcquire('a', 2));
    limiter.consume('out');
    limiter.tryAcquire(7n);
    await assert.rejects(limiter.acquire('a', 2, { timeout: 5 }));
    const waits = limiter.acquire('a', 2);
    await assert.rejects(limiter.acquire('a', 1));
    limiter.block('b', hour);
    limiter.tryAcquire('b');
    assert.deepEqual(heard, [
      ['a', 2, 'limit'],
      ['out', 1, 'denied'],
      [7n, 1, 'full'],
      ['a', 2, 'limit'],
      ['a', 1, 'queue'],
      ['b', 1, 'blocked'],
    ]);
    for (const at of [0, 3, 4, 5]) assert.ok((times[at] as number) > hour - 60_000, String(at));
    assert.deepEqual([times[1], times[2]], [Infinity, Infinity]);
    limiter.check('a', 2);
    limiter.penalty('a', 9);
    await assert.rejects(limiter.acquire('a', 3), InvalidArgumentError);
    limiter.off('limited', listener);
    limiter.tryAcquire('a');
    assert.equal(heard.length, 6, 'looking, a penalty and what cannot be meant are no refusals');
    limiter.once('limited', listener);
    limiter.tryAcquire('a');
    limiter.tryAcquire('a');
    assert.equal(heard.length, 7);
    limiter.delete('a');
    await waits;
  });

  test('close: in every thread that listens, once, in the context of the listener', async () => {
    const limiter = new KeyedRateLimiter({ limits: { limit: 1, window } });
    const store = new AsyncLocalStorage<string>();
    const worker = thread(
      `const limiter = KeyedRateLimiter.from(data);
      limiter.on('close', () => { parentPort.postMessage('closed'); clearInterval(alive); });
      limiter.once('limited', () => undefined);
      const alive = setInterval(() => undefined, 1000);
      parentPort.postMessage('listens');`,
      limiter.toHandle(),
    );
    const exit = once(worker, 'exit');
    assert.deepEqual(await once(worker, 'message'), ['listens']);
    let closes = 0;
    const closed = store.run('mine', () => {
      const { promise, resolve } = deferred<string | undefined>();
      limiter.on('close', () => {
        closes++;
        resolve(store.getStore());
      });
      return promise;
    });
    const heard = once(worker, 'message');
    store.run('other', () => limiter.close());
    limiter.close();
    assert.equal(await closed, 'mine');
    assert.deepEqual(await heard, ['closed']);
    await exit;
    assert.equal(closes, 1);
    assert.throws(() => limiter.tryAcquire('a'), LimiterClosedError);
  });

  test('garbage', () => {
    using limiter = new KeyedRateLimiter({ limits: { limit: 1, window } });
    for (const event of ['limit', 'constructor', undefined, 7])
      assert.throws(() => limiter.on(event as 'close', () => undefined), InvalidArgumentError);
    for (const listener of [undefined, null, 'x', {}])
      assert.throws(() => limiter.once('close', listener as never), InvalidArgumentError);
    limiter.off('close', () => undefined);
  });
});
