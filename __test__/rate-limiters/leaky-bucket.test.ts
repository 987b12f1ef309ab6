/** The leaky bucket as a queue. */
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { test } from 'node:test';
import { isMillraceError, LeakyBucketRateLimiter, LimiterClosedError, RateLimitError } from 'millrace';
import { child, pending, thread, turns, until } from '../helpers.js';

const hour = 3_600_000;
const slow = { capacity: 3, leakRate: 1, leakInterval: hour };

test('items leave in order', async () => {
  const bucket = new LeakyBucketRateLimiter<number>({ capacity: 20, leakRate: 10, leakInterval: 20 });
  const order: number[] = [];
  const began = performance.now();
  await Promise.all([1, 2, 3, 4, 5].map((n) => bucket.enqueue(n).then(() => order.push(n))));
  assert.deepEqual(order, [1, 2, 3, 4, 5]);
  // No earlier than their rate: five of 2 ms each.
  assert.ok(performance.now() - began >= 9);
  assert.deepEqual(bucket.getMetrics(), { left: 5, refused: 0, takenOut: 0, length: 0 });
});

test('what does not fit is refused', async () => {
  const bucket = new LeakyBucketRateLimiter<string>(slow);
  assert.ok(bucket.tryEnqueue('a') && bucket.tryEnqueue('b') && bucket.tryEnqueue('c'));
  assert.deepEqual([bucket.tryEnqueue('d'), bucket.isFull(), bucket.getQueueLength()], [false, true, 3]);
  const error = await bucket.enqueue('e').catch((error: unknown) => error);
  assert.ok(error instanceof RateLimitError && error.retryAfter > hour - 60_000 && error.retryAfter <= hour);
  assert.equal(bucket.getMetrics().refused, 2);
});

test('dequeue takes out the oldest item, as it is, and its enqueue resolves', async () => {
  const bucket = new LeakyBucketRateLimiter<() => string>(slow);
  const items = ['a', 'b'].map((text) => () => text);
  const entering = items.map((item) => bucket.enqueue(item));
  assert.equal(bucket.dequeue(), items[0]);
  await entering[0];
  assert.ok(await pending(entering[1] as Promise<void>));
  assert.equal(bucket.getQueueLength(), 1);
  assert.equal(bucket.dequeue(), items[1]);
  await entering[1];
  assert.deepEqual([bucket.dequeue(), bucket.getMetrics().takenOut], [undefined, 2]);
});

test('one who gives up is taken out', async () => {
  const bucket = new LeakyBucketRateLimiter<number>(slow);
  const controller = new AbortController();
  const entering = bucket.enqueue(1, { signal: controller.signal });
  controller.abort();
  await assert.rejects(entering, { name: 'AbortError' });
  const late = await bucket.enqueue(2, { timeout: 1000 }).catch((error: unknown) => error);
  assert.ok(late instanceof RateLimitError && late.retryAfter > 1000 && late.retryAfter <= hour);
  assert.deepEqual([bucket.getQueueLength(), bucket.dequeue()], [0, undefined]);
  await assert.rejects(bucket.enqueue(1, { signal: AbortSignal.abort() }), { name: 'AbortError' });
});

test('configure: other numbers, and what is in it stays', async () => {
  const bucket = new LeakyBucketRateLimiter<number>(slow);
  const entering = [1, 2].map((n) => bucket.enqueue(n));
  bucket.configure({ capacity: 1, leakRate: 1, leakInterval: 1 });
  assert.deepEqual([bucket.getCapacity(), bucket.tryEnqueue(3)], [1, false]);
  await Promise.all(entering);
  assert.throws(() => bucket.configure({ capacity: 1 } as never), isMillraceError);
  assert.throws(() => bucket.configure({ ...slow, other: 1 } as never), /other/);
  assert.throws(() => bucket.configure(null as never), isMillraceError);
});

test('close rejects what is in it and what comes', async () => {
  const bucket = new LeakyBucketRateLimiter<number>(slow);
  const entering = bucket.enqueue(1);
  {
    using _bucket = bucket;
  }
  bucket.close();
  await assert.rejects(entering, LimiterClosedError);
  await assert.rejects(bucket.enqueue(2), { code: 'ERR_LIMITER_CLOSED' });
  assert.throws(() => bucket.tryEnqueue(2), LimiterClosedError);
  assert.ok(bucket.closed);
});

test('the same name, or handle, is the same bucket', async () => {
  const bucket = new LeakyBucketRateLimiter<number>({ ...slow, name: 'leaks' });
  assert.ok(LeakyBucketRateLimiter.open<number>('leaks').tryEnqueue(1));
  assert.ok(LeakyBucketRateLimiter.from<number>(bucket.toHandle()).tryEnqueue(2));
  assert.ok(new LeakyBucketRateLimiter<number>({ ...slow, name: 'leaks' }).tryEnqueue(3));
  assert.deepEqual([bucket.isFull(), bucket.getQueueLength(), bucket.name], [true, 3, 'leaks']);
  assert.throws(() => new LeakyBucketRateLimiter({ ...slow, capacity: 4, name: 'leaks' }), {
    code: 'ERR_NAME_CONFLICT',
  });
  assert.throws(() => LeakyBucketRateLimiter.open('nobody'), { code: 'ERR_NOT_FOUND' });
  const other = new LeakyBucketRateLimiter<number>(slow);
  assert.equal(other.getQueueLength(), 0);
  other[Symbol.dispose]();
  assert.ok(other.closed && !bucket.closed);
  bucket.close();
});

