/** Every option does what it says, and nonsense is refused by name. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DynamicWorkerPool, FixedWorkerPool, type WorkerPoolOptions } from 'millrace';
import { deferred, onBun } from '../helpers.js';

const wait = (ms: number): Promise<number> => new Promise((resolve) => setTimeout(() => resolve(ms), ms));

describe('nonsense is refused by name', () => {
  const wrong: [keyof WorkerPoolOptions<never, never> | 'nonsense', unknown][] = [
    ['minWorkers', -1],
    ['minWorkers', 1.5],
    ['minWorkers', '2'],
    ['maxWorkers', 0],
    ['maxWorkers', 5000],
    ['idleTimeout', -1],
    ['idleTimeout', NaN],
    ['taskTimeout', 'soon'],
    ['enableAutoScaling', 1],
    ['scalingThreshold', 0],
    ['scalingThreshold', 1.1],
    ['scalingPolicy', 5],
    ['maxQueue', 0],
    ['onFull', 'drop'],
    ['concurrentTasksPerWorker', 0],
    ['abortGrace', Infinity],
    ['heartbeatInterval', 0],
    ['heartbeatTimeout', 5],
    ['autoRestart', null],
    ['balancing', 'random'],
    ['maxStartFailures', 0],
    ['restartBackoff', -5],
    ['name', ''],
    ['argv', 'x'],
    ['execArgv', [1]],
    ['stdout', 'yes'],
    ['captureOutput', 1],
    ['resourceLimits', 3],
    ['nonsense', 1],
  ];
  for (const [name, value] of wrong) {
    test(`${name}: ${String(value)}`, () => {
      assert.throws(
        () => new DynamicWorkerPool({ processor: () => 1, [name]: value } as never),
        (error: Error & { code: string }) => {
          assert.equal(error.code, 'ERR_INVALID_ARGUMENT');
          assert.match(error.message, new RegExp(`^${name}: got .+, wants .+`));
          return true;
        },
      );
    });
  }
  test('a minimum above the maximum', () => {
    assert.throws(
      () => new DynamicWorkerPool({ minWorkers: 3, maxWorkers: 2 }),
      /minWorkers: got 3, wants at most maxWorkers/,
    );
  });
  test('a wrong number of fixed workers', () => {
    for (const count of [0, 1.5, NaN, 2000, '4', null]) {
      assert.throws(() => new FixedWorkerPool(count as number), {
        code: 'ERR_INVALID_ARGUMENT',
        message: /^workerCount/,
      });
    }
  });
  test('submit’s options', async () => {
    await using pool = new FixedWorkerPool<number, number>(1, { processor: (n) => n });
    for (const options of [
      { timeout: -1 },
      { timeout: 'x' },
      { priority: 128 },
      { priority: 0.5 },
      { signal: {} },
      { transfer: 5 },
      { idempotent: 1 },
      { colour: 'red' },
      null,
      7,
    ]) {
      await assert.rejects(pool.submit(1, options as never), { code: 'ERR_INVALID_ARGUMENT' });
    }
  });
});

describe('limits', () => {
  test('maxQueue rejects what is beyond it', async () => {
    await using pool = new FixedWorkerPool<number, number>(1, { processor: wait, maxQueue: 2 });
    await pool.ready();
    const running = pool.submit(100);
    await started(pool);
    const waiting = [pool.submit(0), pool.submit(0)];
    assert.equal(pool.getQueueLength(), 2);
    await assert.rejects(pool.submit(0), { code: 'ERR_QUEUE_FULL', limit: 2 });
    await Promise.all([running, ...waiting]);
    assert.equal(pool.getMetrics().rejected, 1);
  });

  test('onFull: wait lets them wait for room, in order', async () => {
    const order: number[] = [];
    await using pool = new FixedWorkerPool<number, number>(1, {
      processor: (n) => n,
      maxQueue: 1,
      onFull: 'wait',
    });
    await Promise.all(Array.from({ length: 50 }, (_, i) => pool.submit(i).then((n) => order.push(n))));
    assert.deepEqual(
      order,
      Array.from({ length: 50 }, (_, i) => i),
    );
  });

  test('higher priorities go first', async () => {
    const order: string[] = [];
    await using pool = new FixedWorkerPool<number, number>(1, { processor: wait });
    await pool.ready();
    const running = pool.submit(50);
    await started(pool);
    const note = (name: string) => () => order.push(name);
    await Promise.all([
      running,
      pool.submit(0, { priority: -5 }).then(note('low')),
      pool.submit(0).then(note('normal')),
      pool.submit(0, { priority: 5 }).then(note('high')),
    ]);
    assert.deepEqual(order, ['high', 'normal', 'low']);
  });

  test('higher priorities cannot starve the rest', async () => {
    await using pool = new FixedWorkerPool<number, number>(1, { processor: (n) => n });
    await pool.ready();
    let urgent = 0;
    let done = false;
    const low = pool.submit(0, { priority: -100 }).then(() => (done = true));
    const flood = async (): Promise<void> => {
      while (!done && urgent < 100_000) {
        urgent++;
        await pool.submit(1, { priority: 100 });
      }
    };
    await Promise.all([low, ...Array.from({ length: 20 }, flood)]);
    assert.ok(urgent < 10_000, `${urgent} urgent tasks went before one that waited`);
  });

  test('concurrentTasksPerWorker lets one worker wait for several tasks', async () => {
    await using pool = new FixedWorkerPool<number, number>(1, {
      processor: wait,
      concurrentTasksPerWorker: 4,
    });
    await pool.ready();
    const all = Promise.all([200, 200, 200, 200].map((ms) => pool.submit(ms)));
    await started(pool, 4);
    assert.equal(pool.getHealthStatus().running, 4);
    await all;
  });
});

async function started(pool: { getHealthStatus(): { running: number } }, count = 1): Promise<void> {
  while (pool.getHealthStatus().running < count) await new Promise((resolve) => setImmediate(resolve));
}

describe('what passes through to the workers', () => {
  const fixedData = onBun && "bun's workerData cannot be replaced for the user's modules";
  test('workerData, env, argv', { skip: fixedData }, async () => {
    await using pool = new FixedWorkerPool<number, unknown>(1, {
      workerData: { mine: 1 },
      env: { COLOUR: 'red' },
      argv: ['--flag'],
      processor: async () => {
        const { workerData } = await import('node:worker_threads');
        return [workerData, process.env['COLOUR'], process.argv.slice(2)];
      },
    });
    assert.deepEqual(await pool.submit(0), [{ mine: 1 }, 'red', ['--flag']]);
  });

  test('stdout and stderr, by the output event', async () => {
    await using pool = new FixedWorkerPool<string, void>(1, {
      stdout: true,
      processor: (text) => void process.stdout.write(text),
    });
    const { promise, resolve } = deferred<{ stream: string; text: string }>();
    pool.on('output', resolve);
    await pool.submit('hello');
    const { stream, text } = await promise;
    assert.deepEqual([stream, text], ['stdout', 'hello']);
  });

  test('which worker wrote to stderr is known (rstest PR#1171)', async () => {
    await using pool = new FixedWorkerPool<number, number>(2, {
      stderr: true,
      balancing: 'round-robin',
      processor: (_, ctx) => {
        process.stderr.write(`from ${ctx.workerId}`);
        return ctx.workerId;
      },
    });
    await pool.ready();
    const written = new Map<number, string>();
    const both = deferred<void>();
    pool.on('output', ({ workerId, stream, text }) => {
      written.set(workerId, `${stream} ${text}`);
      if (written.size === 2) both.resolve();
    });
    const workers = await pool.submitBatch([0, 0]);
    await both.promise;
    for (const worker of workers) assert.equal(written.get(worker), `stderr from ${worker}`);
  });

  test('captureOutput: a crash report carries what the task wrote', async () => {
    await using pool = new FixedWorkerPool<number, void>(1, {
      stdout: true,
      stderr: true,
      captureOutput: true,
      processor: () => {
        console.log('last words');
        console.error('and a warning');
        process.exit(3);
      },
    });
    await assert.rejects(pool.submit(1), {
      code: 'ERR_WORKER_CRASHED',
      exitCode: 3,
      output: { stdout: 'last words\n', stderr: 'and a warning\n' },
    });
  });
});

describe('balancing', () => {
  for (const balancing of ['work-stealing', 'round-robin', 'adaptive'] as const) {
    test(`${balancing} runs everything`, async () => {
      await using pool = new FixedWorkerPool<number, number>(3, { processor: (n) => n, balancing });
      const inputs = Array.from({ length: 3000 }, (_, i) => i);
      assert.deepEqual(await pool.submitBatch(inputs), inputs);
    });
  }

  test('round-robin is in strict turn', async () => {
    await using pool = new FixedWorkerPool<number, number>(3, {
      processor: (_, ctx) => ctx.workerId,
      balancing: 'round-robin',
    });
    await pool.ready();
    const workers = await pool.submitBatch(Array<number>(9).fill(0));
    assert.deepEqual(workers.slice(0, 3).sort(), [1, 2, 3]);
    assert.deepEqual(workers.slice(3, 6), workers.slice(0, 3));
    assert.deepEqual(workers.slice(6), workers.slice(0, 3));
  });

  test('an idle worker steals what a busy one has taken', async () => {
    await using pool = new FixedWorkerPool<number, number>(2, {
      balancing: 'adaptive',
      processor: (n) => {
        const until = Date.now() + n;
        while (Date.now() < until);
        return n;
      },
    });
    await pool.ready();
    // Equal in number, unequal in length: one worker is done long before the other.
    await pool.submitBatch([60, 1, 60, 1, 60, 1, 60, 1, 60, 1]);
    assert.ok(pool.getMetrics().stolen > 0);
  });
});

describe('scaling', () => {
  test('the pool grows with its queue and shrinks when idle', async () => {
    const events: string[] = [];
    const shrunk = deferred<void>();
    await using pool = new DynamicWorkerPool<number, number>({
      minWorkers: 1,
      maxWorkers: 3,
      idleTimeout: 50,
      processor: wait,
    });
    pool.on('scale', ({ from, to }) => events.push(to > from ? 'up' : 'down'));
    pool.on('worker', ({ state }) => {
      if (state === 'retired' && pool.getWorkerCount() === 1) shrunk.resolve();
    });
    await pool.submitBatch(Array<number>(30).fill(20));
    assert.ok(pool.getMetrics().spawned > 1);
    assert.ok(events.includes('up'));
    // An idle pool does not keep the process alive; this test must.
    const alive = setInterval(() => undefined, 1000);
    await shrunk.promise;
    clearInterval(alive);
    assert.equal(pool.getWorkerCount(), 1);
    assert.ok(events.includes('down'));
  });

  test('scaleUp and scaleDown stay within minimum and maximum', async () => {
    await using pool = new DynamicWorkerPool<number, number>({
      minWorkers: 1,
      maxWorkers: 3,
      processor: (n) => n,
    });
    await pool.scaleUp(10);
    assert.equal(pool.getWorkerCount(), 3);
    assert.ok(pool.getHealthStatus().workers.every(({ state }) => state === 'idle'));
    await pool.scaleDown(10);
    assert.equal(pool.getWorkerCount(), 1);
  });

  test('a worker that is let go is handed no more work (tinypool PR#61)', async () => {
    await using pool = new DynamicWorkerPool<number, number>({
      minWorkers: 1,
      maxWorkers: 4,
      enableAutoScaling: false,
      processor: (_, ctx) => ctx.workerId,
    });
    for (let round = 0; round < 15; round++) {
      await pool.scaleUp(3);
      const gone = new Set(pool.getHealthStatus().workers.map(({ workerId }) => workerId));
      const before = Array.from({ length: 300 }, () => pool.submit(0));
      await pool.scaleDown(3);
      const after = Array.from({ length: 300 }, () => pool.submit(0));
      await Promise.all(before);
      for (const { workerId } of pool.getHealthStatus().workers) gone.delete(workerId);
      const later = await Promise.all(Array.from({ length: 50 }, () => pool.submit(0)));
      assert.equal((await Promise.all(after)).length, 300);
      assert.ok(!later.some((worker) => gone.has(worker)));
    }
  });

  test('a policy of the user’s decides', async () => {
    const samples: number[] = [];
    await using pool = new DynamicWorkerPool<number, number>({
      minWorkers: 1,
      maxWorkers: 8,
      processor: wait,
      scalingPolicy: ({ waiting }) => {
        samples.push(waiting);
        return 2;
      },
    });
    await pool.submitBatch(Array<number>(20).fill(20));
    assert.ok(samples.length > 0);
    assert.equal(pool.getMetrics().spawned, 2);
  });

  test('enableAutoScaling: false leaves the number alone', async () => {
    await using pool = new DynamicWorkerPool<number, number>({
      maxWorkers: 4,
      enableAutoScaling: false,
      processor: wait,
    });
    await pool.submitBatch(Array<number>(20).fill(5));
    assert.equal(pool.getMetrics().spawned, 1);
  });

  test('a pool of no workers starts one for the first task', async () => {
    await using pool = new DynamicWorkerPool<number, number>({ minWorkers: 0, processor: (n) => n });
    assert.equal(pool.getWorkerCount(), 0);
    assert.equal(await pool.submit(7), 7);
  });
});

describe('what a pool tells of itself', () => {
  test('metrics and health', async () => {
    await using pool = new FixedWorkerPool<number, number>(2, {
      processor: async (n) => {
        if (n < 0) throw new Error('negative');
        await new Promise((resolve) => setTimeout(resolve, n));
        return n;
      },
    });
    await pool.submitBatch([5, 5, 5, -1], { settle: true });
    const metrics = pool.getMetrics();
    assert.deepEqual([metrics.submitted, metrics.completed, metrics.failed], [4, 3, 1]);
    assert.equal(metrics.running.count, 4);
    assert.ok(metrics.running.p50 >= 3 && metrics.running.max >= metrics.running.p99);
    assert.ok(metrics.utilisation > 0 && metrics.utilisation <= 1);
    const { healthy, workers, running } = pool.getHealthStatus();
    assert.deepEqual([healthy, workers.length, running], [true, 2, 0]);
    assert.equal(
      workers.reduce((sum, worker) => sum + worker.done, 0),
      3,
    );
    pool.resetMetrics();
    const { submitted, running: times, waiting } = pool.getMetrics();
    assert.deepEqual([submitted, times.count, times.max, waiting.count], [0, 0, 0, 0]);
    await pool.submit(1);
    assert.equal(pool.getMetrics().running.count, 1);
  });

  test('a busy worker’s heartbeat tells its event loop and heap; a blocked one is unresponsive and can be restarted', async () => {
    await using pool = new FixedWorkerPool<'block' | 'wait', number>(1, {
      heartbeatInterval: 10,
      heartbeatTimeout: 60,
      processor: (what) => {
        if (what === 'block') for (;;);
        return new Promise((resolve) => setTimeout(() => resolve(1), 80));
      },
    });
    await pool.submit('wait');
    assert.ok((pool.getHealthStatus().workers[0]?.heapUsed ?? 0) > 0);
    const blocked = pool.submit('block');
    while (pool.getHealthStatus().healthy) await wait(5);
    assert.equal(pool.getHealthStatus().workers[0]?.state, 'unresponsive');
    const rejected = assert.rejects(blocked, { code: 'ERR_WORKER_REPLACED', reason: 'unresponsive' });
    await pool.restartUnhealthyWorkers();
    await rejected;
    assert.equal(await pool.submit('wait'), 1);
  });

  test('autoRestart replaces an unresponsive worker unasked', async () => {
    await using pool = new FixedWorkerPool<number, number>(1, {
      heartbeatInterval: 10,
      heartbeatTimeout: 50,
      autoRestart: true,
      processor: (n) => {
        while (n === 0);
        return n;
      },
    });
    await assert.rejects(pool.submit(0), { code: 'ERR_WORKER_REPLACED' });
    assert.equal(await pool.submit(1), 1);
  });

  test('drain is told when nothing waits any more', async () => {
    await using pool = new FixedWorkerPool<number, number>(1, { processor: (n) => n });
    const { promise, resolve } = deferred<void>();
    pool.on('drain', resolve);
    await pool.submitBatch([1, 2, 3]);
    await promise;
  });
});
