/** Everything that lives, in a registry. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { describe, test } from 'node:test';
import * as millrace from 'millrace';
import { AdaptedPattern, asPattern, type Living, PatternRegistry, type PatternShutdownError } from 'millrace';
import { onBun, packageUrl, pending, until } from '../helpers.js';

const retryPolicy = new millrace.RetryPolicy();
/** One of every kind, by what it is called here, and how one sees that it has ended. */
const kinds: Record<string, () => Living> = {
  'fixed pool': () => new millrace.FixedWorkerPool(1, { processor: (n: number) => n }),
  'dynamic pool': () => new millrace.DynamicWorkerPool({ processor: (n: number) => n, maxWorkers: 1 }),
  pipeline: () => new millrace.Pipeline<number>().map((n) => n),
  stage: () => new millrace.PipelineStage<number, number>({ name: 'stage', processor: (n) => n }),
  'fan-out': () => new millrace.FanOut<number, number>({ workerCount: 1 }),
  'fan-in': () => new millrace.FanIn<number>(),
  fan: () => new millrace.FanPattern<number, number>({ workerCount: 1 }),
  channel: () => new millrace.Channel<number>(1),
  broadcast: () => new millrace.Broadcast<number>(),
  queue: () => new millrace.SharedQueue<number>(),
  map: () => new millrace.SharedMap<string, number>(),
  singleflight: () => new millrace.Singleflight<number>(),
  'message bus': () => new millrace.MessageBus(),
  ring: () => new millrace.RingBuffer(64),
  memory: () => new millrace.SharedMemory(64),
  'atomic i32': () => new millrace.AtomicI32(),
  'atomic i64': () => new millrace.AtomicI64(),
  'atomic f64': () => new millrace.AtomicF64(),
  'atomic bool': () => new millrace.AtomicBool(),
  'atomic reference': () => new millrace.AtomicRef<number>(1),
  'buffer pool': () => new millrace.BufferPool({ max: 1 }),
  'object pool': () => new millrace.ObjectPool({ create: () => ({}), max: 1 }),
  mutex: () => new millrace.Mutex(),
  'read-write mutex': () => new millrace.RWMutex(),
  semaphore: () => new millrace.Semaphore(1),
  'wait group': () => new millrace.WaitGroup(),
  latch: () => new millrace.CountDownLatch(1),
  barrier: () => new millrace.Barrier(2),
  cond: () => new millrace.Cond(),
  once: () => new millrace.Once(),
  'token bucket': () =>
    new millrace.TokenBucketRateLimiter({ capacity: 1, refillRate: 1, refillInterval: 1 }),
  'leaky bucket': () => new millrace.LeakyBucketRateLimiter({ capacity: 1, leakRate: 1, leakInterval: 1 }),
  'leaky meter': () => new millrace.LeakyBucketMeter({ capacity: 1, leakRate: 1, leakInterval: 1 }),
  'fixed window': () => new millrace.FixedWindowRateLimiter({ windowSize: 1000, maxRequests: 1 }),
  'sliding window': () => new millrace.SlidingWindowRateLimiter({ windowSize: 1000, maxRequests: 1 }),
  'sliding log': () => new millrace.SlidingLogRateLimiter({ windowSize: 1000, maxRequests: 1 }),
  keyed: () =>
    new millrace.KeyedRateLimiter({ limits: { algorithm: 'fixed-window', limit: 1, window: 1000 } } as never),
  composite: () =>
    new millrace.CompositeRateLimiter([
      { limiter: new millrace.FixedWindowRateLimiter({ windowSize: 1000, maxRequests: 1 }) },
    ]),
  concurrency: () => new millrace.ConcurrencyLimiter(1),
  breaker: () => new millrace.CircuitBreaker(),
  bulkhead: () =>
    new millrace.BulkheadCircuitBreaker({ maxConcurrentCalls: 1, maxWaitTime: 0, enableQueue: false }),
  adaptive: () => new millrace.AdaptiveLimiter(),
  'load shedding': () => new millrace.LoadShed({ maxEventLoopDelay: 100 }),
  retry: () => new millrace.RetryExecutor(retryPolicy),
  scheduler: () => new millrace.ParallelScheduler(),
  timer: () => new millrace.Timer(60_000),
  ticker: () => new millrace.Ticker(60_000),
  'task group': () => new millrace.TaskGroup(),
};

