/** One circuit breaker among worker threads, some of which die. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { CircuitBreaker, CircuitOpenError, FixedWorkerPool } from 'millrace';
import { child, deferred, thread, until } from '../helpers.js';

const exits = (threads: Worker[]): Promise<number[]> =>
  Promise.all(threads.map(async (worker) => (await once(worker, 'exit'))[0] as number));

test('failures of eight threads are one row, and it opens for all of them', async () => {
  const breaker = new CircuitBreaker({ name: 'threads-row', failureThreshold: 8, recoveryTimeout: 60_000 });
  const threads = Array.from({ length: 8 }, () =>
    thread(
      `const breaker = CircuitBreaker.open('threads-row');
      await breaker.call(() => Promise.reject(new Error('bad'))).catch(() => undefined);
      while (!breaker.isOpen()) await new Promise(setImmediate);
      const { rejected } = await breaker.tryCall(() => 1);
      if (rejected?.state !== 'open') throw new Error('it was let in');`,
      undefined,
    ),
  );
  assert.deepEqual(await exits(threads), Array(8).fill(0));
  const { failures, rejections, stateChanges } = breaker.getMetrics();
  assert.deepEqual([failures, rejections, stateChanges], [8, 8, 1]);
});

test('a success in one thread ends the row of another, however fast its calls come', async () => {
  const breaker = new CircuitBreaker({ failureThreshold: 3, recoveryTimeout: 60_000 });
  const fail = (): Promise<unknown> => assert.rejects(breaker.call(() => Promise.reject(new Error('bad'))));
  const worker = thread(
    `const breaker = CircuitBreaker.from(data);
    for (let i = 0; i < 100; i++) await breaker.call(() => 1);
    parentPort.on('message', async (last) => {
      await breaker.call(() => 1);
      parentPort.postMessage('done');
      if (last) parentPort.close();
    });
    parentPort.postMessage('ready');`,
    breaker.toHandle(),
  );
  await once(worker, 'message');
  for (const last of [false, false, true]) {
    await fail();
    await fail();
    assert.equal(breaker.getMetrics().consecutiveFailures, 2);
    worker.postMessage(last);
    await once(worker, 'message');
    assert.equal(breaker.getMetrics().consecutiveFailures, 0);
  }
  for (let i = 0; i < 3; i++) await fail();
  assert.equal(breaker.isOpen(), true);
});

test('what threads count by themselves is seen at once, and stays when objects and threads are gone', async () => {
  const breaker = new CircuitBreaker({ name: 'threads-counted' });
  const threads = Array.from({ length: 4 }, () =>
    thread(
      `(await import('node:v8')).setFlagsFromString('--expose-gc');
      const collect = globalThis.Bun?.gc ?? (await import('node:vm')).runInNewContext('gc');
      let [mine, second] = [CircuitBreaker.open('threads-counted'), CircuitBreaker.open('threads-counted')];
      for (let i = 0; i < 500; i++) await Promise.all([mine.call(() => 1), second.call(() => 1)]);
      second = undefined;
      for (let i = 0; i < 3; i++) {
        await new Promise(setImmediate);
        collect();
      }
      const others = Array.from({ length: 3 }, (_, i) => new CircuitBreaker({ name: 'counted-' + data + i }));
      for (let i = 0; i < 500; i++) {
        await mine.call(() => 1);
        for (const other of others) await other.call(() => 1);
      }
      for (const other of others) if (other.getMetrics().successes !== 500) throw new Error('counted elsewhere');`,
      Math.random(),
    ),
  );
  assert.deepEqual(await exits(threads), [0, 0, 0, 0]);
  assert.equal(breaker.getMetrics().successes, 4 * 1500);
  breaker.reset();
  assert.equal(breaker.getMetrics().successes, 0);
});

test('eight threads race for probes: never more in flight than three, and each state is told once', async () => {
  const breaker = new CircuitBreaker({
    failureThreshold: 1,
    recoveryTimeout: 1,
    halfOpenMaxRequests: 3,
    halfOpenSuccesses: 40,
  });
  const seen: string[] = [];
  breaker.on('stateChange', ({ from, to }) => seen.push(`${from} ${to}`));
  const cells = new Int32Array(new SharedArrayBuffer(16));
  breaker.forceOpen();
  const threads = Array.from({ length: 8 }, () =>
    thread(
      `const breaker = CircuitBreaker.from(data.breaker);
      const cells = data.cells;
      while (!breaker.isClosed()) {
        const result = await breaker.tryCall(async () => {
          const inside = Atomics.add(cells, 0, 1) + 1;
          if (breaker.isHalfOpen() && inside > 3) Atomics.store(cells, 1, inside);
          await new Promise(setImmediate);
          Atomics.sub(cells, 0, 1);
          Atomics.add(cells, 2, 1);
        });
        if (!result.ok) await new Promise(setImmediate);
      }`,
      { breaker: breaker.toHandle(), cells },
    ),
  );
  assert.deepEqual(await exits(threads), Array(8).fill(0));
  assert.deepEqual([cells[0], cells[1]], [0, 0]);
  assert.ok((cells[2] as number) >= 40);
  await until(() => seen.length === 3);
  assert.deepEqual(seen, ['closed open', 'open half-open', 'half-open closed']);
});

describe('a probe whose thread dies', () => {
  for (const [how, last] of [
    ['terminated', 'setInterval(() => undefined, 1000)'],
    ['process.exit', 'process.exit(0)'],
    ['let go of', 'breaker = undefined; gc(); process.exit(0)'],
  ] as const) {
    test(`gives its place back (${how})`, async () => {
      const breaker = new CircuitBreaker({ recoveryTimeout: 1, probeLease: 1e9 });
      breaker.forceOpen();
      await until(() => breaker.isHalfOpen());
      const worker = thread(
        `let breaker = CircuitBreaker.from(data);
        const gc = globalThis.gc ?? (() => undefined);
        void breaker.call(() => new Promise(() => undefined));
        parentPort.once('message', () => { ${last} });
        parentPort.postMessage('in');`,
        breaker.toHandle(),
      );
      await once(worker, 'message');
      const refused = await breaker.tryCall(() => 1);
      assert.ok(!refused.ok && refused.rejected?.state === 'half-open');
      worker.postMessage('go');
      const exited = once(worker, 'exit');
      if (how === 'terminated') await worker.terminate();
      await exited;
      assert.equal(breaker.getMetrics().probes, 0);
      assert.equal(await breaker.call(() => 'next'), 'next');
      assert.equal(breaker.isClosed(), true);
    });
  }
});

test('a late result of a thread changes nothing in another state', async () => {
  const breaker = new CircuitBreaker({ failureThreshold: 1, recoveryTimeout: 1 });
  const worker = thread(
    `const breaker = CircuitBreaker.from(data);
    const call = breaker.call(() => new Promise((resolve) => parentPort.once('message', resolve)));
    parentPort.postMessage('in');
    await call;
    parentPort.postMessage('out');`,
    breaker.toHandle(),
  );
  await once(worker, 'message');
  breaker.forceOpen();
  await until(() => breaker.isHalfOpen());
  const exited = once(worker, 'exit');
  worker.postMessage('end');
  await once(worker, 'message');
  assert.equal(breaker.getState(), 'half-open');
  await exited;
});

test('every thread that listens is told of changes, whoever makes them, also of the end', async () => {
  const breaker = new CircuitBreaker({ recoveryTimeout: 60_000 });
  const seen: string[] = [];
  breaker.on('stateChange', ({ to }) => seen.push(to));
  const worker = thread(
    `const breaker = CircuitBreaker.from(data);
    breaker.on('stateChange', ({ from, to }) => parentPort.postMessage(from + ' ' + to));
    breaker.once('open', () => breaker.forceClose());
    parentPort.on('message', () => process.exit(0));
    parentPort.postMessage('listens');`,
    breaker.toHandle(),
  );
  const told: string[] = [];
  worker.on('message', (text: string) => told.push(text));
  await until(() => told.length === 1);
  breaker.forceOpen();
  await until(() => told.length === 3 && seen.length === 2);
  breaker.close();
  await until(() => told.length === 4 && seen.length === 3);
  assert.deepEqual(told, ['listens', 'closed open', 'open closed', 'closed shutdown']);
  assert.deepEqual(seen, ['open', 'closed', 'shutdown']);
  const exited = once(worker, 'exit');
  worker.postMessage('end');
  await exited;
});

test('its errors cross threads', async () => {
  using breaker = new CircuitBreaker({ name: 'threads-errors' });
  breaker.isolate();
  await using pool = new FixedWorkerPool<string, unknown>(1, {
    processor: async (url) => {
      const { CircuitBreaker } = (await import(url)) as typeof import('millrace');
      return CircuitBreaker.open('threads-errors').call(() => 1);
    },
  });
  await assert.rejects(pool.submit(import.meta.resolve('millrace')), (error) => {
    assert.ok(error instanceof CircuitOpenError);
    assert.deepEqual(
      [error.code, error.state, error.retryAfter, error.breaker],
      ['ERR_CIRCUIT_OPEN', 'isolated', Infinity, 'threads-errors'],
    );
    return true;
  });
});

test('a worker that is terminated in the middle of calls leaves a breaker that works', async () => {
  const breaker = new CircuitBreaker({ failureThreshold: 2, recoveryTimeout: 1, timeout: 1000 });
  const opened = deferred<void>();
  breaker.once('open', () => opened.resolve());
  const threads = Array.from({ length: 4 }, () =>
    thread(
      `const breaker = CircuitBreaker.from(data);
      breaker.on('stateChange', () => undefined);
      parentPort.postMessage('runs');
      for (let i = 0; ; i++) {
        await breaker.tryCall(() => (i % 3 === 0 ? 1 : Promise.reject(i)));
        if (i % 64 === 0) await new Promise(setImmediate);
      }`,
      breaker.toHandle(),
    ),
  );
  await Promise.all(threads.map((worker) => once(worker, 'message')));
  await opened.promise;
  const ended = exits(threads);
  await Promise.all(threads.map((worker) => worker.terminate()));
  await ended;
  breaker.forceClose();
  assert.equal(await breaker.call(() => 1), 1);
  breaker.forceOpen();
  await until(() => breaker.isHalfOpen());
  assert.equal(await breaker.call(() => 2), 2);
  assert.equal(breaker.isClosed(), true);
});

test('a process whose worker is in a probe ends', async () => {
  const { code, stderr } = await child(`
    import { Worker } from 'node:worker_threads';
    const breaker = new millrace.CircuitBreaker({ recoveryTimeout: 1 });
    breaker.on('open', () => undefined);
    breaker.forceOpen();
    while (!breaker.isHalfOpen()) await new Promise(setImmediate);
    void breaker.call(() => new Promise(() => undefined));
    setImmediate(() => process.exit(0));`);
  assert.equal(code, 0, stderr);
});
