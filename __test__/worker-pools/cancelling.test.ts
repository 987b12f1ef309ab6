/** Cancelling and timing out: the task goes, its neighbours stay. Named after the bugs of other pools where there was one. */
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, test } from 'node:test';
import { FixedWorkerPool, type TaskContext } from 'millrace';

type Order = ['wait', number] | ['spin'] | ['poll'] | ['obey'] | ['hang'] | ['echo', number];

/** Does as it is told, in the worker. */
const obey = async ([what, n]: Order, ctx: TaskContext): Promise<unknown> => {
  if (what === 'wait') await new Promise((resolve) => setTimeout(resolve, n));
  if (what === 'spin') for (;;);
  if (what === 'hang') await new Promise(() => undefined);
  if (what === 'poll') while (!ctx.signal.aborted);
  // As anywhere: a signal that has aborted tells its listeners no more.
  if (what === 'obey') ctx.signal.throwIfAborted();
  if (what === 'obey')
    await new Promise((_, reject) => ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason)));
  return what === 'echo' ? n : ctx.attempt;
};

const make = (options = {}) =>
  new FixedWorkerPool<Order, unknown>(1, { processor: obey as never, abortGrace: 100, ...options });

async function running(pool: FixedWorkerPool<Order, unknown>, count = 1): Promise<void> {
  while (pool.getHealthStatus().running < count) await new Promise((resolve) => setImmediate(resolve));
}

