/** Who runs when: branches at once, where they meet, loops, graphs in graphs, and what comes out. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Graph, node, nodeFor, runGraphs, Store, sleep } from 'millrace';
import { deferred, pending, turns } from '../helpers.js';

describe('branches', () => {
  test('run at once, and meet where one waits for all', async () => {
    const [left, right] = [deferred<number>(), deferred<number>()];
    const began: string[] = [];
    const graph = Graph.from(node<'start', number>('start'))
      .add(
        node('left', { prep: (n: number) => void began.push(`left ${n}`), exec: () => left.promise }),
        node('right', { prep: (n: number) => void began.push(`right ${n}`), exec: () => right.promise }),
        node('sum', { waitFor: 'all', exec: (came: { left: number; right: number }) => came }),
      )
      .connect('start', 'left')
      .connect('start', 'right')
      .connect('left', 'sum')
      .connect('right', 'sum')
      .build();
    const run = graph.run(7);
    await turns(2);
    assert.deepEqual(began, ['left 7', 'right 7']);
    right.resolve(2);
    assert.ok(await pending(run));
    left.resolve(1);
    assert.deepEqual(await run, { right: 2, left: 1 });
  });

  test('one that was routed elsewhere is not waited for', async () => {
    const router = node('router', {
      actions: ['both', 'one'],
      post: (n: number) => ({ next: n > 0 ? 'both' : 'one', output: n }),
    });
    const graph = Graph.from(router)
      .add(
        node('left', { exec: (n: number) => n + 1 }),
        node('right', { exec: (n: number) => n + 2 }),
        node('all', { waitFor: 'all', exec: (came: { left: number; right?: number }) => came }),
      )
      .connect('router', 'left', { action: 'both' })
      .connect('router', 'right', { action: 'both' })
      .connect('router', 'left', { action: 'one' })
      .connect('left', 'all')
      .connect('right', 'all')
      .build();
    assert.deepEqual(await graph.run(1), { left: 2, right: 3 });
    assert.deepEqual(await graph.run(0), { left: 1 });
  });

  test('meet again and again: each waits for all that is still under way', async () => {
    const order: string[] = [];
    const step = (name: string, waits = 1): { exec: (input: unknown) => Promise<string> } => ({
      exec: async () => {
        await turns(waits);
        order.push(name);
        return name;
      },
    });
    const graph = Graph.from(node('a', step('a')))
      .add(
        node('b', step('b', 5)),
        node('c', step('c')),
        node('d', { waitFor: 'all', exec: step('d').exec }),
        node('e', step('e')),
        node('f', {
          waitFor: 'all',
          exec: (came: { d: string; e: string; c: string }) => Object.keys(came).toSorted(),
        }),
      )
      .connect('a', 'b')
      .connect('a', 'c')
      .connect('a', 'e')
      .connect('b', 'd')
      .connect('c', 'd')
      .connect('d', 'f')
      .connect('e', 'f')
      .connect('c', 'f')
      .build();
    assert.deepEqual(await graph.run(undefined), ['c', 'd', 'e']);
    assert.deepEqual(order.slice(-2), ['b', 'd']);
  });

  test('so many at once as `concurrency` says, first come first', async () => {
    const order: number[] = [];
    let [running, most] = [0, 0];
    const exec = async (n: number): Promise<void> => {
      most = Math.max(most, ++running);
      await turns(2);
      running--;
      order.push(n);
    };
    const names = ['b0', 'b1', 'b2', 'b3', 'b4', 'b5', 'b6'] as const;
    for (const [concurrency, expected] of [
      [2, 2],
      [1, 1],
      [Infinity, 7],
    ] as const) {
      [order.length, most] = [0, 0];
      const builder = Graph.from(node<'start', number>('start'), { concurrency }).add(
        ...names.map((name, at) => node(name, { prep: () => at, exec })),
      );
      for (const name of names) builder.connect('start', name);
      await builder.build().run(0);
      assert.equal(most, expected);
      assert.deepEqual(order, [0, 1, 2, 3, 4, 5, 6]);
    }
  });

  test('that end at several nodes: the result is of the one added last, `outputs` has all', async () => {
    const graph = Graph.from(node<'start', number>('start'))
      .add(
        node('slow', {
          exec: async (n: number) => {
            await turns(5);
            return `slow ${n}`;
          },
        }),
        node('quick', { exec: (n: number) => n }),
      )
      .connect('start', 'slow')
      .connect('start', 'quick')
      .build();
    const run = graph.run(1);
    const result: string | number = await run;
    assert.equal(result, 1);
    assert.deepEqual(run.outputs, { quick: 1, slow: 'slow 1' });
  });
});

test('nodes may be called anything', async () => {
  for (const name of ['__proto__', 'constructor', 'toString', '0', ' ', 'a/b']) {
    const graph = Graph.from(node<'start', number>('start'))
      .add(node(name, { exec: (n: number) => n }), node('other', { exec: (n: number) => n }))
      .add(node('all', { waitFor: 'all', exec: (came: object) => Object.entries(came).toSorted() }))
      .connect('start', name as 'other')
      .connect('start', 'other')
      .connect(name as 'other', 'all' as never)
      .connect('other', 'all' as never)
      .build();
    assert.deepEqual(
      await graph.run(1),
      [
        [name, 1],
        ['other', 1],
      ].toSorted(),
    );
  }
});

describe("waitFor: 'any'", () => {
  test('runs once, with what comes first; the others are cancelled and not waited for', async () => {
    const told: string[] = [];
    const mirror = (
      name: string,
      waits: number,
    ): { exec: (n: number, context: { signal: AbortSignal | undefined }) => Promise<string> } => ({
      exec: async (_, { signal }) => {
        signal?.addEventListener('abort', () => told.push(`${name}: ${(signal.reason as Error).message}`));
        await turns(waits);
        if (waits > 100) await sleep(60_000, signal && { signal });
        return name;
      },
    });
    let runs = 0;
    const graph = Graph.from(node<'ask', number>('ask'))
      .add(
        node('slow', mirror('slow', 200)),
        node('before', { exec: (n: number) => turns(50).then(() => n) }),
        node('behind', mirror('behind', 1)),
        node('quick', mirror('quick', 1)),
        node('first', {
          waitFor: 'any',
          prep: (from: string) => {
            runs++;
            return from;
          },
          exec: (from) => turns(2).then(() => from),
        }),
      )
      .connect('ask', 'slow')
      .connect('ask', 'before')
      .connect('before', 'behind')
      .connect('ask', 'quick')
      .connect('slow', 'first')
      .connect('behind', 'first')
      .connect('quick', 'first')
      .build();
    const run = graph.run(1);
    assert.equal(await run, 'quick');
    await run.drain();
    assert.equal(runs, 1);
    assert.deepEqual(told, ["slow: 'first' waits for no other"]);
    const states = Object.fromEntries(run.trace.toJSON().nodes.map(({ node, state }) => [node, state]));
    assert.deepEqual(states, {
      ask: 'ok',
      slow: 'cancelled',
      before: 'cancelled',
      behind: 'skipped',
      quick: 'ok',
      first: 'ok',
    });
  });

  test('leaves alone what leads elsewhere too', async () => {
    const graph = Graph.from(node<'start', number>('start'))
      .add(
        node('quick', { exec: () => 'quick' }),
        node('slow', { exec: () => turns(5).then(() => 'slow') }),
        node('audit', { exec: (from: string) => `audited ${from}` }),
        node('first', { waitFor: 'any', exec: (from: string) => from }),
      )
      .connect('start', 'quick')
      .connect('start', 'slow')
      .connect('quick', 'first')
      .connect('slow', 'first')
      .connect('slow', 'audit')
      .build();
    const run = graph.run(1);
    assert.equal(await run, 'quick');
    assert.deepEqual(run.outputs, { audit: 'audited slow', first: 'quick' });
  });

  test('is where ways meet of which one is taken', async () => {
    const graph = Graph.from(
      node('sign', {
        actions: ['minus', 'plus'],
        post: (n: number) => ({ next: n < 0 ? 'minus' : 'plus', output: n }),
      }),
    )
      .add(
        node('negate', { exec: (n: number) => -n }),
        node('keep', { exec: (n: number) => n }),
        node('show', { waitFor: 'any', exec: (n: number) => `${n}` }),
      )
      .connect('sign', 'negate', { action: 'minus' })
      .connect('sign', 'keep', { action: 'plus' })
      .connect('negate', 'show')
      .connect('keep', 'show')
      .build();
    assert.deepEqual([await graph.run(-3), await graph.run(4)], ['3', '4']);
  });

  test('drops what waits for all only for it', async () => {
    const graph = Graph.from(node<'start', number>('start'))
      .add(
        node('quick', { exec: () => turns(3).then(() => 'quick') }),
        node('a', { exec: () => 'a' }),
        node('b', { exec: () => new Promise<string>(() => undefined) }),
        node('both', { waitFor: 'all', exec: ({ a, b }: { a: string; b: string }) => a + b }),
        node('first', { waitFor: 'any', exec: (from: string) => from }),
      )
      .connect('start', 'quick')
      .connect('start', 'a')
      .connect('start', 'b')
      .connect('a', 'both')
      .connect('b', 'both')
      .connect('both', 'first')
      .connect('quick', 'first')
      .build();
    assert.equal(await graph.run(1), 'quick');
  });
});

describe('loops', () => {
  const draft = node('draft', { exec: (n: number) => n + 1 });
  const review = node('review', {
    actions: ['again', 'good'],
    post: (n: number) => ({ next: n < 5 ? 'again' : 'good', output: n }),
  });
  const build = (maxSteps?: number): Graph<number, string> =>
    Graph.from(draft, maxSteps === undefined ? {} : { maxSteps })
      .add(review, node('publish', { exec: (n: number) => `edition ${n}` }))
      .connect('draft', 'review')
      .connect('review', 'draft', { action: 'again', loop: true })
      .connect('review', 'publish', { action: 'good' })
      .build();

  test('go round until an action leads on', async () => {
    const run = build().run(1);
    assert.equal(await run, 'edition 5');
    assert.deepEqual(
      run.trace.toJSON().nodes.map(({ node, steps }) => [node, steps]),
      [
        ['draft', 4],
        ['review', 4],
        ['publish', 1],
      ],
    );
  });

  test('end at maxSteps, with an error that says so', async () => {
    const run = build(6).run(1);
    await assert.rejects(run, {
      code: 'ERR_STEP_LIMIT',
      limit: 6,
      node: 'draft',
      message: "a run of 'draft' took 6 steps, and 'draft' would be one more",
    });
    assert.equal(run.trace.toJSON().steps.length, 6);
    assert.equal(await build(9).run(1), 'edition 5');
  });

  test('of a node with itself', async () => {
    const count = node('count', {
      actions: ['again', 'done'],
      post: (n: number) => ({ next: n < 100 ? 'again' : 'done', output: n + 1 }),
    });
    const graph = Graph.from(count).connect('count', 'count', { action: 'again', loop: true }).build();
    assert.equal(await graph.run(0), 101);
  });

  test('that never await let timers have their turns', async () => {
    const spin = node('spin', {
      actions: ['again', 'done'],
      post: () => ({ next: 'again', output: 0 }),
    });
    const graph = Graph.from(spin, { maxSteps: 2 ** 40 })
      .connect('spin', 'spin', { action: 'again', loop: true })
      .build();
    await assert.rejects(graph.run(0, { timeout: 20 }), { code: 'ERR_TIMEOUT' });
  });

  test('a branch beside a loop waits for it where both meet', async () => {
    const graph = Graph.from(node<'start', number>('start'))
      .add(
        draft,
        review,
        node('beside', { exec: (n: number) => -n }),
        node('both', { waitFor: 'all', exec: (came: { review: number; beside: number }) => came }),
      )
      .connect('start', 'draft')
      .connect('start', 'beside')
      .connect('draft', 'review')
      .connect('review', 'draft', { action: 'again', loop: true })
      .connect('review', 'both', { action: 'good' })
      .connect('beside', 'both')
      .build();
    const run = graph.run(1);
    assert.deepEqual(await run, { review: 5, beside: -1 });
    assert.equal(run.trace.toJSON().nodes.find(({ node }) => node === 'both')?.steps, 1);
  });

  test('within one, the first counts anew in each round, and all are waited for', async () => {
    const seen: unknown[] = [];
    const graph = Graph.from(node<'round', number>('round'))
      .add(
        node('quick', { exec: (n: number) => n }),
        node('slow', { exec: (n: number) => turns(3).then(() => n) }),
        node('first', { waitFor: 'any', exec: (n: number) => n }),
        node('left', { exec: (n: number) => n }),
        node('right', { exec: (n: number) => turns(2).then(() => n) }),
        node('all', {
          waitFor: 'all',
          exec: ({ left, right }: { left: number; right: number }) => left + right,
        }),
        node('decide', {
          actions: ['again', 'done'],
          post: (sum: number) => {
            seen.push(sum);
            return sum < 6 ? { next: 'again', output: sum / 2 + 1 } : { next: 'done', output: sum };
          },
        }),
      )
      .connect('round', 'quick')
      .connect('round', 'slow')
      .connect('quick', 'first')
      .connect('slow', 'first')
      .connect('first', 'left')
      .connect('first', 'right')
      .connect('left', 'all')
      .connect('right', 'all')
      .connect('all', 'decide')
      .connect('decide', 'round', { action: 'again', loop: true })
      .build();
    assert.equal(await graph.run(1), 6);
    assert.deepEqual(seen, [2, 4, 6]);
  });
});

test('a loop in a loop: the first counts once in each round of both', async () => {
  const seen: string[] = [];
  const to = <N extends string>(name: N, limit: number) =>
    node(name, {
      actions: ['again', 'done'],
      post: (counts: Record<string, number>) => {
        const count = (counts[name] ?? 0) + 1;
        const next = count < limit ? 'again' : 'done';
        return { next, output: { ...counts, [name]: next === 'done' ? 0 : count } } as {
          next: 'again' | 'done';
          output: Record<string, number>;
        };
      },
    });
  const pass = <N extends string>(name: N, waits: number) =>
    node(name, { exec: (counts: Record<string, number>) => turns(waits).then(() => counts) });
  const graph = Graph.from(pass('outer', 0))
    .add(
      pass('inner', 0),
      pass('quick', 1),
      pass('slow', 4),
      node('first', {
        waitFor: 'any',
        exec: (counts: Record<string, number>) => {
          seen.push(`${counts['again outer'] ?? 0} ${counts['again inner'] ?? 0}`);
          return counts;
        },
      }),
      to('again inner', 3),
      to('again outer', 2),
    )
    .connect('outer', 'inner')
    .connect('inner', 'quick')
    .connect('inner', 'slow')
    .connect('quick', 'first')
    .connect('slow', 'first')
    .connect('first', 'again inner')
    .connect('again inner', 'inner', { action: 'again', loop: true })
    .connect('again inner', 'again outer', { action: 'done' })
    .connect('again outer', 'outer', { action: 'again', loop: true })
    .build();
  const run = graph.run({});
  await run;
  assert.deepEqual(seen, ['0 0', '0 1', '0 2', '1 0', '1 1', '1 2']);
  const { nodes } = run.trace.toJSON();
  assert.equal(nodes.find(({ node }) => node === 'slow')?.state, 'cancelled');
});

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
    // biome-ignore lint/suspicious/noExplicitAny: whatever somebody writes in JavaScript.
    const run = runGraphs as any;
    const wrong = { code: 'ERR_INVALID_ARGUMENT' };
    for (const graphs of [null, 7, { a: 7 }, { a: null }, { a: () => 1 }])
      await assert.rejects(run(graphs, {}), wrong);
    for (const inputs of [null, 7, undefined, { x: 1 }]) await assert.rejects(run({ double }, inputs), wrong);
    for (const options of [null, 7, { concurrency: 0 }, { width: 1 }, { store: 7 }, { signal: 7 }])
      await assert.rejects(run({ double }, { double: 1 }, options), wrong);
    assert.deepEqual(await run({}, {}), { results: {}, errors: {} });
  });
});
