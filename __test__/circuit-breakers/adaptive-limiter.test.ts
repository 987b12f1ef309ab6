/** Adaptive limiters in one thread; what the rules do is proven in `core/src/adaptive`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AdaptiveLimitError,
  AdaptiveLimiter,
  AdaptiveLimiterClosedError,
  type AdaptiveLimiterConfig,
  NotHeldError,
  WaitTimeoutError,
} from 'millrace';
import { deferred, pending, until } from '../helpers.js';

/** Grows by one with each round of calls, and halves at a drop. */
const plain: AdaptiveLimiterConfig = {
  algorithm: 'aimd',
  initialLimit: 2,
  maxLimit: 10,
  backoff: 0.5,
  timeout: 60_000,
};

async function served(limiter: AdaptiveLimiter, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const permits = Array.from({ length: limiter.limit }, () => limiter.tryAcquire());
    for (const permit of permits) permit?.success();
  }
}

test('it grows with calls that go well, up to its maximum, and tells so', async () => {
  using limiter = new AdaptiveLimiter(plain);
  const changes: { from: number; to: number }[] = [];
  limiter.on('limit', (change) => changes.push(change));
  await served(limiter, 30);
  assert.equal(limiter.limit, 10);
  await until(() => changes.length === 8);
  assert.deepEqual(
    [changes[0], changes.at(-1)],
    [
      { from: 2, to: 3 },
      { from: 9, to: 10 },
    ],
  );
});

test('permits of the gradient: many in flight without load make it grow', async () => {
  using limiter = new AdaptiveLimiter({ initialLimit: 4, minLimit: 2, smoothing: 1, rttTolerance: 1e6 });
  let highest = 0;
  limiter.on('limit', ({ to }) => (highest = Math.max(highest, to)));
  await until(() => {
    const permits = Array.from({ length: limiter.limit }, () => limiter.tryAcquire());
    for (const permit of permits) permit?.success();
    return highest > 8;
  });
});

/** A round of calls of each limiter that are under way all at once, for so many milliseconds. */
async function round(limiters: AdaptiveLimiter[], ms: number): Promise<void> {
  const permits = limiters.flatMap((limiter) =>
    Array.from({ length: limiter.limit }, () => limiter.tryAcquire()),
  );
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
  for (const permit of permits) permit?.success();
}

test('off: a listener hears no more; using closes it', async () => {
  const limiter = new AdaptiveLimiter({ ...plain, initialLimit: 1, maxQueue: 0 });
  let heard = 0;
  let others = 0;
  const listener = (): void => void heard++;
  limiter.on('reject', listener).on('reject', () => others++);
  {
    using _limiter = limiter;
    using _permit = limiter.tryAcquire();
    await assert.rejects(
      limiter.call(() => 1),
      AdaptiveLimitError,
    );
    await until(() => others === 1);
    limiter.off('reject', listener);
    await assert.rejects(
      limiter.call(() => 1),
      AdaptiveLimitError,
    );
    await until(() => others === 2);
  }
  assert.deepEqual([heard, limiter.closed], [1, true]);
  for (const event of ['else', 'constructor', 7])
    assert.throws(() => limiter.on(event as 'limit', listener), { code: 'ERR_INVALID_ARGUMENT' });
  assert.throws(() => limiter.on('limit', 7 as never), { code: 'ERR_INVALID_ARGUMENT' });
});

test('smoothing: how much of each change takes place', async () => {
  const config = { initialLimit: 6, rttTolerance: 1e6 };
  using whole = new AdaptiveLimiter({ ...config, smoothing: 1 });
  using hardly = new AdaptiveLimiter({ ...config, smoothing: 1e-6 });
  const latest = performance.now() + 30_000;
  while (whole.limit <= 12) {
    assert.ok(performance.now() < latest, `${whole.limit}`);
    await round([whole, hardly], 1);
  }
  assert.ok(hardly.limit <= 6, `${hardly.limit}`);
});

