/** What a registry sees of the patterns of other threads. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, describe, test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { AtomicBool, diagnostics, FixedWorkerPool, leaks, PatternRegistry, WaitTimeoutError } from 'millrace';
import { pending, thread } from '../helpers.js';

const registry = PatternRegistry.getInstance();

/** A thread with a pattern, which calls it when it is told to and says when that is done. */
const withPattern = `
  class Caller extends BasePattern {
    async start() {}
    async stop() { parentPort.postMessage('stopped'); }
    isRunning() { return true; }
    call(fn) { return this.retry(fn); }
  }
  const caller = new Caller({ name: data });
  const registry = PatternRegistry.getInstance();
  registry.register(caller);
  parentPort.on('message', async (what) => {
    if (what === 'call') await caller.call(async () => 1);
    if (what === 'burst') {
      for (let i = 0; i < 100; i++) await caller.call(async () => 1);
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (what === 'block') {
      const gate = new AtomicBool(false, { name: 'gate' });
      parentPort.postMessage('blocks');
      while (!gate.load());
    }
    if (what === 'leave') registry.unregister(data);
    if (what === 'shutdown') await registry.shutdownAll();
    if (what === 'end') parentPort.close();
    else parentPort.postMessage('done');
  });
  parentPort.postMessage('up');`;

async function tell(worker: Worker, what: string): Promise<void> {
  const done = once(worker, 'message');
  worker.postMessage(what);
  assert.deepEqual(await done, ['done']);
}

/** Those that a test has left behind. */
const running = new Set<Worker>();
afterEach(async () => void (await Promise.all(Array.from(running, (worker) => worker.terminate()))));

async function up(text: string, data: unknown): Promise<{ worker: Worker; end(): Promise<unknown> }> {
  const worker = thread(text, data);
  const exit = once(worker, 'exit');
  running.add(worker.once('exit', () => running.delete(worker)));
  await once(worker, 'message');
  const end = (): Promise<unknown> => {
    worker.postMessage('end');
    return exit;
  };
  return { worker, end };
}

const namesOf = (of = registry.getGlobalMetrics()): string[] => of.patterns.map(({ name }) => name);

describe('the patterns of other threads', () => {
  test('are seen with what their calls have come to, until they leave or are shut down', async () => {
    const { worker, end } = await up(withPattern, 'theirs');
    await tell(worker, 'call');
    await tell(worker, 'call');
    const { patterns, threads, calls, succeeded, running } = registry.getGlobalMetrics();
    assert.deepEqual(
      { threads, calls, succeeded, running },
      { threads: 1, calls: 2, succeeded: 2, running: 1 },
    );
    const [theirs] = patterns;
    assert.deepEqual([theirs?.name, theirs?.kind, theirs?.thread], ['theirs', 'Caller', worker.threadId]);
    assert.ok((theirs?.age as number) >= 0);
    assert.deepEqual(registry.listPatterns(), []);
    assert.equal(registry.getPattern('theirs'), undefined);
    await tell(worker, 'burst');
    assert.equal(registry.getGlobalMetrics().calls, 102);
    await tell(worker, 'leave');
    assert.deepEqual(namesOf(), []);
    await end();
  });

  test('are not ended by another thread’s shutdown, but by their own', async () => {
    const { worker, end } = await up(withPattern, 'theirs');
    await registry.shutdownAll();
    assert.deepEqual(namesOf(), ['theirs']);
    const messages: unknown[] = [];
    worker.on('message', (message) => messages.push(message));
    worker.postMessage('shutdown');
    while (!messages.includes('done')) await once(worker, 'message');
    assert.deepEqual(messages, ['stopped', 'done']);
    assert.deepEqual(namesOf(), []);
    await end();
  });

  test('count no longer when their thread has ended, or was terminated', async () => {
    for (const how of ['end', 'terminate']) {
      const { worker, end } = await up(withPattern, 'theirs');
      assert.deepEqual(namesOf(), ['theirs']);
      if (how === 'terminate') await worker.terminate();
      else await end();
      assert.deepEqual(namesOf(), [], how);
      assert.deepEqual(namesOf(await registry.collectGlobalMetrics()), [], how);
    }
  });

  test('keep neither thread nor process alive', async () => {
    const worker = thread(
      `PatternRegistry.getInstance().register(new Channel(1), { name: 'idle' });
      PatternRegistry.getInstance().getGlobalMetrics();`,
      undefined,
    );
    assert.deepEqual(await once(worker, 'exit'), [0]);
  });

  test('eight threads at once, each seen by all', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, (_, at) => up(withPattern, `pattern ${at}`)));
    for (let round = 0; round < 5; round++) await Promise.all(all.map(({ worker }) => tell(worker, 'call')));
    const { calls, threads, patterns } = await registry.collectGlobalMetrics();
    assert.deepEqual([calls, threads], [40, 8]);
    const order = patterns.map(({ thread: of }) => of);
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
    );
    await Promise.all(all.map(({ end }) => end()));
    assert.deepEqual(namesOf(), []);
  });
});

