/** Every form that blocks its thread: how a time-out, a signal, nonsense, success and closing end it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import {
  AtomicBool,
  AtomicF64,
  AtomicI32,
  AtomicI64,
  AtomicRef,
  Barrier,
  Broadcast,
  Channel,
  Cond,
  CountDownLatch,
  diagnostics,
  Mutex,
  Once,
  RingBuffer,
  RWMutex,
  Semaphore,
  type SharedHandle,
  SharedMap,
  SharedQueue,
  Singleflight,
  WaitGroup,
} from 'millrace';
import { deferred, thread, until } from '../helpers.js';

interface Shared {
  toHandle(): SharedHandle;
  close?(): void;
}

interface Form<S extends Shared> {
  make(): S;
  /** What makes one wait, from now on; it gives what lets one pass. */
  hold?(it: S): Promise<() => unknown>;
  /** The call in the other thread, on `it`, with `options`. */
  call: string;
  /** What lets one pass if nothing has to be held. */
  go?(it: S): unknown;
  /** What the call gives then, as the thread tells it; and what it comes to when `it` is closed. */
  passed?: unknown;
  closed?: unknown;
}

const form = <S extends Shared>(it: Form<S>) => it as unknown as Form<Shared>;
const locked = 'ERR_LOCK_CLOSED';
const atomic = <S extends Shared & { notify(): number }>(make: () => S, value: string) =>
  form<S>({
    make,
    call: `it.waitSync(${value}, options)`,
    go: (it) => assert.equal(it.notify(), 1),
    passed: 'ok',
    closed: 'ERR_MEMORY_CLOSED',
  });
/** A run in this thread that ends when it is told to. */
const run = async (begin: (fn: () => Promise<number>) => Promise<number>): Promise<() => unknown> => {
  const gate = deferred<number>();
  const running = begin(() => gate.promise);
  running.catch(() => undefined);
  return () => {
    gate.resolve(5);
    return running;
  };
};

