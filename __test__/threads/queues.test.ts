/** Queues between worker threads, and in the middle of their death. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { SharedQueue } from 'millrace';
import { thread } from '../helpers.js';

test('eight threads: each value is popped once, in the order of its pusher within a priority', async () => {
  const queue = new SharedQueue<[number, number, number]>({ capacity: 16, priority: true });
  const results = new SharedQueue<[number, number, number][]>();
  const handles = [queue.toHandle(), results.toHandle()];
  const pushers = [0, 1, 2, 3].map((who) =>
    thread(
      `const queue = SharedQueue.from(data[0]);
      for (let i = 0; i < 2000; i++) {
        const priority = (i * 7) % 3;
        ${who % 2 ? 'await queue.push' : 'queue.pushSync'}([${who}, priority, i], { priority });
      }`,
      handles,
    ),
  );
  const exits = pushers.map((worker) => once(worker, 'exit'));
  const poppers = [0, 1, 2, 3].map((who) =>
    thread(
      `const queue = SharedQueue.from(data[0]);
      const got = [];
      try {
        for (;;) got.push(${who % 2 ? 'await queue.pop' : 'queue.popSync'}());
      } catch (error) {
        if (error.code !== 'ERR_QUEUE_CLOSED') throw error;
      }
      SharedQueue.from(data[1]).tryPush(got);`,
      handles,
    ),
  );
  await Promise.all(exits);
  queue.close();
  const all: [number, number, number][] = [];
  for (const _ of poppers) {
    const got = await results.pop();
    for (let who = 0; who < 4; who++) {
      for (let priority = 0; priority < 3; priority++) {
        const own = got.filter(([from, rank]) => from === who && rank === priority).map(([, , n]) => n);
        assert.deepEqual(
          own,
          own.toSorted((a, b) => a - b),
        );
      }
    }
    all.push(...got);
  }
  assert.equal(all.length, 8000);
  assert.equal(new Set(all.map(String)).size, 8000);
});

test('the blocking forms time out, end with the queue, and can be terminated', async () => {
  const queue = new SharedQueue<string>({ capacity: 1 });
  const worker = thread(
    `const queue = SharedQueue.from(data);
    const code = (fn) => { try { fn(); return 'none'; } catch (error) { return error.code; } };
    const codes = [code(() => queue.popSync({ timeout: 5 }))];
    queue.pushSync('full');
    codes.push(code(() => queue.pushSync('more', { timeout: 5 })));
    codes.push(queue.popSync());
    codes.push(code(() => queue.popSync({ signal: AbortSignal.abort() })));
    parentPort.postMessage(codes);
    codes.push(code(() => queue.popSync()));
    parentPort.postMessage(codes);`,
    queue.toHandle(),
  );
  const exit = once(worker, 'exit');
  const [first] = (await once(worker, 'message')) as [unknown[]];
  assert.deepEqual(first.slice(0, 3), ['ERR_TIMEOUT', 'ERR_TIMEOUT', 'full']);
  const second = once(worker, 'message');
  queue.close();
  assert.equal(((await second) as [unknown[]])[0][4], 'ERR_QUEUE_CLOSED');
  await exit;
  const other = new SharedQueue<string>();
  const blocked = thread(`parentPort.postMessage('up'); SharedQueue.from(data).popSync();`, other.toHandle());
  await once(blocked, 'message');
  await blocked.terminate();
  await other.push('kept');
  assert.equal(other.tryPop(), 'kept');
});

test('threads that pop are terminated in the middle: no value is doubled, and none lost but the one in a dead thread’s hands', {
  timeout: 120_000,
}, async () => {
  const queue = new SharedQueue<number>({ capacity: 8, priority: true });
  const acknowledged = new SharedQueue<number>();
  const handles = [queue.toHandle(), acknowledged.toHandle()];
  const echo = `const [queue, acknowledged] = data.map((handle) => SharedQueue.from(handle));
    parentPort.postMessage('up');
    for await (const value of queue) acknowledged.tryPush(value);`;
  const total = 6000;
  let alive = true;
  let killed = 0;
  const chaos = async (seed: number): Promise<void> => {
    let state = seed;
    while (alive) {
      const worker = thread(echo, handles);
      await once(worker, 'message');
      state = (state * 48_271) % 2_147_483_647;
      await new Promise((resolve) => setTimeout(resolve, state % 30));
      killed++;
      await worker.terminate();
    }
  };
  const chaoses = [1, 2, 3].map(chaos);
  const steady = [0, 1].map(() => thread(echo, handles));
  const exits = steady.map((worker) => once(worker, 'exit'));
  await Promise.all(
    [0, 1, 2].map(async (base) => {
      for (let i = base; i < total; i += 3) await queue.push(i, { priority: i % 5 });
    }),
  );
  alive = false;
  await Promise.all(chaoses);
  queue.close();
  await Promise.all(exits);
  const got: number[] = [];
  acknowledged.close();
  for await (const n of acknowledged) got.push(n);
  assert.equal(new Set(got).size, got.length, 'a value was doubled');
  assert.ok(total - got.length <= killed, `${total - got.length} values lost by ${killed} dead threads`);
  assert.equal(queue.length, 0);
});

test('a value that only the platform can clone crosses too, and is lost with the thread that pushed it', async () => {
  const queue = new SharedQueue<unknown>();
  const worker = thread(
    `const queue = SharedQueue.from(data);
    const shared = new SharedArrayBuffer(4);
    new Int32Array(shared)[0] = 7;
    await queue.push(shared);
    await queue.push(shared);
    parentPort.postMessage('pushed');
    parentPort.once('message', () => process.exit());`,
    queue.toHandle(),
  );
  const exit = once(worker, 'exit');
  await once(worker, 'message');
  assert.equal(new Int32Array((await queue.pop()) as SharedArrayBuffer)[0], 7);
  worker.postMessage('end');
  await exit;
  await assert.rejects(queue.pop(), { code: 'ERR_SENDER_GONE' });
});
