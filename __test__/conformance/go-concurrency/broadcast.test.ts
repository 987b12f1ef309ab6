/** The text's section 5: Broadcast. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { Broadcast, Channel, RWMutex, select, sending } from 'millrace';
import { allReturned, collect, fiveSeconds, go, nothingLeft, upTo } from './goroutines.js';

afterEach(nothingLeft);

describe('5. Broadcast', () => {
  const messages = upTo(5).map((n) => `Message ${n}`);

  test('both users receive all five messages', async () => {
    const ctx = fiveSeconds();
    const b = new Broadcast<string>();
    const printed: string[] = [];
    for (const user of [1, 2]) {
      const sub = b.subscribe(`user${user}`, 10);
      go(ctx, async () => {
        for await (const msg of sub) printed.push(`User${user} received: ${msg}`);
      });
    }
    for (const msg of messages) await b.send(msg, { signal: ctx });
    b.close();
    await allReturned();
    for (const user of [1, 2]) {
      assert.deepEqual(
        printed.filter((line) => line.startsWith(`User${user}`)),
        messages.map((msg) => `User${user} received: ${msg}`),
      );
    }
  });

  test('a full subscriber is an error of the sender', async () => {
    using b = new Broadcast<string>();
    b.subscribe('slow', 1);
    await b.send('Message 1');
    await assert.rejects(b.send('Message 2'), { code: 'ERR_SUBSCRIBER_SLOW' });
  });

  test('Thread Safety: the text’s own, of an RWMutex and channels', async () => {
    const mu = new RWMutex();
    const subscribers = new Map<string, Channel<string>>();
    const subscribe = async (id: string, bufferSize: number): Promise<Channel<string>> => {
      using _lock = await mu.writeLock();
      const ch = new Channel<string>(bufferSize);
      subscribers.set(id, ch);
      return ch;
    };
    const unsubscribe = async (id: string): Promise<void> => {
      using _lock = await mu.writeLock();
      subscribers.get(id)?.close();
      subscribers.delete(id);
    };
    const send = async (ctx: AbortSignal, msg: string): Promise<void> => {
      using _lock = await mu.readLock();
      for (const ch of subscribers.values()) {
        const chosen = await select({ sent: sending(ch, msg), default: true }, { signal: ctx });
        if (chosen.case === 'default') throw new Error('subscriber channel full');
      }
    };
    const ctx = fiveSeconds();
    const [sub1, sub2] = [await subscribe('user1', 5), await subscribe('user2', 5)];
    await Promise.all(messages.map((msg) => send(ctx, msg)));
    await assert.rejects(send(ctx, 'Message 6'), /subscriber channel full/);
    await Promise.all(['user1', 'user2'].map(unsubscribe));
    assert.deepEqual([await collect(sub1), await collect(sub2)], [messages, messages]);
    assert.deepEqual([mu.readers, mu.writing, mu.waiting], [0, false, 0]);
  });
});
