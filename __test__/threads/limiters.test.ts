/** Limiters between worker threads, and in the middle of their death. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import {
  LeakyBucketRateLimiter,
  SlidingLogRateLimiter,
  SlidingWindowRateLimiter,
  TokenBucketRateLimiter,
} from 'millrace';
import { thread, until } from '../helpers.js';

const hour = 3_600_000;

test('eight threads on one limiter never get more than the rate permits', async () => {
  const config = { capacity: 50, refillRate: 1, refillInterval: 1 };
  const began = performance.now();
  const limiter = new TokenBucketRateLimiter(config);
  const workers = Array.from({ length: 8 }, (_, who) =>
    thread(
      `const limiter = TokenBucketRateLimiter.from(data.handle);
      let got = 0;
      for (let i = 0; i < 60; i++) {
        if (data.who % 3 === 0) { if (limiter.tryAcquire()) got++; }
        else if (data.who % 3 === 1) { limiter.acquireSync(); got++; }
        else { await limiter.acquire(); got++; }
      }
      parentPort.postMessage(got);`,
      { handle: limiter.toHandle(), who },
    ),
  );
  const exits = workers.map((worker) => once(worker, 'exit'));
  const results = workers.map((worker) => once(worker, 'message') as Promise<number[]>);
  const got = (await Promise.all(results)).reduce((sum, [n]) => sum + (n as number), 0);
  const took = performance.now() - began;
  assert.ok(got >= 5 * 60 && got <= config.capacity + took + 1, `${got} passed in ${took} ms`);
  assert.equal(limiter.getMetrics().allowed, got);
  await Promise.all(exits);
});

test('eight threads race for a budget: each of it is had once', async () => {
  for (const limiter of [
    new TokenBucketRateLimiter({ capacity: 10_000, refillRate: 1, refillInterval: hour }),
    new SlidingLogRateLimiter({ windowSize: 24 * hour, maxRequests: 10_000 }),
    // Sub-windows of some milliseconds, so that many end meanwhile.
    new SlidingWindowRateLimiter({ windowSize: hour / 60, maxRequests: 10_000, precision: 10_000 }),
  ]) {
    const workers = Array.from({ length: 8 }, () =>
      thread(
        `const limiter = ${limiter.constructor.name}.from(data);
        let got = 0;
        for (let i = 0; i < 2000; i++) if (limiter.tryAcquire()) got++;
        parentPort.postMessage(got);`,
        limiter.toHandle(),
      ),
    );
    const exits = workers.map((worker) => once(worker, 'exit'));
    const results = workers.map((worker) => once(worker, 'message') as Promise<number[]>);
    const got = (await Promise.all(results)).reduce((sum, [n]) => sum + (n as number), 0);
    assert.equal(got, 10_000);
    await Promise.all(exits);
  }
});

test('four threads on one sliding window: in no span as long as the window is more had than the limit', async () => {
  const [windowSize, maxRequests] = [20, 500];
  const limiter = new SlidingWindowRateLimiter({ windowSize, maxRequests, precision: 10 });
  const workers = Array.from({ length: 4 }, () =>
    thread(
      // The limiters' own clock, in microseconds: that of a runtime may begin with each thread.
      `const clock = new FixedWindowRateLimiter({ windowSize: 0.001, maxRequests: 1 });
      const now = () => clock.getCurrentWindow();
      const limiter = SlidingWindowRateLimiter.from(data);
      const passed = [];
      while (passed.length < 1500) {
        const before = now();
        if (limiter.tryAcquire()) passed.push([before, now()]);
      }
      parentPort.postMessage(passed);`,
      limiter.toHandle(),
    ),
  );
  const exits = workers.map((worker) => once(worker, 'exit'));
  const results = workers.map((worker) => once(worker, 'message') as Promise<[[number, number][]]>);
  const passed = (await Promise.all(results)).flatMap(([times]) => times);
  assert.equal(limiter.getMetrics().allowed, passed.length);
  // What had certainly begun and ended within a span is at most what was had in it.
  for (const [from] of passed) {
    const end = from + windowSize * 1000;
    const within = passed.filter(([before, after]) => before >= from && after < end);
    assert.ok(within.length <= maxRequests, `${within.length} from ${from} to ${end}`);
  }
  await Promise.all(exits);
});

test('a thread that is terminated while it waits has taken nothing, and those behind it move up', async () => {
  const limiter = new TokenBucketRateLimiter({ capacity: 10, refillRate: 1, refillInterval: hour });
  limiter.tryAcquire(8);
  const [waiter, blocked] = ['await limiter.acquire(5);', 'limiter.acquireSync(5);'].map((wait) =>
    thread(`const limiter = TokenBucketRateLimiter.from(data); ${wait}`, limiter.toHandle()),
  ) as [ReturnType<typeof thread>, ReturnType<typeof thread>];
  await until(() => limiter.waiting === 2);
  const small = limiter.acquire(2);
  assert.equal(limiter.waiting, 3);
  await Promise.all([waiter.terminate(), blocked.terminate()]);
  await small;
  assert.deepEqual([limiter.waiting, limiter.getMetrics().cancelled], [0, 2]);
});

test('the blocking form is refused, ends, and is closed as the other', async () => {
  const limiter = new TokenBucketRateLimiter({ capacity: 1, refillRate: 1, refillInterval: hour });
  const worker = thread(
    `const limiter = TokenBucketRateLimiter.from(data);
    const code = (fn) => { try { fn(); return 'none'; } catch (error) { return error.code ?? error.name; } };
    const codes = [
      code(() => limiter.acquireSync(2)),
      code(() => limiter.acquireSync(1)),
      code(() => limiter.acquireSync(1, { timeout: 5 })),
      code(() => limiter.acquireSync(1, { signal: AbortSignal.abort() })),
    ];
    parentPort.postMessage(codes);
    parentPort.postMessage([code(() => limiter.acquireSync(1))]);`,
    limiter.toHandle(),
  );
  const exit = once(worker, 'exit');
  const [codes] = (await once(worker, 'message')) as [unknown[]];
  assert.deepEqual(codes.slice(0, 3), ['ERR_INVALID_ARGUMENT', 'none', 'ERR_RATE_LIMITED']);
  await until(() => limiter.waiting === 1);
  const last = once(worker, 'message');
  limiter.close();
  assert.deepEqual((await last)[0], ['ERR_LIMITER_CLOSED']);
  await exit;
});

test('configured anew in one thread while others pass', async () => {
  const limiter = new TokenBucketRateLimiter({ capacity: 1000, refillRate: 1000, refillInterval: 1 });
  const workers = Array.from({ length: 3 }, () =>
    thread(
      `const limiter = TokenBucketRateLimiter.from(data);
      for (let i = 0; i < 3000; i++) i % 2 ? limiter.tryAcquire() : await limiter.acquire();`,
      limiter.toHandle(),
    ),
  );
  const exits = workers.map((worker) => once(worker, 'exit'));
  let alive = true;
  const ended = Promise.all(exits).then(() => (alive = false));
  for (let i = 0; alive; i++) {
    limiter.configure({ capacity: 1000 + (i % 7) });
    await new Promise((resolve) => setImmediate(resolve));
  }
  await ended;
  assert.equal(limiter.waiting, 0);
});

test('a leaky bucket: places are of all threads, items of their own, and those of the dead are gone', async () => {
  const bucket = new LeakyBucketRateLimiter<string>({ capacity: 3, leakRate: 1, leakInterval: hour });
  const worker = thread(
    `const bucket = LeakyBucketRateLimiter.from(data);
    bucket.tryEnqueue('there');
    parentPort.on('message', () => {});`,
    bucket.toHandle(),
  );
  await until(() => bucket.getQueueLength() === 1);
  assert.ok(bucket.tryEnqueue('here') && bucket.tryEnqueue('here too'));
  assert.deepEqual([bucket.isFull(), bucket.dequeue()], [true, 'here']);
  await worker.terminate();
  await until(() => bucket.getQueueLength() === 1);
  assert.equal(bucket.dequeue(), 'here too');
});
