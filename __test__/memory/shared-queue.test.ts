/** One queue for all threads. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Context, isMillraceError, type PushOptions, SharedQueue, type SharedQueueOptions } from 'millrace';
import { child, turns } from '../helpers.js';

/** Everything that is in a queue, in its order. */
function drained<T>(queue: SharedQueue<T>): T[] {
  const all: T[] = [];
  while (queue.length > 0) all.push(queue.tryPop() as T);
  return all;
}

describe('SharedQueue', () => {
  test('is filled without a receiver, first in, first out', async () => {
    const queue = new SharedQueue<unknown>();
    const values = [1, 'two', { three: 3 }, new Uint8Array(300_000).fill(4), null, undefined, -0];
    for (const value of values) await queue.push(value);
    assert.deepEqual([queue.length, queue.capacity, queue.priority], [7, Infinity, false]);
    for (const value of values) assert.deepEqual(await queue.pop(), value);
    assert.equal(queue.length, 0);
  });

  test('capacity: who pushes more waits, and is let in in the order of coming', async () => {
    const queue = new SharedQueue<number>({ capacity: 2 });
    const order: number[] = [];
    const pushes = [1, 2, 3, 4].map((n) => queue.push(n).then(() => order.push(n)));
    assert.equal(queue.tryPush(5), false);
    await Promise.all(pushes.slice(0, 2));
    assert.deepEqual([queue.length, queue.waiting, order], [2, { pushers: 2, poppers: 0 }, [1, 2]]);
    assert.deepEqual([await queue.pop(), await queue.pop()], [1, 2]);
    await Promise.all(pushes);
    assert.deepEqual(order, [1, 2, 3, 4]);
    assert.deepEqual(drained(queue), [3, 4]);
  });

  test('priority: the largest first, and in order within one', async () => {
    const queue = new SharedQueue<string>({ priority: true });
    assert.ok(queue.priority);
    for (const [value, priority] of [
      ['a', 0],
      ['b', 5],
      ['c', -3],
      ['d', 5],
      ['e', 2 ** 31 - 1],
      ['f', -(2 ** 31)],
    ] as const)
      await queue.push(value, { priority });
    await queue.push('g');
    assert.equal(queue.peek(), 'e');
    assert.deepEqual(drained(queue).join(''), 'ebdagcf');
  });

  test('priority and capacity: who waits for room has not overtaken anybody yet', async () => {
    const queue = new SharedQueue<string>({ priority: true, capacity: 2 });
    await queue.pushBatch(['low', 'low too'], { priority: 1 });
    const waiting = [queue.push('middle', { priority: 2 }), queue.push('high', { priority: 9 })];
    assert.equal(await queue.pop(), 'low');
    await waiting[0];
    assert.equal(await queue.pop(), 'middle');
    await waiting[1];
    assert.deepEqual(drained(queue), ['high', 'low too']);
  });

  test('pop waits, and who waits is served in the order of coming', async () => {
    const queue = new SharedQueue<number>({ priority: true });
    const pops = [0, 1, 2].map(() => queue.pop());
    assert.equal(queue.waiting.poppers, 3);
    for (const n of [1, 2, 3]) await queue.push(n, { priority: n });
    assert.deepEqual(await Promise.all(pops), [1, 2, 3]);
  });

  test('tryPop, peek and tryPush never wait', () => {
    const queue = new SharedQueue<object>({ capacity: 1 });
    assert.deepEqual([queue.tryPop(), queue.peek()], [undefined, undefined]);
    assert.ok(queue.tryPush({ n: 1 }));
    assert.equal(queue.tryPush({ n: 2 }), false);
    assert.deepEqual([queue.peek(), queue.peek(), queue.tryPop()], [{ n: 1 }, { n: 1 }, { n: 1 }]);
    queue.close();
    assert.equal(queue.tryPop(), undefined);
    assert.throws(() => queue.tryPush({}), { code: 'ERR_QUEUE_CLOSED' });
  });

  test('pushBatch and popBatch keep the order', async () => {
    const queue = new SharedQueue<unknown>({ capacity: 3 });
    const all = [1, 'two', 3, { four: 4 }, 5, null, 7, 8];
    const pushing = queue.pushBatch(all).then(() => queue.close());
    const got: unknown[] = [];
    for (;;) {
      const batch = await queue.popBatch(2);
      if (batch.length === 0) break;
      assert.ok(batch.length <= 2);
      got.push(...batch);
    }
    await pushing;
    assert.deepEqual(got, all);
  });

  test('close: pops drain and then reject, pushes are refused, those who wait are told', async () => {
    const queue = new SharedQueue<number>({ capacity: 1 });
    await queue.push(1);
    const refused = queue.push(2);
    queue.close();
    queue.close();
    await assert.rejects(refused, { name: 'QueueClosedError', code: 'ERR_QUEUE_CLOSED' });
    await assert.rejects(queue.push(3), { code: 'ERR_QUEUE_CLOSED' });
    await assert.rejects(queue.push(3, { timeout: 1 }), { code: 'ERR_QUEUE_CLOSED' });
    assert.equal(await queue.pop(), 1);
    await assert.rejects(queue.pop(), { code: 'ERR_QUEUE_CLOSED' });
    assert.ok(queue.closed);
    let waiting: Promise<unknown>;
    {
      using other = new SharedQueue();
      waiting = other.pop();
    }
    await assert.rejects(waiting, { code: 'ERR_QUEUE_CLOSED' });
  });

  test('clear removes what is there, and lets in who waits', async () => {
    const queue = new SharedQueue<number>({ capacity: 2, priority: true });
    const pushes = [1, 2, 3, 4, 5].map((n) => queue.push(n));
    assert.equal(queue.clear(), 2);
    await Promise.all(pushes.slice(0, 4));
    assert.deepEqual([queue.length, queue.waiting.pushers], [2, 1]);
    assert.equal(queue.clear(), 2);
    await pushes[4];
    assert.deepEqual([queue.clear(), queue.clear()], [1, 0]);
  });

  test('for await ends with the queue, and leaving it leaves the queue open', async () => {
    const queue = new SharedQueue<number>();
    await queue.pushBatch([1, 2, 3]);
    const got: number[] = [];
    for await (const n of queue) {
      got.push(n);
      if (n === 2) break;
    }
    queue.close();
    for await (const n of queue) got.push(n);
    assert.deepEqual(got, [1, 2, 3]);
  });

  test('a time-out and a signal end a wait, and nothing is lost by it', async () => {
    const queue = new SharedQueue<number>({ capacity: 1 });
    await assert.rejects(queue.pop({ timeout: 5 }), { code: 'ERR_TIMEOUT', timeout: 5 });
    await assert.rejects(queue.popBatch(3, { timeout: 5 }), { code: 'ERR_TIMEOUT' });
    const stop = new AbortController();
    const pop = queue.pop({ signal: stop.signal });
    stop.abort(new Error('enough'));
    await assert.rejects(pop, /enough/);
    await queue.push(1);
    await assert.rejects(queue.push(2, { timeout: 5 }), { code: 'ERR_TIMEOUT' });
    const [context, cancel] = Context.background().withCancel();
    const push = queue.push(3, { signal: context });
    cancel();
    await assert.rejects(push, { code: 'ERR_CONTEXT_CANCELED' });
    await assert.rejects(queue.push(3, { signal: stop.signal }), /enough/);
    assert.deepEqual(drained(queue), [1]);
  });

  test('transfer moves, and what only the platform can clone is popped like anything else', async () => {
    const queue = new SharedQueue<unknown>({ capacity: 2 });
    const bytes = new Uint8Array(8).fill(7);
    await queue.push(bytes, { transfer: [bytes.buffer] });
    assert.equal(bytes.length, 0);
    const shared = new SharedArrayBuffer(4);
    assert.ok(queue.tryPush(shared));
    const kept = new Uint8Array(8);
    assert.equal(queue.tryPush(kept, { transfer: [kept.buffer] }), false);
    assert.equal(kept.length, 8, 'what was not pushed was not moved');
    assert.throws(() => queue.tryPop(), { code: 'ERR_UNSUPPORTED' });
    assert.throws(() => queue.peek(), { code: 'ERR_UNSUPPORTED' });
    assert.deepEqual(await queue.pop(), new Uint8Array(8).fill(7));
    new Int32Array(shared)[0] = 5;
    assert.equal(new Int32Array((await queue.pop()) as SharedArrayBuffer)[0], 5);
    await assert.rejects(
      queue.push(() => 1),
      { name: 'DataCloneError' },
    );
    await queue.push(new SharedArrayBuffer(4));
    assert.equal(queue.clear(), 1);
  });

  test('pushBatch: the time-out is for each wait, a signal for all; what was pushed before stays', async () => {
    const queue = new SharedQueue<number>({ capacity: 2, priority: true });
    await assert.rejects(queue.pushBatch([1, 2, 3], { timeout: 5, priority: 4 }), { code: 'ERR_TIMEOUT' });
    assert.deepEqual(drained(queue), [1, 2]);
    const stop = new AbortController();
    const pushing = queue.pushBatch(new Set([4, 5, 6]), { signal: stop.signal });
    await turns(1);
    stop.abort(new Error('enough'));
    await assert.rejects(pushing, /enough/);
    await assert.rejects(queue.pushBatch([7], { signal: stop.signal }), /enough/);
    assert.deepEqual(drained(queue), [4, 5]);
    await queue.push(0, { priority: 1 });
    await queue.pushBatch([8], { priority: 2 });
    assert.deepEqual(drained(queue), [8, 0], 'all have the priority of the batch');
  });

  test('popBatch and pop end by a context, and take nothing then', async () => {
    const queue = new SharedQueue<number>();
    const [context, cancel] = Context.background().withCancel();
    const pops = [queue.popBatch(2, { signal: context }), queue.pop({ signal: context, timeout: 60_000 })];
    cancel();
    for (const pop of pops) await assert.rejects(pop, { code: 'ERR_CONTEXT_CANCELED' });
    await queue.push(1);
    await assert.rejects(queue.pop({ signal: context }), { code: 'ERR_CONTEXT_CANCELED' });
    await assert.rejects(queue.popBatch(2, { signal: context }), { code: 'ERR_CONTEXT_CANCELED' });
    assert.deepEqual(await queue.popBatch(2, { timeout: 5 }), [1]);
  });

  test('transfer by tryPush, also with a priority; to a closed queue it moves nothing', async () => {
    const queue = new SharedQueue<Uint8Array>({ priority: true });
    const [low, high] = [new Uint8Array([1]), new Uint8Array([2])];
    assert.ok(queue.tryPush(low, { transfer: [low.buffer] }));
    assert.ok(queue.tryPush(high, { transfer: [high.buffer], priority: 1 }));
    assert.deepEqual([low.length, high.length], [0, 0]);
    assert.deepEqual([await queue.pop(), await queue.pop()], [new Uint8Array([2]), new Uint8Array([1])]);
    queue.close();
    const kept = new Uint8Array(4);
    const closed = { code: 'ERR_QUEUE_CLOSED' };
    assert.throws(() => queue.tryPush(kept, { transfer: [kept.buffer] }), closed);
    await assert.rejects(queue.push(kept, { transfer: [kept.buffer] }), closed);
    assert.equal(kept.length, 4);
    for (const transfer of ['x', {}, null] as never[])
      assert.throws(() => new SharedQueue().tryPush(1, { transfer }), { code: 'ERR_INVALID_ARGUMENT' });
  });

  test('capacity: Infinity is no limit; priority: false is first in, first out', async () => {
    const queue = new SharedQueue<number>({ capacity: Infinity, priority: false, name: 'no limit' });
    assert.equal(new SharedQueue({ name: 'no limit' }).capacity, Infinity);
    for (let n = 0; n < 5000; n++) assert.ok(queue.tryPush(n));
    assert.deepEqual([queue.length, queue.priority, await queue.pop()], [5000, false, 0]);
    queue.close();
  });

  test('by name and by handle it is the same queue; other options are an error', async () => {
    const queue = new SharedQueue<number>({ name: 'jobs', priority: true, capacity: 9 });
    await SharedQueue.open<number>('jobs').push(1, { priority: 1 });
    await new SharedQueue<number>({ name: 'jobs', priority: true, capacity: 9 }).push(2, { priority: 2 });
    const same = SharedQueue.from<number>(structuredClone(queue.toHandle()));
    assert.deepEqual([same.priority, same.capacity, same.name], [true, 9, 'jobs']);
    assert.deepEqual(drained(same), [2, 1]);
    assert.throws(() => new SharedQueue({ name: 'jobs' }), { code: 'ERR_NAME_CONFLICT' });
    assert.throws(() => SharedQueue.open('none'), { code: 'ERR_NOT_FOUND' });
  });

  test('what cannot be meant is refused at once', async () => {
    const bad = { code: 'ERR_INVALID_ARGUMENT' };
    for (const capacity of [0, -1, 1.5, NaN, '1', null, 2 ** 31, {}])
      assert.throws(() => new SharedQueue({ capacity: capacity as number }), bad, String(capacity));
    for (const options of [{ priority: 1 }, { size: 1 }, { name: '' }, null, 5])
      assert.throws(() => new SharedQueue(options as unknown as SharedQueueOptions), bad);
    for (const handle of [null, {}, { millrace: 'channel', id: 1 }, { millrace: 'queue', id: 'x' }, 'queue'])
      assert.throws(() => SharedQueue.from(handle as never), bad);
    const plain = new SharedQueue<number>();
    const ranked = new SharedQueue<number>({ priority: true });
    await assert.rejects(plain.push(1, { priority: 1 }), bad);
    for (const priority of [1.5, NaN, Infinity, 2 ** 31, '1', null, {}]) {
      await assert.rejects(ranked.push(1, { priority: priority as number }), bad);
      assert.throws(() => ranked.tryPush(1, { priority: priority as number }), bad);
      await assert.rejects(ranked.pushBatch([1], { priority: priority as number }), bad);
      await assert.rejects(ranked.pushBatch([], { priority: priority as number }), bad);
    }
    for (const options of [{ urgent: 1 }, { timeout: -1 }, { signal: 1 }, { transfer: 1 }, null, 1]) {
      await assert.rejects(plain.push(1, options as unknown as PushOptions), bad);
      if (!(options !== null && typeof options === 'object' && 'transfer' in options))
        await assert.rejects(plain.pop(options as object), bad);
    }
    assert.throws(() => plain.tryPush(1, { timeout: 1 } as object), bad);
    for (const max of [0, -1, 1.5, NaN, '1', undefined])
      await assert.rejects(plain.popBatch(max as number), bad);
    await assert.rejects(plain.pushBatch(5 as unknown as number[]), bad);
    assert.throws(() => plain.popSync(), { code: 'ERR_UNSUPPORTED' });
    assert.throws(() => plain.pushSync(1), { code: 'ERR_UNSUPPORTED' });
    assert.deepEqual([plain.length, ranked.length], [0, 0]);
  });

  test('idle it keeps no process alive; one who waits does', async () => {
    const idle = await child(`new millrace.SharedQueue({ name: 'q' }).tryPush(1);`);
    assert.deepEqual([idle.code, idle.stderr], [0, '']);
    const waits = await child(`
      const queue = new millrace.SharedQueue();
      setTimeout(() => queue.push('came'), 50).unref();
      console.log(await queue.pop());`);
    assert.deepEqual([waits.code, waits.stdout.trim()], [0, 'came']);
  });

  test('its errors are known as ours', async () => {
    const queue = new SharedQueue();
    queue.close();
    await queue.pop().catch((error) => assert.ok(isMillraceError(error)));
  });
});