test('rttTolerance: how much slower than without load calls may be before it shrinks', async () => {
  const config = { initialLimit: 20, smoothing: 1 };
  using tolerant = new AdaptiveLimiter({ ...config, rttTolerance: 1e6 });
  using strict = new AdaptiveLimiter({ ...config, rttTolerance: 1 });
  const latest = performance.now() + 30_000;
  while (tolerant.limit <= 20) await round([tolerant, strict], 0);
  const before = tolerant.limit;
  while (strict.limit > 8) {
    assert.ok(performance.now() < latest, `${strict.limit}`);
    await round([tolerant, strict], 5);
  }
  assert.ok(tolerant.limit >= before, `${before} to ${tolerant.limit}`);
});

test('it does not grow while less than half of it is in use', async () => {
  using limiter = new AdaptiveLimiter({ ...plain, initialLimit: 8 });
  for (let i = 0; i < 200; i++) await limiter.call(() => i);
  assert.deepEqual([limiter.limit, limiter.getMetrics().calls], [8, 200]);
});

test('a drop backs off, down to the minimum; what is ignored changes nothing', async () => {
  using limiter = new AdaptiveLimiter({ ...plain, initialLimit: 8, minLimit: 3 });
  limiter.tryAcquire()?.ignore();
  assert.equal(limiter.limit, 8);
  limiter.tryAcquire()?.drop();
  assert.equal(limiter.limit, 4);
  limiter.tryAcquire()?.drop();
  assert.equal(limiter.limit, 3);
  const { dropped, ignored, limit } = limiter.getMetrics();
  assert.deepEqual([dropped, ignored, limit], [2, 1, 3]);
});

test('a call that takes longer than the timeout counts as dropped', async () => {
  using limiter = new AdaptiveLimiter({ ...plain, timeout: 0.001, initialLimit: 8 });
  await limiter.call(() => new Promise((resolve) => setImmediate(resolve)));
  assert.equal(limiter.limit, 4);
});

test('which errors are drops', async () => {
  const withStatus = Object.assign(new Error('no'), { status: 503 });
  const refused = new TypeError('fetch failed', {
    cause: Object.assign(new Error('x'), { code: 'ECONNREFUSED' }),
  });
  const timeout = new DOMException('late', 'TimeoutError');
  for (const [error, drops] of [
    [withStatus, true],
    [refused, true],
    [timeout, true],
    [new WaitTimeoutErrorLike(), true],
    [new Error('a mistake'), false],
    [Object.assign(new Error('no'), { statusCode: 404 }), false],
    [undefined, false],
    ['text', false],
  ] as const) {
    using limiter = new AdaptiveLimiter({ ...plain, initialLimit: 8 });
    const error2 = await limiter.call(() => Promise.reject(error)).catch((thrown: unknown) => thrown);
    assert.equal(error2, error);
    assert.deepEqual([limiter.limit, limiter.inFlight], [drops ? 4 : 8, 0], String(error));
  }
  using limiter = new AdaptiveLimiter({ ...plain, initialLimit: 8, isDrop: (error) => error === 'full' });
  await assert.rejects(limiter.call(() => Promise.reject(withStatus)));
  assert.equal(limiter.limit, 8);
  await limiter.call(() => Promise.reject('full')).catch(() => undefined);
  assert.equal(limiter.limit, 4);
});

class WaitTimeoutErrorLike extends Error {
  readonly code = 'ERR_TIMEOUT';
}

test('a permit is not leaked when isDrop throws', async () => {
  const isDrop = (): boolean => {
    throw new Error('in isDrop');
  };
  using limiter = new AdaptiveLimiter({ ...plain, isDrop });
  await assert.rejects(
    limiter.call(() => Promise.reject(new Error('first'))),
    /in isDrop/,
  );
  assert.equal(limiter.inFlight, 0);
});