describe('one of every kind is registered as it is, and ended by a shutdown', () => {
  for (const [name, make] of Object.entries(kinds))
    test(name, async () => {
      const registry = new PatternRegistry();
      const object = make();
      registry.register(object, { name });
      const pattern = registry.getPattern(name);
      assert.ok(pattern instanceof AdaptedPattern && pattern.object === object);
      assert.ok(pattern.isRunning());
      const { patterns } = registry.getGlobalMetrics();
      assert.deepEqual([patterns[0]?.name, patterns[0]?.kind], [name, object.constructor.name]);
      await registry.shutdownAll();
      assert.equal(pattern.isRunning(), false);
      if ('closed' in object) assert.equal(object.closed, true);
      if (object instanceof millrace.CircuitBreaker) assert.equal(object.getState(), 'shutdown');
    });
});

test('what lives in threads of its own is one more kind', {
  skip: onBun && 'Bun does not tell how threads are',
}, async () => {
  const registry = new PatternRegistry();
  const threads = new millrace.WorkerThreadManager();
  const worker = await threads.start('one', new URL('data:text/javascript,setInterval(() => {}, 1000)'));
  let ended = false;
  worker.once('exit', () => (ended = true));
  registry.register(threads, { name: 'threads' });
  await registry.shutdownAll();
  assert.ok(ended);
});

test('a name is the object’s own: of pools, shared objects and pipelines', async () => {
  const registry = new PatternRegistry();
  registry.register(new millrace.FixedWorkerPool(1, { name: 'a pool', processor: (n: number) => n }));
  registry.register(new millrace.Channel(0, { name: 'a channel' }));
  registry.register(new millrace.Pipeline<number>({ name: 'a pipeline' }).map((n) => n));
  assert.deepEqual(registry.listPatterns(), ['a pool', 'a channel', 'a pipeline']);
  assert.throws(() => registry.register(new millrace.FanIn()), { code: 'ERR_INVALID_ARGUMENT' });
  await registry.shutdownAll();
});

test('metrics are told in a pattern’s words, and in the object’s own', async () => {
  const registry = new PatternRegistry();
  const pool = new millrace.FixedWorkerPool(1, { processor: (n: number) => n });
  const limiter = new millrace.FixedWindowRateLimiter({ windowSize: 60_000, maxRequests: 2 });
  const executor = new millrace.RetryExecutor(new millrace.RetryPolicy({ maxAttempts: 2, initialDelay: 0 }));
  registry.register(pool, { name: 'pool' });
  registry.register(limiter, { name: 'limiter' });
  registry.register(executor, { name: 'retry' });
  await pool.submitBatch([1, 2, 3]);
  for (let i = 0; i < 3; i++) limiter.tryAcquire();
  await assert.rejects(executor.execute(() => Promise.reject(new Error('no'))));
  const [ofPool, ofLimiter, ofRetry] = registry.getGlobalMetrics().patterns.map(({ metrics }) => metrics);
  assert.deepEqual([ofPool?.calls, ofPool?.succeeded, ofPool?.latency.count], [3, 3, 3]);
  assert.deepEqual(Object.hasOwn({ ...(ofPool?.details as object) }, 'stolen'), true);
  assert.deepEqual([ofLimiter?.succeeded, ofLimiter?.details], [2, limiter.getMetrics()]);
  assert.deepEqual([ofRetry?.calls, ofRetry?.failed, ofRetry?.retries], [1, 1, 1]);
  registry.getPattern('retry')?.resetMetrics();
  assert.equal(executor.getMetrics().calls, 0);
  await registry.shutdownAll();
});

