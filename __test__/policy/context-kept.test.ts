/**
 * AsyncLocalStorage over waits: whoever waits in line, whatever wakes it — this thread in another context, another thread, or a timer — reads
 * its own store after the wait, in its function, and in its listeners.
 */
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import {
  AdaptiveLimiter,
  BulkheadCircuitBreaker,
  CircuitBreaker,
  CompositeRateLimiter,
  ConcurrencyLimiter,
  FixedWindowRateLimiter,
  KeyedRateLimiter,
  LeakyBucketMeter,
  LeakyBucketRateLimiter,
  LoadShed,
  limited,
  policy,
  Semaphore,
  SlidingLogRateLimiter,
  SlidingWindowRateLimiter,
  TokenBucketRateLimiter,
} from 'millrace';
import { child, onBun, pending, thread, turns, until } from '../helpers.js';

const hour = 3_600_000;
const store = new AsyncLocalStorage<string>();
const read = (): string | undefined => store.getStore();
const names = ['one', 'two', 'three'];

/** What each of three reads who wait for the same, each in a store of its own, and are woken from a fourth or from none. */
async function reads(begin: () => Promise<unknown>, wake: () => unknown): Promise<void> {
  const waits = names.map((name) => store.run(name, begin));
  await turns(2);
  assert.ok(await pending(Promise.race(waits)), 'they wait');
  await store.run('waker', async () => await wake());
  assert.deepEqual(await Promise.all(waits), names);
  assert.equal(read(), undefined);
}

/** Runs a text in another thread, which has the limiter as `it`. */
async function elsewhere(kind: string, handle: unknown, text: string): Promise<void> {
  const worker = thread(`const it = ${kind}.from(data); ${text}`, handle);
  await once(worker, 'exit');
}

const window = { windowSize: hour, maxRequests: 3 };
const bucket = { capacity: 3, refillRate: 1, refillInterval: hour };
/** Each lets three pass, and then nobody for an hour. */
const limiters = {
  TokenBucketRateLimiter: () => new TokenBucketRateLimiter(bucket),
  LeakyBucketMeter: () => new LeakyBucketMeter({ capacity: 3, leakRate: 1, leakInterval: hour }),
  FixedWindowRateLimiter: () => new FixedWindowRateLimiter(window),
  SlidingWindowRateLimiter: () => new SlidingWindowRateLimiter(window),
  SlidingLogRateLimiter: () => new SlidingLogRateLimiter(window),
  CompositeRateLimiter: () => new CompositeRateLimiter([{ limiter: new TokenBucketRateLimiter(bucket) }]),
};

describe('waiting for a limiter', () => {
  for (const [kind, make] of Object.entries(limiters)) {
    test(`${kind}: after acquire, in call and in limited`, async () => {
      using limiter = make();
      const begins: (() => Promise<unknown>)[] = [
        async () => {
          await limiter.acquire();
          return read();
        },
        () => limiter.acquire().then(read),
        () => limiter.call(read),
        () => limited(limiter).call(async () => read()),
        () => policy(limited(limiter)).wrap(read)(),
      ];
      const text = `const it = ${kind}.from(data); parentPort.on('message', () => it.reset());`;
      const worker = thread(text, limiter.toHandle());
      for (const begin of begins) {
        limiter.penalty(3);
        await reads(begin, () => limiter.reset());
        limiter.penalty(3);
        await reads(begin, () => worker.postMessage('reset'));
      }
      await worker.terminate();
    });
  }

  test('woken by a timer', async () => {
    using limiter = new TokenBucketRateLimiter({ capacity: 1, refillRate: 1, refillInterval: 5 });
    limiter.penalty(2);
    await reads(
      () => limiter.call(read),
      () => undefined,
    );
  });

  test('KeyedRateLimiter', async () => {
    using limiter = new KeyedRateLimiter({ limits: { limit: 3, window: hour } });
    const begins: (() => Promise<unknown>)[] = [
      async () => {
        await limiter.acquire('a');
        return read();
      },
      () => limiter.acquire('a').then(read),
    ];
    for (const begin of begins) {
      limiter.penalty('a', 3);
      await reads(begin, () => limiter.delete('a'));
      limiter.penalty('a', 3);
      await reads(begin, () => elsewhere('KeyedRateLimiter', limiter.toHandle(), `it.delete('a');`));
    }
  });

  test('LeakyBucketRateLimiter: the timer, and one who takes out', async () => {
    using leaks = new LeakyBucketRateLimiter({ capacity: 9, leakRate: 1, leakInterval: 5 });
    await reads(
      () => leaks.enqueue(1).then(read),
      () => undefined,
    );
    using holds = new LeakyBucketRateLimiter({ capacity: 9, leakRate: 1, leakInterval: hour });
    await reads(
      () => holds.enqueue(1).then(read),
      () => names.map(() => holds.dequeue()),
    );
  });

  test('a wait that fails: the error is caught in the store of its own', async () => {
    using limiter = new TokenBucketRateLimiter(bucket);
    limiter.penalty(3);
    const failing = (): Promise<unknown> => limiter.acquire().then(() => assert.fail(), read);
    const controller = new AbortController();
    await reads(
      () => limiter.acquire(1, { signal: controller.signal }).catch(read),
      () => controller.abort(),
    );
    await reads(failing, () => elsewhere('TokenBucketRateLimiter', limiter.toHandle(), 'it.close();'));
  });
});