describe('an aborted task', () => {
  test('that waits leaves the queue at once, and the ones behind it run (piscina#805)', async () => {
    await using pool = make();
    const first = pool.submit(['wait', 30]);
    await running(pool);
    const stop = new AbortController();
    const waiting = pool.submit(['echo', 1], { signal: stop.signal });
    const behind = pool.submit(['echo', 2]);
    assert.equal(pool.getQueueLength(), 2);
    stop.abort(new Error('changed my mind'));
    assert.equal(pool.getQueueLength(), 1);
    await assert.rejects(waiting, { message: 'changed my mind' });
    await first;
    assert.equal(await behind, 2);
  });

  test('that runs sees its signal, and its worker lives on (piscina#156, workerpool#479)', async () => {
    await using pool = make();
    const stop = new AbortController();
    const task = pool.submit(['obey'], { signal: stop.signal });
    await running(pool);
    stop.abort();
    await assert.rejects(task, { name: 'AbortError' });
    assert.equal(await pool.submit(['echo', 5]), 5);
    assert.equal(pool.getMetrics().spawned, 1);
  });

  test('that computes sees it when it asks, and its worker lives on', async () => {
    await using pool = make({ abortGrace: 5000 });
    const stop = new AbortController();
    const task = pool.submit(['poll'], { signal: stop.signal });
    await running(pool);
    stop.abort();
    await assert.rejects(task, { name: 'AbortError' });
    assert.equal(await pool.submit(['echo', 5]), 5);
    assert.equal(pool.getMetrics().spawned, 1);
  });

  test('that never ends is ended with its worker, and the next ones run', async () => {
    await using pool = make();
    for (const what of ['spin', 'hang'] as const) {
      const stop = new AbortController();
      const task = pool.submit([what], { signal: stop.signal });
      await running(pool);
      const behind = pool.submit(['echo', 7]);
      stop.abort();
      await assert.rejects(task, { name: 'AbortError' });
      assert.equal(await behind, 7);
    }
    assert.equal(pool.getMetrics().spawned, 3);
    assert.equal(pool.getWorkerCount(), 1);
  });

  test('does not kill another that shares its worker, while that one’s event loop turns (piscina#934)', async () => {
    await using pool = make({ concurrentTasksPerWorker: 2 });
    await pool.ready();
    const stop = new AbortController();
    const hung = pool.submit(['hang'], { signal: stop.signal });
    const neighbour = pool.submit(['wait', 400]);
    await running(pool, 2);
    stop.abort();
    await assert.rejects(hung, { name: 'AbortError' });
    assert.equal(await neighbour, 1);
    assert.equal(await pool.submit(['echo', 3]), 3);
  });

  test('that blocks takes its neighbours along, who are told; idempotent ones run again', async () => {
    await using pool = make({ concurrentTasksPerWorker: 3 });
    await pool.ready();
    const neighbour = pool.submit(['wait', 60_000]);
    const again = pool.submit(['wait', 200], { idempotent: true });
    await running(pool, 2);
    const stop = new AbortController();
    const blocking = pool.submit(['spin'], { signal: stop.signal });
    await running(pool, 3);
    stop.abort();
    await assert.rejects(blocking, { name: 'AbortError' });
    await assert.rejects(neighbour, { code: 'ERR_WORKER_REPLACED', reason: 'overdue', workerId: 1 });
    assert.equal(await again, 2);
    assert.equal(pool.getMetrics().retried, 1);
  });

  test('leaves no fresh threads behind (piscina#788)', async () => {
    await using pool = make();
    for (let i = 0; i < 20; i++) {
      const stop = new AbortController();
      const task = pool.submit(['obey'], { signal: stop.signal });
      stop.abort();
      await assert.rejects(task, { name: 'AbortError' });
    }
    await pool.submit(['echo', 1]);
    assert.equal(pool.getWorkerCount(), 1);
    assert.equal(pool.getMetrics().spawned, 1);
  });

  test('leaves no listener on its signal, and neither does one that ends (workerpool#542)', async () => {
    await using pool = make();
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 50 }, (_, i) => pool.submit(['echo', i], { signal })));
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  test('that was aborted before it was submitted never reaches the pool', async () => {
    await using pool = make();
    await assert.rejects(
      pool.submit(['echo', 1], { signal: AbortSignal.abort('no') }),
      (reason) => reason === 'no',
    );
    assert.equal(pool.getMetrics().submitted, 0);
  });

  test('aborted in the instant it ends settles once, either way', async () => {
    await using pool = make();
    let settled = 0;
    for (let i = 0; i < 500; i++) {
      const stop = new AbortController();
      const task = pool.submit(['echo', i], { signal: stop.signal }).then(
        (value) => assert.equal(value, i),
        (reason) => assert.equal((reason as Error).name, 'AbortError'),
      );
      if (i % 3 === 0) queueMicrotask(() => stop.abort());
      else if (i % 3 === 1) setImmediate(() => stop.abort());
      else stop.abort();
      await task;
      settled++;
    }
    assert.equal(settled, 500);
    const { completed, aborted } = pool.getMetrics();
    assert.equal(completed + aborted, pool.getMetrics().submitted);
  });
});

describe('time-outs', () => {
  test('taskTimeout ends a task that runs too long, and says so', async () => {
    await using pool = make({ taskTimeout: 50 });
    await assert.rejects(pool.submit(['spin']), { code: 'ERR_TASK_TIMEOUT', running: true, timeout: 50 });
    assert.equal(await pool.submit(['echo', 1]), 1);
  });

  test('timeout counts the time in the queue', async () => {
    await using pool = make();
    const first = pool.submit(['wait', 150]);
    await running(pool);
    await assert.rejects(pool.submit(['echo', 1], { timeout: 20 }), {
      code: 'ERR_TASK_TIMEOUT',
      running: false,
      timeout: 20,
    });
    await first;
    assert.equal(pool.getMetrics().timedOut, 1);
  });

  test('timeout ends a task that runs, whose signal aborts', async () => {
    await using pool = make();
    await pool.ready();
    await assert.rejects(pool.submit(['obey'], { timeout: 30 }), { code: 'ERR_TASK_TIMEOUT', running: true });
    assert.equal(await pool.submit(['echo', 1]), 1);
    assert.equal(pool.getMetrics().spawned, 1);
  });
});