describe('a shutdown', () => {
  test('lets a pool finish what it was given', async () => {
    const registry = new PatternRegistry();
    const gate = new millrace.CountDownLatch(1);
    const pool = new millrace.FixedWorkerPool(1, {
      processor: async ({
        url,
        handle,
      }: {
        url: string;
        handle: millrace.SharedHandle<'latch'>;
      }): Promise<number> => {
        const { CountDownLatch } = (await import(url)) as typeof millrace;
        await CountDownLatch.from(handle).wait();
        return 7;
      },
    });
    registry.register(pool, { name: 'pool' });
    const task = pool.submit({ url: packageUrl, handle: gate.toHandle() });
    const shutdown = registry.shutdownAll({ timeout: 60_000 });
    assert.ok(await pending(task));
    gate.countDown();
    assert.deepEqual([await task, await shutdown], [7, undefined]);
  });

  test('terminates a pool, and aborts a pipeline, that is not done in time', async () => {
    const registry = new PatternRegistry();
    const pool = new millrace.FixedWorkerPool(1, { processor: () => new Promise<number>(() => undefined) });
    const pipeline = new millrace.Pipeline<number>().map(() => new Promise<number>(() => undefined));
    registry.register(pool, { name: 'pool' });
    registry.register(pipeline, { name: 'pipeline' });
    const tasks = [pool.submit(1 as never), pipeline.process(1)].map((task) =>
      task.then(
        () => 'done',
        (error: Error) => error.name,
      ),
    );
    await until(() => pool.getHealthStatus().running > 0);
    const failures = await registry.shutdownAll({ timeout: 10 }).then(
      () => [],
      (error: PatternShutdownError) => error.failures,
    );
    // The pipeline's call never ends; the pool's thread may have, within the turn in which the time was up.
    assert.ok(failures.some(({ name }) => name === 'pipeline'));
    for (const { name, error } of failures)
      assert.equal((error as { code: string }).code, 'ERR_TIMEOUT', name);
    const [ofPool, ofPipeline] = await Promise.all(tasks);
    assert.equal(ofPool, 'PoolClosedError');
    assert.equal(ofPipeline, 'AbortError');
  });
});

describe('asPattern', () => {
  test('takes the first there is that ends an object', async () => {
    const called: string[] = [];
    const say = (word: string) => () => void called.push(word);
    const left: Record<string | symbol, unknown> = {
      drain: say('drain'),
      stop: say('stop'),
      [Symbol.dispose]: say('dispose'),
      shutdown: say('shutdown'),
      close: say('close'),
      [Symbol.asyncDispose]: async () => say('asyncDispose')(),
    };
    for (const name of [Symbol.asyncDispose, 'close', 'shutdown', Symbol.dispose, 'stop', 'drain']) {
      await asPattern('object', left).stop();
      delete left[name];
    }
    assert.deepEqual(called, ['asyncDispose', 'close', 'shutdown', 'dispose', 'stop', 'drain']);
    assert.throws(() => asPattern('object', left), { code: 'ERR_INVALID_ARGUMENT' });
  });

  test('stops an object once', async () => {
    let stopped = 0;
    const pattern = asPattern('object', { close: () => stopped++ });
    await Promise.all([pattern.stop(), pattern.stop()]);
    await pattern.stop();
    assert.equal(stopped, 1);
    assert.equal(pattern.isRunning(), false);
  });

  test('does as it is told: start, stop, terminate, isRunning, getMetrics', async () => {
    const object = { on: false, cut: false };
    const pattern = asPattern('lamp', object, {
      start: (lamp) => (lamp.on = true),
      stop: (lamp) => (lamp.on = false),
      terminate: (lamp) => (lamp.cut = true),
      isRunning: (lamp) => lamp.on,
      getMetrics: () => ({ calls: 3, completed: 2, failed: 1, brightness: 5 }),
    });
    assert.equal(pattern.isRunning(), false);
    await pattern.start();
    assert.equal(pattern.isRunning(), true);
    await pattern.stop();
    await pattern.start();
    await pattern.stop();
    assert.equal(object.on, false);
    await pattern.terminate?.();
    assert.equal(object.cut, true);
    const { calls, succeeded, failed, details } = pattern.getMetrics();
    assert.deepEqual([calls, succeeded, failed], [3, 2, 1]);
    assert.deepEqual(details, { calls: 3, completed: 2, failed: 1, brightness: 5 });
  });

  test('a server of the platform is ended by its own end', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, resolve));
    await asPattern('server', server).stop();
    assert.equal(server.listening, false);
  });

  test('refuses what cannot be meant', () => {
    const refused = { code: 'ERR_INVALID_ARGUMENT' };
    const object = { close: () => undefined };
    for (const name of ['', 1, null, undefined])
      assert.throws(() => asPattern(name as never, object), refused);
    for (const bad of [null, undefined, 1, 'a', {}])
      assert.throws(() => asPattern('a', bad as never), refused);
    for (const life of [null, 1, { colour: () => 1 }, { stop: 1 }, { isRunning: true }])
      assert.throws(() => asPattern('a', object, life as never), refused);
  });
});