const forms: Record<string, Form<Shared>> = {
  'Mutex.lockSync': form<Mutex>({
    make: () => new Mutex(),
    hold: async (it) =>
      (
        (guard) => () =>
          guard.release()
      )(await it.lock()),
    call: 'it.lockSync(options).release()',
    closed: locked,
  }),
  'RWMutex.readLockSync': form<RWMutex>({
    make: () => new RWMutex(),
    hold: async (it) =>
      (
        (guard) => () =>
          guard.release()
      )(await it.writeLock()),
    call: 'it.readLockSync(options).release()',
    closed: locked,
  }),
  'RWMutex.writeLockSync': form<RWMutex>({
    make: () => new RWMutex(),
    hold: async (it) =>
      (
        (guard) => () =>
          guard.release()
      )(await it.readLock()),
    call: 'it.writeLockSync(options).downgrade().release()',
    closed: locked,
  }),
  'Semaphore.acquireSync': form<Semaphore>({
    make: () => new Semaphore(3),
    hold: async (it) =>
      (
        (guard) => () =>
          guard.release()
      )(await it.acquire(2)),
    call: 'it.acquireSync(2, options).release()',
    closed: locked,
  }),
  'WaitGroup.waitSync': form<WaitGroup>({
    make: () => new WaitGroup(),
    hold: async (it) => {
      it.add(2);
      return () => it.add(-2);
    },
    call: 'it.waitSync(options)',
    closed: locked,
  }),
  'CountDownLatch.waitSync': form<CountDownLatch>({
    make: () => new CountDownLatch(2),
    go: (it) => it.countDown(2),
    call: 'it.waitSync(options)',
    closed: locked,
  }),
  'Barrier.arriveSync': form<Barrier>({
    make: () => new Barrier(2),
    // One who gives up has broken it.
    call: '(it.broken && it.reset(), it.arriveSync(options).leader)',
    go: (it) => it.arrive(),
    passed: false,
    closed: locked,
  }),
  'Cond.waitSync': form<Cond>({
    make: () => new Cond(),
    // Would wait for ever if a wait that failed had kept the mutex.
    call: `(() => {
      const guard = mutex.lockSync({ timeout: 10_000 });
      try { it.waitSync(mutex, guard, options).release(); }
      finally { if (guard.held) { guard.release(); if (options.wrong === undefined) throw new Error('it kept the mutex'); } }
    })()`,
    go: (it) => assert.ok(it.notifyOne()),
    closed: locked,
  }),
  'Once.doSync': form<Once<number>>({
    make: () => new Once<number>(),
    hold: (it) => run((fn) => it.do(fn)),
    call: "it.doSync(() => 'a second run', options)",
    passed: 5,
    closed: locked,
  }),
  'Singleflight.doSync': form<Singleflight<number>>({
    make: () => new Singleflight<number>(),
    hold: (it) => run((fn) => it.do('k', fn)),
    call: "it.doSync('k', () => 'a second run', options)",
    passed: 5,
  }),
  'SharedMap.getOrComputeSync': form<SharedMap<string, number>>({
    make: () => new SharedMap<string, number>(),
    hold: async (it) => {
      const end = await run((fn) => it.getOrCompute('k', fn));
      return end;
    },
    call: "it.getOrComputeSync('k', () => 'a second run', options)",
    passed: 5,
  }),
  'Channel.sendSync': form<Channel<number>>({
    make: () => new Channel<number>(),
    call: 'it.sendSync(1, options)',
    go: async (it) => assert.equal((await it.receive()).value, 1),
    closed: 'ERR_CHANNEL_CLOSED',
  }),
  'Channel.receiveSync': form<Channel<number>>({
    make: () => new Channel<number>(),
    call: 'it.receiveSync(options)',
    go: (it) => it.send(7),
    passed: { value: 7, done: false },
    closed: { value: undefined, done: true },
  }),
  selectSync: form<Channel<number>>({
    make: () => new Channel<number>(),
    call: 'selectSync({ it, other }, options)',
    go: (it) => it.send(7),
    passed: { case: 'it', value: 7, done: false },
    closed: { case: 'it', value: undefined, done: true },
  }),
  'Broadcast.sendSync': form<Broadcast<number> & { slow?: Channel<number> }>({
    make: () => {
      const broadcast: Broadcast<number> & { slow?: Channel<number> } = new Broadcast<number>();
      broadcast.slow = broadcast.subscribe('slow', 0, { onSlow: 'block' });
      return broadcast;
    },
    call: 'it.sendSync(1, options)',
    go: async (it) => assert.equal((await it.slow?.receive())?.value, 1),
    passed: 1,
    closed: 0,
  }),
  'SharedQueue.pushSync': form<SharedQueue<number>>({
    make: () => {
      const queue = new SharedQueue<number>({ capacity: 1 });
      queue.tryPush(0);
      return queue;
    },
    call: 'it.pushSync(1, options)',
    go: async (it) => assert.equal(await it.pop(), 0),
    closed: 'ERR_QUEUE_CLOSED',
  }),
  'SharedQueue.popSync': form<SharedQueue<number>>({
    make: () => new SharedQueue<number>(),
    call: 'it.popSync(options)',
    go: (it) => it.push(7),
    passed: 7,
    closed: 'ERR_QUEUE_CLOSED',
  }),
  'RingBuffer.writeSync': form<RingBuffer>({
    make: () => new RingBuffer(4),
    call: '(it.free === 0 || it.tryWrite(new Uint8Array(4)), it.writeSync(new Uint8Array(1), options))',
    go: (it) => assert.equal(it.tryRead(4).length, 4),
    closed: 'ERR_RING_CLOSED',
  }),
  'RingBuffer.readSync': form<RingBuffer>({
    make: () => new RingBuffer(4),
    call: 'it.readSync(2, options).length',
    go: (it) => it.write(new Uint8Array(2)),
    passed: 2,
    closed: 0,
  }),
  'AtomicI32.waitSync': atomic(() => new AtomicI32(-1), '-1'),
  'AtomicI64.waitSync': atomic(() => new AtomicI64(-1n), '-1n'),
  'AtomicI64.waitSync of a number': atomic(() => new AtomicI64(2 ** 40), '2 ** 40'),
  'AtomicF64.waitSync': atomic(() => new AtomicF64(NaN), 'NaN'),
  'AtomicBool.waitSync': atomic(() => new AtomicBool(true), 'true'),
  'AtomicRef.waitSync': atomic(() => new AtomicRef({ a: 'x' }), "{ a: 'x' }"),
};