describe('collectGlobalMetrics', () => {
  test('asks the other threads for what they count by themselves', async () => {
    const { worker, end } = await up(
      `const pool = new FixedWorkerPool(1, { name: 'theirs', processor: (n) => n });
      PatternRegistry.getInstance().register(pool);
      parentPort.on('message', async (what) => {
        if (what === 'end') return PatternRegistry.getInstance().shutdownAll().then(() => parentPort.close());
        await pool.submit(1);
        parentPort.postMessage('done');
      });
      parentPort.postMessage('up');`,
      undefined,
    );
    await tell(worker, 'work');
    const { patterns } = await registry.collectGlobalMetrics();
    assert.deepEqual(
      patterns.map(({ name, kind, metrics }) => [
        name,
        kind,
        metrics.succeeded,
        (metrics.details as { submitted: number }).submitted,
      ]),
      [['theirs', FixedWorkerPool.name, 1, 1]],
    );
    await end();
  });

  test('waits for a thread that is busy; a time limit or a signal ends the wait', async () => {
    const { worker, end } = await up(withPattern, 'theirs');
    const gate = new AtomicBool(false, { name: 'gate' });
    const blocks = once(worker, 'message');
    worker.postMessage('block');
    assert.deepEqual(await blocks, ['blocks']);
    await assert.rejects(registry.collectGlobalMetrics({ timeout: 0 }), WaitTimeoutError);
    const why = new Error('never mind');
    const stop = new AbortController();
    const collecting = registry.collectGlobalMetrics({ signal: stop.signal });
    stop.abort(why);
    await assert.rejects(collecting, why);
    await assert.rejects(registry.collectGlobalMetrics({ signal: stop.signal }), why);
    assert.deepEqual(namesOf(), ['theirs']);
    const done = once(worker, 'message');
    const patient = registry.collectGlobalMetrics({ timeout: 60_000 });
    assert.ok(await pending(patient));
    gate.store(true);
    assert.deepEqual(namesOf(await patient), ['theirs']);
    await done;
    await end();
  });

  test('a thread that is terminated while it is waited for is waited for no longer', async () => {
    const { worker } = await up(
      `PatternRegistry.getInstance().register(new Channel(1), { name: 'busy' });
      parentPort.postMessage('up');
      setTimeout(() => { for (;;); });`,
      undefined,
    );
    const collecting = registry.collectGlobalMetrics();
    await worker.terminate();
    assert.deepEqual(namesOf(await collecting), []);
  });

  test('refuses options that cannot be meant', async () => {
    for (const options of [null, 1, { timeout: -1 }, { signal: 1 }, { colour: 1 }])
      await assert.rejects(registry.collectGlobalMetrics(options as never), { code: 'ERR_INVALID_ARGUMENT' });
  });
});

test('what cannot be cloned of a pattern’s own metrics is left out in other threads', async () => {
  const { end } = await up(
    `const odd = { name: 'odd', close() {}, getMetrics: () => ({ completed: 3, how: () => 1 }) };
    PatternRegistry.getInstance().register(odd);
    parentPort.on('message', () => parentPort.close());
    parentPort.postMessage('up');`,
    undefined,
  );
  const { patterns } = await registry.collectGlobalMetrics();
  assert.deepEqual([patterns[0]?.metrics.succeeded, patterns[0]?.metrics.details], [3, undefined]);
  await end();
});

test('a registry that was shut down leaves nothing behind', async () => {
  registry.getGlobalMetrics();
  const before = diagnostics();
  const { worker } = await up(withPattern, 'theirs');
  await registry.collectGlobalMetrics();
  await worker.terminate();
  await registry.shutdownAll();
  registry.getGlobalMetrics();
  assert.deepEqual(leaks(before), []);
});
