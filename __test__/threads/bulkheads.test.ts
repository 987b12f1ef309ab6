/** Bulkheads and adaptive limiters among worker threads, some of which die. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { AdaptiveLimiter, BulkheadCircuitBreaker } from 'millrace';
import { thread, until } from '../helpers.js';

const config = { maxConcurrentCalls: 3, maxWaitTime: Infinity, enableQueue: true };

test('eight threads on one bulkhead, one of them terminated inside: never more than three at once', async () => {
  using bulkhead = new BulkheadCircuitBreaker(config);
  const shared = new SharedArrayBuffer(8);
  const cells = new Int32Array(shared);
  const text = `const bulkhead = BulkheadCircuitBreaker.from(data.bulkhead);
    const cells = new Int32Array(data.shared);
    for (let i = 0; i < 2000; i++)
      await Promise.all([0, i % 4].map((priority) => bulkhead.call(async () => {
        if (Atomics.add(cells, 1, 1) + 1 > 3) throw new Error('too many');
        if (i % 3 === 0) await undefined;
        if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
        Atomics.add(cells, 0, 1);
        Atomics.sub(cells, 1, 1);
      }, priority === 0 ? undefined : { priority })));`;
  const data = { bulkhead: bulkhead.toHandle(), shared };
  const exits = Array.from({ length: 7 }, () => once(thread(text, data), 'exit'));
  const doomed = thread(
    `BulkheadCircuitBreaker.from(data.bulkhead).call(() => {
      parentPort.postMessage('inside');
      return new Promise(() => setInterval(() => {}, 1000));
    });`,
    data,
  );
  await once(doomed, 'message');
  await Promise.all([once(doomed, 'exit'), doomed.terminate()]);
  assert.deepEqual((await Promise.all(exits)).flat(), Array(7).fill(0));
  assert.deepEqual([cells[0], cells[1]], [28_000, 0]);
  const { calls, peak, running } = bulkhead.getMetrics();
  assert.deepEqual([calls, peak <= 3, running, bulkhead.getAvailablePermits()], [28_001, true, 0, 3]);
});

test('threads that die inside, or waiting, leave their places to others', async () => {
  using bulkhead = new BulkheadCircuitBreaker({ ...config, maxConcurrentCalls: 1 });
  const data = { bulkhead: bulkhead.toHandle() };
  const forever = `BulkheadCircuitBreaker.from(data.bulkhead)
    .call(() => new Promise(() => setInterval(() => {}, 1000)));`;
  const inside = thread(forever, data);
  await until(() => bulkhead.getAvailablePermits() === 0);
  const waiting = thread(forever, data);
  await until(() => bulkhead.getQueueLength() === 1);
  const mine = bulkhead.call(() => 'mine');
  await Promise.all([once(waiting, 'exit'), waiting.terminate()]);
  await until(() => bulkhead.getQueueLength() === 1);
  await Promise.all([once(inside, 'exit'), inside.terminate()]);
  assert.equal(await mine, 'mine');
  assert.equal(bulkhead.getAvailablePermits(), 1);
});

test('what a thread does is heard and counted in another, and its errors cross', async () => {
  using bulkhead = new BulkheadCircuitBreaker({ ...config, maxConcurrentCalls: 1, maxQueue: 0 });
  const reasons: string[] = [];
  bulkhead.on('reject', ({ reason }) => reasons.push(reason));
  let end = (): void => undefined;
  const mine = bulkhead.call(() => new Promise<void>((resolve) => (end = resolve)));
  const other = thread(
    `const bulkhead = BulkheadCircuitBreaker.from(data.bulkhead);
    await bulkhead.call(() => 1).catch((error) => parentPort.postMessage([error.code, error.reason]));
    bulkhead.setMaxConcurrentCalls(2);
    await bulkhead.call(() => 1);`,
    { bulkhead: bulkhead.toHandle() },
  );
  const [message] = await once(other, 'message');
  assert.deepEqual(message, ['ERR_BULKHEAD_FULL', 'full']);
  await once(other, 'exit');
  await until(() => reasons.length === 1);
  end();
  await mine;
  const { calls, rejections, peak } = bulkhead.getMetrics();
  assert.deepEqual([calls, rejections, peak, bulkhead.maxConcurrentCalls], [2, 1, 2, 2]);
});

test('eight threads on one adaptive limiter: never more in flight than its maximum, and the dead give theirs back', async () => {
  using limiter = new AdaptiveLimiter({ algorithm: 'aimd', initialLimit: 2, maxLimit: 4, timeout: 1000 });
  const shared = new SharedArrayBuffer(8);
  const cells = new Int32Array(shared);
  const changes: number[] = [];
  limiter.on('limit', ({ to }) => changes.push(to));
  const data = { limiter: limiter.toHandle(), shared };
  const exits = Array.from({ length: 7 }, () =>
    once(
      thread(
        `const limiter = AdaptiveLimiter.from(data.limiter);
      const cells = new Int32Array(data.shared);
      const work = async () => {
        if (Atomics.add(cells, 1, 1) + 1 > 4) throw new Error('too many');
        await new Promise((resolve) => setImmediate(resolve));
        Atomics.add(cells, 0, 1);
        Atomics.sub(cells, 1, 1);
      };
      for (let i = 0; i < 100; i++) await Promise.all([limiter.call(work), limiter.call(work)]);`,
        data,
      ),
      'exit',
    ),
  );
  const doomed = thread(
    `AdaptiveLimiter.from(data.limiter).acquire().then(() => parentPort.postMessage('held'));
    setInterval(() => {}, 1000);`,
    data,
  );
  await once(doomed, 'message');
  await Promise.all([once(doomed, 'exit'), doomed.terminate()]);
  assert.deepEqual((await Promise.all(exits)).flat(), Array(7).fill(0));
  assert.deepEqual([cells[0], cells[1], limiter.inFlight], [1400, 0, 0]);
  const { calls, peak, limit } = limiter.getMetrics();
  assert.deepEqual([calls, peak <= 4, limit], [1401, true, 4]);
  await until(() => changes.at(-1) === 4);
});
