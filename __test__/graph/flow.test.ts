/** Who runs when: branches at once, where they meet, loops, graphs in graphs, and what comes out. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Graph, node, sleep } from 'millrace';
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