test('a permit is given back once, by using as ignored', async () => {
  using limiter = new AdaptiveLimiter(plain);
  {
    using permit = await limiter.acquire();
    assert.deepEqual([limiter.inFlight, permit.held], [1, true]);
  }
  assert.deepEqual([limiter.inFlight, limiter.getMetrics().ignored], [0, 1]);
  const permit = await limiter.acquire();
  permit.success();
  for (const again of [() => permit.success(), () => permit.drop(), () => permit.ignore()])
    assert.throws(again, NotHeldError);
  permit[Symbol.dispose]();
  assert.equal(permit.held, false);
});

test('beyond the limit calls wait, by priority, and are let in as it frees', async () => {
  using limiter = new AdaptiveLimiter({ ...plain, initialLimit: 1, maxLimit: 1 });
  const permit = await limiter.acquire();
  const order: string[] = [];
  const calls = [
    limiter.call(() => order.push('low')),
    limiter.call(() => order.push('high'), { priority: 2 }),
    limiter.acquire({ priority: 1 }).then((middle) => {
      order.push('middle');
      middle.ignore();
    }),
  ];
  assert.deepEqual([limiter.waiting, limiter.tryAcquire()], [3, undefined]);
  permit.ignore();
  await Promise.all(calls);
  assert.deepEqual([order, limiter.inFlight], [['high', 'middle', 'low'], 0]);
});

test('without room they are refused, and say why', async () => {
  for (const [config, options, expected] of [
    [{ maxQueue: 0 }, {}, { code: 'ERR_ADAPTIVE_LIMIT', reason: 'full', limit: 1 }],
    [{ maxWaitTime: 0 }, {}, { code: 'ERR_ADAPTIVE_LIMIT', reason: 'full' }],
    [{ maxWaitTime: 5 }, {}, { code: 'ERR_ADAPTIVE_LIMIT', reason: 'timeout' }],
    [{}, { timeout: 1 }, { code: 'ERR_TIMEOUT' }],
  ] as const) {
    using limiter = new AdaptiveLimiter({ ...plain, initialLimit: 1, ...config });
    const reasons: string[] = [];
    limiter.on('reject', ({ reason }) => reasons.push(reason));
    using _permit = await limiter.acquire();
    await assert.rejects(
      limiter.call(() => assert.fail(), options),
      expected,
    );
    assert.equal(await limiter.tryCall(() => assert.fail()), undefined);
    await until(() => reasons.length === 2);
    assert.deepEqual(reasons, ['reason' in expected ? expected.reason : 'timeout', 'full']);
  }
  assert.ok(new AdaptiveLimiter(plain).tryCall(() => 1) instanceof Promise);
  assert.ok(AdaptiveLimitError.prototype instanceof Error && WaitTimeoutError.prototype instanceof Error);
});

test('a wait that is cancelled leaks nothing, and a call that is given up while it runs holds its permit', async () => {
  using limiter = new AdaptiveLimiter({ ...plain, initialLimit: 1 });
  const controller = new AbortController();
  const { promise, resolve } = deferred<void>();
  const call = limiter.call(() => promise, { signal: controller.signal });
  const waits = limiter.call(() => assert.fail(), { signal: controller.signal });
  controller.abort();
  await assert.rejects(waits, { name: 'AbortError' });
  assert.ok(await pending(call));
  assert.deepEqual([limiter.inFlight, limiter.waiting], [1, 0]);
  resolve();
  await call;
  assert.equal(limiter.inFlight, 0);
});

test('cancelled in the instant in which the permit is handed over', async () => {
  using limiter = new AdaptiveLimiter({ ...plain, initialLimit: 1 });
  const permit = await limiter.acquire();
  const controller = new AbortController();
  const waits = limiter.call(() => assert.fail(), { signal: controller.signal });
  permit.success();
  controller.abort();
  await assert.rejects(waits, { name: 'AbortError' });
  assert.equal(limiter.inFlight, 0);
});

