/** Channels: Go's rules, one by one. https://go.dev/ref/spec and https://go.dev/ref/mem */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Channel, isMillraceError } from 'millrace';
import { pending } from '../helpers.js';

const message = <T>(value: T) => ({ value, done: false });
const closed = { value: undefined, done: true };

for (const [kind, make] of [
  ['shared', <T>(capacity?: number) => new Channel<T>(capacity)],
  ['local', <T>(capacity?: number) => Channel.local<T>(capacity)],
] as const) {
  describe(`a ${kind} channel`, () => {
    test('of no capacity: a send ends when a receiver takes the message', async () => {
      const channel = make<number>();
      const send = channel.send(1);
      assert.ok(await pending(send));
      assert.deepEqual(await channel.receive(), message(1));
      await send;
    });

    test('of no capacity: a receive waits for a sender', async () => {
      const channel = make<number>(0);
      const receive = channel.receive();
      assert.ok(await pending(receive));
      await channel.send(2);
      assert.deepEqual(await receive, message(2));
    });

    test('with a buffer: a send waits only while it is full', async () => {
      const channel = make<number>(2);
      await channel.send(1);
      await channel.send(2);
      const third = channel.send(3);
      assert.ok(await pending(third));
      assert.equal(channel.length, 2);
      assert.deepEqual(await channel.receive(), message(1));
      await third;
      assert.deepEqual([channel.length, channel.capacity], [2, 2]);
    });

    test('is first in, first out', async () => {
      const channel = make<number>(3);
      for (const n of [1, 2, 3]) await channel.send(n);
      const waiting = [4, 5, 6].map((n) => channel.send(n));
      const got: unknown[] = [];
      for (let i = 0; i < 6; i++) got.push((await channel.receive()).value);
      assert.deepEqual(got, [1, 2, 3, 4, 5, 6]);
      await Promise.all(waiting);
    });

    test('serves receivers in the order of their coming', async () => {
      const channel = make<number>();
      const order: number[] = [];
      const waiting = [0, 1, 2].map((at) =>
        channel.receive().then(({ value }) => order.push(at, value ?? -1)),
      );
      for (const n of [10, 11, 12]) await channel.send(n);
      await Promise.all(waiting);
      assert.deepEqual(order, [0, 10, 1, 11, 2, 12]);
    });

    test('closed: what is left is received, then it says so, again and again', async () => {
      const channel = make<string>(2);
      await channel.send('a');
      await channel.send('b');
      channel.close();
      assert.ok(channel.closed);
      assert.deepEqual(await channel.receive(), message('a'));
      assert.deepEqual(await channel.receive(), message('b'));
      assert.deepEqual(await channel.receive(), closed);
      assert.deepEqual(channel.tryReceive(), closed);
    });

    test('closed: those who wait to receive are told, those who wait to send are refused', async () => {
      const receiving = make<number>();
      const receive = receiving.receive();
      receiving.close();
      assert.deepEqual(await receive, closed);
      const sending = make<number>();
      const send = sending.send(1);
      sending.close();
      await assert.rejects(send, { code: 'ERR_CHANNEL_CLOSED' });
    });

    test('closed: a send is an error, a second close is not', async () => {
      const channel = make<number>(1);
      channel.close();
      channel.close();
      await assert.rejects(channel.send(1), { name: 'ChannelClosedError' });
      assert.throws(() => channel.trySend(1), { code: 'ERR_CHANNEL_CLOSED' });
    });

    test('trySend and tryReceive never wait', async () => {
      const channel = make<object>(1);
      assert.equal(channel.tryReceive(), undefined);
      assert.ok(channel.trySend({ n: 1 }));
      assert.equal(channel.trySend({ n: 2 }), false);
      assert.deepEqual(channel.tryReceive(), message({ n: 1 }));
      const waiting = channel.receive();
      assert.ok(channel.trySend({ n: 3 }));
      assert.deepEqual(await waiting, message({ n: 3 }));
    });

    test('for await ends with the channel, and leaving it leaves the channel open', async () => {
      const channel = make<number>(8);
      await channel.sendBatch([1, 2, 3, 4]);
      const got: number[] = [];
      for await (const n of channel) {
        got.push(n);
        if (n === 2) break;
      }
      channel.close();
      for await (const n of channel) got.push(n);
      assert.deepEqual(got, [1, 2, 3, 4]);
    });

    test('sendBatch and receiveBatch keep order, whatever the messages are', async () => {
      const channel = make<unknown>(3);
      const all = [1, 2, 3, 4, 'five', { six: 6 }, 7, 8, -0, null, 9];
      const sending = channel.sendBatch(all).then(() => channel.close());
      const got: unknown[] = [];
      for (;;) {
        const batch = await channel.receiveBatch(4);
        if (batch.length === 0) break;
        assert.ok(batch.length <= 4);
        got.push(...batch);
      }
      await sending;
      assert.deepEqual(got, all);
    });

    test('a time-out and a signal end a wait, and nothing is lost by it', async () => {
      const channel = make<number>();
      await assert.rejects(channel.receive({ timeout: 5 }), { code: 'ERR_TIMEOUT', timeout: 5 });
      const stop = new AbortController();
      const receive = channel.receive({ signal: stop.signal });
      const send = channel.send(9, { timeout: 60_000 });
      stop.abort(new Error('too late'));
      assert.deepEqual(await receive, message(9));
      await send;
      const sending = channel.send(1, { signal: stop.signal });
      await assert.rejects(sending, /too late/);
      await assert.rejects(channel.send(1, { timeout: 5 }), { code: 'ERR_TIMEOUT' });
      assert.equal(channel.tryReceive(), undefined);
    });

    test('cancelled and received in the same instant, a message arrives exactly once', async () => {
      const channel = make<number>();
      const got: number[] = [];
      for (let i = 0; i < 200; i++) {
        const stop = new AbortController();
        const receive = channel.receive({ signal: stop.signal }).then(
          ({ value }) => got.push(value as number),
          () => undefined,
        );
        const send = channel.send(i);
        if (i % 2 === 0) stop.abort();
        await receive;
        if (got.length <= i) got.push((await channel.receive()).value as number);
        await send;
      }
      assert.deepEqual(got, [...got.keys()]);
    });

    test('pipeTo sends everything on, then closes', async () => {
      const [from, to] = [make<number>(4), make<number>(4)];
      const pipe = from.pipeTo(to);
      await from.sendBatch([1, 2, 3]);
      from.close();
      await pipe;
      assert.deepEqual(await to.receiveBatch(10), [1, 2, 3]);
      assert.ok(to.closed);
    });

    test('web streams both ways', async () => {
      const [from, to] = [make<number>(2), make<number>(8)];
      const pipe = from.readable.pipeTo(to.writable);
      await from.sendBatch([1, 2, 3, 4]);
      from.close();
      await pipe;
      const got: number[] = [];
      for await (const n of to.readable) got.push(n);
      assert.deepEqual(got, [1, 2, 3, 4]);
    });

    test('using closes it', () => {
      let kept: Channel<number>;
      {
        using channel = make<number>(1);
        kept = channel;
      }
      assert.ok(kept.closed);
    });
  });
}

