/** Broadcasts. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { Broadcast, type Channel, Context, type OnSlow } from 'millrace';
import { packageUrl, pending, until } from '../helpers.js';

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

  for (const [onSlow, what] of [
    ['block', { sent: 'waits', got: [1, 2, 3], dropped: 0, stays: true }],
    ['drop-oldest', { sent: 1, got: [2, 3], dropped: 1, stays: true }],
    ['drop-newest', { sent: 0, got: [1, 2], dropped: 1, stays: true }],
    ['error', { sent: 'ERR_SUBSCRIBER_SLOW', got: [1, 2], dropped: 1, stays: true }],
    ['disconnect', { sent: 0, got: [1, 2], dropped: 0, stays: false }],
  ] as const) {
    test(`onSlow: '${onSlow}': what the sender is told, what the subscriber gets, what is counted`, async () => {
      const [broadcast, slow] = await filled(onSlow);
      assert.deepEqual(broadcast.subscribers, [{ id: 'slow', length: 2, dropped: 0 }]);
      const sending = broadcast.send(3).catch((error: { code: string }) => error.code);
      assert.equal(await pending(sending), what.sent === 'waits');
      if (what.sent !== 'waits') assert.equal(await sending, what.sent);
      const { dropped } = what;
      assert.deepEqual(broadcast.subscribers, what.stays ? [{ id: 'slow', length: 2, dropped }] : []);
      const got = await slow.receiveBatch(5);
      if (what.sent === 'waits') assert.equal(await sending, 1);
      assert.deepEqual([got, slow.closed], [what.got, !what.stays]);
      // Now that there is room, it is as any other, and the count stays.
      assert.equal(await broadcast.send(4), what.stays ? 1 : 0);
      assert.deepEqual(broadcast.subscribers, what.stays ? [{ id: 'slow', length: 1, dropped }] : []);
    });
  }

  test("without options: 16 messages, then onSlow: 'error'", async () => {
    const broadcast = new Broadcast<number>();
    broadcast.subscribe('plain');
    for (let n = 0; n < 16; n++) assert.equal(await broadcast.send(n), 1);
    await assert.rejects(broadcast.send(16), { code: 'ERR_SUBSCRIBER_SLOW', subscribers: ['plain'] });
    assert.deepEqual(broadcast.subscribers, [{ id: 'plain', length: 16, dropped: 1 }]);
  });

  test('bufferSize 0: a message is for one who is waiting for it', async () => {
    const broadcast = new Broadcast<number>();
    const direct = broadcast.subscribe('direct', 0, { onSlow: 'drop-newest' });
    assert.equal(await broadcast.send(1), 0);
    const receiving = direct.receive();
    assert.equal(await broadcast.send(2), 1);
    assert.deepEqual([(await receiving).value, direct.capacity], [2, 0]);
    assert.equal(broadcast.subscribers[0]?.dropped, 1);
  });

  test('send to subscribers that are waited for: signal, context and time-out', async () => {
    const [broadcast, slow] = await filled('block');
    const stop = new AbortController();
    const [context, cancel] = Context.background().withCancel();
    const aborted = broadcast.send(3, { signal: stop.signal });
    const cancelled = broadcast.send(4, { signal: context });
    stop.abort(new RangeError('enough'));
    cancel();
    await assert.rejects(aborted, /enough/);
    await assert.rejects(cancelled, { code: 'ERR_CONTEXT_CANCELED' });
    await assert.rejects(broadcast.send(5, { signal: stop.signal }), /enough/);
    const stays = broadcast.send(6, { timeout: 60_000 });
    assert.deepEqual(await slow.receiveBatch(5), [1, 2, 6]);
    assert.equal(await stays, 1);
  });

  test('closing its channel ends a subscription, and its name is free again', async () => {
    const broadcast = new Broadcast<number>();
    broadcast.subscribe('a').close();
    assert.deepEqual(broadcast.subscribers, []);
    const again = broadcast.subscribe('a');
    assert.equal(await broadcast.send(1), 1);
    again[Symbol.dispose]();
    assert.equal(broadcast.unsubscribe('a'), false);
    assert.equal(await broadcast.send(2), 0);
  });

  test('the late get nothing unless they ask, and unless it was kept', async () => {
    const [keeps, keepsNone] = [new Broadcast<number>({ history: 2 }), new Broadcast<number>()];
    for (const broadcast of [keeps, keepsNone]) await broadcast.send(1);
    assert.equal(keeps.subscribe('does not ask').length, 0);
    assert.equal(keepsNone.subscribe('asks in vain', 5, { last: 5 }).length, 0);
    for (const n of [2, 3, 4]) await keeps.send(n);
    assert.deepEqual(
      await keeps.subscribe('small', 1, { last: 2 }).receiveBatch(5),
      [4],
      'as far as there is room',
    );
  });

  test('by name and by handle it is the same broadcast; another history is an error', async () => {
    const news = new Broadcast<string>({ name: 'news of the test', history: 3 });
    const mine = Broadcast.from<string>(structuredClone(news.toHandle())).subscribe('mine');
    await Broadcast.open<string>('news of the test').send('hello');
    assert.deepEqual([(await mine.receive()).value, news.name], ['hello', 'news of the test']);
    assert.throws(() => new Broadcast({ name: 'news of the test' }), { code: 'ERR_NAME_CONFLICT' });
    assert.throws(() => Broadcast.open('no news'), { code: 'ERR_NOT_FOUND' });
    assert.throws(() => Broadcast.from({ millrace: 'channel', id: 1 } as never), {
      code: 'ERR_INVALID_ARGUMENT',
    });
    news.close();
    news.close();
    let kept: Broadcast<number>;
    {
      using other = new Broadcast<number>();
      kept = other;
    }
    assert.deepEqual([news.closed, kept.closed], [true, true]);
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
    for (const last of [-1, 1.5, NaN, '1', null, 2 ** 31])
      assert.throws(() => broadcast.subscribe('b', 1, { last } as never), { message: /^last:/ });
    for (const bufferSize of [1.5, NaN, '1', null, 2 ** 31])
      assert.throws(() => broadcast.subscribe('b', bufferSize as never), { message: /^bufferSize:/ });
    assert.throws(() => broadcast.subscribe('b', 1, { onslow: 'block' } as never), { message: /^onslow:/ });
    assert.throws(() => broadcast.subscribe('b', 1, null as never), { message: /^options:/ });
    for (const id of [5, null, undefined])
      assert.throws(() => broadcast.subscribe(id as never), { message: /^id:/ });
    for (const options of [{ timeout: -1 }, { signal: 1 }, { transfer: [] }, null])
      await assert.rejects(broadcast.send(1, options as never), { code: 'ERR_INVALID_ARGUMENT' });
    assert.throws(() => new Broadcast({ keep: 1 } as never), { message: /^keep:/ });
    for (const history of [1.5, NaN, '1', null])
      assert.throws(() => new Broadcast({ history } as never), { message: /^history:/ });
    assert.deepEqual(broadcast.subscribers, [{ id: 'a', length: 0, dropped: 0 }]);
    assert.throws(() => new Broadcast({ history: -1 }), { code: 'ERR_INVALID_ARGUMENT', message: /history/ });
    await assert.rejects(
      broadcast.send(() => 1),
      { name: 'DataCloneError' },
    );
  });
});
