/** Loops: only where declared, bounded, and counted in rounds. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Graph, node } from 'millrace';
import { turns } from '../helpers.js';

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
