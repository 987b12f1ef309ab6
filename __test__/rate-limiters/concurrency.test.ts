/** At most so many at once. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { ConcurrencyLimiter, isMillraceError, LimiterClosedError, RateLimitError } from 'millrace';
import { child, pending, thread, until } from '../helpers.js';

describe('ConcurrencyLimiter', () => {
  test('at most so many at once, first come, first served', async () => {
    const limiter = new ConcurrencyLimiter(2);
    let running = 0;
    let most = 0;
    const begun: number[] = [];
    const work = async (n: number): Promise<number> => {
      begun.push(n);
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      return n;
    };
    const results = await Promise.all([1, 2, 3, 4, 5].map((n) => limiter.run(() => work(n))));
    assert.deepEqual([results, begun, most, limiter.available], [[1, 2, 3, 4, 5], [1, 2, 3, 4, 5], 2, 2]);
  });

  test('guards, tryAcquire, and giving up', async () => {
    const limiter = new ConcurrencyLimiter(1);
    const guard = await limiter.acquire();
    assert.equal(limiter.tryAcquire(), undefined);
    await assert.rejects(limiter.acquire({ timeout: 1 }), { code: 'ERR_TIMEOUT' });
    const controller = new AbortController();
    const aborted = limiter.acquire({ signal: controller.signal });
    const waiting = limiter.acquire();
    controller.abort(new Error('enough'));
    await assert.rejects(aborted, /enough/);
    await assert.rejects(limiter.acquire({ signal: controller.signal }), /enough/);
    assert.equal(limiter.waiting, 1);
    guard.release();
    (await waiting).release();
    assert.throws(() => guard.release(), { code: 'ERR_NOT_HELD' });
    assert.deepEqual([limiter.limit, limiter.available], [1, 1]);
  });

  test('a place is given back when the function throws; the signal is handed on', async () => {
    const limiter = new ConcurrencyLimiter(1);
    const failing = limiter.call(() => Promise.reject(new Error('no')));
    await assert.rejects(failing, /no/);
    await assert.rejects(
      limiter.run(() => {
        throw new Error('at once');
      }),
      /at once/,
    );
    const { signal } = new AbortController();
    assert.equal(await limiter.call((context) => context.signal === signal, { signal }), true);
    assert.equal(limiter.available, 1);
  });

  test('maxWaiting: no more than so many wait', async () => {
    const limiter = new ConcurrencyLimiter(1, { maxWaiting: 1 });
    const guard = await limiter.acquire();
    const waiting = limiter.acquire();
    await assert.rejects(limiter.acquire(), (error) => {
      assert.ok(error instanceof RateLimitError);
      return error.reason === 'queue' && error.retryAfter === Infinity;
    });
    await assert.rejects(
      limiter.call(() => 1),
      RateLimitError,
    );
    guard.release();
    (await waiting).release();
    const none = new ConcurrencyLimiter(1, { maxWaiting: 0 });
    using _place = none.tryAcquire();
    await assert.rejects(none.acquire(), RateLimitError);
    assert.equal(new ConcurrencyLimiter(1, { maxWaiting: Infinity }).limit, 1);
  });

  test('configure: another limit while it runs', async () => {
    const limiter = new ConcurrencyLimiter(1);
    const guard = await limiter.acquire();
    const waits = [limiter.acquire(), limiter.acquire()] as const;
    limiter.configure({ limit: 2 });
    const second = await waits[0];
    assert.ok(await pending(waits[1]));
    limiter.configure({ limit: 1 });
    guard.release();
    assert.deepEqual([limiter.limit, limiter.available, limiter.waiting], [1, 0, 1]);
    second.release();
    (await waits[1]).release();
    for (const config of [undefined, {}, { limit: 0 }, { limit: 1.5 }, { limit: 2 ** 25 }, { maxWaiting: 1 }])
      assert.throws(() => limiter.configure(config as never), { code: 'ERR_INVALID_ARGUMENT' });
    assert.equal(limiter.available, 1);
  });

  test('metrics: what has happened, in all threads', async () => {
    const limiter = new ConcurrencyLimiter(2, { maxWaiting: 2 });
    const none = {
      allowed: 0,
      refused: 0,
      waited: 0,
      cancelled: 0,
      waitedSum: 0,
      waitedMax: 0,
      waiting: 0,
      inUse: 0,
      peak: 0,
    };
    assert.deepEqual(limiter.getMetrics(), none);
    const guards = [limiter.tryAcquire(), await limiter.acquire()];
    limiter.tryAcquire();
    const waits = [limiter.acquire(), limiter.acquire({ timeout: 5 })] as const;
    await assert.rejects(limiter.acquire());
    await assert.rejects(waits[1], { code: 'ERR_TIMEOUT' });
    const before = limiter.getMetrics();
    assert.deepEqual(before, {
      ...none,
      allowed: 2,
      refused: 2,
      cancelled: 1,
      waiting: 1,
      inUse: 2,
      peak: 2,
    });
    guards[0]?.release();
    (await waits[0]).release();
    const { waitedSum, waitedMax, ...after } = limiter.getMetrics();
    assert.deepEqual([after.allowed, after.waited, after.waiting, after.inUse, after.peak], [3, 1, 0, 1, 2]);
    assert.ok(waitedSum >= 4 && waitedMax >= 4 && waitedSum < 60_000);
    const worker = thread(
      `const limiter = ConcurrencyLimiter.from(data);
      for (let i = 0; i < 100; i++) limiter.tryAcquire().release();
      parentPort.postMessage(limiter.getMetrics().allowed);`,
      limiter.toHandle(),
    );
    const exit = once(worker, 'exit');
    assert.deepEqual(await once(worker, 'message'), [103]);
    await exit;
    assert.equal(limiter.getMetrics().allowed, 103, 'what a thread that has ended did is not forgotten');
  });

  test('events: limited for those who are refused, close once', async () => {
    const limiter = new ConcurrencyLimiter(1, { maxWaiting: 0 });
    const heard: string[] = [];
    const listener = (): void => void heard.push('limited');
    limiter.on('limited', listener).once('close', () => void heard.push('close'));
    const worker = thread(
      `const limiter = ConcurrencyLimiter.from(data);
      limiter.on('close', () => { parentPort.postMessage('closed'); clearInterval(alive); });
      const alive = setInterval(() => undefined, 1000);
      const guard = limiter.tryAcquire();
      parentPort.postMessage(limiter.tryAcquire() === undefined);
      guard.release();`,
      limiter.toHandle(),
    );
    const exit = once(worker, 'exit');
    assert.deepEqual(await once(worker, 'message'), [true]);
    await until(() => heard.length === 1);
    await until(() => limiter.available === 1);
    using _place = limiter.tryAcquire();
    await assert.rejects(limiter.acquire(), RateLimitError);
    await until(() => heard.length === 2);
    limiter.off('limited', listener);
    assert.equal(limiter.tryAcquire(), undefined);
    const closed = once(worker, 'message');
    limiter.close();
    limiter.close();
    assert.deepEqual(await closed, ['closed']);
    await exit;
    await until(() => heard.length === 3);
    assert.deepEqual(heard, ['limited', 'limited', 'close']);
    assert.throws(() => limiter.on('limit' as 'close', () => undefined), { code: 'ERR_INVALID_ARGUMENT' });
    assert.throws(() => limiter.on('close', 7 as never), { code: 'ERR_INVALID_ARGUMENT' });
  });

  test('the same name is the same limiter; closed', async () => {
    const limiter = new ConcurrencyLimiter(1, { name: 'places' });
    const guard = ConcurrencyLimiter.open('places').tryAcquire();
    assert.ok(guard?.held);
    const waiting = ConcurrencyLimiter.from(limiter.toHandle()).acquire();
    assert.throws(() => new ConcurrencyLimiter(2, { name: 'places' }), { code: 'ERR_NAME_CONFLICT' });
    assert.throws(() => new ConcurrencyLimiter(1, { name: 'places', maxWaiting: 1 }), {
      code: 'ERR_NAME_CONFLICT',
    });
    limiter.close();
    limiter[Symbol.dispose]();
    await assert.rejects(waiting, LimiterClosedError);
    await assert.rejects(limiter.acquire(), LimiterClosedError);
    await assert.rejects(
      limiter.run(() => 1),
      LimiterClosedError,
    );
    assert.equal(limiter.tryAcquire(), undefined);
    assert.deepEqual([limiter.closed, limiter.name], [true, 'places']);
    guard.release();
    assert.equal(limiter.available, 1);
  });

  test('eight threads: never more at once, and all come', async () => {
    const limiter = new ConcurrencyLimiter(3);
    const workers = Array.from({ length: 8 }, (_, at) =>
      thread(
        `const limiter = ConcurrencyLimiter.from(data);
        let done = 0;
        for (let i = 0; i < 200; i++) {
          ${at % 2 === 0 ? 'await limiter.run(() => undefined)' : 'limiter.acquireSync().release()'};
          done++;
        }
        parentPort.postMessage(done);`,
        limiter.toHandle(),
      ),
    );
    const exits = workers.map((worker) => once(worker, 'exit'));
    const done = workers.map(async (worker) => (await once(worker, 'message'))[0] as number);
    assert.deepEqual(await Promise.all(done), Array(8).fill(200));
    await Promise.all(exits);
    const { allowed, peak, inUse, refused } = limiter.getMetrics();
    assert.deepEqual([allowed, peak <= 3, inUse, refused], [1600, true, 0, 0]);
  });

  test('a thread that is terminated gives back what it holds, and waits no more', async () => {
    const limiter = new ConcurrencyLimiter(1);
    const holding = thread(
      `const guard = ConcurrencyLimiter.from(data).tryAcquire();
      parentPort.postMessage(guard.held);
      setInterval(() => guard, 1000);`,
      limiter.toHandle(),
    );
    const held = once(holding, 'exit');
    await once(holding, 'message');
    const waiting = thread(`void ConcurrencyLimiter.from(data).acquire();`, limiter.toHandle());
    const waited = once(waiting, 'exit');
    await until(() => limiter.waiting === 1);
    const own = limiter.acquire();
    await waiting.terminate();
    await waited;
    await until(() => limiter.waiting === 1);
    await holding.terminate();
    await held;
    (await own).release();
    assert.equal(limiter.available, 1);
  });

  test('blocks a worker thread, and not the main one', async () => {
    const limiter = new ConcurrencyLimiter(1, { maxWaiting: 1 });
    assert.throws(() => limiter.acquireSync(), { code: 'ERR_UNSUPPORTED' });
    const guard = await limiter.acquire();
    const worker = thread(
      `const limiter = ConcurrencyLimiter.from(data);
      const code = (options) => { try { limiter.acquireSync(options).release(); return 'none'; } catch (error) { return error.code; } };
      parentPort.postMessage([code({ timeout: 5 }), code({ other: 1 })]);
      parentPort.postMessage(code());
      parentPort.once('message', () => parentPort.postMessage([code(), code()]));`,
      limiter.toHandle(),
    );
    const exit = once(worker, 'exit');
    assert.deepEqual((await once(worker, 'message'))[0], ['ERR_TIMEOUT', 'ERR_INVALID_ARGUMENT']);
    await until(() => limiter.waiting === 1);
    await assert.rejects(limiter.acquire(), RateLimitError);
    guard.release();
    assert.deepEqual(await once(worker, 'message'), ['none']);
    limiter.close();
    worker.postMessage('go');
    assert.deepEqual((await once(worker, 'message'))[0], ['ERR_LIMITER_CLOSED', 'ERR_LIMITER_CLOSED']);
    await exit;
  });

  test('an idle one keeps no process alive, a wait does', async () => {
    const { code, stdout } = await child(`
      const limiter = new millrace.ConcurrencyLimiter(1);
      limiter.on('close', () => undefined);
      const guard = await limiter.acquire();
      void limiter.acquire().then(() => console.log('passed'));
      setTimeout(() => guard.release(), 20).unref();`);
    assert.deepEqual([code, stdout.trim()], [0, 'passed']);
  });

  test('garbage', async () => {
    for (const limit of [0, -1, 0.5, NaN, '1', undefined, 2 ** 24 + 1])
      assert.throws(() => new ConcurrencyLimiter(limit as number), isMillraceError);
    assert.throws(() => new ConcurrencyLimiter(1, { other: 1 } as never), /other/);
    for (const maxWaiting of [-1, 0.5, NaN, '1', null])
      assert.throws(() => new ConcurrencyLimiter(1, { maxWaiting } as never), /maxWaiting/);
    const limiter = new ConcurrencyLimiter(1);
    for (const fn of [undefined, 7])
      await assert.rejects(limiter.run(fn as never), { code: 'ERR_INVALID_ARGUMENT' });
    await assert.rejects(limiter.acquire({ other: 1 } as never), { code: 'ERR_INVALID_ARGUMENT' });
    assert.equal(limiter.available, 1);
  });
});
