/** Locks and meeting points among worker threads. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Barrier, Channel, Cond, CountDownLatch, Mutex, Once, RWMutex, Semaphore, WaitGroup } from 'millrace';
import { thread } from '../helpers.js';

for (const [form, lock] of [
  ['waiting', 'await mutex.lock()'],
  ['blocking', 'mutex.lockSync()'],
] as const) {
  test(`eight threads, one at a time (${form})`, async () => {
    const mutex = new Mutex();
    const shared = new SharedArrayBuffer(8);
    const threads = Array.from({ length: 8 }, () =>
      thread(
        `const mutex = Mutex.from(data.mutex);
        const cells = new Int32Array(data.shared);
        for (let i = 0; i < 500; i++) {
          const guard = ${lock};
          if (++cells[1] !== 1) throw new Error('two at once');
          cells[0]++;
          cells[1]--;
          guard.release();
        }`,
        { mutex: mutex.toHandle(), shared },
      ),
    );
    const exits = await Promise.all(threads.map((worker) => once(worker, 'exit')));
    assert.deepEqual(exits.flat(), Array(8).fill(0));
    assert.equal(new Int32Array(shared)[0], 4000);
    assert.equal(mutex.locked, false);
  });
}

test('eight threads, three permits', async () => {
  const semaphore = new Semaphore(3);
  const shared = new SharedArrayBuffer(8);
  const threads = Array.from({ length: 8 }, (_, at) =>
    thread(
      `const semaphore = Semaphore.from(data.semaphore);
      const cells = new Int32Array(data.shared);
      for (let i = 0; i < 500; i++) {
        const count = 1 + ((i + ${at}) % 3);
        const guard = i % 2 === 0 ? await semaphore.acquire(count) : semaphore.acquireSync(count);
        if (Atomics.add(cells, 1, count) + count > 3) throw new Error('too many');
        Atomics.add(cells, 0, 1);
        Atomics.sub(cells, 1, count);
        guard.release();
      }`,
      { semaphore: semaphore.toHandle(), shared },
    ),
  );
  const exits = await Promise.all(threads.map((worker) => once(worker, 'exit')));
  assert.deepEqual(exits.flat(), Array(8).fill(0));
  assert.deepEqual([new Int32Array(shared)[0], semaphore.available, semaphore.waiting], [4000, 3, 0]);
});

test('WaitGroup, CountDownLatch, Barrier and Once among threads', async () => {
  const objects = {
    group: new WaitGroup(),
    latch: new CountDownLatch(4),
    barrier: new Barrier(4),
    once: new Once<number>(),
    results: new Channel<[number, boolean]>(8),
  };
  const handles = Object.fromEntries(Object.entries(objects).map(([name, it]) => [name, it.toHandle()]));
  objects.group.add(4);
  const threads = Array.from({ length: 4 }, (_, at) =>
    thread(
      `const latch = CountDownLatch.from(data.latch);
      latch.countDown();
      latch.waitSync();
      const { leader } = ${at % 2 ? 'Barrier.from(data.barrier).arriveSync()' : 'await Barrier.from(data.barrier).arrive()'};
      const value = await Once.from(data.once).do(() => Math.random());
      await Channel.from(data.results).send([value, leader]);
      WaitGroup.from(data.group).done();`,
      handles,
    ),
  );
  const exits = threads.map((worker) => once(worker, 'exit'));
  await objects.group.wait();
  const results = await objects.results.receiveBatch(8);
  assert.equal(results.length, 4);
  assert.equal(new Set(results.map(([value]) => value)).size, 1);
  assert.equal(results.filter(([, leader]) => leader).length, 1);
  await Promise.all(exits);
});

for (const [form, lock] of [
  ['waiting', 'await mutex.lock()'],
  ['blocking', 'mutex.lockSync()'],
  ['readers and writers', 'i % 4 === 0 ? rooms.readLockSync() : await rooms.writeLock()'],
] as const) {
  test(`eight threads and locks that are not fair: none is let in too many, none forgotten (${form})`, async () => {
    const [mutex, rooms] = [new Mutex({ fair: false }), new RWMutex({ fair: false })];
    const shared = new SharedArrayBuffer(8);
    const threads = Array.from({ length: 8 }, () =>
      thread(
        `const [mutex, rooms] = [Mutex.from(data.mutex), RWMutex.from(data.rooms)];
        const cells = new Int32Array(data.shared);
        for (let i = 0; i < 500; i++) {
          const guard = ${lock};
          if (guard.downgrade || ${form !== 'readers and writers'}) {
            if (++cells[1] !== 1) throw new Error('two at once');
            cells[0]++;
            cells[1]--;
          } else if (cells[1] !== 0) throw new Error('a writer is in');
          guard.release();
        }`,
        { mutex: mutex.toHandle(), rooms: rooms.toHandle(), shared },
      ),
    );
    const exits = await Promise.all(threads.map((worker) => once(worker, 'exit')));
    assert.deepEqual(exits.flat(), Array(8).fill(0));
    assert.equal(new Int32Array(shared)[0], form === 'readers and writers' ? 3000 : 4000);
    assert.deepEqual([mutex.locked, mutex.waiting, rooms.writing, rooms.readers], [false, 0, false, 0]);
  });
}

test('Cond: threads that block for a notification take the mutex again, one after the other', async () => {
  const [mutex, cond, group] = [new Mutex(), new Cond(), new WaitGroup()];
  const shared = new SharedArrayBuffer(8);
  const cells = new Int32Array(shared);
  group.add(4);
  const threads = Array.from({ length: 4 }, () =>
    thread(
      `const [mutex, cond, group] = [Mutex.from(data.mutex), Cond.from(data.cond), WaitGroup.from(data.group)];
      const cells = new Int32Array(data.shared);
      let guard = mutex.lockSync();
      group.done();
      while (cells[0] === 0) guard = cond.waitSync(mutex, guard);
      if (!mutex.locked) throw new Error('it does not hold the mutex');
      cells[1]++;
      guard.release();
      try {
        cond.waitSync(mutex, guard);
      } catch (error) {
        if (error.code !== 'ERR_NOT_HELD') throw error;
      }
      try {
        cond.waitSync(mutex, mutex.lockSync(), { timeout: 1 });
      } catch (error) {
        if (error.code !== 'ERR_TIMEOUT') throw error;
      }`,
      { mutex: mutex.toHandle(), cond: cond.toHandle(), group: group.toHandle(), shared },
    ),
  );
  const exits = Promise.all(threads.map((worker) => once(worker, 'exit')));
  await group.wait();
  {
    using guard = await mutex.lock();
    assert.equal(cond.waiting, 4);
    assert.throws(() => cond.waitSync(mutex, guard), { code: 'ERR_UNSUPPORTED' });
    cells[0] = 1;
  }
  assert.equal(cond.notifyAll(), 4);
  assert.deepEqual((await exits).flat(), Array(4).fill(0));
  assert.deepEqual([cells[1], mutex.locked], [4, false]);
});