/** One thread that makes all the calls, each with several options in turn, and tells what each came to. */
const caller = `
  const calls = { ${Object.entries(forms).map(([name, { call }]) => `'${name}': (it, options) => ${call}`)} };
  const kinds = { ${Object.keys(forms).map((name) => `'${name}': ${kindOf(name)}`)} };
  const [mutex, other] = [new Mutex(), new Channel()];
  // A thread that blocks takes no messages: its signal aborts by what another thread writes.
  const { signal } = new AbortController();
  let phase;
  Object.defineProperty(signal, 'aborted', { get: () => Atomics.load(phase, 1) === 1 });
  Object.defineProperty(signal, 'reason', { value: new Error('meanwhile') });
  const sets = {
    late: { timeout: 1 },
    before: { signal: AbortSignal.abort(new Error('before')) },
    wrong: { wrong: 1 },
    meanwhile: { timeout: 60_000, signal },
    none: {},
    patient: { timeout: 60_000 },
  };
  parentPort.on('message', ({ name, handle, words, options }) => {
    const it = kinds[name].from(handle);
    phase = words;
    const told = options.map((set) => {
      Atomics.add(phase, 0, 1);
      try { return calls[name](it, sets[set]); } catch (error) { return error.code ?? error.message; }
    });
    parentPort.postMessage(told);
  });`;

/** The class whose handle is opened. */
function kindOf(name: string): string {
  return name === 'selectSync' ? 'Channel' : (name.split('.')[0] as string);
}

describe('a form that blocks', () => {
  let worker: Worker;
  before(() => {
    worker = thread(caller, undefined);
  });
  after(() => worker.terminate());

  for (const [name, { make, hold, go, passed, closed }] of Object.entries(forms)) {
    const ofBroadcast = kindOf(name) === 'Broadcast';
    /** Begins the calls with each of these options in turn. */
    const start = (it: Shared, options: string[]) => {
      const words = new Int32Array(new SharedArrayBuffer(8));
      const handle = it.toHandle();
      const told = once(worker, 'message');
      worker.postMessage({ name, handle, words, options });
      // Who waits for a broadcast's subscriber waits for that one's channel.
      const waiting = () =>
        ofBroadcast || diagnostics().some(({ id, waiting }) => id === handle.id && waiting === 1);
      return {
        waits: (at: number) => until(() => Atomics.load(words, 0) === at && waiting()),
        abort: () => Atomics.store(words, 1, 1),
        told: async () => (await told)[0] as unknown[],
      };
    };

    test(`${name}: a time-out, signals, nonsense, and passing`, async () => {
      const it = make();
      const end = (await hold?.(it)) ?? (() => go?.(it));
      const { waits, abort, told } = start(it, ['late', 'before', 'wrong', 'meanwhile', 'none']);
      await waits(4);
      abort();
      await waits(5);
      await end();
      assert.deepEqual(await told(), ['ERR_TIMEOUT', 'before', 'ERR_INVALID_ARGUMENT', 'meanwhile', passed]);
    });

    if (closed !== undefined)
      test(`${name}: closing`, async () => {
        const it = make();
        const end = await hold?.(it);
        const { waits, told } = start(it, ['none', 'patient']);
        await waits(1);
        it.close?.();
        assert.deepEqual(await told(), [closed, ofBroadcast ? 'ERR_CHANNEL_CLOSED' : closed]);
        await end?.();
      });
  }
});