describe('messages', () => {
  test('are clones in a shared channel, and themselves in a local one', async () => {
    const value = { deep: [1, new Map([[1, new Date(5)]])] };
    const shared = new Channel<object>(1);
    await shared.send(value);
    const clone = (await shared.receive()).value;
    assert.deepEqual(clone, value);
    assert.notEqual(clone, value);
    const local = Channel.local<object>(1);
    await local.send(value);
    assert.equal((await local.receive()).value, value);
    const unclonable = (): number => 1;
    await local.send(unclonable);
    assert.equal((await local.receive()).value, unclonable);
  });

  test('that cannot be cloned are refused, and nothing is sent', async () => {
    const channel = new Channel<unknown>(1);
    await assert.rejects(
      channel.send(() => 1),
      { name: 'DataCloneError' },
    );
    assert.throws(() => channel.trySend(Symbol('s')), { name: 'DataCloneError' });
    assert.equal(channel.length, 0);
  });

  test('that only the platform can clone arrive; they cannot be taken without waiting', async () => {
    const channel = new Channel<unknown>(2);
    const shared = new SharedArrayBuffer(4);
    await channel.send({ shared });
    assert.throws(() => channel.tryReceive(), { code: 'ERR_UNSUPPORTED' });
    assert.equal(channel.length, 1);
    const { value } = (await channel.receive()) as { value: { shared: SharedArrayBuffer } };
    new Int32Array(value.shared)[0] = 7;
    assert.equal(new Int32Array(shared)[0], 7);
  });

  test('are moved with transfer', async () => {
    const channel = new Channel<Uint8Array>(1);
    const bytes = new Uint8Array([1, 2, 3]);
    await channel.send(bytes, { transfer: [bytes.buffer] });
    assert.equal(bytes.length, 0);
    assert.deepEqual((await channel.receive()).value, new Uint8Array([1, 2, 3]));
  });
});