/** All that hold places: how to take one, how another thread holds it until it is told, and how to wait for one. */
const places = {
  ConcurrencyLimiter: {
    make: () => new ConcurrencyLimiter(1),
    hold: 'const guard = it.tryAcquire(); const free = () => guard.release();',
    begins: (it: ConcurrencyLimiter) => [
      () => it.run(read),
      () => it.call(async () => read()),
      async () => {
        using _place = await it.acquire();
        return read();
      },
    ],
  },
  Semaphore: {
    make: () => new Semaphore(1),
    hold: 'const guard = it.tryAcquire(); const free = () => guard.release();',
    begins: (it: Semaphore) => [() => it.run(read), () => limited(it).call(read)],
  },
  BulkheadCircuitBreaker: {
    make: () =>
      new BulkheadCircuitBreaker({ maxConcurrentCalls: 1, maxWaitTime: Infinity, enableQueue: true }),
    hold: 'let free; void it.call(() => new Promise((resolve) => (free = resolve)));',
    begins: (it: BulkheadCircuitBreaker) => [
      () => it.call(read),
      () => it.wrap(async () => read())(),
      () => policy(it).call(() => read()),
    ],
  },
  AdaptiveLimiter: {
    make: () => new AdaptiveLimiter({ initialLimit: 1, minLimit: 1, maxLimit: 1 }),
    hold: 'const permit = it.tryAcquire(); const free = () => permit.ignore();',
    begins: (it: AdaptiveLimiter) => [() => it.call(read), () => it.wrap(read)()],
  },
};

describe('waiting for a place', () => {
  for (const [kind, { make, hold, begins }] of Object.entries(places)) {
    test(`${kind}: in the function, when another thread makes room`, async () => {
      const it = make();
      for (const begin of begins(it as never)) {
        const worker = thread(
          `const it = ${kind}.from(data);
          ${hold}
          parentPort.postMessage('holds');
          parentPort.once('message', () => free());`,
          it.toHandle(),
        );
        const exit = once(worker, 'exit');
        await once(worker, 'message');
        await reads(begin, () => worker.postMessage('free'));
        await exit;
      }
      it.close();
    });
  }
});

describe('breakers and shedders', () => {
  test('a breaker’s function, fallback and predicates run in the caller’s store', async () => {
    const seen: (string | undefined)[] = [];
    const see = (): undefined => void seen.push(read());
    using breaker = new CircuitBreaker({
      failureThreshold: 1,
      recoveryTimeout: hour,
      isFailure: () => {
        see();
        return true;
      },
      fallback: () => read(),
    });
    const calls = names.map((name) =>
      store.run(name, () =>
        breaker.call(async () => {
          await turns(1);
          see();
          throw new Error(name);
        }),
      ),
    );
    assert.deepEqual(await Promise.all(calls), names);
    assert.deepEqual(seen.toSorted(), [...names, ...names].toSorted());
    assert.deepEqual(await store.run('open', () => breaker.call(read)), 'open');
  });

  test('a shedder’s function', async () => {
    using shed = new LoadShed({ maxEventLoopDelay: 60_000 });
    assert.deepEqual(
      await Promise.all(names.map((name) => store.run(name, () => shed.call(async () => read())))),
      names,
    );
  });
});