test('events: who is refused, what leaves, what is lost and why', async () => {
  const bucket = new LeakyBucketRateLimiter<string>({ capacity: 3, leakRate: 1, leakInterval: 5 });
  const seen: [event: string, ...unknown[]][] = [];
  bucket.on(
    'limited',
    (count, retryAfter) => void seen.push(['limited', count, retryAfter > 0 && retryAfter <= 3 * hour]),
  );
  bucket.on('left', (item) => void seen.push(['left', item]));
  bucket.on('lost', (item, error) => void seen.push(['lost', item, (error as Error).name]));
  assert.ok(bucket.tryEnqueue('a'));
  await bucket.enqueue('b');
  await until(() => seen.length === 2);
  bucket.configure(slow);
  bucket.tryEnqueue('c');
  const controller = new AbortController();
  const [given, kept] = [bucket.enqueue('d', { signal: controller.signal }), bucket.enqueue('e')];
  assert.equal(bucket.tryEnqueue('f'), false);
  await assert.rejects(bucket.enqueue('g'), { code: 'ERR_RATE_LIMITED' });
  assert.equal(bucket.dequeue(), 'c');
  await assert.rejects(bucket.enqueue('h', { timeout: 1 }), { code: 'ERR_RATE_LIMITED' });
  controller.abort();
  await assert.rejects(given, { name: 'AbortError' });
  bucket.tryEnqueue('i');
  bucket.close();
  await assert.rejects(kept, LimiterClosedError);
  await until(() => seen.length === 8);
  assert.deepEqual(seen, [
    ['left', 'a'],
    ['left', 'b'],
    ['limited', 1, true],
    ['limited', 1, true],
    ['limited', 1, true],
    ['lost', 'd', 'AbortError'],
    ['lost', 'e', 'LimiterClosedError'],
    ['lost', 'i', 'LimiterClosedError'],
  ]);
});

test('events: an item whose time to wait is over is lost', async () => {
  const bucket = new LeakyBucketRateLimiter<number>({ capacity: 3, leakRate: 1, leakInterval: 300 });
  const lost: unknown[] = [];
  bucket.on('lost', (item, error) => void lost.push(item, (error as { code: string }).code));
  bucket.tryEnqueue(0);
  const entering = bucket.enqueue(1, { timeout: 700 });
  // The first still leaves when it would have; the second, only an hour later.
  bucket.configure(slow);
  await assert.rejects(entering, { code: 'ERR_TIMEOUT' });
  await until(() => lost.length > 0);
  assert.deepEqual(lost, [1, 'ERR_TIMEOUT']);
});

test('events: items are told of in their own thread, in the context of the listener, and no more once it is off', async () => {
  const bucket = new LeakyBucketRateLimiter<string>({ capacity: 9, leakRate: 1, leakInterval: 2 });
  const store = new AsyncLocalStorage<string>();
  const here: unknown[] = [];
  const worker = thread(
    `const bucket = LeakyBucketRateLimiter.from(data);
    bucket.once('left', (item) => parentPort.postMessage(item)).on('lost', (item) => parentPort.postMessage(item));
    bucket.on('close', () => process.exit());
    bucket.tryEnqueue('theirs');
    parentPort.on('message', () => undefined);`,
    bucket.toHandle(),
  );
  const there = once(worker, 'message');
  const listener = (item: string): void => void here.push(item, store.getStore());
  store.run('mine', () => bucket.on('left', listener));
  store.run('other', () => bucket.tryEnqueue('ours'));
  assert.deepEqual(await there, ['theirs']);
  await until(() => here.length === 2);
  bucket.off('left', listener);
  await bucket.enqueue('last');
  await turns(5);
  bucket.close();
  await once(worker, 'exit');
  assert.deepEqual(here, ['ours', 'mine']);
});

test('events: a listener may use the bucket', async () => {
  const bucket = new LeakyBucketRateLimiter<number>({ capacity: 2, leakRate: 1, leakInterval: 1 });
  const left: number[] = [];
  bucket.on('left', (item) => {
    left.push(item);
    if (item < 20) bucket.tryEnqueue(item + 1);
  });
  bucket.on('limited', () => void bucket.dequeue());
  bucket.tryEnqueue(1);
  await until(() => left.length === 20);
  assert.deepEqual(
    left,
    Array.from({ length: 20 }, (_, i) => i + 1),
  );
  bucket.configure(slow);
  for (let i = 0; i < 5; i++) bucket.tryEnqueue(i);
  assert.ok(bucket.getQueueLength() <= 3);
  bucket.close();
});

test('garbage', async () => {
  for (const key of Object.keys(slow))
    for (const it of [0, -1, NaN, 'x', null, {}, undefined])
      assert.throws(() => new LeakyBucketRateLimiter({ ...slow, [key]: it } as never), new RegExp(key));
  assert.throws(() => new LeakyBucketRateLimiter({ ...slow, other: 1 } as never), /other/);
  const bucket = new LeakyBucketRateLimiter(slow);
  await assert.rejects(bucket.enqueue(1, { timeout: -1 }), /timeout/);
  assert.throws(() => bucket.on('leak' as 'left', () => undefined), /limited, left, lost, close/);
  assert.throws(() => bucket.on('left', {} as never), isMillraceError);
});

test('an item that nobody waits for keeps no process alive; one that is waited for does', async () => {
  const make = `const bucket = new millrace.LeakyBucketRateLimiter({ capacity: 2, leakRate: 1, leakInterval: `;
  const idle = await child(`${make} 1e9 }); bucket.tryEnqueue(1); console.log('idle');`);
  assert.deepEqual([idle.code, idle.stdout], [0, 'idle\n']);
  const waits = await child(`${make} 50 }); bucket.enqueue(1).then(() => console.log('left'));`);
  assert.deepEqual([waits.code, waits.stdout], [0, 'left\n']);
});
