/** Every option does what it says, and nonsense is refused by name. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DynamicWorkerPool, FixedWorkerPool, type WorkerPoolOptions } from 'millrace';
import { deferred, onBun, started, wait } from '../helpers.js';

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
