/** Broadcasts and channels that fire. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { after, Broadcast, Channel, type OnSlow, select, sleep, Ticker, Timer } from 'millrace';
import { packageUrl, until } from '../helpers.js';

async function filled(onSlow: OnSlow): Promise<[Broadcast<number>, Channel<number>]> {
  const broadcast = new Broadcast<number>();
  const slow = broadcast.subscribe('slow', 2, { onSlow });
  await broadcast.send(1);
  await broadcast.send(2);
  return [broadcast, slow];
}

describe('Broadcast', () => {
  test('gives every message to every subscriber, in order', async () => {
    using broadcast = new Broadcast<string>();
    const channels = ['user1', 'user2'].map((id) => broadcast.subscribe(id, 10));
    for (const n of [1, 2, 3]) assert.equal(await broadcast.send(`Message ${n}`), 2);
    for (const channel of channels)
      assert.deepEqual(await channel.receiveBatch(10), ['Message 1', 'Message 2', 'Message 3']);
    assert.ok(broadcast.unsubscribe('user1'));
    assert.equal(broadcast.unsubscribe('user1'), false);
    assert.ok((await (channels[0] as Channel<string>).receive()).done);
    assert.equal(await broadcast.send('last'), 1);
  });

  test("onSlow: 'block' makes the sender wait", async () => {
    const [broadcast, slow] = await filled('block');
    const sending = broadcast.send(3);
    await assert.rejects(broadcast.send(4, { timeout: 5 }), { code: 'ERR_TIMEOUT' });
    assert.equal((await slow.receive()).value, 1);
    assert.equal(await sending, 1);
    assert.deepEqual(await slow.receiveBatch(5), [2, 3]);
  });

  test("onSlow: 'drop-oldest' and 'drop-newest' drop, and count it", async () => {
    const [one, oldest] = await filled('drop-oldest');
    assert.equal(await one.send(3), 1);
    assert.deepEqual(await oldest.receiveBatch(5), [2, 3]);
    const [two, newest] = await filled('drop-newest');
    assert.equal(await two.send(3), 0);
    assert.deepEqual(two.subscribers, [{ id: 'slow', length: 2, dropped: 1 }]);
    assert.deepEqual(await newest.receiveBatch(5), [1, 2]);
  });

  test("onSlow: 'error' tells the sender; the others have the message", async () => {
    const [broadcast, slow] = await filled('error');
    const quick = broadcast.subscribe('quick', 5);
    await assert.rejects(broadcast.send(3), { code: 'ERR_SUBSCRIBER_SLOW', subscribers: ['slow'] });
    assert.deepEqual(await quick.receiveBatch(5), [3]);
    assert.deepEqual(await slow.receiveBatch(5), [1, 2]);
  });

  test("onSlow: 'disconnect' ends the subscription after what is in the buffer", async () => {
    const [broadcast, slow] = await filled('disconnect');
    await broadcast.send(3);
    assert.deepEqual(broadcast.subscribers, []);
    assert.deepEqual(await slow.receiveBatch(5), [1, 2]);
    assert.ok((await slow.receive()).done);
  });

  test('the late get the last messages', async () => {
    const broadcast = new Broadcast<number>({ history: 3 });
    for (const n of [1, 2, 3, 4]) await broadcast.send(n);
    assert.deepEqual(await broadcast.subscribe('late', 5, { last: 2 }).receiveBatch(5), [3, 4]);
    assert.deepEqual(await broadcast.subscribe('later', 5, { last: 9 }).receiveBatch(5), [2, 3, 4]);
  });

  test('a subscriber’s thread that ends is no subscriber, and blocks nobody', async () => {
    const broadcast = new Broadcast<number>();
    const text = `import { Broadcast } from ${JSON.stringify(packageUrl)};
      import { parentPort, workerData } from 'node:worker_threads';
      const channel = Broadcast.from(workerData).subscribe('there', 1, { onSlow: 'block' });
      parentPort.postMessage((await channel.receive()).value);
      setInterval(() => {}, 1000);`;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(text)}`), {
      workerData: broadcast.toHandle(),
    });
    await until(() => broadcast.subscribers.length > 0);
    await broadcast.send(7);
    assert.deepEqual(await once(worker, 'message'), [7]);
    await broadcast.send(8);
    const blocked = broadcast.send(9);
    await worker.terminate();
    assert.equal(await blocked, 0);
    assert.deepEqual(broadcast.subscribers, []);
  });

  test('closed, it takes no messages and no subscribers', async () => {
    const [broadcast, slow] = await filled('block');
    const waiting = broadcast.send(3);
    broadcast.close();
    assert.equal(await waiting, 0);
    assert.deepEqual(await slow.receiveBatch(5), [1, 2]);
    await assert.rejects(broadcast.send(4), { code: 'ERR_CHANNEL_CLOSED' });
    assert.throws(() => broadcast.subscribe('x'), { code: 'ERR_CHANNEL_CLOSED' });
  });

  test('nonsense is refused by name', async () => {
    const broadcast = new Broadcast<unknown>();
    broadcast.subscribe('a');
    assert.throws(() => broadcast.subscribe('a'), { code: 'ERR_INVALID_ARGUMENT', message: /'a'/ });
    assert.throws(() => broadcast.subscribe(''), { code: 'ERR_INVALID_ARGUMENT' });
    assert.throws(() => broadcast.subscribe('b', -1), {
      code: 'ERR_INVALID_ARGUMENT',
      message: /bufferSize/,
    });
    assert.throws(() => broadcast.subscribe('b', 1, { onSlow: 'cry' as never }), { message: /onSlow/ });
    assert.throws(() => new Broadcast({ history: -1 }), { code: 'ERR_INVALID_ARGUMENT', message: /history/ });
    await assert.rejects(
      broadcast.send(() => 1),
      { name: 'DataCloneError' },
    );
  });
});

describe('channels that fire', () => {
  test('after: once; sleep: a wait', async () => {
    const began = performance.now();
    const channel = after(20);
    const { value = 0 } = await channel.receive();
    assert.ok(value >= 20 && performance.now() - began >= 19);
    await sleep(5);
    const stop = AbortSignal.abort(new Error('awake'));
    await assert.rejects(sleep(60_000, { signal: stop }), /awake/);
  });

  test('a time-out as a case of select', async () => {
    const never = new Channel<number>();
    assert.equal((await select({ never, late: after(5) })).case, 'late');
  });

  test('Timer can be stopped and begun anew', async () => {
    const timer = new Timer(60_000);
    assert.ok(timer.stop());
    assert.equal(timer.stop(), false);
    assert.equal(timer.reset(1), false);
    assert.equal((await timer.channel.receive()).done, false);
    assert.equal(timer.stop(), false);
  });

  test('Ticker ticks until it is stopped, and drops what nobody takes', async () => {
    using ticker = new Ticker(2);
    const got: number[] = [];
    for await (const tick of ticker.channel) {
      got.push(tick);
      if (got.length === 3) break;
    }
    assert.deepEqual(
      got,
      got.toSorted((a, b) => a - b),
    );
    await sleep(20);
    assert.equal(ticker.channel.length, 1);
    assert.ok(ticker.stop());
    assert.throws(() => new Ticker(0), { code: 'ERR_INVALID_ARGUMENT' });
    assert.throws(() => new Timer(-1), { code: 'ERR_INVALID_ARGUMENT' });
  });
});
