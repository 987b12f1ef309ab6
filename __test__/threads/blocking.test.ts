/** Blocking forms of what is not a lock: worker threads only. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Broadcast, SharedMap } from 'millrace';
import { thread, until } from '../helpers.js';

test('Broadcast.sendSync waits for a slow subscriber, at most so long, and tells the others', async () => {
  const broadcast = new Broadcast<number>();
  const slow = broadcast.subscribe('slow', 1, { onSlow: 'block' });
  const quick = broadcast.subscribe('quick', 10);
  assert.throws(() => broadcast.sendSync(0), { code: 'ERR_UNSUPPORTED' });
  const worker = thread(
    `const broadcast = Broadcast.from(data);
    const told = [broadcast.sendSync(1)];
    try {
      broadcast.sendSync(2, { timeout: 5 });
    } catch (error) {
      told.push(error.code);
    }
    parentPort.postMessage('full');
    told.push(broadcast.sendSync(3));
    try {
      broadcast.sendSync(4, { wrong: 1 });
    } catch (error) {
      told.push(error.code);
    }
    parentPort.postMessage(told);`,
    broadcast.toHandle(),
  );
  const exit = once(worker, 'exit');
  await once(worker, 'message');
  const told = once(worker, 'message');
  assert.deepEqual(await slow.receive(), { value: 1, done: false });
  assert.deepEqual(await slow.receive(), { value: 3, done: false });
  assert.deepEqual((await told)[0], [2, 'ERR_TIMEOUT', 2, 'ERR_INVALID_ARGUMENT']);
  assert.deepEqual(await quick.receiveBatch(10), [1, 2, 3]);
  await exit;
});

test('SharedMap.getOrComputeSync computes once, and the others block until it is done', async () => {
  const map = new SharedMap<string, number>();
  const shared = new SharedArrayBuffer(8);
  const cells = new Int32Array(shared);
  assert.throws(() => map.getOrComputeSync('none', () => 1), { code: 'ERR_UNSUPPORTED' });
  const threads = Array.from({ length: 4 }, () =>
    thread(
      `const map = SharedMap.from(data.map);
      const cells = new Int32Array(data.shared);
      const value = map.getOrComputeSync('k', () => {
        Atomics.add(cells, 0, 1);
        Atomics.wait(cells, 1, 0);
        return 42;
      });
      const codes = [() => map.getOrComputeSync('p', async () => 1), () => map.getOrComputeSync('f', 1)].map((fn) => {
        try {
          fn();
        } catch (error) {
          return error.code;
        }
      });
      parentPort.postMessage([value, ...codes]);`,
      { map: map.toHandle(), shared },
    ),
  );
  const exits = Promise.all(threads.map((worker) => once(worker, 'exit')));
  const answers = Promise.all(threads.map(async (worker) => (await once(worker, 'message'))[0] as unknown));
  await until(() => Atomics.load(cells, 0) === 1);
  Atomics.store(cells, 1, 1);
  Atomics.notify(cells, 1);
  const refused = 'ERR_INVALID_ARGUMENT';
  assert.deepEqual(await answers, Array(4).fill([42, refused, refused]));
  assert.equal(cells[0], 1);
  assert.equal(
    map.getOrComputeSync('k', () => 0),
    42,
  );
  await exits;
});
