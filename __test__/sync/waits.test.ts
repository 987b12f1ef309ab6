/** What every lock and meeting point has: waits that can be ended, names, handles, closing. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  Barrier,
  Cond,
  Context,
  CountDownLatch,
  Guard,
  Mutex,
  Once,
  RWMutex,
  Semaphore,
  type SharedHandle,
  type SharedOptions,
  WaitGroup,
  type WaitOptions,
} from 'millrace';
import { deferred, pending, until } from '../helpers.js';

/** Whatever they have in common. */
interface Lock {
  readonly name: string | undefined;
  readonly waiting: number;
  readonly closed: boolean;
  close(): void;
  [Symbol.dispose](): void;
  toHandle(): SharedHandle;
}

/** A way to wait for one kind. */
interface Way<L extends Lock> {
  kind: { open(name: string): L; from(handle: never): L };
  make(options?: SharedOptions): L;
  /** From now on one has to wait; what it gives ends that. */
  hold(lock: L): Promise<() => unknown>;
  wait(lock: L, options?: WaitOptions): Promise<unknown>;
  /** One who gives up has broken it: this mends it. */
  mend?(lock: L): void;
}

const way = <L extends Lock>(it: Way<L>) => it as unknown as Way<Lock>;
/** What gives up what was taken. */
const held = async (taken: Promise<{ release(): unknown }>): Promise<() => unknown> => {
  const guard = await taken;
  return () => guard.release();
};
const mutexOf = new WeakMap<Lock, Mutex>();

const ways: Record<string, Way<Lock>> = {
  'Mutex.lock': way<Mutex>({
    kind: Mutex,
    make: (options) => new Mutex(options),
    hold: (it) => held(it.lock()),
    wait: (it, options) => it.lock(options),
  }),
  'Mutex.runExclusive': way<Mutex>({
    kind: Mutex,
    make: (options) => new Mutex(options),
    hold: (it) => held(it.lock()),
    wait: (it, options) => it.runExclusive((guard) => assert.ok(guard.held), options),
  }),
  'RWMutex.readLock': way<RWMutex>({
    kind: RWMutex,
    make: (options) => new RWMutex(options),
    hold: (it) => held(it.writeLock()),
    wait: (it, options) => it.readLock(options),
  }),
  'RWMutex.writeLock': way<RWMutex>({
    kind: RWMutex,
    make: (options) => new RWMutex(options),
    hold: (it) => held(it.readLock()),
    wait: (it, options) => it.writeLock(options),
  }),
  'Semaphore.acquire': way<Semaphore>({
    kind: Semaphore,
    make: (options) => new Semaphore(2, options),
    hold: (it) => held(it.acquire()),
    wait: (it, options) => it.acquire(2, options),
  }),
  'Semaphore.run': way<Semaphore>({
    kind: Semaphore,
    make: (options) => new Semaphore(2, options),
    hold: (it) => held(it.acquire()),
    wait: (it, options) => it.run(() => assert.equal(it.available, 0), { ...options, count: 2 }),
  }),
  'WaitGroup.wait': way<WaitGroup>({
    kind: WaitGroup,
    make: (options) => new WaitGroup(options),
    hold: async (it) => {
      it.add(1);
      return () => it.done();
    },
    wait: (it, options) => it.wait(options),
  }),
  'CountDownLatch.wait': way<CountDownLatch>({
    kind: CountDownLatch,
    make: (options) => new CountDownLatch(1, options),
    hold: async (it) => () => it.countDown(),
    wait: (it, options) => it.wait(options),
  }),
  'Barrier.arrive': way<Barrier>({
    kind: Barrier,
    make: (options) => new Barrier(2, options),
    hold: async (it) => () => it.arrive(),
    wait: (it, options) => it.arrive(options),
    mend: (it) => it.reset(),
  }),
  'Cond.wait': way<Cond>({
    kind: Cond,
    make: (options) => new Cond(options),
    hold: async (it) => () => assert.equal(it.notifyAll(), 1),
    wait: async (it, options) => {
      const mutex = mutexOf.get(it) ?? new Mutex();
      mutexOf.set(it, mutex);
      // Waits for ever if the one before has kept it.
      const guard = await mutex.lock({ timeout: 10_000 });
      return it.wait(mutex, guard, options).catch((error: unknown) => {
        if ((error as { code?: string }).code === 'ERR_INVALID_ARGUMENT') guard.release();
        throw error;
      });
    },
  }),
  'Once.do': way<Once>({
    kind: Once,
    make: (options) => new Once(options),
    hold: async (it) => {
      const result = deferred<number>();
      const running = it.do(() => result.promise);
      // It may be closed meanwhile, which is no matter of the one who runs.
      running.catch(() => undefined);
      return () => result.resolve(1);
    },
    wait: (it, options) => it.do(() => 2, options),
  }),
};

