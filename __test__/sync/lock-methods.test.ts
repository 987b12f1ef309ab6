/** Methods of locks and meeting points beyond waiting, one by one. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  Barrier,
  Cond,
  CountDownLatch,
  Mutex,
  Once,
  RWMutex,
  Semaphore,
  Singleflight,
  WaitGroup,
} from 'millrace';
import { deferred, pending, turns } from '../helpers.js';

const invalid = (name: string): object => ({
  code: 'ERR_INVALID_ARGUMENT',
  message: new RegExp(`^${name}:`),
});

test('what is no function is refused, and nothing is held, counted or run for it', async () => {
  const [mutex, semaphore, group, once] = [new Mutex(), new Semaphore(1), new WaitGroup(), new Once()];
  const flights = new Singleflight<unknown>();
  for (const fn of [undefined, null, 5, 'fn', {}] as never[]) {
    await assert.rejects(mutex.runExclusive(fn), invalid('fn'));
    await assert.rejects(semaphore.run(fn), invalid('fn'));
    await assert.rejects(group.go(fn), invalid('fn'));
    await assert.rejects(once.do(fn), invalid('fn'));
    await assert.rejects(flights.do('k', fn), invalid('fn'));
  }
  assert.deepEqual([mutex.locked, semaphore.available, group.count, once.done], [false, 1, 0, false]);
  const running = deferred<number>();
  const leading = flights.do('k', () => running.promise);
  await assert.rejects(flights.do('k', 5 as never), invalid('fn'));
  running.resolve(1);
  assert.equal(await leading, 1);
});

describe('Mutex', () => {
  test('runExclusive: in the order of asking, one at a time, with the guard', async () => {
    const mutex = new Mutex();
    const order: string[] = [];
    await Promise.all(
      ['a', 'b'].map((who) =>
        mutex.runExclusive(async (guard) => {
          order.push(`${who} in ${guard.held} ${guard.poisoned}`);
          await turns(1);
          order.push(`${who} out`);
        }),
      ),
    );
    assert.deepEqual(order, ['a in true false', 'a out', 'b in true false', 'b out']);
    assert.equal(
      await mutex.runExclusive((guard) => guard.release() ?? 'gave it back itself'),
      'gave it back itself',
    );
    assert.equal(mutex.locked, false);
  });

  test('a guard is given back once, by release or by using', async () => {
    const mutex = new Mutex();
    const guard = await mutex.lock();
    guard.release();
    const next = await mutex.lock();
    guard[Symbol.dispose]();
    assert.deepEqual([guard.held, next.held, mutex.locked], [false, true, true]);
    next[Symbol.dispose]();
    assert.equal(mutex.locked, false);
  });
});

describe('RWMutex', () => {
  test('tryReadLock and tryWriteLock take what is free, and give it back', () => {
    const lock = new RWMutex();
    const readers = [lock.tryReadLock(), lock.tryReadLock()];
    assert.equal(lock.readers, 2);
    assert.equal(lock.tryWriteLock(), undefined);
    for (const reader of readers) reader?.release();
    const writer = lock.tryWriteLock();
    assert.deepEqual([lock.writing, lock.readers, lock.tryReadLock()], [true, 0, undefined]);
    writer?.release();
    assert.equal(lock.writing, false);
    lock.close();
    assert.deepEqual([lock.tryReadLock(), lock.tryWriteLock()], [undefined, undefined]);
  });

  test('a write lock that was made a read lock lets readers in, and is given back once', async () => {
    const lock = new RWMutex();
    const writer = await lock.writeLock();
    const reader = writer.downgrade();
    using other = await lock.readLock();
    assert.deepEqual([lock.readers, other.held], [2, true]);
    assert.throws(() => writer.release(), { code: 'ERR_NOT_HELD' });
    reader.release();
    assert.equal(lock.readers, 1);
    assert.throws(() => reader.release(), { code: 'ERR_NOT_HELD' });
  });
});

describe('Semaphore', () => {
  test('count: of acquire, tryAcquire, run and release', async () => {
    const semaphore = new Semaphore(5);
    const three = semaphore.tryAcquire(3);
    assert.deepEqual([semaphore.available, semaphore.tryAcquire(3)], [2, undefined]);
    const two = await semaphore.acquire(2);
    assert.equal(semaphore.available, 0);
    three?.release();
    two.release();
    await semaphore.acquire(4);
    semaphore.release(3);
    assert.equal(semaphore.available, 4);
    assert.throws(() => semaphore.release(2), { code: 'ERR_NOT_HELD' });
    semaphore.release();
    assert.equal(semaphore.available, 5);
    await semaphore.run(() => assert.equal(semaphore.available, 2), { count: 3 });
    await semaphore.run(() => assert.equal(semaphore.available, 4));
    await assert.rejects(
      semaphore.run(() => Promise.reject(new Error('inside')), { count: 5 }),
      /inside/,
    );
    assert.equal(semaphore.available, 5);
  });

  test('a count that cannot be meant is refused', async () => {
    const semaphore = new Semaphore(2);
    for (const count of [0, -1, 1.5, NaN, Infinity, '1', null, 1n] as never[]) {
      await assert.rejects(semaphore.acquire(count), invalid('count'));
      await assert.rejects(
        semaphore.run(() => 1, { count }),
        invalid('count'),
      );
      assert.throws(() => semaphore.tryAcquire(count), invalid('count'));
      assert.throws(() => semaphore.release(count), invalid('count'));
      assert.throws(() => semaphore.acquireSync(count), invalid('count'));
    }
    for (const permits of [-1, 1.5, NaN, Infinity, '1', null, undefined, 2 ** 32])
      assert.throws(() => new Semaphore(permits as number), {
        code: 'ERR_INVALID_ARGUMENT',
        message: /permits/,
      });
    for (const fair of [null, 0, 'no'])
      assert.throws(() => new Semaphore(1, { fair } as never), {
        code: 'ERR_INVALID_ARGUMENT',
        message: /fair/,
      });
    assert.throws(() => new Semaphore(1, { permits: 1 } as never), invalid('permits'));
  });

  test('without permits nobody passes; fair and unfair by one name are a conflict', async () => {
    const none = new Semaphore(0, { name: 'none of them' });
    assert.equal(none.tryAcquire(), undefined);
    await assert.rejects(none.acquire(), { code: 'ERR_INVALID_ARGUMENT', message: /at most 0/ });
    assert.throws(() => new Semaphore(0, { name: 'none of them', fair: false }), {
      code: 'ERR_NAME_CONFLICT',
    });
    none.close();
  });

  test('fair: first come, first served, also for tryAcquire', async () => {
    const semaphore = new Semaphore(3);
    using _two = await semaphore.acquire(2);
    const big = semaphore.acquire(3);
    assert.equal(semaphore.tryAcquire(), undefined);
    _two.release();
    (await big).release();
  });
});

describe('WaitGroup', () => {
  test('add takes any whole number that leaves the counter at zero or more', async () => {
    const group = new WaitGroup();
    group.add(5);
    group.add(0);
    group.add(-3);
    assert.equal(group.count, 2);
    assert.throws(() => group.add(-3), { code: 'ERR_NOT_HELD' });
    for (const delta of [NaN, Infinity, '1', null, undefined, 2 ** 53])
      assert.throws(() => group.add(delta as number), invalid('delta'));
    const all = Promise.all([group.wait(), group.wait()]);
    assert.equal(group.waiting, 2);
    group.add(-2);
    await all;
    group.add(1);
    assert.ok(await pending(group.wait()), 'it can be used again');
    group.done();
  });

  test('go gives what the function gives, and counts it as done when it has ended', async () => {
    const group = new WaitGroup();
    const gate = deferred<string>();
    const run = group.go(() => gate.promise);
    const waiting = group.wait();
    assert.ok(await pending(waiting));
    gate.resolve('result');
    assert.equal(await run, 'result');
    await waiting;
    const thrown = group.go(() => {
      throw new RangeError('at once');
    });
    await assert.rejects(thrown, /at once/);
    assert.equal(group.count, 0);
  });
});

test('CountDownLatch: counts by as much as is said, and by nothing else', () => {
  const latch = new CountDownLatch(10);
  assert.deepEqual([latch.countDown(), latch.countDown(4), latch.count], [9, 5, 5]);
  for (const count of [0, -1, 1.5, NaN, Infinity, '1', null])
    assert.throws(() => latch.countDown(count as number), invalid('count'));
  assert.equal(latch.count, 5);
  for (const count of [-1, 0.5, '1', null, undefined])
    assert.throws(() => new CountDownLatch(count as number), {
      code: 'ERR_INVALID_ARGUMENT',
      message: /count/,
    });
  assert.equal(new CountDownLatch(0).count, 0);
  const named = new CountDownLatch(2, { name: 'two to go' });
  assert.throws(() => new CountDownLatch(3, { name: 'two to go' }), { code: 'ERR_NAME_CONFLICT' });
  named.close();
});

describe('Barrier', () => {
  test('reset tells those who wait, and begins anew', async () => {
    const barrier = new Barrier(3);
    const first = assert.rejects(barrier.arrive(), { code: 'ERR_BARRIER_BROKEN' });
    const second = assert.rejects(barrier.arrive(), { code: 'ERR_BARRIER_BROKEN' });
    assert.equal(barrier.waiting, 2);
    barrier.reset();
    await Promise.all([first, second]);
    assert.deepEqual([barrier.broken, barrier.waiting], [false, 0]);
    const meeting = Promise.all([barrier.arrive(), barrier.arrive()]);
    assert.ok(await pending(meeting));
    assert.deepEqual(await barrier.arrive(), { leader: true });
    await meeting;
  });

  test('a signal breaks it for the others', async () => {
    const barrier = new Barrier(3);
    const stop = new AbortController();
    const other = assert.rejects(barrier.arrive(), { code: 'ERR_BARRIER_BROKEN' });
    const mine = barrier.arrive({ signal: stop.signal });
    stop.abort(new Error('I must go'));
    await assert.rejects(mine, /I must go/);
    await other;
    assert.ok(barrier.broken);
  });

  test('parties that cannot be meant are refused', async () => {
    for (const parties of [0, -1, 1.5, NaN, '2', null, undefined])
      assert.throws(() => new Barrier(parties as number), {
        code: 'ERR_INVALID_ARGUMENT',
        message: /parties/,
      });
    assert.deepEqual(await new Barrier(1).arrive(), { leader: true });
    const named = new Barrier(2, { name: 'two meet' });
    assert.throws(() => new Barrier(3, { name: 'two meet' }), { code: 'ERR_NAME_CONFLICT' });
    named.close();
  });
});

describe('Cond', () => {
  test('notifyOne calls the one who has waited longest, notifyAll the rest', async () => {
    const [mutex, cond] = [new Mutex(), new Cond()];
    const order: number[] = [];
    const waits = [0, 1, 2, 3].map(async (n) => {
      using _again = await cond.wait(mutex, await mutex.lock());
      order.push(n);
    });
    await turns(2);
    assert.deepEqual([cond.waiting, cond.notifyOne()], [4, true]);
    await waits[0];
    assert.deepEqual([order, cond.waiting, cond.notifyAll()], [[0], 3, 3]);
    await Promise.all(waits);
    assert.deepEqual([order, mutex.locked], [[0, 1, 2, 3], false]);
  });

  test('whoever waits holds the mutex again afterwards, and not when the wait fails, however it does', async () => {
    const [mutex, cond] = [new Mutex(), new Cond()];
    const waiting = cond.wait(mutex, await mutex.lock());
    assert.equal(mutex.locked, false);
    cond.notifyOne();
    const guard = await waiting;
    assert.ok(guard.held && mutex.locked);
    await assert.rejects(cond.wait(mutex, guard, { timeout: 1 }), { code: 'ERR_TIMEOUT' });
    assert.deepEqual([guard.held, mutex.locked], [false, false]);
    const before = AbortSignal.abort(new Error('before'));
    const another = await mutex.lock();
    await assert.rejects(cond.wait(mutex, another, { signal: before }), /before/);
    assert.deepEqual([another.held, mutex.locked], [false, false]);
    cond.close();
    const last = await mutex.lock();
    await assert.rejects(cond.wait(mutex, last), { code: 'ERR_LOCK_CLOSED' });
    assert.deepEqual([last.held, mutex.locked], [false, false]);
  });

  test('a guard that has given back, and what is no guard or mutex, is refused', async () => {
    const [mutex, cond] = [new Mutex(), new Cond()];
    const guard = await mutex.lock();
    for (const bad of [undefined, null, 5, {}] as never[]) {
      await assert.rejects(cond.wait(bad, guard), invalid('mutex'));
      await assert.rejects(cond.wait(mutex, bad), invalid('guard'));
      assert.throws(() => cond.waitSync(bad, guard), invalid('mutex'));
      assert.throws(() => cond.waitSync(mutex, bad), invalid('guard'));
    }
    assert.ok(guard.held);
    guard.release();
    await assert.rejects(cond.wait(mutex, guard), { code: 'ERR_NOT_HELD' });
    assert.throws(() => cond.waitSync(mutex, guard), { code: 'ERR_NOT_HELD' });
    assert.equal(cond.waiting, 0);
  });
});

describe('Once', () => {
  test('gives whoever ran it the value itself, and the others clones', async () => {
    const once = new Once<{ n: number }>();
    const value = { n: 1 };
    assert.equal(await once.do(() => value), value);
    const clone = await once.do(() => ({ n: 2 }));
    assert.deepEqual(clone, value);
    assert.notEqual(clone, value);
  });

  test('a result that not every thread can get leaves it to be done', async () => {
    const once = new Once<unknown>();
    await assert.rejects(
      once.do(() => new SharedArrayBuffer(4)),
      { code: 'ERR_UNSUPPORTED' },
    );
    await assert.rejects(
      once.do(() => () => 1),
      { name: 'DataCloneError' },
    );
    assert.equal(once.done, false);
    assert.equal(await once.do(() => 'at last'), 'at last');
  });
});

test('Singleflight is the same by name and by handle, for as long as a run is on its way', async () => {
  const flights = new Singleflight<string>({ name: 'shared flights' });
  const gate = deferred<string>();
  const leading = flights.do('k', () => gate.promise);
  const others = [
    new Singleflight<string>({ name: 'shared flights' }),
    Singleflight.open<string>('shared flights'),
    Singleflight.from<string>(structuredClone(flights.toHandle())),
  ].map((same) => same.do('k', () => 'a second run'));
  gate.resolve('the one run');
  assert.deepEqual(await Promise.all([leading, ...others]), Array(4).fill('the one run'));
  assert.throws(() => Singleflight.open('no such flights'), { code: 'ERR_NOT_FOUND' });
  assert.throws(() => new Singleflight({ nam: 'x' } as never), invalid('nam'));
});
