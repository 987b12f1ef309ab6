/** What each option and method of a manager of raw threads does. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { type ThreadStatus, WorkerThreadManager } from 'millrace';
import { onBun, until } from '../helpers.js';

const invalid = (name: string): object => ({
  code: 'ERR_INVALID_ARGUMENT',
  message: new RegExp(`^${name}:`),
});
const module = (text: string): URL => new URL(`data:text/javascript,${encodeURIComponent(text)}`);

/** A thread that does as it is told. */
const living = module(
  `import { parentPort, workerData, threadId } from 'node:worker_threads';
  parentPort.on('message', (message) => {
    if (message === 'stop' && workerData !== 'deaf') process.exit(7);
    if (message === 'fail') process.exit(3);
    if (message === 'end') process.exit(0);
    if (message === 'data') parentPort.postMessage([workerData, process.env.OF_THE_THREAD]);
  });`,
);

/** What a manager tells, in order. */
function heard(threads: WorkerThreadManager): [event: string, name: string, detail?: unknown][] {
  const all: [string, string, unknown?][] = [];
  threads.on('started', ({ name }) => all.push(['started', name]));
  threads.on('exited', ({ name }, code) => all.push(['exited', name, code]));
  threads.on('error', ({ name }, error) => all.push(['error', name, (error as Error).message]));
  return all;
}

describe('start', () => {
  test('hands the options of worker_threads on, and says whether it is up', async () => {
    await using threads = new WorkerThreadManager();
    const env = { OF_THE_THREAD: 'yes' };
    const worker = await threads.start('a', living, { workerData: { n: 1 }, env });
    worker.postMessage('data');
    assert.deepEqual(await once(worker, 'message'), [[{ n: 1 }, 'yes']]);
    const { state, threadId, restarts, utilisation, lastHeartbeat } = threads.get('a');
    assert.deepEqual([state, threadId, restarts], ['running', worker.threadId, 0]);
    assert.ok(utilisation >= 0 && utilisation <= 1 && lastHeartbeat >= 0);
  });

  test('a thread that cannot be made leaves its name free', async () => {
    await using threads = new WorkerThreadManager();
    const told = heard(threads);
    await assert.rejects(threads.start('a', living, { workerData: () => 1 }), { name: 'DataCloneError' });
    assert.equal(threads.get('a').state, 'stopped');
    assert.equal(told[0]?.[0], 'error');
    await threads.start('a', living);
    assert.equal(threads.get('a').state, 'running');
  });

  test('what cannot be meant is refused by name', async () => {
    await using threads = new WorkerThreadManager();
    for (const name of ['', 5, null, undefined] as never[])
      await assert.rejects(threads.start(name, living), invalid('name'));
    for (const [options, name] of [
      [{ restart: 'sometimes' }, 'restart'],
      [{ restart: true }, 'restart'],
      [{ restartBackoff: -1 }, 'restartBackoff'],
      [{ restartBackoff: '5' }, 'restartBackoff'],
      [{ restartBackoff: NaN }, 'restartBackoff'],
      [null, 'options'],
    ] as const)
      await assert.rejects(threads.start('a', living, options as never), invalid(name));
    for (const [options, name] of [
      [{ heartbeatInterval: 0 }, 'heartbeatInterval'],
      [{ heartbeatInterval: '5' }, 'heartbeatInterval'],
      [{ heartbeatTimeout: 2 ** 31 }, 'heartbeatTimeout'],
      [{ heartbeatTimeout: NaN }, 'heartbeatTimeout'],
      [{ heartbeat: 5 }, 'heartbeat'],
      [null, 'options'],
    ] as const)
      assert.throws(() => new WorkerThreadManager(options as never), invalid(name));
    assert.deepEqual(threads.list(), []);
  });
});