describe('listeners', () => {
  test('each reads the store it was added in, whichever thread makes it happen', async () => {
    using limiter = new TokenBucketRateLimiter(bucket);
    using keyed = new KeyedRateLimiter({ limits: { limit: 1, window: hour } });
    using concurrency = new ConcurrencyLimiter(1);
    using breaker = new CircuitBreaker({ failureThreshold: 1, recoveryTimeout: hour });
    using bulkhead = new BulkheadCircuitBreaker({
      maxConcurrentCalls: 1,
      maxWaitTime: 0,
      enableQueue: false,
    });
    const seen: string[] = [];
    const see = (what: string) => (): void => void seen.push(`${what} ${read()}`);
    store.run('listener', () => {
      limiter.on('limited', see('limited'));
      keyed.once('limited', see('keyed')).on('close', see('closed'));
      concurrency.on('limited', see('full')).on('close', see('gone'));
      breaker.on('open', see('open')).once('reject', see('reject'));
      bulkhead.on('reject', see('bulkhead')).on('close', see('bulkhead gone'));
    });
    await store.run('caller', async () => {
      limiter.penalty(3);
      limiter.tryAcquire();
      keyed.penalty('a');
      keyed.tryAcquire('a');
    });
    const worker = thread(
      `KeyedRateLimiter.from(data[0]).close();
      const places = ConcurrencyLimiter.from(data[1]);
      places.tryAcquire();
      places.tryAcquire();
      places.close();
      CircuitBreaker.from(data[2]).forceOpen();
      const bulkhead = BulkheadCircuitBreaker.from(data[3]);
      let free;
      const running = bulkhead.call(() => new Promise((resolve) => (free = resolve)));
      await bulkhead.call(() => 1).catch(() => undefined);
      free();
      await running;
      bulkhead.close();`,
      [keyed.toHandle(), concurrency.toHandle(), breaker.toHandle(), bulkhead.toHandle()],
    );
    await once(worker, 'exit');
    await store.run('caller', () => assert.rejects(breaker.call(read)));
    const all = ['limited', 'keyed', 'closed', 'full', 'gone', 'open', 'reject', 'bulkhead', 'bulkhead gone'];
    await until(() => seen.length === all.length);
    assert.deepEqual(seen.toSorted(), all.map((what) => `${what} listener`).toSorted());
  });
});

test('what a call had in its store is not held when it has ended', async () => {
  const { stdout, stderr } = await child(
    `const { AsyncLocalStorage } = await import('node:async_hooks');
    const collect = globalThis.gc ?? (() => Bun.gc(true));
    const store = new AsyncLocalStorage();
    const shed = millrace.loadShed({ maxEventLoopDelay: 60_000 });
    const limiter = new millrace.TokenBucketRateLimiter({ capacity: 1, refillRate: 1, refillInterval: 5 });
    const keyed = new millrace.KeyedRateLimiter({ limits: { limit: 1, window: 5 } });
    const breaker = new millrace.CircuitBreaker({ failureThreshold: 1, recoveryTimeout: 1e6, timeout: 1e6 });
    const call = async () => {
      await shed.call(() => 1);
      await limiter.acquire();
      await keyed.acquire('a', 1, { timeout: 1e6 });
      await breaker.call(async () => 1);
    };
    const begin = async () => {
      let seen;
      await store.run({ large: Array(1000) }, () => {
        seen = new WeakRef(store.getStore());
        return Promise.all([call(), call()]);
      });
      return seen;
    };
    const seen = await begin();
    const calls = setInterval(() => void shed.call(() => 1), 5);
    for (let i = 0; i < 100 && seen.deref() !== undefined; i++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      collect();
    }
    clearInterval(calls);
    console.log(seen.deref() === undefined);`,
    { args: onBun ? [] : ['--expose-gc'] },
  );
  assert.equal(stdout.trim(), 'true', stderr);
});
