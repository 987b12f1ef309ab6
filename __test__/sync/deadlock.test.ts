/** The debug mode of locks: holders by name and place, and waits that would never end. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { Cond, type DeadlockError, debugLocks, Mutex, RWMutex, Semaphore } from 'millrace';
import { child, deferred, packageUrl, until } from '../helpers.js';

const turn = () => new Promise((resolve) => setImmediate(resolve));
const isDeadlock = (error: unknown) => (error as DeadlockError).code === 'ERR_DEADLOCK';

test('holders are named with the debug mode and without', async () => {
  const [mutex, lock, permits] = [new Mutex(), new RWMutex(), new Semaphore(5)];
  assert.equal(mutex.holder(), undefined);
  using _mutex = await mutex.lock();
  assert.deepEqual(mutex.holder(), { thread: 0, count: 1, exclusive: true, taken: [] });
  using _reader = await lock.readLock();
  using _other = await lock.readLock();
  assert.deepEqual(lock.holders(), [{ thread: 0, count: 2, exclusive: false, taken: [] }]);
  using _permits = await permits.acquire(3);
  assert.deepEqual(permits.holders(), [{ thread: 0, count: 3, exclusive: false, taken: [] }]);
});

test('what cannot be meant is refused', () => {
  assert.throws(() => debugLocks('yes' as unknown as boolean), { code: 'ERR_INVALID_ARGUMENT' });
});

test('MILLRACE_DEBUG=locks turns it on from the start', async () => {
  const { code, stderr } = await child(
    `const mutex = new millrace.Mutex();
    await mutex.lock();
    await mutex.lock().then(() => process.exit(1), (error) => process.exit(error.code === 'ERR_DEADLOCK' ? 7 : 2));`,
    { env: { MILLRACE_DEBUG: 'locks' } },
  );
  assert.deepEqual([code, stderr], [7, '']);
});

describe('while locks are watched', () => {
  before(() => debugLocks());
  after(() => debugLocks(false));

  test('a holder is named with the place where it took the lock', async () => {
    const mutex = new Mutex();
    using _guard = await mutex.lock();
    const [place] = mutex.holder()?.taken ?? [];
    assert.match(place ?? '', /deadlock\.test\.js:\d+/);
    const semaphore = new Semaphore(3);
    await semaphore.acquire(2);
    assert.equal(semaphore.holders()[0]?.taken.length, 1);
    semaphore.release(2);
    assert.deepEqual(semaphore.holders(), []);
  });

  test('two that take two locks in opposite order: the one that would wait for ever is told', async () => {
    const [ledger, audit] = [new Mutex({ name: 'ledger' }), new Mutex({ name: 'audit' })];
    const both = async (first: Mutex, second: Mutex) => {
      using _first = await first.lock();
      await turn();
      using _second = await second.lock();
    };
    const ends = await Promise.allSettled([both(ledger, audit), both(audit, ledger)]);
    assert.deepEqual(
      ends.map((end) => end.status),
      ['fulfilled', 'rejected'],
    );
    const error = (ends[1] as PromiseRejectedResult).reason as DeadlockError;
    assert.deepEqual(
      error.cycle.map(({ thread, lock, holder }) => [thread, lock, holder]),
      [
        [0, "mutex 'ledger'", 0],
        [0, "mutex 'audit'", 0],
      ],
    );
    assert.match(
      error.message,
      /thread 0 at .*deadlock\.test\.js:\d+.* waits for mutex 'ledger', which thread 0 holds since/,
    );
    assert.deepEqual([ledger.locked, audit.locked], [false, false]);
  });

  test('one that waits for what it holds itself', async () => {
    const mutex = new Mutex();
    using _guard = await mutex.lock();
    await assert.rejects(mutex.lock(), isDeadlock);
    await assert.rejects(
      mutex.runExclusive(() => 1),
      isDeadlock,
    );
    const lock = new RWMutex();
    using _reader = await lock.readLock();
    using _again = await lock.readLock();
    await assert.rejects(lock.writeLock(), isDeadlock);
  });

  test('another flow that waits is no deadlock', async () => {
    const mutex = new Mutex();
    const release = deferred<void>();
    const holds = mutex.runExclusive(() => release.promise);
    await turn();
    const waits = mutex.runExclusive(() => 'then');
    await turn();
    release.resolve();
    assert.deepEqual(await Promise.all([holds, waits]), [undefined, 'then']);
  });

  test('a mutex taken again after a condition belongs to the flow that waited', {
    timeout: 20_000,
  }, async () => {
    const [mutex, other, cond] = [new Mutex(), new Mutex(), new Cond()];
    const waits = (async () => {
      using _again = await cond.wait(mutex, await mutex.lock());
      using _other = await other.lock();
    })();
    await until(() => cond.waiting === 1);
    const notifies = (async () => {
      using _other = await other.lock();
      cond.notifyOne();
      await until(() => other.waiting === 1);
      using _mutex = await mutex.lock();
    })();
    const ends = await Promise.allSettled([waits, notifies]);
    assert.deepEqual(
      ends.map((end) => end.status === 'rejected' && isDeadlock(end.reason)),
      [false, true],
    );
  });

  test('a hundred flows that take the same locks in the same order', async () => {
    const locks = [new Mutex(), new Semaphore(2), new RWMutex()] as const;
    let passed = 0;
    const flow = async (at: number) => {
      using _mutex = await locks[0].lock();
      await turn();
      using _permit = await locks[1].acquire();
      using _lock = await (at % 2 === 0 ? locks[2].readLock() : locks[2].writeLock());
      passed++;
    };
    await Promise.all(Array.from({ length: 100 }, (_, at) => flow(at)));
    assert.equal(passed, 100);
  });

  test('permits are missing for ever only if too few can come free', async () => {
    const [semaphore, mutex] = [new Semaphore(3), new Mutex()];
    const go = deferred<void>();
    const holder = (async () => {
      using _permits = await semaphore.acquire(2);
      await go.promise;
      using _mutex = await mutex.lock();
    })();
    const other = (async () => {
      using _mutex = await mutex.lock();
      go.resolve();
      await turn();
      {
        using _one = await semaphore.acquire(1);
      }
      await assert.rejects(semaphore.acquire(2), isDeadlock);
    })();
    await Promise.all([holder, other]);
  });

  test('a wait with a time-out ends by itself, and a wait that was refused leaves nothing behind', async () => {
    const mutex = new Mutex();
    const guard = await mutex.lock();
    await assert.rejects(mutex.lock({ timeout: 1 }), { code: 'ERR_TIMEOUT' });
    await assert.rejects(mutex.lock(), isDeadlock);
    guard.release();
    (await mutex.lock()).release();
    assert.equal(mutex.tryLock()?.poisoned, false);
  });

  test('a write lock that becomes a read lock is held as that', async () => {
    const lock = new RWMutex();
    const writer = await lock.writeLock();
    using _reader = writer.downgrade();
    assert.deepEqual(
      lock.holders().map(({ exclusive, taken }) => [exclusive, taken.length]),
      [[false, 1]],
    );
  });

  for (const [form, wait] of [
    ['waiting', 'await second.lock()'],
    ['blocking', 'second.lockSync()'],
  ] as const) {
    test(`two threads that take two locks in opposite order (${form})`, async () => {
      const locks = [new Mutex(), new Mutex()] as const;
      const start = new SharedArrayBuffer(4);
      const thread = (first: Mutex, second: Mutex) => {
        const source = `import { Mutex } from ${JSON.stringify(packageUrl)};
          import { parentPort, workerData } from 'node:worker_threads';
          const [first, second] = workerData.locks.map((handle) => Mutex.from(handle));
          const meet = new Int32Array(workerData.start);
          const guard = await first.lock();
          Atomics.add(meet, 0, 1);
          while (Atomics.load(meet, 0) < 2) await new Promise((resolve) => setImmediate(resolve));
          try {
            (${wait}).release();
            parentPort.postMessage('passed');
          } catch (error) {
            parentPort.postMessage([error.code, error.cycle.length]);
          }
          guard.release();`;
        return new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), {
          workerData: { locks: [first.toHandle(), second.toHandle()], start },
        });
      };
      const threads = [thread(locks[0], locks[1]), thread(locks[1], locks[0])];
      const told = threads.map(async (worker) => (await once(worker, 'message'))[0] as unknown);
      const exits = threads.map((worker) => once(worker, 'exit'));
      const answers = await Promise.all(told);
      assert.deepEqual(answers.map(String).sort(), ['ERR_DEADLOCK,2', 'passed']);
      await Promise.all(exits);
    });
  }

  test('what a dead thread held is no part of a deadlock', async () => {
    const mutex = new Mutex();
    const source = `import { Mutex } from ${JSON.stringify(packageUrl)};
      import { parentPort, workerData } from 'node:worker_threads';
      globalThis.guard = await Mutex.from(workerData).lock();
      parentPort.postMessage('held');
      setInterval(() => {}, 1000);`;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), {
      workerData: mutex.toHandle(),
    });
    await once(worker, 'message');
    assert.deepEqual(mutex.holder()?.thread, worker.threadId);
    const next = mutex.lock();
    await worker.terminate();
    const guard = await next;
    assert.ok(guard.poisoned);
    guard.release();
    assert.deepEqual(mutex.holder(), undefined);
  });
});
