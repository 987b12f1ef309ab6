/** Threads that die with locks in their hands, or while they wait for one. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { Barrier, Cond, Mutex, Once, RWMutex, Semaphore } from 'millrace';
import { thread, until } from '../helpers.js';

describe('a thread that dies', () => {
  for (const end of ['terminated', 'process.exit', 'uncaught'] as const) {
    test(`with a lock in its hands gives it back, poisoned (${end})`, async () => {
      const mutex = new Mutex();
      const last = { terminated: '', 'process.exit': 'process.exit(0)', uncaught: 'throw new Error("bye")' }[
        end
      ];
      const worker = thread(
        `globalThis.guard = await Mutex.from(data).lock();
        parentPort.postMessage('held');
        ${last || 'setInterval(() => {}, 1000)'};`,
        mutex.toHandle(),
      );
      worker.on('error', () => undefined);
      const exit = new Promise((resolve) => worker.once('exit', resolve));
      // Not `events.once`: the error may be told before the message is.
      await new Promise((resolve) => worker.once('message', resolve));
      const next = mutex.lock();
      if (end === 'terminated') await worker.terminate();
      await exit;
      const guard = await next;
      assert.ok(guard.poisoned);
      mutex.clearPoison();
      guard.release();
      assert.equal((await mutex.lock()).poisoned, false);
    });
  }

  test('gives back what it holds of objects that it has itself forgotten', async () => {
    const [mutex, semaphore, task] = [new Mutex(), new Semaphore(3), new Once<string>()];
    const worker = thread(
      `await Mutex.from(data[0]).lock();
      await Semaphore.from(data[1]).acquire(2);
      void Once.from(data[2]).do(() => new Promise(() => undefined));
      let gc = globalThis.Bun ? () => Bun.gc(true) : undefined;
      if (gc === undefined) {
        (await import('node:v8')).setFlagsFromString('--expose-gc');
        gc = (await import('node:vm')).runInNewContext('gc');
      }
      for (let i = 0; i < 10; i++) {
        gc();
        await new Promise((resolve) => setImmediate(resolve));
      }
      parentPort.postMessage('forgotten');
      setInterval(() => {}, 1000);`,
      [mutex.toHandle(), semaphore.toHandle(), task.toHandle()],
    );
    await once(worker, 'message');
    assert.deepEqual([mutex.locked, semaphore.available, task.done], [true, 1, false]);
    const here = task.do(() => 'here');
    await worker.terminate();
    assert.ok((await mutex.lock()).poisoned);
    assert.equal(semaphore.available, 3);
    assert.equal(await here, 'here');
  });

  test('in line is passed over', async () => {
    const mutex = new Mutex();
    const guard = await mutex.lock();
    const worker = thread(
      `Mutex.from(data).lock(); parentPort.postMessage('in line'); setInterval(() => {}, 1000);`,
      mutex.toHandle(),
    );
    await once(worker, 'message');
    const next = mutex.lock();
    await worker.terminate();
    guard.release();
    assert.equal((await next).poisoned, false);
  });

  test('gives back its permits and its read and write locks, and breaks its barrier', async () => {
    const objects = {
      semaphore: new Semaphore(5),
      readers: new RWMutex(),
      writers: new RWMutex(),
      barrier: new Barrier(2),
    };
    const handles = Object.fromEntries(Object.entries(objects).map(([name, it]) => [name, it.toHandle()]));
    const worker = thread(
      `globalThis.kept = [
        await Semaphore.from(data.semaphore).acquire(3),
        await RWMutex.from(data.readers).readLock(),
        await RWMutex.from(data.writers).writeLock(),
      ];
      Barrier.from(data.barrier).arrive();
      parentPort.postMessage('held');`,
      handles,
    );
    await once(worker, 'message');
    assert.equal(objects.semaphore.available, 2);
    await worker.terminate();
    assert.equal(objects.semaphore.available, 5);
    assert.ok((await objects.semaphore.acquire(5)).poisoned);
    assert.equal((await objects.readers.writeLock()).poisoned, false);
    assert.ok((await objects.writers.readLock()).poisoned);
    assert.ok(objects.barrier.broken);
  });

  test('while it waits for a notification does not take one with it', async () => {
    const [mutex, cond] = [new Mutex(), new Cond()];
    const worker = thread(
      `const mutex = Mutex.from(data[0]);
      Cond.from(data[1]).wait(mutex, await mutex.lock());
      parentPort.postMessage('waits');`,
      [mutex.toHandle(), cond.toHandle()],
    );
    await once(worker, 'message');
    const here = cond.wait(mutex, await mutex.lock());
    await worker.terminate();
    assert.ok(cond.notifyOne());
    (await here).release();
  });

  test('while it runs a Once leaves that to the next', async () => {
    const task = new Once<string>();
    const worker = thread(
      `Once.from(data).do(() => { parentPort.postMessage('runs'); return new Promise(() => setInterval(() => {}, 1000)); });`,
      task.toHandle(),
    );
    await once(worker, 'message');
    const here = task.do(() => 'here');
    await worker.terminate();
    assert.equal(await here, 'here');
  });
});

test('a storm: holders are terminated in the middle; no lock stays with the dead', {
  timeout: 120_000,
}, async () => {
  const [mutex, semaphore] = [new Mutex(), new Semaphore(3)];
  const handles = [mutex.toHandle(), semaphore.toHandle()];
  let state = 7;
  for (let round = 0; round < 30; round++) {
    const threads = [0, 1, 2].map(() =>
      thread(
        `const [mutex, semaphore] = [Mutex.from(data[0]), Semaphore.from(data[1])];
        parentPort.postMessage('up');
        for (;;) {
          const guard = await mutex.lock();
          const permit = await semaphore.acquire(2);
          await new Promise((resolve) => setImmediate(resolve));
          permit.release();
          guard.release();
        }`,
        handles,
      ),
    );
    await Promise.all(threads.map((worker) => once(worker, 'message')));
    state = (state * 48_271) % 2_147_483_647;
    await new Promise((resolve) => setTimeout(resolve, state % 15));
    await Promise.all(threads.map((worker) => worker.terminate()));
    assert.equal(semaphore.available, 3);
    assert.equal(mutex.locked, false);
  }
  assert.deepEqual([mutex.waiting, semaphore.waiting], [0, 0]);
});

test('one who is called and dies before it comes leaves the lock to the next', async () => {
  for (const asks of ['Mutex.from(data).lock()', 'Mutex.from(data).lockSync()']) {
    const mutex = new Mutex({ fair: false });
    const guard = await mutex.lock();
    // It stands in line and never looks at what it is told; a thread that blocks is ended while it does.
    const deaf = thread(
      `parentPort.postMessage('asks'); ${asks};
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);`,
      mutex.toHandle(),
    );
    await until(() => mutex.waiting === 1);
    const next = mutex.lock();
    if (asks.includes('Sync')) {
      const ended = deaf.terminate();
      guard.release();
      await ended;
    } else {
      guard.release();
      assert.equal(mutex.locked, false);
      await deaf.terminate();
    }
    (await next).release();
    assert.deepEqual([mutex.locked, mutex.waiting], [false, 0]);
  }
});
