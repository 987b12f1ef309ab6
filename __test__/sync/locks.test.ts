/** Locks and meeting points within one thread: their rules, one by one. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  Barrier,
  Cond,
  CountDownLatch,
  type Guard,
  Mutex,
  Once,
  RWMutex,
  Semaphore,
  WaitGroup,
} from 'millrace';
import { pending, turns } from '../helpers.js';

describe('Mutex', () => {
  test('has one holder, and is handed over in the order of asking', async () => {
    const mutex = new Mutex();
    const order: number[] = [];
    const first = await mutex.lock();
    const others = [1, 2, 3].map(async (n) => {
      using _guard = await mutex.lock();
      order.push(n);
    });
    assert.equal(mutex.tryLock(), undefined);
    assert.equal(mutex.waiting, 3);
    first.release();
    await Promise.all(others);
    assert.deepEqual(order, [1, 2, 3]);
    assert.equal(mutex.locked, false);
  });

  test('released twice, or not held, is an error', async () => {
    const mutex = new Mutex();
    const guard = await mutex.lock();
    guard.release();
    assert.throws(() => guard.release(), { code: 'ERR_NOT_HELD' });
    assert.equal(guard.held, false);
  });

  test('using and runExclusive give it back however the block ends', async () => {
    const mutex = new Mutex();
    await assert.rejects(
      mutex.runExclusive(() => {
        assert.ok(mutex.locked);
        throw new Error('inside');
      }),
      /inside/,
    );
    assert.equal(await mutex.runExclusive(async () => 5), 5);
    assert.equal(mutex.locked, false);
  });

  test('a time-out, a signal and a close end a wait, and the lock is not lost', async () => {
    const mutex = new Mutex();
    const guard = await mutex.lock();
    await assert.rejects(mutex.lock({ timeout: 5 }), { code: 'ERR_TIMEOUT' });
    const stop = new AbortController();
    const waiting = mutex.lock({ signal: stop.signal });
    const behind = mutex.lock();
    stop.abort(new Error('no more'));
    await assert.rejects(waiting, /no more/);
    guard.release();
    const next = await behind;
    const late = mutex.lock();
    mutex.close();
    await assert.rejects(late, { code: 'ERR_LOCK_CLOSED' });
    next.release();
    await assert.rejects(mutex.lock(), { code: 'ERR_LOCK_CLOSED' });
  });

  test('cancelled and handed over in the same instant, it is held by one', async () => {
    const mutex = new Mutex();
    for (let i = 0; i < 200; i++) {
      const holder = await mutex.lock();
      const stop = new AbortController();
      const waiting = mutex.lock({ signal: stop.signal }).then(
        (guard) => guard.release(),
        () => undefined,
      );
      const next = mutex.lock();
      if (i % 2) stop.abort();
      holder.release();
      if (!(i % 2)) stop.abort();
      await waiting;
      (await next).release();
    }
    assert.equal(mutex.locked, false);
  });
});

describe('RWMutex', () => {
  test('many read, one writes', async () => {
    const lock = new RWMutex();
    const [a, b] = [await lock.readLock(), await lock.readLock()];
    assert.equal(lock.readers, 2);
    const write = lock.writeLock();
    assert.ok(await pending(write));
    a.release();
    b.release();
    const writer = await write;
    assert.ok(lock.writing);
    assert.equal(lock.tryReadLock(), undefined);
    assert.equal(lock.tryWriteLock(), undefined);
    writer.release();
    lock.tryReadLock()?.release();
    assert.equal(lock.readers, 0);
  });

  test('writers do not starve: readers that come later wait behind them', async () => {
    const lock = new RWMutex();
    const order: string[] = [];
    const reader = await lock.readLock();
    const writing = lock.writeLock().then((guard) => {
      order.push('write');
      guard.release();
    });
    const reading = [1, 2].map(() =>
      lock.readLock().then((guard) => {
        order.push('read');
        guard.release();
      }),
    );
    assert.equal(lock.tryReadLock(), undefined);
    reader.release();
    await Promise.all([writing, ...reading]);
    assert.deepEqual(order, ['write', 'read', 'read']);
  });

  test('a writer becomes a reader without letting another writer in', async () => {
    const lock = new RWMutex();
    const writer = await lock.writeLock();
    const other = lock.writeLock();
    const reader = writer.downgrade();
    assert.deepEqual([lock.writing, lock.readers, writer.held], [false, 1, false]);
    assert.ok(await pending(other));
    reader.release();
    (await other).release();
  });
});

describe('Semaphore', () => {
  test('gives out no more than it has, first come, first served', async () => {
    const semaphore = new Semaphore(3);
    const two = await semaphore.acquire(2);
    const big = semaphore.acquire(3);
    const small = semaphore.acquire(1);
    assert.ok(await pending(small), 'a small request overtook a large one');
    assert.equal(semaphore.tryAcquire(), undefined);
    two.release();
    (await big).release();
    (await small).release();
    assert.deepEqual([semaphore.available, semaphore.permits, semaphore.waiting], [3, 3, 0]);
  });

  test('fair: false lets newcomers take what is free', async () => {
    const semaphore = new Semaphore(3, { fair: false });
    const two = await semaphore.acquire(2);
    const big = semaphore.acquire(3);
    const quick = semaphore.tryAcquire();
    assert.ok(quick);
    quick.release();
    two.release();
    (await big).release();
  });

  test('a large request that gives up lets the small ones behind it in', async () => {
    const semaphore = new Semaphore(3);
    const two = await semaphore.acquire(2);
    const stop = new AbortController();
    const big = semaphore.acquire(3, { signal: stop.signal });
    const small = semaphore.acquire(1);
    stop.abort();
    await assert.rejects(big, { name: 'AbortError' });
    (await small).release();
    two.release();
  });

  test('more than there are, and more than are held, are errors', async () => {
    const semaphore = new Semaphore(2);
    await assert.rejects(semaphore.acquire(3), { code: 'ERR_INVALID_ARGUMENT', message: /at most 2/ });
    await assert.rejects(semaphore.acquire(0), { code: 'ERR_INVALID_ARGUMENT' });
    assert.throws(() => semaphore.release(), { code: 'ERR_NOT_HELD' });
    assert.throws(() => new Semaphore(-1), { code: 'ERR_INVALID_ARGUMENT', message: /permits/ });
    assert.equal(await semaphore.run(() => semaphore.available, { count: 2 }), 0);
  });
});

describe('WaitGroup', () => {
  test('those who wait go on when the counter is zero', async () => {
    const group = new WaitGroup();
    await group.wait();
    group.add(2);
    const waiting = group.wait();
    group.done();
    assert.ok(await pending(waiting));
    group.done();
    await waiting;
    assert.equal(group.count, 0);
  });

  test('below zero is an error', () => {
    const group = new WaitGroup();
    assert.throws(() => group.done(), { code: 'ERR_NOT_HELD' });
    assert.throws(() => group.add(0.5), { code: 'ERR_INVALID_ARGUMENT' });
  });

  test('go counts a run, also one that throws', async () => {
    const group = new WaitGroup();
    const runs = [group.go(async () => 1), group.go(() => Promise.reject(new Error('x')))];
    assert.equal(group.count, 2);
    await Promise.allSettled(runs);
    await group.wait();
  });
});

test('CountDownLatch opens once, for good', async () => {
  const latch = new CountDownLatch(2);
  const waiting = latch.wait();
  assert.equal(latch.countDown(), 1);
  assert.ok(await pending(waiting));
  assert.equal(latch.countDown(5), 0);
  await waiting;
  await latch.wait();
  assert.equal(latch.count, 0);
});

describe('Barrier', () => {
  test('all go on when the last has come, one of them leads, and it begins anew', async () => {
    const barrier = new Barrier(3);
    for (let generation = 0; generation < 3; generation++) {
      const arrivals = await Promise.all([barrier.arrive(), barrier.arrive(), barrier.arrive()]);
      assert.deepEqual(
        arrivals.map(({ leader }) => leader),
        [false, false, true],
      );
    }
    assert.equal(barrier.parties, 3);
  });

  test('one who gives up breaks it for all, until it is reset', async () => {
    const barrier = new Barrier(3);
    const refused = assert.rejects(barrier.arrive(), { code: 'ERR_BARRIER_BROKEN' });
    await assert.rejects(barrier.arrive({ timeout: 5 }), { code: 'ERR_TIMEOUT' });
    await refused;
    await assert.rejects(barrier.arrive(), { code: 'ERR_BARRIER_BROKEN' });
    assert.ok(barrier.broken);
    barrier.reset();
    await Promise.all([barrier.arrive(), barrier.arrive(), barrier.arrive()]);
  });
});

test('Cond: nothing is missed between giving up the lock and waiting', async () => {
  const [mutex, cond] = [new Mutex(), new Cond()];
  const got: number[] = [];
  const queue: number[] = [];
  const consumer = async (): Promise<void> => {
    let guard: Guard = await mutex.lock();
    while (queue.length === 0) guard = await cond.wait(mutex, guard);
    got.push(queue.shift() as number);
    guard.release();
  };
  const consumers = [1, 2, 3].map(consumer);
  for (const n of [10, 20, 30]) {
    using _guard = await mutex.lock();
    queue.push(n);
    cond.notifyOne();
  }
  await Promise.all(consumers);
  assert.deepEqual(got, [10, 20, 30]);
  assert.equal(cond.notifyOne(), false);
  assert.equal(cond.notifyAll(), 0);
});

describe('Once', () => {
  test('runs once, and everybody gets the result', async () => {
    const once = new Once<{ n: number }>();
    let runs = 0;
    const results = await Promise.all(
      [1, 2, 3].map(() =>
        once.do(async () => {
          runs++;
          await new Promise((resolve) => setImmediate(resolve));
          return { n: 7 };
        }),
      ),
    );
    assert.deepEqual(results, [{ n: 7 }, { n: 7 }, { n: 7 }]);
    assert.equal(runs, 1);
    assert.ok(once.done);
    assert.deepEqual(await once.do(() => ({ n: 8 })), { n: 7 });
  });

  test('that throws is not done: the next one runs', async () => {
    const once = new Once<string>();
    const first = once.do(() => Promise.reject(new Error('first')));
    const second = once.do(() => 'second');
    await assert.rejects(first, /first/);
    assert.equal(await second, 'second');
  });
});

test('a name is one object; a kind, another kind of name', async () => {
  const [mutex, semaphore] = [new Mutex({ name: 'n' }), new Semaphore(2, { name: 'n' })];
  using _guard = await Mutex.open('n').lock();
  assert.ok(mutex.locked);
  assert.equal(semaphore.available, 2);
  assert.throws(() => new Semaphore(3, { name: 'n' }), { code: 'ERR_NAME_CONFLICT' });
  assert.throws(() => Mutex.from(semaphore.toHandle() as never), { code: 'ERR_INVALID_ARGUMENT' });
  assert.throws(() => mutex.lockSync(), { code: 'ERR_UNSUPPORTED' });
});

describe('locks that are not fair', () => {
  const ways = {
    Mutex: (fair: boolean) => {
      const mutex = new Mutex({ fair });
      return { all: mutex, lock: mutex.lock.bind(mutex), tryLock: mutex.tryLock.bind(mutex) };
    },
    RWMutex: (fair: boolean) => {
      const rooms = new RWMutex({ fair });
      return { all: rooms, lock: rooms.writeLock.bind(rooms), tryLock: rooms.tryWriteLock.bind(rooms) };
    },
  };
  for (const [name, make] of Object.entries(ways)) {
    test(`${name}: a newcomer may be before those who wait, and nobody is forgotten`, async () => {
      for (const fair of [true, false]) {
        const { all, lock, tryLock } = make(fair);
        const first = await lock();
        const order: string[] = [];
        const waiting = ['a', 'b'].map(async (who) => {
          const guard = await lock();
          order.push(who);
          guard.release();
        });
        first.release();
        const barged = tryLock();
        assert.equal(barged !== undefined, !fair);
        // In vain: it has come, and waits on at the head.
        if (barged !== undefined) await turns(3);
        if (!fair) assert.deepEqual([order, all.waiting], [[], 2]);
        barged?.release();
        await Promise.all(waiting);
        assert.deepEqual([order, all.waiting], [['a', 'b'], 0]);
      }
    });

    test(`${name}: one who is called may give up, or find it closed`, async () => {
      const { all, lock, tryLock } = make(false);
      const first = await lock();
      const stop = new AbortController();
      const gone = assert.rejects(lock({ signal: stop.signal }), /gone/);
      const next = lock();
      first.release();
      stop.abort(new Error('gone'));
      await gone;
      const guard = await next;
      const late = assert.rejects(lock({ timeout: 1 }), { code: 'ERR_TIMEOUT' });
      await late;
      const closed = assert.rejects(lock(), { code: 'ERR_LOCK_CLOSED' });
      guard.release();
      all.close();
      await closed;
      assert.equal(tryLock(), undefined);
    });
  }

  test('all who share one by name say the same, and say what can be meant', () => {
    const mutex = new Mutex({ name: 'unfair', fair: false });
    assert.ok(new Mutex({ name: 'unfair', fair: false }));
    assert.throws(() => new Mutex({ name: 'unfair' }), { code: 'ERR_NAME_CONFLICT' });
    const rooms = new RWMutex({ name: 'unfair', fair: false });
    assert.throws(() => new RWMutex({ name: 'unfair', fair: true }), { code: 'ERR_NAME_CONFLICT' });
    for (const fair of [null, 0, 'no', {}])
      assert.throws(() => new Mutex({ fair } as never), { code: 'ERR_INVALID_ARGUMENT' });
    assert.throws(() => new RWMutex({ unfair: true } as never), { code: 'ERR_INVALID_ARGUMENT' });
    assert.equal(Mutex.open('unfair').locked, false);
    mutex.close();
    rooms.close();
  });
});
