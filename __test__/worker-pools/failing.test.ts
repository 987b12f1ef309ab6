/** Workers that die, and what becomes of their tasks. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FixedWorkerPool, type WorkerCrashedError } from 'millrace';
import { deferred, onBun } from '../helpers.js';

type Deed = 'echo' | 'exit' | 'throw' | 'reject' | 'memory' | 'hang';

const deeds = async (deed: Deed, ctx: { attempt: number }): Promise<unknown> => {
  if (deed === 'exit') process.exit(9);
  if (deed === 'throw') {
    setImmediate(() => {
      throw new RangeError('outside a task');
    });
    await new Promise(() => undefined);
  }
  if (deed === 'reject') {
    void Promise.reject(new RangeError('nobody listens'));
    await new Promise(() => undefined);
  }
  if (deed === 'memory') {
    const hoard: unknown[] = [];
    for (;;) hoard.push(new Array(10_000).fill({ some: 'thing' }));
  }
  if (deed === 'hang') await new Promise(() => undefined);
  return ctx.attempt;
};

const make = (options = {}) =>
  new FixedWorkerPool<Deed, unknown>(1, {
    processor: deeds as never,
    resourceLimits: { maxOldGenerationSizeMb: 32 },
    restartBackoff: 1,
    stderr: true,
    ...options,
  });

describe('tasks in flight settle when their worker dies (poolifier PR#3211)', () => {
  test('by process.exit, with the exit code', async () => {
    await using pool = make();
    await assert.rejects(pool.submit('exit'), { code: 'ERR_WORKER_CRASHED', exitCode: 9, workerId: 1 });
    assert.equal(await pool.submit('echo'), 1);
  });

  for (const deed of ['throw', 'reject'] as const) {
    test(`by an error outside a task (${deed}), with its cause`, async () => {
      await using pool = make();
      await assert.rejects(pool.submit(deed), (error: WorkerCrashedError) => {
        assert.equal(error.code, 'ERR_WORKER_CRASHED');
        assert.ok(error.cause instanceof RangeError);
        return true;
      });
      assert.equal(await pool.submit('echo'), 1);
    });
  }

  const noLimits = onBun && 'bun has no memory limit for a thread';
  test('by running out of memory, which ends the worker and not the process', {
    skip: noLimits,
  }, async () => {
    await using pool = make();
    await assert.rejects(pool.submit('memory'), (error: WorkerCrashedError) => {
      assert.equal((error.cause as NodeJS.ErrnoException).code, 'ERR_WORKER_OUT_OF_MEMORY');
      return true;
    });
    assert.equal(await pool.submit('echo'), 1);
  });

  test('all of those that shared it; the ones behind run on the replacement', async () => {
    await using pool = make({ concurrentTasksPerWorker: 3 });
    await pool.ready();
    const doomed = [pool.submit('hang'), pool.submit('hang')];
    const again = pool.submit('exit', { idempotent: true });
    const behind = Array.from({ length: 10 }, () => pool.submit('echo'));
    for (const task of doomed) await assert.rejects(task, { code: 'ERR_WORKER_CRASHED' });
    // It runs three times at most, and kills each worker it gets.
    await assert.rejects(again, { code: 'ERR_WORKER_CRASHED' });
    const outcomes = await Promise.allSettled(behind);
    assert.ok(outcomes.every(({ status }) => status === 'fulfilled' || status === 'rejected'));
    assert.equal(await pool.submit('echo'), 1);
    assert.equal(pool.getMetrics().retried, 2);
  });

  test('and listeners hear of it', async () => {
    await using pool = make();
    const { promise, resolve } = deferred<Error>();
    const states: string[] = [];
    pool.on('error', resolve);
    pool.on('worker', ({ state }) => states.push(state));
    await assert.rejects(pool.submit('throw'));
    assert.equal(((await promise).cause as Error).message, 'outside a task');
    assert.ok(states.includes('crashed'));
  });
});

describe('a pool that cannot start', () => {
  const ignored = onBun && 'bun ignores execArgv of workers';
  test('fails its tasks with the reason instead of looping, and heals when asked again', {
    skip: ignored,
  }, async () => {
    await using pool = make({
      execArgv: ['--import', 'data:text/javascript,throw new TypeError("bad preload")'],
    });
    const tasks = [pool.submit('echo'), pool.submit('echo')];
    for (const task of tasks) {
      await assert.rejects(task, (error: Error & { code: string }) => {
        assert.equal(error.code, 'ERR_POOL_BROKEN');
        assert.equal((error.cause as Error).message, 'bad preload');
        return true;
      });
    }
    assert.equal(pool.getMetrics().spawned, 3);
    await assert.rejects(pool.ready(), { code: 'ERR_POOL_BROKEN' });
    // One more task is one more try, not three.
    await assert.rejects(pool.submit('echo'), { code: 'ERR_POOL_BROKEN' });
    assert.equal(pool.getMetrics().spawned, 4);
  });

  const survives = onBun && 'on bun, process.exit within an import fails the import';
  test('because its module ends the thread', { skip: survives }, async () => {
    await using pool = make({ processor: 'data:text/javascript,process.exit(4)' });
    await assert.rejects(pool.submit('echo'), { code: 'ERR_POOL_BROKEN', exitCode: 4 });
  });
});

describe('closing', () => {
  test('drains: what was submitted ends, what comes later is refused', async () => {
    const pool = make();
    const tasks = Array.from({ length: 100 }, () => pool.submit('echo'));
    const closed = pool.close();
    await assert.rejects(pool.submit('echo'), { code: 'ERR_POOL_CLOSED' });
    assert.deepEqual(await Promise.all(tasks), Array(100).fill(1));
    await closed;
    await pool.close();
    assert.equal(pool.getWorkerCount(), 0);
  });

  test('with a time limit terminates what is left', async () => {
    const pool = make();
    const hung = assert.rejects(pool.submit('hang'), { code: 'ERR_POOL_CLOSED' });
    await pool.close({ timeout: 30 });
    await hung;
  });

  test('terminate under load settles everything and does not recurse (tinypool#43)', async () => {
    const pool = make();
    const tasks = [pool.submit('hang'), ...Array.from({ length: 20_000 }, () => pool.submit('echo'))];
    const outcomes = Promise.allSettled(tasks);
    await pool.terminate();
    await pool.terminate();
    assert.ok((await outcomes).every((outcome) => outcome.status === 'rejected'));
  });

  test('leaves no listeners on the process', async () => {
    const before = process.eventNames().map((name) => process.listenerCount(name));
    for (let i = 0; i < 5; i++) await make().close();
    assert.deepEqual(
      process.eventNames().map((name) => process.listenerCount(name)),
      before,
    );
  });

  test('twice, in every order, does no harm', async () => {
    const pool = make();
    await Promise.all([pool.close(), pool.terminate(), pool.close()]);
    await pool[Symbol.asyncDispose]();
  });
});