for (const [name, { kind, make, hold, wait, mend }] of Object.entries(ways)) {
  describe(`${name}`, () => {
    /** Ends a wait, and gives back what it got. */
    const pass = async (waiting: Promise<unknown>, end: () => unknown) => {
      await end();
      const got = await waiting;
      if (got instanceof Guard) got.release();
    };

    test('is ended by a time-out, a signal and a context; who comes next passes', async () => {
      const lock = make();
      const end = await hold(lock);
      await assert.rejects(wait(lock, { timeout: 5 }), { name: 'WaitTimeoutError', timeout: 5 });
      mend?.(lock);
      const stop = new AbortController();
      const aborted = wait(lock, { signal: stop.signal });
      await until(() => lock.waiting === 1);
      stop.abort(new RangeError('enough'));
      await assert.rejects(aborted, /enough/);
      assert.equal(lock.waiting, 0);
      mend?.(lock);
      await assert.rejects(wait(lock, { signal: stop.signal }), /enough/);
      const [context, cancel] = Context.background().withCancel();
      const cancelled = wait(lock, { signal: context, timeout: 60_000 });
      await until(() => lock.waiting === 1);
      cancel();
      await assert.rejects(cancelled, { code: 'ERR_CONTEXT_CANCELED' });
      mend?.(lock);
      const last = wait(lock, { signal: new AbortController().signal, timeout: 60_000 });
      await until(() => lock.waiting === 1);
      assert.ok(await pending(last));
      await pass(last, end);
      assert.equal(lock.waiting, 0);
    });

    test('takes no nonsense', async () => {
      const lock = make();
      for (const [options, what] of [
        [{ timeout: -1 }, 'timeout'],
        [{ timeout: NaN }, 'timeout'],
        [{ timeout: '5' }, 'timeout'],
        [{ signal: {} }, 'signal'],
        [{ timeOut: 5 }, 'timeOut'],
      ] as const)
        await assert.rejects(wait(lock, options as WaitOptions), {
          code: 'ERR_INVALID_ARGUMENT',
          message: new RegExp(`^${what}:`),
        });
      assert.equal(lock.waiting, 0);
    });

    test('is refused once it is closed, and so are those who wait', async () => {
      const lock = make();
      const end = await hold(lock);
      const waiting = wait(lock);
      await until(() => lock.waiting === 1);
      assert.equal(lock.closed, false);
      lock.close();
      lock.close();
      const refused = { code: 'ERR_LOCK_CLOSED' };
      await assert.rejects(waiting, refused);
      await assert.rejects(wait(lock), refused);
      await assert.rejects(wait(lock, { timeout: 1000 }), refused);
      assert.deepEqual([lock.closed, lock.waiting], [true, 0]);
      if (name !== 'Barrier.arrive' && name !== 'Cond.wait') await end();
      let kept: Lock;
      {
        using other = make();
        kept = other;
      }
      assert.ok(kept.closed);
    });

    test('is the same by name and by handle', async () => {
      const lock = make({ name: `waits of ${name}` });
      const end = await hold(lock);
      const same = [make({ name: `waits of ${name}` }), kind.open(`waits of ${name}`)];
      same.push(kind.from(structuredClone(lock.toHandle()) as never));
      assert.equal(same[1]?.name, `waits of ${name}`);
      for (const other of same) {
        await assert.rejects(wait(other, { timeout: 1 }), { code: 'ERR_TIMEOUT' });
        mend?.(other);
      }
      const waiting = wait(same[1] as Lock);
      await until(() => lock.waiting === 1);
      await pass(waiting, end);
      assert.throws(() => kind.open('nobody has this name'), { code: 'ERR_NOT_FOUND' });
      for (const handle of [null, 5, {}, { millrace: 'channel', id: 1 }, { millrace: 'mutex', id: '1' }])
        assert.throws(() => kind.from(handle as never), { code: 'ERR_INVALID_ARGUMENT' });
      for (const options of [{ nam: 'x' }, { name: '' }, { name: 5 }, null])
        assert.throws(() => make(options as SharedOptions), { code: 'ERR_INVALID_ARGUMENT' });
      lock.close();
    });
  });
}
