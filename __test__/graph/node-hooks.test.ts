/** A node’s hooks, a node on a pool, and a node alone. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  DynamicWorkerPool,
  fanOut,
  Graph,
  type GraphRun,
  type NodeOptions,
  node,
  nodeFor,
  pipeline,
  type StepJson,
  Store,
  sleep,
} from 'millrace';
import { child, processors, started, turns, until } from '../helpers.js';

describe('hooks', () => {
  const watched = (seen: unknown[]): object => ({
    onStart: (input: unknown, { node, state }: StepJson) => seen.push(['start', input, node, state]),
    onSuccess: (output: unknown, { state, action }: StepJson) =>
      seen.push(['success', output, state, action]),
    onError: (error: Error, step: StepJson) =>
      seen.push(['error', error.message, step.state, step.error?.message]),
    onEnd: ({ state, attempts }: StepJson) => seen.push(['end', state, attempts]),
  });

  test('onStart, onSuccess and onEnd of one that succeeds', async () => {
    const seen: unknown[] = [];
    await node('n', { ...watched(seen), exec: (n: number) => n + 1 }).run(1);
    assert.deepEqual(seen, [
      ['start', 1, 'n', 'running'],
      ['success', 2, 'ok', 'default'],
      ['end', 'ok', 1],
    ]);
  });

  test('onError and onEnd of one that fails, once, after all attempts', async () => {
    const seen: unknown[] = [];
    const exec = (): never => {
      throw new Error('bad');
    };
    await assert.rejects(node('n', { ...watched(seen), exec, retry: { attempts: 2 } }).run(1));
    assert.deepEqual(seen.slice(1), [
      ['error', 'bad', 'failed', 'bad'],
      ['end', 'failed', 2],
    ]);
  });

  test('onEnd of one that is cancelled', async () => {
    const seen: unknown[] = [];
    const run = node('n', { ...watched(seen), exec: () => new Promise(() => undefined) }).run(1);
    await turns(1);
    run.cancel();
    assert.deepEqual(seen.slice(1), [['end', 'cancelled', 1]]);
  });

  test('may cancel the run', async () => {
    for (const hook of ['onSuccess', 'onEnd']) {
      let called = false;
      let run: GraphRun<unknown>;
      const cancels: NodeOptions = { [hook]: () => run?.cancel(new Error('hook')) };
      const first = node('first', { exec: () => turns(1), ...cancels, waitFor: 'any' });
      const second = node('second', { exec: () => void (called = true) });
      run = Graph.from(first).add(second).connect('first', 'second').build().run(undefined);
      await assert.rejects(run, /hook/);
      await run.drain();
      assert.equal(called, false);
    }
  });

  test('may end the run before exec is called', async () => {
    const controller = new AbortController();
    let called = false;
    const made = node('n', {
      exec: () => void (called = true),
      onStart: () => controller.abort(new Error('no')),
    });
    await assert.rejects(made.run(undefined, { signal: controller.signal }), /no/);
    assert.equal(called, false);
  });

  test('that throw are nobody’s failure but their own', async () => {
    const { stdout, code } = await child(`
      process.on('uncaughtException', (error) => console.log('uncaught', error.message));
      const hook = () => { throw new Error('hook'); };
      console.log(await millrace.node('n', { exec: () => 'fine', onStart: hook, onEnd: hook }).run(1));
    `);
    assert.equal(code, 0);
    assert.deepEqual(stdout.trim().split('\n').toSorted(), ['fine', 'uncaught hook', 'uncaught hook']);
  });
});

describe('on a pool', () => {
  test('exec runs on its workers, prep and post here', async () => {
    await using pool = new DynamicWorkerPool<never, unknown>({ maxWorkers: 2 });
    const here = await import('node:worker_threads').then(({ threadId }) => threadId);
    const made = node('n', {
      prep: (n: number) => ({ n }),
      exec: async ({ n }: { n: number }) => {
        const { threadId } = await import('node:worker_threads');
        return { doubled: n * 2, threadId };
      },
      post: ({ doubled, threadId }) => ({ output: [doubled, threadId !== here] as const }),
      on: pool,
    });
    assert.deepEqual(await made.run(21), [42, true]);
  });

  test('a module, or the pool’s own processor', async () => {
    await using pool = new DynamicWorkerPool<never, unknown>({ maxWorkers: 1 });
    const module = node('n', { exec: { module: processors, export: 'square' }, on: pool });
    assert.equal(await module.run(4), 16);
    await using own = new DynamicWorkerPool<never, unknown>({
      maxWorkers: 1,
      processor: (n: number) => n + 1,
    });
    assert.equal(await node('n', { on: own, retry: { attempts: 2 }, timeout: 10_000 }).run(4 as never), 5);
  });

  test('is cancelled there', async () => {
    await using pool = new DynamicWorkerPool<never, unknown>({ maxWorkers: 1 });
    const exec = (ms: number, { signal }: { signal: AbortSignal | undefined }): Promise<unknown> =>
      new Promise((_, reject) => {
        const timer = setTimeout(() => undefined, ms);
        signal?.addEventListener('abort', () => {
          clearTimeout(timer);
          reject(new Error('told'));
        });
      });
    const run = node('n', { exec, on: pool }).run(60_000);
    await started(pool);
    run.cancel(new Error('enough'));
    await assert.rejects(run, /enough/);
    await run.drain();
    await until(() => pool.getHealthStatus().running === 0);
  });
});

describe('alone', () => {
  test('as a function for whatever calls functions', async () => {
    const store = new Store<{ seen: number }>();
    const double = nodeFor<{ seen: number }>()('double', {
      exec: (n: number) => n * 2,
      post: (output, { store }) => {
        store.update('seen', (seen = 0) => seen + 1);
        return { output };
      },
    });
    const text = node('text', { exec: (n: number) => `<${n}>` });
    assert.deepEqual(await fanOut(double.with(store), [1, 2, 3], { concurrency: 2 }), [2, 4, 6]);
    assert.equal(store.get('seen'), 3);
    assert.equal(await pipeline([double.with(store), text.with()], 4), '<8>');
  });

  test('ends with its caller', async () => {
    const seen: unknown[] = [];
    const slow = node('slow', {
      exec: async (_: number, { signal }) => {
        await sleep(60_000, signal && { signal }).catch((error: Error) => {
          seen.push(error.name);
          throw error;
        });
      },
    });
    await assert.rejects(fanOut(slow.with(), [1, 2], { timeout: 10 }), { code: 'ERR_TIMEOUT' });
    await turns(2);
    assert.equal(seen.length, 2);
  });
});
