/** What is alive, and what has come since. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { threadId, Worker } from 'node:worker_threads';
import {
  AtomicI32,
  Barrier,
  Broadcast,
  Channel,
  Cond,
  CountDownLatch,
  diagnostics,
  go,
  type LivingObject,
  leaks,
  Mutex,
  Once,
  RingBuffer,
  RWMutex,
  Semaphore,
  SharedMap,
  SharedMemory,
  SharedQueue,
  Singleflight,
  select,
  sending,
  sleep,
  Ticker,
  WaitGroup,
} from 'millrace';
import { deferred, packageUrl, until } from '../helpers.js';

/** What matters of each. */
const short = (all: LivingObject[]) =>
  all.map(({ kind, name, waiting, held }) => [kind, name, waiting, held]);
const goroutines = () => diagnostics().filter(({ kind }) => kind === 'goroutine');

describe('diagnostics', () => {
  test('lists goroutines until they have ended, with name, thread and age', async () => {
    const stop = new AbortController();
    const before = goroutines().length;
    const local = go.local(function listens() {
      return new Promise(() => undefined);
    }, stop);
    const pooled = go(async function computes(ms: number) {
      await new Promise((resolve) => setTimeout(resolve, ms));
    }, 20);
    const nameless = go.local(
      (
        () => () =>
          new Promise(() => undefined)
      )(),
      stop,
    );
    const greek = { αβγ: () => new Promise(() => undefined) };
    const wide = go.local(greek.αβγ, stop);
    const [first, second, third, fourth] = goroutines().slice(before);
    assert.ok(first !== undefined && first.age >= 0 && first.age < 60_000);
    assert.deepEqual(
      { ...first, age: 0 },
      {
        kind: 'goroutine',
        id: local.id,
        name: 'listens',
        age: 0,
        waiting: 0,
        held: 0,
        thread: threadId,
        local: true,
      },
    );
    assert.deepEqual([second?.name, second?.id, second?.local], ['computes', pooled.id, false]);
    assert.deepEqual([third?.name, fourth?.name], [undefined, 'αβγ']);
    await pooled;
    assert.equal(goroutines().length, before + 3);
    stop.abort();
    await Promise.allSettled([local, nameless, wide]);
    assert.equal(goroutines().length, before);
  });

  test('lists the goroutines of other threads, and no more when a thread has ended', async () => {
    const before = goroutines().length;
    const source = `import { go } from ${JSON.stringify(packageUrl)};
      import { parentPort } from 'node:worker_threads';
      go.local(function elsewhere() { return new Promise(() => {}); });
      parentPort.on('message', () => {});
      parentPort.postMessage('ready');`;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
    const exit = once(worker, 'exit');
    await once(worker, 'message');
    const there = goroutines().slice(before);
    assert.deepEqual(
      there.map(({ name, thread, local }) => [name, thread, local]),
      [['elsewhere', worker.threadId, true]],
    );
    await worker.terminate();
    await exit;
    assert.equal(goroutines().length, before);
  });

  test('a goroutine that throws, and one whose signal had aborted, have ended', async () => {
    const before = goroutines().length;
    await assert.rejects(go.local(() => Promise.reject(new Error('thrown'))).then(), /thrown/);
    await assert.rejects(
      go
        .with({ signal: AbortSignal.abort() })(() => 1)
        .then(),
    );
    await assert.rejects(go(() => process.exit(1)).then());
    assert.equal(goroutines().length, before);
  });
});

/** The object of a name. */
function find(name: string): LivingObject {
  const found = diagnostics().find((living) => living.name === name);
  assert.ok(found !== undefined, `${name} is alive`);
  return found;
}