describe('restart:', () => {
  const cases = [
    ['never', 'end', false],
    ['never', 'fail', false],
    ['on-failure', 'end', false],
    ['on-failure', 'fail', true],
    ['always', 'end', true],
    ['always', 'fail', true],
  ] as const;
  for (const [restart, how, again] of cases)
    test(`'${restart}' ${again ? 'starts one again that ends' : 'leaves one as it is that ends'} by '${how}'`, async () => {
      await using threads = new WorkerThreadManager();
      const worker = await threads.start('a', living, { restart, restartBackoff: 1 });
      const exited = new Promise<ThreadStatus>((resolve) => threads.on('exited', resolve));
      const first = worker.threadId;
      worker.postMessage(how);
      const { state, threadId } = await exited;
      assert.deepEqual([state, threadId], [again ? 'waiting' : 'stopped', -1]);
      if (!again) return assert.equal(threads.get('a').restarts, 0);
      await until(() => threads.get('a').state === 'running');
      assert.equal(threads.get('a').restarts, 1);
      assert.notEqual(threads.get('a').threadId, first);
    });

  test('without options it is never', async () => {
    await using threads = new WorkerThreadManager();
    (await threads.start('a', living)).postMessage('fail');
    await until(() => threads.get('a').state === 'stopped');
  });
});

test('restartBackoff doubles from failure to failure, up to 30 seconds, and begins anew after an end without one', async () => {
  await using threads = new WorkerThreadManager();
  const waits: number[] = [];
  const { setTimeout: real } = globalThis;
  const program = module('process.exit(globalThis.process.env.CODE | 0)');
  const env = { CODE: '3' };
  try {
    globalThis.setTimeout = ((call: () => void, ms: number) => {
      waits.push(ms);
      return real(call, 0);
    }) as typeof setTimeout;
    const wanted = [5000, 10_000, 20_000, 30_000, 30_000];
    threads.start('a', program, { restart: 'always', restartBackoff: 5000, env }).catch(() => undefined);
    await until(() => waits.length >= wanted.length);
    assert.deepEqual(waits.slice(0, wanted.length), wanted);
    env.CODE = '0';
    await until(() => waits.at(-1) === 5000);
  } finally {
    globalThis.setTimeout = real;
  }
});

test('restartBackoff: who is to be started again can be stopped, or started at once, meanwhile', async () => {
  await using threads = new WorkerThreadManager();
  const worker = await threads.start('a', living, { restart: 'on-failure', restartBackoff: 60_000 });
  worker.postMessage('fail');
  await until(() => threads.get('a').state === 'waiting');
  await assert.rejects(threads.start('a', living), invalid('name'));
  const again = await threads.restart('a');
  assert.deepEqual([threads.get('a').state, threads.get('a').restarts], ['running', 1]);
  again.postMessage('fail');
  await until(() => threads.get('a').state === 'waiting');
  await threads.stop('a');
  assert.equal(threads.get('a').state, 'stopped');
  await threads.stop('a');
});

describe('stop', () => {
  test('at once, or in time by itself, or at the end of its time', async () => {
    await using threads = new WorkerThreadManager();
    const told = heard(threads);
    await threads.start('at once', living, { restart: 'always' });
    await threads.stop('at once');
    await threads.start('by itself', living, { restart: 'always' });
    await threads.stop('by itself', { timeout: 60_000 });
    await threads.start('deaf', living, { restart: 'always', workerData: 'deaf' });
    await threads.stop('deaf', { timeout: 20 });
    const codes = told.flatMap(([event, name, code]) => (event === 'exited' ? [[name, code === 7]] : []));
    assert.deepEqual(codes, [
      ['at once', false],
      ['by itself', true],
      ['deaf', false],
    ]);
    assert.ok(threads.list().every(({ state, threadId }) => state === 'stopped' && threadId === -1));
  });

  test('stopAll: all at once, each in its time', async () => {
    const threads = new WorkerThreadManager();
    const told = heard(threads);
    await threads.start('a', living);
    await threads.start('b', living);
    await threads.stopAll({ timeout: 60_000 });
    assert.deepEqual(told.slice(2).sort(), [
      ['exited', 'a', 7],
      ['exited', 'b', 7],
    ]);
    await threads.start('a', living);
    await threads[Symbol.asyncDispose]();
    assert.deepEqual(
      threads.list().map(({ name, state }) => [name, state]),
      [
        ['b', 'stopped'],
        ['a', 'stopped'],
      ].sort(),
    );
  });

  test('what cannot be meant is refused by name', async () => {
    await using threads = new WorkerThreadManager();
    await threads.start('a', living);
    for (const [options, name] of [
      [{ timeout: -1 }, 'timeout'],
      [{ timeout: '5' }, 'timeout'],
      [{ signal: new AbortController().signal }, 'signal'],
      [null, 'options'],
    ] as const) {
      await assert.rejects(threads.stop('a', options as never), invalid(name));
      await assert.rejects(threads.stopAll(options as never), invalid(name));
    }
    assert.equal(threads.get('a').state, 'running');
    for (const use of [() => threads.stop('b'), () => threads.restart('b')])
      await assert.rejects(use(), { code: 'ERR_NOT_FOUND', message: /'b'/ });
  });
});

