/** Loops on all cores, and threads that are watched. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { Channel, Context, ParallelScheduler, type ThreadStatus, WorkerThreadManager } from 'millrace';
import { onBun, packageUrl, until } from '../helpers.js';

describe('ParallelScheduler', () => {
  test('parallelMap gives the results in order, whatever the chunks', async () => {
    await using scheduler = new ParallelScheduler({ workers: 2 });
    const items = Array.from({ length: 1000 }, (_, n) => n);
    const expected = items.map((n) => n * n + n);
    for (const chunkSize of [undefined, 1, 7, 5000]) {
      const options = chunkSize === undefined ? {} : { chunkSize };
      assert.deepEqual(await scheduler.parallelMap(items, (n, at) => n * n + at, options), expected);
    }
    assert.deepEqual(await scheduler.parallelMap(['a', 'b'], async (text) => text.toUpperCase()), ['A', 'B']);
    assert.deepEqual(await scheduler.parallelMap([], (n) => n), []);
  });

  test('over ranges and typed arrays', async () => {
    await using scheduler = new ParallelScheduler({ workers: 2 });
    assert.deepEqual(await scheduler.parallelMap({ from: 10, to: 0, step: -3 }, (n) => n), [10, 7, 4, 1]);
    assert.deepEqual(await scheduler.parallelMap(new Uint8Array([1, 2, 3]), (n: number) => n * 2), [2, 4, 6]);
    assert.equal(await scheduler.parallelReduce({ from: 0, to: 10_001 }, (a, b) => a + b, 0), 50_005_000);
    assert.equal(
      await scheduler.parallelReduce(['a', 'b', 'c', 'd'], (a, b) => a + b, '>', { chunkSize: 1 }),
      '>abcd',
    );
  });

  test('parallelFor writes to shared memory without copying it', async () => {
    await using scheduler = new ParallelScheduler({ workers: 2 });
    const cells = new Float64Array(new SharedArrayBuffer(8 * 10_000));
    await scheduler.parallelFor(cells, (_, at, all) => {
      all[at] = at / 2;
    });
    assert.ok(cells.every((value, at) => value === at / 2));
  });

  test('the first error comes out and ends the loop; so does a signal', async () => {
    await using scheduler = new ParallelScheduler({ workers: 2 });
    const failing = scheduler.parallelMap({ from: 0, to: 1e9 }, (n) => {
      if (n === 3) throw new RangeError(`at ${n}`);
      return undefined;
    });
    await assert.rejects(failing, { name: 'RangeError', message: 'at 3' });
    const stop = new AbortController();
    const cells = new Uint8Array(new SharedArrayBuffer(2 ** 24));
    const long = scheduler.parallelFor(
      cells,
      (_, at, all) => {
        for (let i = 0; i < 100; i++) Atomics.add(all as Uint8Array, at, 1);
      },
      { signal: stop.signal },
    );
    await until(() => cells[0] !== 0);
    stop.abort(new Error('enough'));
    await assert.rejects(long, /enough/);
    assert.equal(cells.at(-1), 0);
  });

  test('workers: so many threads, no more', async () => {
    await using scheduler = new ParallelScheduler({ workers: 2 });
    const threadOf = async () => (await import('node:worker_threads')).threadId;
    const ids = await scheduler.parallelMap({ from: 0, to: 200 }, threadOf, { chunkSize: 1 });
    const distinct = new Set(ids);
    assert.ok(distinct.size <= 2 && !distinct.has(0), [...distinct].join());
    await using one = new ParallelScheduler({ workers: 1 });
    assert.equal(new Set(await one.parallelMap({ from: 0, to: 50 }, threadOf, { chunkSize: 1 })).size, 1);
  });

  test('chunkSize: so many in one chunk, the last has the rest', async () => {
    await using scheduler = new ParallelScheduler({ workers: 2 });
    const letters = [...'abcdefgh'];
    const fold = (left: string, right: string): string => `(${left}${right})`;
    const folded = (chunkSize: number) => scheduler.parallelReduce(letters, fold, '', { chunkSize });
    // The chunks apart, then one after the other onto the empty text.
    const chunks = ['((ab)c)', '((de)f)', '(gh)'];
    assert.equal(await folded(3), chunks.reduce(fold, ''));
    assert.equal(await folded(8), fold('', letters.reduce(fold)));
    assert.equal(await folded(1), letters.reduce(fold, ''));
  });

  test('parallelFor: over arrays and ranges, with item and index', async () => {
    await using scheduler = new ParallelScheduler({ workers: 2 });
    const source = async (item: unknown, at: number, ...more: unknown[]): Promise<void> => {
      const { Channel } = (await import(
        process.env['OF_THE_PACKAGE'] as string
      )) as typeof import('millrace');
      await Channel.open('told of loops').send([item, at, more.length]);
    };
    const named = new Channel<[unknown, number, number]>(16, { name: 'told of loops' });
    process.env['OF_THE_PACKAGE'] = packageUrl;
    assert.equal(await scheduler.parallelFor(['a', 'b', 'c'], source, { chunkSize: 1 }), undefined);
    assert.deepEqual((await named.receiveBatch(9)).sort(), [
      ['a', 0, 0],
      ['b', 1, 0],
      ['c', 2, 0],
    ]);
    await scheduler.parallelFor({ from: 5, to: 10, step: 2 }, source);
    assert.deepEqual((await named.receiveBatch(9)).sort(), [
      [5, 0, 0],
      [7, 1, 0],
      [9, 2, 0],
    ]);
    named.close();
  });

  test('parallelReduce: begins with initial, once, and gives it for nothing', async () => {
    await using scheduler = new ParallelScheduler({ workers: 2 });
    const add = (a: number, b: number): number => a + b;
    assert.equal(await scheduler.parallelReduce({ from: 0, to: 100 }, add, 1000, { chunkSize: 7 }), 5950);
    assert.equal(await scheduler.parallelReduce([], add, 7), 7);
    assert.equal(await scheduler.parallelReduce(new Float64Array([0.5, 0.25]), add, 0), 0.75);
  });

  test('signal: aborted before, a context, and the rest is not run', async () => {
    await using scheduler = new ParallelScheduler({ workers: 1 });
    const before = AbortSignal.abort(new RangeError('before'));
    await assert.rejects(
      scheduler.parallelMap([1], (n) => n, { signal: before }),
      /before/,
    );
    await assert.rejects(
      scheduler.parallelReduce([1], (n) => n, 0, { signal: before }),
      /before/,
    );
    const [context, cancel] = Context.background().withCancel();
    const running = scheduler.parallelFor({ from: 0, to: 1e9 }, () => undefined, {
      signal: context,
      chunkSize: 1,
    });
    cancel();
    await assert.rejects(running, { code: 'ERR_CONTEXT_CANCELED' });
    assert.deepEqual(await scheduler.parallelMap([1], (n) => n + 1), [2]);
  });

  test('closed, it runs nothing more; what runs ends first', async () => {
    const scheduler = new ParallelScheduler({ workers: 1 });
    const running = scheduler.parallelMap([1, 2], (n) => n * 2);
    await scheduler.close();
    assert.deepEqual(await running, [2, 4]);
    await assert.rejects(
      scheduler.parallelMap([1], (n) => n),
      { code: 'ERR_POOL_CLOSED' },
    );
    await scheduler.close();
  });

  test('nonsense is refused by name', async () => {
    await using scheduler = new ParallelScheduler({ workers: 1 });
    await assert.rejects(
      scheduler.parallelMap(5 as never, (n) => n),
      { code: 'ERR_INVALID_ARGUMENT', message: /items/ },
    );
    await assert.rejects(scheduler.parallelMap([1], 5 as never), {
      code: 'ERR_INVALID_ARGUMENT',
      message: /fn/,
    });
    await assert.rejects(
      scheduler.parallelMap([1], (n) => n, { chunkSize: 0 }),
      { message: /chunkSize/ },
    );
    assert.throws(() => new ParallelScheduler({ threads: 1 } as never), { message: /threads/ });
    for (const workers of [0, -1, 1.5, NaN, '2', null])
      assert.throws(() => new ParallelScheduler({ workers } as never), { code: 'ERR_INVALID_ARGUMENT' });
    for (const [options, name] of [
      [{ chunkSize: 1.5 }, 'chunkSize'],
      [{ chunkSize: '2' }, 'chunkSize'],
      [{ signal: 5 }, 'signal'],
      [{ chunk: 5 }, 'chunk'],
      [null, 'options'],
    ] as const)
      await assert.rejects(
        scheduler.parallelFor([1], (n) => n, options as never),
        { code: 'ERR_INVALID_ARGUMENT', message: new RegExp(`^${name}:`) },
      );
    for (const items of [
      null,
      undefined,
      'text',
      {},
      { from: 0 },
      { from: 0, to: 1, step: 0 },
      { from: 0, to: Infinity },
    ])
      await assert.rejects(
        scheduler.parallelMap(items as never, (n) => n),
        { code: 'ERR_INVALID_ARGUMENT', message: /^items:/ },
      );
  });
});

describe('WorkerThreadManager', () => {
  const module = (text: string) => new URL(`data:text/javascript,${encodeURIComponent(text)}`);
  const living = module(
    `import { parentPort } from 'node:worker_threads';
    parentPort.on('message', (message) => {
      if (message === 'stop') process.exit(0);
      if (message === 'fail') process.exit(3);
      if (message === 'block') for (;;);
      parentPort.postMessage(message);
    });`,
  );

  /** The next event of a kind. */
  const next = (threads: WorkerThreadManager, event: 'started' | 'exited' | 'unresponsive') =>
    new Promise<ThreadStatus>((resolve) => {
      const heard = (status: ThreadStatus): void => {
        threads.off(event as 'started', heard);
        resolve(status);
      };
      threads.on(event as 'started', heard);
    });

  test('starts, lists and stops', async () => {
    await using threads = new WorkerThreadManager();
    const worker = await threads.start('echo', living);
    worker.postMessage('hello');
    assert.deepEqual(await once(worker, 'message'), ['hello']);
    const [status] = threads.list();
    assert.deepEqual([status?.name, status?.state, status?.threadId], ['echo', 'running', worker.threadId]);
    await assert.rejects(threads.start('echo', living), { code: 'ERR_INVALID_ARGUMENT', message: /echo/ });
    const exited = next(threads, 'exited');
    await threads.stop('echo', { timeout: 10_000 });
    assert.equal((await exited).state, 'stopped');
    await threads.start('echo', living);
    assert.throws(() => threads.get('nobody'), { code: 'ERR_NOT_FOUND' });
  });

  test('restarts what fails, with back-off, and what it is told to', async () => {
    await using threads = new WorkerThreadManager();
    const first = await threads.start('phoenix', living, { restart: 'on-failure', restartBackoff: 1 });
    const again = next(threads, 'started');
    first.postMessage('fail');
    assert.deepEqual([(await again).restarts, threads.get('phoenix').state], [1, 'running']);
    const worker = await threads.restart('phoenix');
    assert.notEqual(worker.threadId, first.threadId);
    assert.equal(threads.get('phoenix').restarts, 2);
    const exited = next(threads, 'exited');
    worker.postMessage('stop');
    assert.equal((await exited).state, 'stopped');
  });

  test('a blocked event loop is seen from outside', {
    skip: onBun && 'Bun does not tell of another thread’s event loop',
  }, async () => {
    await using threads = new WorkerThreadManager({ heartbeatInterval: 5, heartbeatTimeout: 50 });
    const worker = await threads.start('stuck', living);
    const unresponsive = next(threads, 'unresponsive');
    worker.postMessage('block');
    const alive = setInterval(() => undefined, 1000);
    assert.equal((await unresponsive).name, 'stuck');
    clearInterval(alive);
    assert.ok(threads.get('stuck').utilisation > 0.9);
    assert.equal((await threads.restart('stuck')).threadId > 0, true);
  });

  test('what a thread throws is told, and how it ended', async () => {
    await using threads = new WorkerThreadManager();
    const thrown: unknown[] = [];
    threads.on('error', (_thread, error) => thrown.push((error as Error).message));
    const exited = next(threads, 'exited');
    await threads.start('broken', module('throw new TypeError("no start")')).catch(() => undefined);
    assert.equal((await exited).state, 'stopped');
    assert.deepEqual(thrown, ['no start']);
  });
});