test('held: what each kind of object holds', async () => {
  const named = (kind: string) => ({ name: `held ${kind}` });
  const held = (kind: string) => [find(`held ${kind}`).kind, find(`held ${kind}`).held];
  const channel = new Channel<number>(3, named('channel'));
  await channel.sendBatch([1, 2]);
  const queue = new SharedQueue<number>(named('queue'));
  await queue.pushBatch([1, 2, 3]);
  const broadcast = new Broadcast<number>(named('broadcast'));
  const subscribers = ['a', 'b'].map((id) => broadcast.subscribe(id));
  await broadcast.send(1);
  const ring = new RingBuffer(100, named('ring'));
  ring.tryWrite(new Uint8Array(7));
  const [mutex, readers, writer] = [
    new Mutex(named('mutex')),
    new RWMutex(named('readers')),
    new RWMutex(named('writer')),
  ];
  const [permits, group, latch] = [
    new Semaphore(5, named('permits')),
    new WaitGroup(named('group')),
    new CountDownLatch(6, named('latch')),
  ];
  const guards = [await mutex.lock(), await readers.readLock(), await readers.readLock()];
  guards.push(await writer.writeLock(), await permits.acquire(3));
  group.add(4);
  const flights = new Singleflight<number>(named('flights'));
  const gate = deferred<number>();
  const flight = flights.do('k', () => gate.promise);
  const once = new Once<number>(named('once'));
  assert.deepEqual(held('once'), ['once', 0]);
  await once.do(() => 1);
  const map = new SharedMap<string, number>(named('map')).setAll([
    ['a', 1],
    ['b', 2],
  ]);
  const memory = new SharedMemory(100, named('memory'));
  const [atomic, cond, barrier] = [
    new AtomicI32(5, named('atomic')),
    new Cond(named('cond')),
    new Barrier(2, named('barrier')),
  ];
  for (const [name, kind, holds] of [
    ['channel', 'channel', 2],
    ['queue', 'queue', 3],
    ['broadcast', 'broadcast', 2],
    ['ring', 'ring', 7],
    ['mutex', 'mutex', 1],
    ['readers', 'rwmutex', 2],
    ['writer', 'rwmutex', 1],
    ['permits', 'semaphore', 3],
    ['group', 'waitgroup', 4],
    ['latch', 'latch', 6],
    ['flights', 'singleflight', 1],
    ['once', 'once', 1],
    ['map', 'map', 2],
    ['memory', 'memory', 100],
    ['atomic', 'atomic-i32', 0],
    ['cond', 'cond', 0],
    ['barrier', 'barrier', 0],
  ] as const)
    assert.deepEqual(held(name), [kind, holds], name);
  const ticking = () => diagnostics().filter(({ kind, held }) => kind === 'ticker' && held === 1).length;
  const before = ticking();
  const ticker = new Ticker(60_000);
  assert.equal(ticking(), before + 1);
  ticker.stop();
  assert.equal(ticking(), before);
  for (const guard of guards) guard.release();
  group.add(-4);
  latch.countDown(6);
  gate.resolve(1);
  await flight;
  map.clear();
  await channel.receiveBatch(3);
  queue.clear();
  ring.tryRead(9);
  for (const subscriber of subscribers) await subscriber.receive();
  const kept = ['once', 'memory'];
  for (const living of diagnostics())
    if (living.name?.startsWith('held ') && !kept.includes(living.kind))
      assert.equal(living.held, 0, living.kind);
  for (const object of [channel, queue, broadcast, ring, mutex, readers, writer, permits, group, latch, once])
    object.close();
  for (const object of [memory, atomic, cond, barrier]) object.close();
});

/** The threads that wait for the object of a name. */
const threads = (name: string) => find(name).waits?.map(({ thread }) => thread);

