/** Graphs as nodes of others, and several at once. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Graph, node, nodeFor, runGraphs, Store, sleep } from 'millrace';
import { turns } from '../helpers.js';
import { untypedRunGraphs } from './untyped.js';

describe('graphs in graphs', () => {
  const pay = Graph.from(node('check', { exec: (n: number) => n + 1 }), { name: 'pay' })
    .add(
      nodeFor<{ paid: number }>()('book', {
        exec: (n: number) => n * 10,
        post: (output, { store }) => {
          store.set('paid', output);
          return { output };
        },
      }),
    )
    .connect('check', 'book')
    .build();

  test('asNode: one store, and a trace of its own', async () => {
    const graph = Graph.from(node('order', { exec: (n: number) => n }))
      .add(
        pay.asNode('payment'),
        nodeFor<{ paid: number }>()('ship', {
          prep: (n: number, { store }) => [n, store.get('paid')],
          exec: (seen) => seen,
        }),
      )
      .connect('order', 'payment')
      .connect('payment', 'ship')
      .build();
    const store = new Store<{ paid: number }>();
    const run = graph.run(4, { store });
    assert.deepEqual(await run, [50, 50]);
    const step = run.trace.toJSON().steps.find(({ node }) => node === 'payment');
    assert.equal(step?.trace?.graph, 'pay');
    assert.deepEqual(
      step.trace.steps.map(({ node, state }) => [node, state]),
      [
        ['check', 'ok'],
        ['book', 'ok'],
      ],
    );
  });

  test('as exec, with prep and post about it', async () => {
    const outer = node('outer', {
      prep: (text: string) => text.length,
      exec: pay,
      actions: ['much', 'little'],
      post: (paid) => ({ next: paid > 30 ? 'much' : 'little', output: paid }),
    });
    const graph = Graph.from(outer)
      .add(node('thank', { exec: (n: number) => `thanks for ${n}` }))
      .connect('outer', 'thank', { action: 'much' })
      .build();
    assert.deepEqual([await graph.run('abc'), await graph.run('a')], ['thanks for 40', 20]);
  });

  test('is tried again, timed and replaced as a whole', async () => {
    let calls = 0;
    const flaky = Graph.from(
      node('inner', {
        exec: async (_: number, { signal }) => {
          if (++calls === 1) throw new Error('first');
          await sleep(60_000, signal && { signal });
          return 'never';
        },
      }),
      { name: 'flaky' },
    ).build();
    const made = node('outer', {
      exec: flaky,
      retry: { attempts: 2 },
      timeout: 20,
      fallback: (error) => (error as { code: string }).code,
    });
    const run = made.run(1);
    assert.equal(await run, 'ERR_CALL_TIMEOUT');
    await run.drain();
    const [step] = run.trace.toJSON().steps;
    assert.deepEqual([step?.attempts, step?.trace?.state, calls], [2, 'cancelled', 2]);
  });

  test('an error says which node of which graph', async () => {
    const failing = Graph.from(
      node('deep', {
        exec: (): number => {
          throw new Error('deep');
        },
      }),
    ).build();
    const middle = Graph.from(node<'m', number>('m'))
      .add(failing.asNode('middle'))
      .connect('m', 'middle')
      .build();
    const outer = Graph.from(middle.asNode('outer')).build();
    await assert.rejects(outer.run(1), { message: 'deep', node: 'outer/middle/deep' });
  });

  test('one with a bound of its own may run in one that has a bound of one', async () => {
    const inner = Graph.from(node('a', { exec: (n: number) => n }), { concurrency: 1 })
      .add(node('b', { exec: (n: number) => n + 1 }))
      .connect('a', 'b')
      .build();
    const outer = Graph.from(inner.asNode('x'), { concurrency: 1 })
      .add(inner.asNode('y'), inner.asNode('z'))
      .connect('x', 'y')
      .connect('x', 'z')
      .build();
    assert.equal(await outer.run(1), 3);
  });
});

describe('runGraphs', () => {
  const double = Graph.from(node('double', { exec: (n: number) => n * 2 })).build();
  const shout = Graph.from(node('shout', { exec: async (text: string) => text.toUpperCase() })).build();
  const fails = Graph.from(
    node('fails', {
      exec: (_: null): number => {
        throw new Error('no');
      },
    }),
  ).build();

  test('gives results and errors by name', async () => {
    const { results, errors } = await runGraphs(
      { double, shout, fails },
      { double: 4, shout: 'a', fails: null },
    );
    const [number, text]: [number | undefined, string | undefined] = [results.double, results.shout];
    assert.deepEqual([number, text], [8, 'A']);
    assert.deepEqual(Object.keys(results).toSorted(), ['double', 'shout']);
    assert.deepEqual(Object.keys(errors), ['fails']);
    assert.match(String(errors.fails), /no/);
  });

  test('so many at once, one store for all, and an end for all', async () => {
    let [running, most] = [0, 0];
    const slow = Graph.from(
      nodeFor<{ count: number }>()('slow', {
        exec: async () => {
          most = Math.max(most, ++running);
          await turns(2);
          running--;
        },
        post: (_, { store }) => ({ output: store.update('count', (count = 0) => count + 1) }),
      }),
    ).build();
    const store = new Store<{ count: number }>();
    const graphs = { a: slow, b: slow, c: slow };
    const inputs = { a: 0, b: 0, c: 0 };
    await runGraphs(graphs, inputs, { concurrency: 2, store });
    assert.deepEqual([most, store.get('count')], [2, 3]);
    const stuck = Graph.from(node('stuck', { exec: () => new Promise(() => undefined) })).build();
    await assert.rejects(runGraphs({ stuck, double }, { stuck: 0, double: 1 }, { timeout: 10 }), {
      code: 'ERR_TIMEOUT',
    });
    const reason = new Error('enough');
    await assert.rejects(runGraphs({ stuck }, { stuck: 0 }, { signal: AbortSignal.abort(reason) }), reason);
  });

  test('refuses what cannot be meant', async () => {
    const run = untypedRunGraphs;
    const wrong = { code: 'ERR_INVALID_ARGUMENT' };
    for (const graphs of [null, 7, { a: 7 }, { a: null }, { a: () => 1 }])
      await assert.rejects(run(graphs, {}), wrong);
    for (const inputs of [null, 7, undefined, { x: 1 }]) await assert.rejects(run({ double }, inputs), wrong);
    for (const options of [null, 7, { concurrency: 0 }, { width: 1 }, { store: 7 }, { signal: 7 }])
      await assert.rejects(run({ double }, { double: 1 }, options), wrong);
    assert.deepEqual(await run({}, {}), { results: {}, errors: {} });
  });
});
