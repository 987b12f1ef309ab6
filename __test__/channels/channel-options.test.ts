/** What each option of a channel's methods does. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Channel, Context, type SendOptions } from 'millrace';
import { deferred, pending, turns, until } from '../helpers.js';

const invalid = (name: string): object => ({
  code: 'ERR_INVALID_ARGUMENT',
  message: new RegExp(`^${name}:`),
});
const closed = { code: 'ERR_CHANNEL_CLOSED' };

for (const [kind, make] of [
  ['shared', <T>(capacity?: number) => new Channel<T>(capacity)],
  ['local', <T>(capacity?: number) => Channel.local<T>(capacity)],
] as const) {
  describe(`a ${kind} channel`, () => {
    test('send: signal, context and timeout, while it is full', async () => {
      const channel = make<number>(1);
      await channel.send(1, { timeout: 0 });
      await assert.rejects(channel.send(2, { timeout: 5 }), { code: 'ERR_TIMEOUT', timeout: 5 });
      const stop = new AbortController();
      const [context, cancel] = Context.background().withCancel();
      const sends = [channel.send(3, { signal: stop.signal }), channel.send(4, { signal: context })];
      const stays = channel.send(5, { timeout: 60_000 });
      stop.abort(new Error('enough'));
      cancel();
      await assert.rejects(sends[0] as Promise<void>, /enough/);
      await assert.rejects(sends[1] as Promise<void>, { code: 'ERR_CONTEXT_CANCELED' });
      assert.deepEqual(await channel.receiveBatch(9), [1, 5]);
      await stays;
      await assert.rejects(channel.send(6, { signal: stop.signal }), /enough/);
      assert.equal(channel.length, 0);
    });

    test('sendBatch: the messages before the one that ran out of time or was aborted are sent', async () => {
      const channel = make<number | string>(2);
      await assert.rejects(channel.sendBatch([1, 'two', 3, 4], { timeout: 5 }), { code: 'ERR_TIMEOUT' });
      assert.deepEqual(await channel.receiveBatch(9), [1, 'two']);
      const stop = new AbortController();
      const sending = channel.sendBatch(new Set([5, 6, 7, 8]), { signal: stop.signal });
      await turns(1);
      stop.abort(new Error('enough'));
      await assert.rejects(sending, /enough/);
      assert.deepEqual(await channel.receiveBatch(9), [5, 6]);
      await assert.rejects(channel.sendBatch([9], { signal: stop.signal }), /enough/);
      channel.close();
      await assert.rejects(channel.sendBatch([1]), closed);
      await assert.rejects(channel.sendBatch(['one']), closed);
    });

    test('receiveBatch: time-out and signal, also when there are messages', async () => {
      const channel = make<number>(4);
      await assert.rejects(channel.receiveBatch(3, { timeout: 5 }), { code: 'ERR_TIMEOUT' });
      const stop = new AbortController();
      const receiving = channel.receiveBatch(3, { signal: stop.signal });
      stop.abort(new Error('enough'));
      await assert.rejects(receiving, /enough/);
      await channel.sendBatch([1, 2, 3, 4]);
      await assert.rejects(channel.receiveBatch(3, { signal: stop.signal }), /enough/);
      await assert.rejects(channel.receiveBatch(3, { tiemout: 1 } as object), invalid('tiemout'));
      assert.deepEqual(await channel.receiveBatch(3, { timeout: 5 }), [1, 2, 3]);
      assert.deepEqual(await channel.receiveBatch(3), [4]);
    });

    test('pipeTo preventClose: the other one stays open', async () => {
      const [from, to] = [make<number>(4), make<number>(4)];
      await from.sendBatch([1, 2]);
      from.close();
      await from.pipeTo(to, { preventClose: true });
      assert.equal(to.closed, false);
      assert.deepEqual(await to.receiveBatch(9), [1, 2]);
      await from.pipeTo(to, { preventClose: false });
      assert.ok(to.closed);
    });

    test('pipeTo ends by a signal and a time-out; a message under way is sent on all the same', async () => {
      for (const options of [{ timeout: 5 }, { signal: AbortSignal.timeout(5) }]) {
        const [from, to] = [make<number>(4), make<number>(1)];
        await assert.rejects(from.pipeTo(to, options), { name: /TimeoutError/ });
        await to.send(0);
        await from.sendBatch([1, 2]);
        const again = 'timeout' in options ? options : { signal: AbortSignal.timeout(5) };
        await assert.rejects(from.pipeTo(to, again), { name: /TimeoutError/ });
        assert.deepEqual([to.closed, from.length, (await to.receive()).value], [false, 1, 0]);
        assert.deepEqual(
          [await to.receive(), await from.receive()].map(({ value }) => value),
          [1, 2],
        );
      }
    });

    test('pipeTo a closed channel takes no message', async () => {
      const [from, to] = [make<number>(4), make<number>(4)];
      await from.send(1);
      to.close();
      await assert.rejects(from.pipeTo(to), closed);
      assert.equal(from.length, 1);
    });

    test('pipeTo a web stream: closes it, or not, is ended by a signal or a time-out, fails with it', async () => {
      const got: unknown[] = [];
      const stream = () =>
        new WritableStream<number>({
          write: (value) => void got.push(value),
          close: () => void got.push('closed'),
          abort: (reason: Error) => void got.push(reason.name),
        });
      const from = make<number>(4);
      await assert.rejects(from.pipeTo(stream(), { timeout: 5 }), { code: 'ERR_TIMEOUT' });
      const stop = new AbortController();
      const piping = from.pipeTo(stream(), { signal: stop.signal });
      stop.abort(new RangeError('enough'));
      await assert.rejects(piping, /enough/);
      await from.sendBatch([1, 2]);
      from.close();
      await from.pipeTo(stream(), { preventClose: true });
      await from.pipeTo(stream());
      assert.deepEqual(got, ['WaitTimeoutError', 'RangeError', 1, 2, 'closed']);
      const other = make<number>(1);
      await other.send(1);
      const broken = new WritableStream<number>({ write: () => Promise.reject(new TypeError('broken')) });
      await assert.rejects(other.pipeTo(broken), /broken/);
    });

    test('readable takes a message when it is wanted, and none when it was cancelled', async () => {
      const channel = make<number>(4);
      await channel.sendBatch([1, 2]);
      const stream = channel.readable;
      await turns(2);
      assert.equal(channel.length, 2);
      const reader = stream.getReader();
      assert.deepEqual(await reader.read(), { value: 1, done: false });
      assert.deepEqual(await reader.read(), { value: 2, done: false });
      const read = reader.read();
      await reader.cancel();
      assert.ok((await read).done);
      await channel.send(3);
      assert.equal(channel.length, 1);
    });

    test('writable: aborting it closes the channel, and a write that waits for room is ended', async () => {
      const channel = make<number>(1);
      const writer = channel.writable.getWriter();
      await writer.write(1);
      const waiting = writer.write(2);
      const refused = assert.rejects(waiting, /enough/);
      await writer.abort(new Error('enough'));
      await refused;
      assert.deepEqual([channel.closed, channel.length], [true, 1]);
      const other = make<number>(2);
      const second = other.writable.getWriter();
      await second.write(1);
      await second.close();
      assert.ok(other.closed);
    });

    test('what cannot be meant is refused, and nothing is sent', async () => {
      const channel = make<number>(4);
      for (const transfer of [5, 'text', {}, null] as never[])
        await assert.rejects(channel.send(1, { transfer }), invalid('transfer'));
      for (const values of [5, null, undefined, {}] as never[])
        await assert.rejects(channel.sendBatch(values), invalid('values'));
      for (const options of [{ timeout: -1 }, { signal: 1 }, { transfer: [] }] as SendOptions[])
        await assert.rejects(channel.sendBatch([1], options), { code: 'ERR_INVALID_ARGUMENT' });
      for (const max of [0, -1, 1.5, NaN, '1', null, undefined] as never[])
        await assert.rejects(channel.receiveBatch(max), invalid('max'));
      for (const to of [5, null, undefined, {}, new ReadableStream()] as never[])
        await assert.rejects(channel.pipeTo(to), invalid('to'));
      for (const [options, name] of [
        [{ preventClose: 1 }, 'preventClose'],
        [{ preventAbort: true }, 'preventAbort'],
        [{ timeout: 'x' }, 'timeout'],
        [{ signal: 1 }, 'signal'],
        [null, 'options'],
      ] as const) {
        await assert.rejects(channel.pipeTo(make<number>(1), options as never), invalid(name));
        await assert.rejects(channel.pipeTo(new WritableStream<number>(), options as never), invalid(name));
      }
      assert.equal(channel.length, 0);
    });
  });
}

describe('transfer', () => {
  test('in a shared channel: gone from here, in one piece there', async () => {
    const channel = new Channel<{ a: ArrayBuffer; b: ArrayBuffer }>(1);
    const message = { a: new Uint8Array([1, 2]).buffer, b: new Uint8Array([3]).buffer };
    await channel.send(message, { transfer: [message.a] });
    assert.deepEqual([message.a.byteLength, message.b.byteLength], [0, 1]);
    const { value } = (await channel.receive()) as { value: typeof message };
    assert.deepEqual([...new Uint8Array(value.a), ...new Uint8Array(value.b)], [1, 2, 3]);
  });

  test('of what cannot be moved, or twice, is refused, and nothing is sent', async () => {
    const channel = new Channel<unknown>(4);
    const bytes = new Uint8Array(4);
    for (const transfer of [[{}], [bytes.buffer, bytes.buffer]] as never[])
      await assert.rejects(channel.send(bytes, { transfer }), { name: /DataCloneError|TypeError/ });
    assert.equal(bytes.length, 4);
    assert.equal(channel.length, 0);
  });

  test('to a closed channel moves nothing', async () => {
    const channel = new Channel<Uint8Array>(1);
    channel.close();
    const bytes = new Uint8Array(4);
    await assert.rejects(channel.send(bytes, { transfer: [bytes.buffer] }), closed);
    assert.equal(bytes.length, 4);
  });

  test('in a local channel what is sent is handed over, moved or not', async () => {
    const channel = Channel.local<Uint8Array>(1);
    const bytes = new Uint8Array([7]);
    await channel.send(bytes, { transfer: [bytes.buffer] });
    assert.equal((await channel.receive()).value, bytes);
    assert.deepEqual(bytes, new Uint8Array([7]));
  });
});

describe('name', () => {
  test('names the channel, and nothing else has one', () => {
    const channel = new Channel<number>(1, { name: 'a name of a channel' });
    assert.equal(channel.name, 'a name of a channel');
    assert.equal(Channel.from(channel.toHandle()).name, 'a name of a channel');
    assert.deepEqual([new Channel().name, Channel.local().name], [undefined, undefined]);
    for (const name of ['', 5, null] as never[])
      assert.throws(() => new Channel(1, { name }), invalid('name'));
    assert.throws(() => Channel.open(''), invalid('name'));
    assert.throws(() => new Channel(1, null as never), invalid('options'));
    channel.close();
  });
});

test('numbers that go through the ring wait, close and time out as any', async () => {
  const channel = new Channel<number>(4);
  for (let n = 0; n < 100; n++) {
    await channel.send(n);
    assert.equal((await channel.receive()).value, n);
  }
  for (const n of [1, 2, 3, 4]) await channel.send(n);
  assert.equal(channel.trySend(5), false);
  await assert.rejects(channel.send(5, { timeout: 1 }), { code: 'ERR_TIMEOUT' });
  const waiting = channel.send(5);
  assert.ok(await pending(waiting));
  assert.deepEqual(await channel.receiveBatch(9), [1, 2, 3, 4, 5]);
  await waiting;
  await assert.rejects(channel.receive({ timeout: 1 }), { code: 'ERR_TIMEOUT' });
  const receiving = channel.receive();
  channel.close();
  assert.ok((await receiving).done);
  await assert.rejects(channel.send(1), closed);
});

test('a pipe that was ended leaves no wait behind', async () => {
  const [from, to] = [new Channel<number>(1), new Channel<number>()];
  const stop = new AbortController();
  const gate = deferred<void>();
  const piping = from.pipeTo(to, { signal: stop.signal }).finally(gate.resolve);
  await from.send(1);
  await until(() => from.length === 0);
  stop.abort(new Error('enough'));
  await assert.rejects(piping, /enough/);
  await gate.promise;
  assert.equal((await to.receive()).value, 1);
  assert.ok(await pending(from.receive()), 'nobody else receives from it');
  from.close();
});
