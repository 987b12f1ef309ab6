/** Loops on all cores, and threads that are watched. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { ParallelScheduler, type ThreadStatus, WorkerThreadManager } from 'millrace';
import { onBun, until } from '../helpers.js';

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
