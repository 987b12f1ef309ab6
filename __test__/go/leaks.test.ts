/** What is alive, and what has come since. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { threadId, Worker } from 'node:worker_threads';
import {
  Channel,
  diagnostics,
  go,
  type LivingObject,
  leaks,
  Mutex,
  SharedMap,
  sleep,
  WaitGroup,
} from 'millrace';
import { packageUrl } from '../helpers.js';

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
    assert.deepEqual(short(leaks(before)), [['channel', 'leaks wait', 2, 0]]);
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