describe('nonsense is refused by name', () => {
  for (const capacity of [-1, 1.5, NaN, 2 ** 40, '1']) {
    test(`a capacity of ${String(capacity)}`, () => {
      assert.throws(() => new Channel(capacity as number), {
        code: 'ERR_INVALID_ARGUMENT',
        message: /capacity/,
      });
    });
  }
  test('options', async () => {
    const channel = new Channel<number>(1);
    for (const options of [{ timeout: -1 }, { timeout: 'x' }, { signal: {} }, { what: 1 }, 5, null]) {
      await assert.rejects(channel.receive(options as never), { code: 'ERR_INVALID_ARGUMENT' });
      await assert.rejects(channel.send(1, options as never), { code: 'ERR_INVALID_ARGUMENT' });
    }
    await assert.rejects(channel.receiveBatch(0), { code: 'ERR_INVALID_ARGUMENT', message: /max/ });
    assert.throws(() => new Channel(1, { nam: 'x' } as never), {
      code: 'ERR_INVALID_ARGUMENT',
      message: /nam/,
    });
    assert.throws(() => Channel.from({ millrace: 'mutex', id: 1 } as never), isMillraceError);
    assert.throws(() => Channel.open('nobody'), { code: 'ERR_NOT_FOUND' });
    assert.throws(() => Channel.local().toHandle(), { code: 'ERR_UNSUPPORTED' });
    assert.throws(() => channel.receiveSync(), { code: 'ERR_UNSUPPORTED', message: /worker threads/ });
  });
});

test('a name is one channel; another capacity is an error that says both', async () => {
  const first = new Channel<number>(3, { name: 'orders' });
  const second = new Channel<number>(3, { name: 'orders' });
  await first.send(1);
  assert.deepEqual(await second.receive(), message(1));
  assert.deepEqual(Channel.open<number>('orders').capacity, 3);
  assert.throws(() => new Channel(4, { name: 'orders' }), { code: 'ERR_NAME_CONFLICT', message: /3.*4/ });
});

test('a number that a closed channel refuses takes no other message with it', async () => {
  const [channel, closed] = [new Channel<ArrayBuffer>(1), new Channel<number>(1)];
  closed.close();
  const bytes = new Uint8Array([1, 2, 3]).buffer;
  await channel.send(bytes, { transfer: [bytes] });
  await assert.rejects(closed.send(1), { code: 'ERR_CHANNEL_CLOSED' });
  const { value } = await channel.receive({ timeout: 5000 });
  assert.deepEqual(new Uint8Array(value as ArrayBuffer), new Uint8Array([1, 2, 3]));
});
