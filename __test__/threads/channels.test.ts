/** Channels between worker threads, and in the middle of their death. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { Channel, type SharedHandle, SharedQueue } from 'millrace';
import { thread, until } from '../helpers.js';

test('a thread opens a channel by handle or name, and values cross', async () => {
  const there = new Channel<unknown>(1);
  const back = new Channel<unknown>(1, { name: 'back' });
  const worker = thread(
    `const channel = Channel.from(data);
    for await (const value of channel) await Channel.open('back').send(value);
    Channel.open('back').close();`,
    there.toHandle(),
  );
  const exit = once(worker, 'exit');
  const values = [1, 'two', { three: [3, new Date(3)] }, new Uint8Array(300_000).fill(4), -0, undefined];
  for (const value of values) {
    await there.send(value);
    assert.deepEqual((await back.receive()).value, value);
  }
  there.close();
  assert.ok((await back.receive()).done);
  assert.deepEqual(await exit, [0]);
});

test('what only the platform can clone crosses too, and what is moved', async () => {
  const [there, back] = [new Channel<unknown>(), new Channel<unknown>()];
  const worker = thread(
    `for await (const value of Channel.from(data[0])) {
      if (value.shared) new Int32Array(value.shared)[0]++;
      await Channel.from(data[1]).send(value);
    }`,
    [there.toHandle(), back.toHandle()],
  );
  const shared = new SharedArrayBuffer(4);
  await there.send({ shared });
  await back.receive();
  assert.equal(new Int32Array(shared)[0], 1);
  const bytes = new Uint8Array(1000).fill(5);
  await there.send(bytes, { transfer: [bytes.buffer] });
  assert.equal(bytes.length, 0);
  assert.deepEqual((await back.receive()).value, new Uint8Array(1000).fill(5));
  there.close();
  await once(worker, 'exit');
});

describe('the blocking forms', () => {
  test('send, receive and select as Go does, and end with the channel', async () => {
    const [there, back] = [new Channel<number>(), new Channel<number>()];
    const worker = thread(
      `const [there, back] = data.map((handle) => Channel.from(handle));
      for (;;) {
        const { value, done } = there.receiveSync();
        if (done) break;
        if (value % 2) back.sendSync(value * 2);
        else selectSync({ back: sending(back, value * 2), never: new Channel() });
      }
      back.close();`,
      [there.toHandle(), back.toHandle()],
    );
    const exit = once(worker, 'exit');
    for (const n of [1, 2, 3, 4]) {
      await there.send(n);
      assert.equal((await back.receive()).value, n * 2);
    }
    there.close();
    assert.ok((await back.receive()).done);
    await exit;
  });

  test('time out, and nothing is lost by it', async () => {
    const channel = new Channel<string>();
    const worker = thread(
      `const channel = Channel.from(data);
      try { channel.receiveSync({ timeout: 5 }); } catch (error) { channel.sendSync(error.code); }
      try { selectSync({ channel }, { timeout: 5 }); } catch (error) { channel.sendSync(error.code); }
      channel.sendSync(selectSync({ channel, default: true }).case);`,
      channel.toHandle(),
    );
    const exit = once(worker, 'exit');
    for (const expected of ['ERR_TIMEOUT', 'ERR_TIMEOUT', 'default'])
      assert.equal((await channel.receive()).value, expected);
    await exit;
  });

  test('move what is to be moved, and leave to receive what only the platform can clone', async () => {
    const [channel, queue] = [new Channel<unknown>(2), new SharedQueue<unknown>()];
    const worker = thread(
      `const [channel, queue] = [Channel.from(data[0]), SharedQueue.from(data[1])];
      const tell = (fn) => { try { return fn(); } catch (error) { return typeof error.code === 'string' ? error.code : error.name; } };
      const [a, b, c] = [1, 2, 3].map((n) => new Uint8Array([n]));
      channel.sendSync(a, { transfer: [a.buffer] });
      queue.pushSync(b, { transfer: [b.buffer] });
      channel.sendSync(new SharedArrayBuffer(4));
      const told = [a.length, b.length];
      for (const transfer of [5, null, {}]) {
        told.push(tell(() => channel.sendSync(c, { transfer })));
        told.push(tell(() => queue.pushSync(c, { transfer })));
      }
      told.push(c.length, tell(() => channel.sendSync(() => 1)), tell(() => queue.pushSync(() => 1)));
      parentPort.postMessage(told);
      parentPort.once('message', () => {
        queue.tryPush(new SharedArrayBuffer(4));
        parentPort.postMessage([
          tell(() => channel.receiveSync()), channel.length,
          tell(() => queue.popSync()), queue.length,
        ]);
      });`,
      [channel.toHandle(), queue.toHandle()],
    );
    const exit = once(worker, 'exit');
    const bad = Array(6).fill('ERR_INVALID_ARGUMENT');
    assert.deepEqual(await once(worker, 'message'), [[0, 0, ...bad, 1, 'DataCloneError', 'DataCloneError']]);
    assert.deepEqual((await channel.receive()).value, new Uint8Array([1]));
    assert.deepEqual(await queue.pop(), new Uint8Array([2]));
    worker.postMessage('look');
    assert.deepEqual(await once(worker, 'message'), [['ERR_UNSUPPORTED', 1, 'ERR_UNSUPPORTED', 1]]);
    await exit;
  });

  test('can be terminated, and give back what was on its way to them', async () => {
    const channel = new Channel<number>();
    for (let round = 0; round < 5; round++) {
      const worker = thread(
        `parentPort.postMessage('up'); Channel.from(data).receiveSync();`,
        channel.toHandle(),
      );
      await once(worker, 'message');
      await worker.terminate();
    }
    assert.equal(channel.trySend(1), false);
  });
});

test('eight threads: every message is received once, in the order of its sender', async () => {
  const channel = new Channel<[number, number]>(8);
  const results = new Channel<[number, number][]>(8);
  const handles = [channel.toHandle(), results.toHandle()];
  const senders = [0, 1, 2, 3].map((who) =>
    thread(
      `const channel = Channel.from(data[0]);
      for (let i = 0; i < 2000; i++) ${who % 2 ? 'await channel.send' : 'channel.sendSync'}([${who}, i]);`,
      handles,
    ),
  );
  const receivers = [0, 1, 2, 3].map((who) =>
    thread(
      `const channel = Channel.from(data[0]);
      const got = [];
      for (;;) {
        const { value, done } = ${who % 2 ? 'await channel.receive' : 'channel.receiveSync'}();
        if (done) break;
        got.push(value);
      }
      await Channel.from(data[1]).send(got);`,
      handles,
    ),
  );
  await Promise.all(senders.map((sender) => once(sender, 'exit')));
  channel.close();
  const all: [number, number][] = [];
  for (const _ of receivers) {
    const got = (await results.receive()).value ?? [];
    for (const who of [0, 1, 2, 3]) {
      const own = got.filter(([from]) => from === who).map(([, n]) => n);
      assert.deepEqual(
        own,
        own.toSorted((a, b) => a - b),
      );
    }
    all.push(...got);
  }
  assert.equal(all.length, 8000);
  assert.equal(new Set(all.map(String)).size, 8000);
});

test('a storm: threads that select, send and receive are terminated in the middle; no acknowledged message is lost, none doubled', {
  timeout: 120_000,
}, async () => {
  const jobs = new Channel<number>(4);
  const direct = new Channel<number>();
  const acknowledged = new Channel<number>(64);
  const handles: SharedHandle[] = [jobs.toHandle(), direct.toHandle(), acknowledged.toHandle()];
  const echo = `const [jobs, direct, acknowledged] = data.map((handle) => Channel.from(handle));
    parentPort.postMessage('up');
    for (;;) {
      const { value, done } = await select({ jobs, direct });
      if (done) break;
      await acknowledged.send(value);
    }`;
  const total = 6000;
  let alive = true;
  const killed: Promise<unknown>[] = [];
  const chaos = async (seed: number): Promise<void> => {
    let state = seed;
    while (alive) {
      const worker = thread(echo, handles);
      await once(worker, 'message');
      state = (state * 48_271) % 2_147_483_647;
      await new Promise((resolve) => setTimeout(resolve, state % 40));
      killed.push(worker.terminate());
    }
  };
  const chaoses = [1, 2, 3].map(chaos);
  const steady = [0, 1].map(() => thread(echo, handles));
  const got: number[] = [];
  const collect = (async () => {
    for await (const n of acknowledged) got.push(n);
  })();
  let lost = 0;
  const send = async (base: number): Promise<void> => {
    for (let i = base; i < total; i += 4) {
      if (i % 3 === 0) await direct.send(i);
      else await jobs.send(i);
    }
  };
  await Promise.all([0, 1, 2, 3].map(send));
  alive = false;
  await Promise.all(chaoses);
  await Promise.all(killed);
  await until(() => jobs.length === 0);
  jobs.close();
  direct.close();
  await Promise.all(steady.map((worker) => once(worker, 'exit')));
  acknowledged.close();
  await collect;
  assert.equal(new Set(got).size, got.length, 'a message was doubled');
  // A thread that dies between taking a message and passing it on takes that one with it, and no other.
  lost = total - got.length;
  assert.ok(lost <= killed.length, `${lost} messages lost by ${killed.length} threads that died`);
  assert.deepEqual([jobs.length, direct.length], [0, 0]);
});