describe('waits', () => {
  test('each is told of with its thread and age, who has waited longest first, until it ends', async () => {
    const channel = new Channel<number>(0, { name: 'waits order' });
    const stop = new AbortController();
    const first = channel.receive({ signal: stop.signal });
    const [{ age: atFirst = -1 } = {}] = find('waits order').waits ?? [];
    const began = performance.now();
    while (performance.now() - began < 5);
    const second = channel.receive();
    const { waits = [], waiting, age } = find('waits order');
    const [older = -1, younger = -1] = waits.map((wait) => wait.age);
    assert.deepEqual([threads('waits order'), waiting], [[threadId, threadId], 2]);
    assert.ok(atFirst >= 0 && younger >= 0 && older >= younger + 4 && older >= atFirst + 4 && age >= older);
    stop.abort();
    await assert.rejects(first, { name: 'AbortError' });
    assert.deepEqual(threads('waits order'), [threadId]);
    await channel.send(1);
    assert.deepEqual([(await second).value, threads('waits order')], [1, []]);
    await assert.rejects(channel.receive({ timeout: 1 }), { code: 'ERR_TIMEOUT' });
    assert.deepEqual(threads('waits order'), []);
    channel.close();
  });

  test('of every kind of object', async () => {
    const named = (kind: string) => ({ name: `waits ${kind}` });
    const [channel, other] = [
      new Channel<number>(0, named('channel')),
      new Channel<number>(0, named('other')),
    ];
    const [queue, ring] = [new SharedQueue<number>(named('queue')), new RingBuffer(64, named('ring'))];
    const [mutex, rw] = [new Mutex(named('mutex')), new RWMutex(named('rwmutex'))];
    const [semaphore, group] = [new Semaphore(1, named('semaphore')), new WaitGroup(named('waitgroup'))];
    const [latch, barrier] = [new CountDownLatch(1, named('latch')), new Barrier(2, named('barrier'))];
    const [cond, ofCond] = [new Cond(named('cond')), new Mutex()];
    const [once, atomic] = [new Once<number>(named('once')), new AtomicI32(0, named('atomic'))];
    const flights = new Singleflight<number>(named('singleflight'));
    const map = new SharedMap<string, number>(named('map'));
    const { promise: computed, resolve } = deferred<number>();
    const compute = () => computed;
    const guards = [await mutex.lock(), await rw.readLock(), await semaphore.acquire()];
    group.add(1);
    const first = [flights.do('k', compute), map.getOrCompute('k', compute), once.do(compute)];
    const before = diagnostics();
    const waits = [
      select({ channel, other: sending(other, 1) }),
      queue.pop(),
      ring.read(1),
      mutex.lock(),
      rw.writeLock(),
      semaphore.acquire(),
      group.wait(),
      latch.wait(),
      barrier.arrive(),
      cond.wait(ofCond, await ofCond.lock()),
      once.do(compute),
      atomic.wait(0),
      flights.do('k', compute),
      map.getOrCompute('k', compute),
    ];
    const found = leaks(before).map(({ name, waits }) => [name, waits?.map(({ thread }) => thread)]);
    const kinds =
      'atomic barrier channel cond latch map mutex once other queue ring rwmutex semaphore singleflight waitgroup';
    assert.deepEqual(
      found.sort(),
      kinds.split(' ').map((kind) => [`waits ${kind}`, [threadId]]),
    );
    for (const object of [channel, other, queue, ring, mutex, rw, semaphore, group]) object.close();
    for (const object of [latch, barrier, cond, atomic]) object.close();
    resolve(1);
    for (const guard of guards) guard.release();
    await Promise.allSettled([...waits, ...first]);
    assert.ok(kinds.split(' ').every((kind) => find(`waits ${kind}`).waiting === 0));
  });

  test('in other threads, blocked or not, and no more when the thread has ended', async () => {
    const [channel, mutex] = [
      new Channel<number>(0, { name: 'waits far' }),
      new Mutex({ name: 'waits blocked' }),
    ];
    const guard = await mutex.lock();
    const source = `import { Channel, Mutex } from ${JSON.stringify(packageUrl)};
      import { parentPort } from 'node:worker_threads';
      Channel.open('waits far').receive().catch(() => {});
      parentPort.postMessage('ready');
      Mutex.open('waits blocked').lockSync();`;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
    const exit = once(worker, 'exit');
    const { threadId: there } = worker;
    await once(worker, 'message');
    await until(() => find('waits blocked').waiting > 0);
    assert.deepEqual([threads('waits far'), threads('waits blocked')], [[there], [there]]);
    assert.ok((find('waits blocked').waits?.[0]?.age ?? -1) >= 0);
    await worker.terminate();
    await exit;
    assert.deepEqual([threads('waits far'), threads('waits blocked')], [[], []]);
    guard.release();
    mutex.close();
    channel.close();
  });
});