test('several restarts at once make one thread; a stop among them ends it', async () => {
  await using threads = new WorkerThreadManager();
  const told = heard(threads);
  await threads.start('a', living);
  const [one, other] = await Promise.all([threads.restart('a'), threads.restart('a')]);
  assert.equal(one, other);
  assert.deepEqual([threads.get('a').restarts, threads.get('a').threadId], [1, one.threadId]);
  const restarting = threads.restart('a').catch((error: { code: string }) => error.code);
  await threads.stop('a');
  assert.equal(await restarting, 'ERR_NOT_FOUND');
  assert.equal(threads.get('a').state, 'stopped');
  const started = told.filter(([event]) => event === 'started').length;
  const exited = told.filter(([event]) => event === 'exited').length;
  assert.ok(exited >= started, `${started} started, ${exited} ended`);
});

test('on tells, off tells no more; what a thread throws needs no listener', async () => {
  await using threads = new WorkerThreadManager();
  const told: string[] = [];
  const listener = ({ name }: ThreadStatus): void => void told.push(name);
  assert.equal(threads.on('started', listener), threads);
  await threads.start('heard', living);
  assert.equal(threads.off('started', listener), threads);
  await threads.start('unheard', living);
  assert.deepEqual(told, ['heard']);
  await threads.start('throws', module('throw new RangeError("nobody listens")')).catch(() => undefined);
  await until(() => threads.get('throws').state === 'stopped');
});

test('heartbeats: a thread that is blocked is told of once, and is running again when it goes on', {
  skip: onBun && 'Bun does not tell of another thread’s event loop',
}, async () => {
  await using threads = new WorkerThreadManager({ heartbeatInterval: 5, heartbeatTimeout: 60 });
  const flag = new Int32Array(new SharedArrayBuffer(4));
  let unresponsive = 0;
  threads.on('unresponsive', ({ state, name }) => {
    assert.deepEqual([state, name], ['unresponsive', 'a']);
    unresponsive++;
  });
  const blocks = module(
    `import { parentPort, workerData } from 'node:worker_threads';
    parentPort.on('message', () => { while (Atomics.load(workerData, 0) === 0); });`,
  );
  const worker = await threads.start('a', blocks, { workerData: flag });
  worker.postMessage('block');
  await until(() => unresponsive === 1);
  const { lastHeartbeat } = threads.get('a');
  assert.ok(lastHeartbeat >= 60);
  Atomics.store(flag, 0, 1);
  await until(() => threads.get('a').state === 'running');
  assert.deepEqual([unresponsive, threads.get('a').lastHeartbeat < lastHeartbeat], [1, true]);
});

test('heartbeatTimeout: a thread that is blocked for less is not unresponsive', {
  skip: onBun && 'Bun does not tell of another thread’s event loop',
}, async () => {
  await using threads = new WorkerThreadManager({ heartbeatInterval: 5, heartbeatTimeout: 60_000 });
  threads.on('unresponsive', () => assert.fail('it was not blocked for so long'));
  const worker = await threads.start('a', module('setImmediate(function again() { for (;;); })'));
  await until(() => threads.get('a').utilisation > 0.9);
  assert.deepEqual([threads.get('a').state, worker.threadId > 0], ['running', true]);
});
