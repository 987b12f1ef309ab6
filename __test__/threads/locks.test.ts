/** Locks and meeting points among worker threads, some of which die. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { Barrier, Channel, Cond, CountDownLatch, Mutex, Once, RWMutex, Semaphore, WaitGroup } from 'millrace';
import { packageUrl, until } from '../helpers.js';

/** Starts a thread that runs `text` with `millrace` and `data`. */
function thread(text: string, data: unknown): Worker {
  const source = `import * as millrace from ${JSON.stringify(packageUrl)};
    import { parentPort, workerData as data } from 'node:worker_threads';
    const { Barrier, Channel, Cond, CountDownLatch, Mutex, Once, RWMutex, Semaphore, WaitGroup } = millrace;
    ${text}`;
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), { workerData: data });
}

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

test('a once among threads that block: one runs it, and all get the result', async () => {
  const done = new Once<{ by: number }>();
  const runs = new SharedArrayBuffer(4);
  const threads = Array.from({ length: 4 }, (_, at) =>
    thread(
      `parentPort.postMessage(Once.from(data.done).doSync(() => {
        Atomics.add(new Int32Array(data.runs), 0, 1);
        return { by: ${at} };
      }).by);`,
      { done: done.toHandle(), runs },
    ),
  );
  const told = (await Promise.all(threads.map((worker) => once(worker, 'message')))).flat();
  assert.equal(new Set(told).size, 1);
  assert.equal(new Int32Array(runs)[0], 1);
  assert.deepEqual(await done.do(() => ({ by: 9 })), { by: told[0] });
});

test('a once whose thread dies at it is run by the one that blocks for it', async () => {
  const done = new Once<string>();
  const dying = thread(
    `Once.from(data).doSync(() => {
      parentPort.postMessage('runs');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`,
    done.toHandle(),
  );
  await once(dying, 'message');
  const next = once(
    thread(`parentPort.postMessage(Once.from(data).doSync(() => 'there'));`, done.toHandle()),
    'message',
  );
  await until(() => done.waiting === 1);
  await dying.terminate();
  assert.deepEqual(await next, ['there']);
});

test('a once that is waited for by one that blocks: a signal that aborts meanwhile ends the wait', async () => {
  const done = new Once<string>();
  const flag = new Int32Array(new SharedArrayBuffer(4));
  let finish = (_value: string): void => {};
  const running = done.do(() => new Promise<string>((resolve) => (finish = resolve)));
  // A thread that blocks takes no messages: its signal aborts by what another thread writes.
  const worker = thread(
    `const { signal } = new AbortController();
    Object.defineProperty(signal, 'aborted', { get: () => Atomics.load(data.flag, 0) === 1 });
    Object.defineProperty(signal, 'reason', { value: new Error('meanwhile') });
    let told;
    try { Once.from(data.done).doSync(() => 'a second run', { signal }); } catch (error) { told = error.message; }
    parentPort.postMessage(told);`,
    { done: done.toHandle(), flag },
  );
  const exit = once(worker, 'exit');
  const told = once(worker, 'message');
  await until(() => done.waiting === 1);
  Atomics.store(flag, 0, 1);
  assert.deepEqual(await told, ['meanwhile']);
  await exit;
  assert.equal(done.waiting, 0);
  finish('first');
  assert.equal(await running, 'first');
});

test('a once that is run while it blocks: what fails, ends early or cannot be meant leaves it to be done', async () => {
  const done = new Once<string>();
  const worker = thread(
    `const done = Once.from(data);
    const told = [];
    const tell = (fn, options) => {
      try { told.push(done.doSync(fn, options)); } catch (error) { told.push(error.code ?? error.message); }
    };
    tell(() => 1, { timeout: 1 });
    parentPort.postMessage(told.splice(0));
    parentPort.once('message', () => {
      tell(() => { throw new Error('no'); });
      tell(async () => 1);
      tell(() => ({ then: () => {} }));
      tell('fn');
      tell(() => 1, { timeOut: 1 });
      tell(() => 1, { signal: AbortSignal.abort(new Error('aborted before')) });
      tell(() => 'done');
      tell(() => 'again');
      done.close();
      parentPort.postMessage(told);
    });`,
    done.toHandle(),
  );
  let fail = (_error: Error): void => {};
  const failing = done.do(
    () =>
      new Promise((_, reject) => {
        fail = reject;
      }),
  );
  assert.deepEqual(await once(worker, 'message'), [['ERR_TIMEOUT']]);
  fail(new Error('here'));
  await assert.rejects(failing, /here/);
  worker.postMessage('go on');
  const invalid = 'ERR_INVALID_ARGUMENT';
  assert.deepEqual(await once(worker, 'message'), [
    ['no', invalid, invalid, invalid, invalid, 'aborted before', 'done', 'done'],
  ]);
  assert.throws(() => done.doSync(() => ''), { code: 'ERR_UNSUPPORTED' });
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