test('closing rejects those who wait and those who come', async () => {
  const limiter = new AdaptiveLimiter({ ...plain, initialLimit: 1 });
  const permit = await limiter.acquire();
  const waits = limiter.acquire();
  limiter.close();
  limiter.close();
  await assert.rejects(waits, AdaptiveLimiterClosedError);
  await assert.rejects(limiter.acquire(), { code: 'ERR_ADAPTIVE_LIMITER_CLOSED' });
  assert.throws(() => limiter.tryAcquire(), AdaptiveLimiterClosedError);
  assert.equal(limiter.closed, true);
  permit.success();
  assert.equal(limiter.inFlight, 0);
});

test('wrap, and a queue event', async () => {
  using limiter = new AdaptiveLimiter({ ...plain, initialLimit: 1 });
  let queued = 0;
  limiter.once('queue', () => queued++);
  const permit = limiter.tryAcquire();
  const double = limiter.wrap(async (n: number) => n * 2);
  const doubled = double(4);
  permit?.success();
  assert.equal(await doubled, 8);
  await until(() => queued === 1);
});

test('by name it is the same one, and another configuration is an error', () => {
  using first = new AdaptiveLimiter({ ...plain, name: 'tested' });
  using second = new AdaptiveLimiter({ name: 'tested', ...plain, isDrop: () => true });
  first.tryAcquire();
  assert.equal(second.inFlight, 1);
  assert.equal(AdaptiveLimiter.open('tested').inFlight, 1);
  assert.equal(AdaptiveLimiter.from(first.toHandle(), { isDrop: () => true }).inFlight, 1);
  for (const other of [
    { initialLimit: 3 },
    { maxLimit: 11 },
    { backoff: 0.6 },
    { timeout: 5 },
    { maxQueue: 2 },
  ])
    assert.throws(() => new AdaptiveLimiter({ ...plain, ...other, name: 'tested' }), {
      code: 'ERR_NAME_CONFLICT',
    });
});

test('what cannot be meant is refused by name', async () => {
  const numbers = [-1, NaN, '3', null, {}];
  for (const [name, values] of [
    ['algorithm', ['vegas', 3, null]],
    ['initialLimit', [0, 1.5, 201, ...numbers]],
    ['minLimit', [0, 1.5, 201, ...numbers]],
    ['maxLimit', [0, 1.5, 1e9, ...numbers]],
    ['backoff', [0, 1, 2, ...numbers]],
    ['smoothing', [0, 1.1, ...numbers]],
    ['rttTolerance', [0.9, Infinity, ...numbers]],
    ['timeout', [1]],
    ['maxQueue', [1.5, ...numbers]],
    ['maxWaitTime', numbers],
    ['isDrop', [3, 'x', {}]],
    ['name', ['', 3]],
    ['unknown', [1]],
  ] as const)
    for (const value of values)
      assert.throws(() => new AdaptiveLimiter({ [name]: value } as AdaptiveLimiterConfig), {
        code: 'ERR_INVALID_ARGUMENT',
        message: new RegExp(name),
      });
  for (const name of ['smoothing', 'rttTolerance'])
    assert.throws(() => new AdaptiveLimiter({ ...plain, [name]: 1 }), new RegExp(name));
  for (const timeout of [0, ...numbers])
    assert.throws(() => new AdaptiveLimiter({ ...plain, timeout: timeout as number }), /timeout/);
  using limiter = new AdaptiveLimiter();
  assert.equal(limiter.limit, 20);
  for (const fn of [undefined, 3, {}]) {
    await assert.rejects(limiter.call(fn as () => void), /fn/);
    await assert.rejects(limiter.tryCall(fn as () => void), /fn/);
  }
  for (const options of [{ priority: 0.5 }, { timeout: -1 }, { signal: 3 }, { unknown: 1 }, null])
    await assert.rejects(limiter.acquire(options as object), { code: 'ERR_INVALID_ARGUMENT' });
  assert.equal(limiter.inFlight, 0);
});
