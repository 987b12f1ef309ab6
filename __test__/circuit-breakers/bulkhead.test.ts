/** Bulkheads in one thread. */
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { test } from 'node:test';
import {
  BulkheadCircuitBreaker,
  BulkheadClosedError,
  type BulkheadConfig,
  BulkheadFullError,
  type CallContext,
  Context,
  WaitTimeoutError,
} from 'millrace';
import { child, deferred, foreignPromise, pending, turns, until } from '../helpers.js';

const with1: BulkheadConfig = { maxConcurrentCalls: 1, maxWaitTime: Infinity, enableQueue: true };

/** A bulkhead with a call inside that ends when it is told to. */
function occupied(config: Partial<BulkheadConfig> = {}): {
  bulkhead: BulkheadCircuitBreaker;
  end: (value?: string) => void;
  inside: Promise<string>;
} {
  const bulkhead = new BulkheadCircuitBreaker({ ...with1, ...config });
  const { promise, resolve } = deferred<string>();
  const inside = bulkhead.call(() => promise);
  return { bulkhead, end: (value = 'done') => resolve(value), inside };
}

test('so many calls run at once, the others in the order of their coming', async () => {
  using bulkhead = new BulkheadCircuitBreaker({ ...with1, maxConcurrentCalls: 2 });
  const order: number[] = [];
  let running = 0;
  const calls = Array.from({ length: 10 }, (_, at) =>
    bulkhead.call(async () => {
      assert.ok(++running <= 2);
      order.push(at);
      await turns(2);
      running--;
      return at;
    }),
  );
  assert.deepEqual([bulkhead.getAvailablePermits(), bulkhead.getQueueLength()], [0, 8]);
  assert.deepEqual(await Promise.all(calls), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual(order, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const { calls: all, queued, peak, running: now, rejections } = bulkhead.getMetrics();
  assert.deepEqual([all, queued, peak, now, rejections], [10, 8, 2, 0, 0]);
});

test('a call gives back its place however its function ends', async () => {
  using bulkhead = new BulkheadCircuitBreaker(with1);
  const error = new Error('no');
  assert.equal(await bulkhead.call(() => 'at once'), 'at once');
  assert.equal(await bulkhead.call(() => Promise.resolve('later')), 'later');
  assert.equal(await bulkhead.call(() => foreignPromise('thenable')), 'thenable');
  await assert.rejects(
    bulkhead.call(() => {
      throw error;
    }),
    error,
  );
  await assert.rejects(
    bulkhead.call(() => Promise.reject(error)),
    error,
  );
  assert.equal(await bulkhead.call(() => undefined), undefined);
  assert.deepEqual([bulkhead.getAvailablePermits(), bulkhead.getMetrics().calls], [1, 6]);
});

test('without a queue a call that finds it full is refused, and says so', async () => {
  const { bulkhead, end, inside } = occupied({ enableQueue: false });
  assert.equal(bulkhead.isHealthy(), false);
  const refused = bulkhead.call(() => assert.fail());
  await assert.rejects(
    refused,
    (error) =>
      error instanceof BulkheadFullError && error.code === 'ERR_BULKHEAD_FULL' && error.reason === 'full',
  );
  end();
  assert.equal(await inside, 'done');
  assert.equal(bulkhead.isHealthy(), true);
  assert.equal(bulkhead.getMetrics().rejections, 1);
  bulkhead.close();
});

for (const [what, config] of [
  ['maxQueue', { maxQueue: 1 }],
  ['a maxWaitTime of 0', { maxWaitTime: 0 }],
] as const)
  test(`the line has only so much room (${what})`, async () => {
    const { bulkhead, end } = occupied(config);
    const waits = 'maxQueue' in config ? [bulkhead.call(() => 'waited')] : [];
    await assert.rejects(
      bulkhead.call(() => assert.fail()),
      { code: 'ERR_BULKHEAD_FULL', reason: 'full' },
    );
    end();
    assert.deepEqual(await Promise.all(waits), 'maxQueue' in config ? ['waited'] : []);
    bulkhead.close();
  });

test('a call that has waited for maxWaitTime is refused; its own timeout is told as such', async () => {
  const { bulkhead, end } = occupied({ maxWaitTime: 20 });
  const reasons: string[] = [];
  bulkhead.on('reject', ({ reason }) => reasons.push(reason));
  await assert.rejects(
    bulkhead.call(() => assert.fail(), { timeout: 10_000 }),
    (error) => error instanceof BulkheadFullError && error.reason === 'timeout',
  );
  await assert.rejects(
    bulkhead.call(() => assert.fail(), { timeout: 1 }),
    WaitTimeoutError,
  );
  assert.deepEqual([bulkhead.getMetrics().timeouts, bulkhead.getQueueLength()], [2, 0]);
  await until(() => reasons.length === 2);
  assert.deepEqual(reasons, ['timeout', 'timeout']);
  end();
  bulkhead.close();
});

test('tryCall gives undefined when it is full, and does not call', async () => {
  const { bulkhead, end, inside } = occupied();
  assert.equal(await bulkhead.tryCall(() => assert.fail()), undefined);
  end();
  await inside;
  assert.equal(await bulkhead.tryCall(() => 'called'), 'called');
  assert.deepEqual([bulkhead.getMetrics().rejections, bulkhead.getAvailablePermits()], [1, 1]);
  bulkhead.close();
});

test('wrap hands on this and the arguments', async () => {
  using bulkhead = new BulkheadCircuitBreaker(with1);
  const counter = {
    base: 1,
    add: bulkhead.wrap(function (this: unknown, a: number, b: number) {
      return (this as { base: number }).base + a + b;
    }),
  };
  assert.equal(await counter.add(2, 3), 6);
});

test('a higher priority goes first, equal ones in the order of their coming', async () => {
  const { bulkhead, end } = occupied();
  const order: string[] = [];
  const call = (name: string, priority?: number): Promise<number> =>
    bulkhead.call(() => order.push(name), priority === undefined ? {} : { priority });
  const calls = [call('default'), call('low', -1), call('high', 5), call('zero', 0), call('high too', 5)];
  end();
  await Promise.all(calls);
  assert.deepEqual(order, ['high', 'high too', 'default', 'zero', 'low']);
  bulkhead.close();
});

test('no permit leaks when a wait is cancelled, and cancelling is counted', async () => {
  const { bulkhead, end, inside } = occupied();
  const controller = new AbortController();
  const [context, cancel] = Context.background().withCancel();
  const waits = [
    bulkhead.call(() => assert.fail(), { signal: controller.signal }),
    bulkhead.call(() => assert.fail(), { signal: context }),
  ];
  const reason = new Error('enough');
  controller.abort(reason);
  cancel();
  await assert.rejects(waits[0] as Promise<never>, reason);
  await assert.rejects(waits[1] as Promise<never>, { code: 'ERR_CONTEXT_CANCELED' });
  await assert.rejects(
    bulkhead.call(() => assert.fail(), { signal: controller.signal }),
    reason,
  );
  end();
  await inside;
  assert.deepEqual([bulkhead.getAvailablePermits(), bulkhead.getMetrics().cancelled], [1, 2]);
  bulkhead.close();
});

test('cancelled in the instant in which the place is handed over: not called, and the next one is', async () => {
  const { bulkhead, end, inside } = occupied();
  const controller = new AbortController();
  const cancelled = bulkhead.call(() => assert.fail(), { signal: controller.signal });
  const next = bulkhead.call(() => 'next');
  // Its place is handed over in native code when the first exits; then, before it hears of it, it is cancelled.
  inside.then(() => controller.abort());
  end();
  await assert.rejects(cancelled, { name: 'AbortError' });
  assert.equal(await next, 'next');
  assert.equal(bulkhead.getAvailablePermits(), 1);
  bulkhead.close();
});

test('the place is held until the function has really ended, not until its caller has given up', async () => {
  using bulkhead = new BulkheadCircuitBreaker(with1);
  const controller = new AbortController();
  const { promise, resolve } = deferred<string>();
  let seen: CallContext | undefined;
  const call = bulkhead.call(
    (context) => {
      seen = context;
      return promise;
    },
    { signal: controller.signal, timeout: 1 },
  );
  controller.abort();
  assert.equal(seen?.signal, controller.signal);
  assert.ok(await pending(call));
  assert.equal(bulkhead.getAvailablePermits(), 0);
  resolve('after all');
  assert.equal(await call, 'after all');
  assert.equal(bulkhead.getAvailablePermits(), 1);
});

test('the most can change while it runs', async () => {
  const { bulkhead, end, inside } = occupied();
  const { promise, resolve } = deferred<string>();
  const second = bulkhead.call(() => promise);
  assert.equal(bulkhead.getQueueLength(), 1);
  bulkhead.setMaxConcurrentCalls(2);
  await until(() => bulkhead.getQueueLength() === 0);
  bulkhead.setMaxConcurrentCalls(1);
  assert.deepEqual([bulkhead.maxConcurrentCalls, bulkhead.getAvailablePermits()], [1, 0]);
  const third = bulkhead.call(() => 'third');
  end();
  await inside;
  assert.ok(await pending(third));
  resolve('second');
  assert.deepEqual(await Promise.all([second, third]), ['second', 'third']);
  for (const count of [0, -1, 1.5, NaN, '2', undefined])
    assert.throws(() => bulkhead.setMaxConcurrentCalls(count as number), /count/);
  bulkhead.close();
});

test('more than a word holds at once', async () => {
  using bulkhead = new BulkheadCircuitBreaker({ ...with1, maxConcurrentCalls: 40_000 });
  const { promise, resolve } = deferred<string>();
  const calls = Array.from({ length: 40_000 }, () => bulkhead.call(() => promise));
  const last = bulkhead.call(() => 'last');
  assert.deepEqual([bulkhead.getAvailablePermits(), bulkhead.getQueueLength()], [0, 1]);
  resolve('all');
  await Promise.all(calls);
  assert.equal(await last, 'last');
  assert.equal(bulkhead.getAvailablePermits(), 40_000);
  assert.equal(bulkhead.getMetrics().peak, 40_000);
});

test('events: who waits and who is refused', async () => {
  const { bulkhead, end, inside } = occupied({ maxQueue: 1 });
  const seen: string[] = [];
  const storage = new AsyncLocalStorage<string>();
  const listener = ({ reason }: { reason: string }): void =>
    void seen.push(`${reason} ${storage.getStore()}`);
  storage.run('kept', () => bulkhead.on('reject', listener));
  bulkhead.once('queue', () => seen.push('queue'));
  const waits = bulkhead.call(() => 'waits');
  await assert.rejects(bulkhead.call(() => 'no'));
  await until(() => seen.length === 2);
  assert.deepEqual(seen, ['queue', 'full kept']);
  bulkhead.off('reject', listener);
  await assert.rejects(bulkhead.call(() => 'no'));
  end();
  await Promise.all([inside, waits]);
  await turns(3);
  assert.equal(seen.length, 2);
  let closed = 0;
  bulkhead.on('close', () => closed++);
  bulkhead.close();
  bulkhead.close();
  await until(() => closed > 0);
  await turns(3);
  assert.equal(closed, 1);
  for (const event of ['else', 'constructor', 7])
    assert.throws(() => bulkhead.on(event as 'close', () => 1), { code: 'ERR_INVALID_ARGUMENT' });
  assert.throws(() => bulkhead.once('close', 7 as never), { code: 'ERR_INVALID_ARGUMENT' });
});

test('how long calls waited is told', async () => {
  const { bulkhead, end } = occupied();
  const waits = bulkhead.call(() => 'waited');
  end();
  await waits;
  const { waitTimes } = bulkhead.getMetrics();
  assert.equal(waitTimes.count, 1);
  assert.ok(waitTimes.p50 > 0 && waitTimes.p999 >= waitTimes.p50 && waitTimes.max >= waitTimes.min);
  bulkhead.close();
});

test('closing rejects those who wait and those who come; what runs goes on', async () => {
  const { bulkhead, end, inside } = occupied();
  const waits = bulkhead.call(() => assert.fail());
  bulkhead.close();
  bulkhead.close();
  await assert.rejects(waits, BulkheadClosedError);
  await assert.rejects(
    bulkhead.call(() => assert.fail()),
    { code: 'ERR_BULKHEAD_CLOSED' },
  );
  await assert.rejects(
    bulkhead.tryCall(() => assert.fail()),
    BulkheadClosedError,
  );
  assert.deepEqual([bulkhead.closed, bulkhead.isHealthy()], [true, false]);
  end('went on');
  assert.equal(await inside, 'went on');
});

test('by name it is the same one, and another configuration is an error', () => {
  using first = new BulkheadCircuitBreaker({ ...with1, name: 'tested' });
  using second = new BulkheadCircuitBreaker({ ...with1, name: 'tested' });
  second.setMaxConcurrentCalls(7);
  assert.equal(first.getAvailablePermits(), 7);
  assert.equal(BulkheadCircuitBreaker.open('tested').maxConcurrentCalls, 7);
  assert.equal(BulkheadCircuitBreaker.from(first.toHandle()).maxConcurrentCalls, 7);
  const others: Partial<BulkheadConfig>[] = [
    { maxConcurrentCalls: 7 },
    { maxWaitTime: 5 },
    { enableQueue: false },
    { maxQueue: 3 },
  ];
  for (const other of others)
    assert.throws(() => new BulkheadCircuitBreaker({ ...with1, ...other, name: 'tested' }), {
      code: 'ERR_NAME_CONFLICT',
    });
  assert.throws(() => BulkheadCircuitBreaker.open('nobody'), { code: 'ERR_NOT_FOUND' });
});

test('what cannot be meant is refused by name', async () => {
  const invalid = { code: 'ERR_INVALID_ARGUMENT' };
  for (const [name, values] of [
    ['maxConcurrentCalls', [0, -1, 1.5, NaN, Infinity, '3', null, undefined, {}]],
    ['maxWaitTime', [-1, NaN, '3', null, undefined, {}]],
    ['enableQueue', [0, 'yes', null, undefined, {}]],
    ['maxQueue', [-1, 1.5, NaN, '3', null, {}]],
    ['name', ['', 3, null]],
    ['maxConcurentCalls', [1]],
  ] as const)
    for (const value of values)
      assert.throws(() => new BulkheadCircuitBreaker({ ...with1, [name]: value } as BulkheadConfig), {
        ...invalid,
        message: new RegExp(name),
      });
  assert.throws(() => new BulkheadCircuitBreaker({ ...with1, enableQueue: false, maxQueue: 2 }), /maxQueue/);
  for (const config of [undefined, null, 3, 'x'])
    assert.throws(() => new BulkheadCircuitBreaker(config as unknown as BulkheadConfig), invalid);
  using bulkhead = new BulkheadCircuitBreaker(with1);
  const call = bulkhead.call.bind(bulkhead) as (...args: unknown[]) => Promise<unknown>;
  for (const fn of [undefined, null, 3, 'x', {}]) {
    await assert.rejects(call(fn), /fn/);
    await assert.rejects(bulkhead.tryCall(fn as () => void), /fn/);
    assert.throws(() => bulkhead.wrap(fn as () => void), /fn/);
  }
  const fn = (): void => assert.fail();
  for (const [name, values] of [
    ['signal', [3, {}, null]],
    ['timeout', [-1, NaN, '3', null]],
    ['priority', [0.5, NaN, Infinity, 2 ** 31, '3', null]],
    ['unknown', [1]],
  ] as const)
    for (const value of values)
      await assert.rejects(call(fn, { [name]: value }), { ...invalid, message: new RegExp(name) });
  for (const options of [null, 3, 'x']) await assert.rejects(call(fn, options), invalid);
  assert.deepEqual([bulkhead.getAvailablePermits(), bulkhead.getMetrics().calls], [1, 0]);
});

test('a pending wait keeps the process, an idle bulkhead with listeners does not', async () => {
  const { code, stdout } = await child(`
    const config = { maxConcurrentCalls: 1, maxWaitTime: 30, enableQueue: true };
    const idle = new millrace.BulkheadCircuitBreaker(config).on('reject', () => {});
    const bulkhead = new millrace.BulkheadCircuitBreaker(config);
    bulkhead.call(() => new Promise(() => {}));
    bulkhead.call(() => {}).catch((error) => console.log(error.reason));`);
  assert.deepEqual([code, stdout.trim()], [0, 'timeout']);
});
