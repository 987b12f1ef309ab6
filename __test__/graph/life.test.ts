/** Runs and what they leave behind: drained, forgotten, with a thread that dies. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { diagnostics, Graph, type LivingObject, leaks, nodeFor, Store } from 'millrace';
import { child, thread, turns, until } from '../helpers.js';

let before: LivingObject[] = diagnostics();
afterEach(async () => {
  await turns(3);
  assert.deepEqual(leaks(before), []);
  before = diagnostics();
});

describe('life and death', () => {
  test('a graph, and a run that waits for nothing of ours, keep no process alive; a time limit does', async () => {
    const { code, ms, stdout } = await child(`
      const never = millrace.node('n', { exec: () => new Promise(() => undefined), retry: { attempts: 3 } });
      millrace.Graph.from(never).build().run(1);
      new millrace.Store({ ttl: 60_000 }).set('a', 1);
      millrace.Graph.from(never).build().run(1, { timeout: 50 }).catch((error) => console.log(error.code));
    `);
    assert.deepEqual([code, stdout.trim()], [0, 'ERR_TIMEOUT']);
    assert.ok(ms < 15_000);
  });

  test('a thread that is terminated in the middle of a run leaves the store as it is', async () => {
    const store = new Store<{ begun: number }>();
    const worker = thread(
      `const node = nodeFor();
       const spin = node('spin', {
         actions: ['again', 'done'],
         post: (_, { store }) => ({ next: 'again', output: store.update('begun', (n = 0) => n + 1) }),
       });
       const graph = Graph.from(spin, { maxSteps: 1e9 }).connect('spin', 'spin', { action: 'again', loop: true }).build();
       await graph.run(0, { store: Store.from(data) });`,
      store.toHandle(),
    );
    assert.ok(worker instanceof Worker);
    const exited = new Promise((resolve) => worker.once('exit', resolve));
    await until(() => (store.get('begun') ?? 0) > 100);
    await worker.terminate();
    await exited;
    const seen = store.update('begun', (n = 0) => n);
    await turns(5);
    assert.equal(store.get('begun'), seen);
  });

  test('eight threads, one store: every step counts', async () => {
    const store = new Store<{ sum: number }>();
    const text = `
      const add = nodeFor()('add', { post: (n, { store }) => ({ output: store.scope('totals').update('sum', (sum = 0) => sum + n) }) });
      const graph = Graph.from(add).build();
      const mine = Store.from(data);
      for (let i = 0; i < 100; i++) await graph.run(1, { store: mine });`;
    const exits = Array.from({ length: 8 }, () => {
      const worker = thread(text, store.toHandle());
      return new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject));
    });
    await Promise.all(exits);
    assert.equal(store.scope<{ sum: number }>('totals').get('sum'), 800);
  });

  test('many runs of one graph at once do not see one another', async () => {
    const graph = Graph.from(
      nodeFor<{ mine: number }>()('a', {
        post: (n: number, { store }) => {
          store.set('mine', n);
          return { output: n };
        },
      }),
    )
      .add(
        nodeFor<{ mine: number }>()('b', {
          prep: async (_: number, { store }) => turns(2).then(() => store.get('mine')),
          exec: (n) => n,
        }),
      )
      .connect('a', 'b')
      .build();
    const results = await Promise.all(Array.from({ length: 50 }, (_, n) => graph.run(n)));
    assert.deepEqual(
      results,
      Array.from({ length: 50 }, (_, n) => n),
    );
  });
});