describe('leaks', () => {
  test('a goroutine that has not ended', async () => {
    const before = diagnostics();
    const leaked = go.local(function leaked() {
      return new Promise(() => undefined);
    });
    assert.deepEqual(short(leaks(before)), [['goroutine', 'leaked', 0, 0]]);
    assert.deepEqual(leaks(diagnostics()), []);
    leaked.cancel();
    await assert.rejects(leaked.then());
    assert.deepEqual(leaks(before), []);
  });

  test('a wait, also of an object that was there before', async () => {
    const channel = new Channel<number>(0, { name: 'leaks wait' });
    const first = channel.receive();
    const before = diagnostics();
    assert.deepEqual(leaks(before), []);
    const second = channel.receive();
    const [leaked, ...others] = leaks(before);
    assert.deepEqual(short(leaked === undefined ? [] : [leaked]), [['channel', 'leaks wait', 2, 0]]);
    assert.equal(others.length, 0);
    const [wait, ...earlier] = leaked?.waits ?? [];
    assert.deepEqual([wait?.thread, earlier], [threadId, []]);
    assert.ok(wait !== undefined && wait.age < (find('leaks wait').waits?.[0]?.age ?? 0));
    channel.close();
    await Promise.all([first, second]);
    assert.deepEqual(leaks(before), []);
  });

  test('a lock that is held, and a count that is not done', async () => {
    const before = diagnostics();
    const [mutex, group] = [new Mutex({ name: 'leaks lock' }), new WaitGroup({ name: 'leaks group' })];
    const guard = await mutex.lock();
    group.add(2);
    assert.deepEqual(short(leaks(before)), [
      ['mutex', 'leaks lock', 0, 1],
      ['waitgroup', 'leaks group', 0, 2],
    ]);
    guard.release();
    group.add(-2);
    assert.deepEqual(leaks(before), []);
  });

  test('a channel whose messages nobody has received', async () => {
    const before = diagnostics();
    const channel = new Channel<number>(2);
    assert.deepEqual(leaks(before), []);
    await channel.send(1);
    assert.deepEqual(short(leaks(before)), [['channel', undefined, 0, 1]]);
    await channel.receive();
    assert.deepEqual(leaks(before), []);
  });

  test('what a once has done and the bytes of a memory are none', async () => {
    const before = diagnostics();
    const [done, memory] = [new Once<number>(), new SharedMemory(1000)];
    await done.do(() => 1);
    assert.deepEqual([leaks(before), memory.byteLength], [[], 1000]);
    memory.close();
  });

  test('entries of a map are none', async () => {
    const before = diagnostics();
    const map = new SharedMap<string, number>().set('a', 1);
    assert.deepEqual(leaks(before), []);
    const computing = map.getOrCompute('b', () => sleep(5).then(() => 2));
    const waiting = map.getOrCompute('b', () => 3);
    assert.deepEqual(await Promise.all([computing, waiting]), [2, 2]);
    assert.deepEqual(leaks(before), []);
  });

  test('garbage is refused', () => {
    for (const garbage of [undefined, null, 1, 'text', {}, [1], [null], [{}], [{ kind: 'channel' }]])
      assert.throws(() => leaks(garbage as never), { code: 'ERR_INVALID_ARGUMENT' });
    assert.ok(Array.isArray(leaks([])));
  });
});
