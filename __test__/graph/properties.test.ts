/** Whatever the graph, the speeds, the failures and the moment of a cancel: who runs, how often, after whom, and that every run ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CallContext, type Graph, type GraphRun, node, type WaitFor } from 'millrace';
import { turns } from '../helpers.js';
import { untypedFrom } from './untyped.js';

/** A node's part: how long it takes, whether it fails, which of two ways it goes, how it waits. */
interface Part {
  turns: number;
  fails: boolean;
  way: 'x' | 'y';
  any: boolean;
  /** For each node before it: by which ways it leads here. The first that leads nowhere leads on by both, so that all can be reached. */
  from: (0 | 1 | 2 | 3)[];
}

const most = 9;
const part = (failing: boolean, any: boolean): fc.Arbitrary<Part> =>
  fc.record({
    turns: fc.integer({ min: -1, max: 4 }),
    fails: failing ? fc.integer({ min: 0, max: 5 }).map((n) => n === 0) : fc.constant(false),
    way: fc.constantFrom('x' as const, 'y' as const),
    any: any ? fc.boolean() : fc.constant(false),
    from: fc.array(fc.constantFrom<Part['from'][number][]>(0, 0, 1, 2, 3), {
      minLength: most,
      maxLength: most,
    }),
  });
const parts = (failing: boolean, any = false): fc.Arbitrary<Part[]> =>
  fc.array(part(failing, any), { minLength: 1, maxLength: most });
const width = fc.constantFrom(1, 2, 3, Infinity);

type Edge = readonly [from: number, to: number, way: 'x' | 'y'];

function edgesOf(parts: readonly Part[]): Edge[] {
  return parts.flatMap(({ from }, to) => {
    const ways: number[] = from.slice(0, to);
    if (to > 0 && !ways.some((way) => way > 0)) ways[(from[0] as number) % to] = 3;
    return ways.flatMap((way, at): Edge[] => [
      ...((way & 1) === 1 ? [[at, to, 'x'] as const] : []),
      ...((way & 2) === 2 ? [[at, to, 'y'] as const] : []),
    ]);
  });
}

interface Watched {
  graph: Graph<number, unknown>;
  edges: Edge[];
  waits: (WaitFor | undefined)[];
  /** What happened, in order: a node begins, ends, or is told that it is not wanted. */
  log: [what: 'begin' | 'end' | 'told', node: number, input?: unknown][];
  most: () => number;
}

class Failed extends Error {
  readonly at: number;
  constructor(at: number) {
    super(`node ${at}`);
    this.at = at;
  }
}

function build(parts: readonly Part[], concurrency: number): Watched {
  const edges = edgesOf(parts);
  const log: Watched['log'] = [];
  const waits = parts.map(({ any }, to): WaitFor | undefined => {
    const several = new Set(edges.filter((edge) => edge[1] === to).map(([from]) => from)).size > 1;
    return several ? (any ? 'any' : 'all') : undefined;
  });
  let [running, widest] = [0, 0];
  const nodes = parts.map(({ turns: count, fails, way }, at) => {
    const waitFor = waits[at];
    return node(`${at}`, {
      ...(waitFor && { waitFor }),
      exec: async (input: unknown, { signal }: CallContext) => {
        log.push(['begin', at, input]);
        widest = Math.max(widest, ++running);
        signal?.addEventListener('abort', () => log.push(['told', at]));
        if (count >= 0) await turns(count);
        running--;
        log.push(['end', at]);
        if (fails) throw new Failed(at);
        return at;
      },
      actions: ['x', 'y'],
      post: (output: unknown) => ({ output, next: way }),
    } as never);
  });
  const builder = untypedFrom(nodes[0], { concurrency }).add(...nodes.slice(1));
  for (const [from, to, action] of edges) builder.connect(`${from}`, `${to}`, { action });
  return { graph: builder.build() as Graph<number, unknown>, edges, waits, log, most: () => widest };
}

/** The nodes that run if none fails and all are waited for, and what comes to each. */
function expected(parts: readonly Part[], edges: readonly Edge[]): Map<number, number[]> {
  const came = new Map<number, number[]>([[0, []]]);
  for (const [at, { way }] of parts.entries()) {
    if (!came.has(at)) continue;
    for (const [from, to, by] of edges)
      if (from === at && by === way) came.set(to, [...(came.get(to) ?? []), from]);
  }
  return came;
}

/** Who can be reached from whom. */
function reaches(edges: readonly Edge[], count: number): boolean[][] {
  const reached = Array.from({ length: count }, () => new Array<boolean>(count).fill(false));
  for (let from = count - 1; from >= 0; from--)
    for (const [at, to] of edges)
      if (at === from) {
        const row = reached[from] as boolean[];
        row[to] = true;
        for (const [far, is] of (reached[to] as boolean[]).entries()) if (is) row[far] = true;
      }
  return reached;
}

const of = (log: Watched['log'], what: 'begin' | 'end'): number[] =>
  log.flatMap(([each, at]) => (each === what ? [at] : []));

/** Each node at most once, and after those that led to it. */
function checkOrder({ log, edges, waits }: Watched, parts: readonly Part[]): void {
  const begun = of(log, 'begin');
  assert.equal(new Set(begun).size, begun.length, 'no node runs twice');
  const reached = reaches(edges, parts.length);
  const running = new Set<number>();
  for (const [what, at] of log) {
    if (what === 'end' || what === 'told') running.delete(at);
    else {
      const before = begun.slice(0, begun.indexOf(at));
      if (at > 0)
        assert.ok(
          edges.some(([from, to]) => to === at && before.includes(from)),
          'after one that leads to it',
        );
      if (waits[at] === 'all')
        for (const other of running) assert.ok(!reached[other]?.[at], `${at} does not wait for ${other}`);
      running.add(at);
    }
  }
}

test('without failures: each node that is led to runs once, after all that it waits for, with what they gave', async () => {
  await fc.assert(
    fc.asyncProperty(parts(false), width, async (parts, concurrency) => {
      const watched = build(parts, concurrency);
      const run = watched.graph.run(-1);
      await run;
      checkOrder(watched, parts);
      const came = expected(parts, watched.edges);
      assert.deepEqual(
        of(watched.log, 'begin').toSorted((a, b) => a - b),
        [...came.keys()].toSorted((a, b) => a - b),
      );
      for (const [what, at, input] of watched.log) {
        if (what !== 'begin') continue;
        const from = came.get(at) ?? [];
        if (at === 0) assert.equal(input, -1);
        else if (watched.waits[at] === 'all')
          assert.deepEqual(input, Object.fromEntries(from.map((each) => [`${each}`, each])));
        else assert.deepEqual([input], from);
      }
      assert.ok(watched.most() <= concurrency);
      const { nodes, steps, state } = run.trace.toJSON();
      assert.equal(state, 'ok');
      for (const [at, { state }] of nodes.entries()) assert.equal(state, came.has(at) ? 'ok' : 'skipped');
      // In the order in which they began, and from those that had ended.
      for (const { step, from } of steps) assert.ok(from.every((each) => each < step));
      const last = Math.max(
        ...[...came.keys()].filter(
          (at) => !watched.edges.some(([from, , way]) => from === at && way === parts[at]?.way),
        ),
      );
      assert.equal(await run, last);
    }),
    { numRuns: 300 },
  );
});

test('with failures: the run has the result, or the error of a node that was led to; nothing begins afterwards', async () => {
  await fc.assert(
    fc.asyncProperty(parts(true, true), width, async (parts, concurrency) => {
      const watched = build(parts, concurrency);
      const run = watched.graph.run(-1);
      const error = await run.then(
        () => undefined,
        (error: unknown) => error as Failed & { node: string },
      );
      const begun = of(watched.log, 'begin').length;
      await run.drain();
      assert.equal(of(watched.log, 'begin').length, begun);
      checkOrder(watched, parts);
      const came = expected(parts, watched.edges);
      for (const at of of(watched.log, 'begin')) assert.ok(came.has(at), 'only what is led to');
      const { nodes, state } = run.trace.toJSON();
      assert.ok(nodes.every(({ state }) => state !== 'running' && state !== 'waiting'));
      if (error === undefined) {
        assert.equal(state, 'ok');
        assert.ok(of(watched.log, 'begin').length > 0);
      } else {
        assert.equal(state, 'failed');
        assert.equal(parts[error.at]?.fails, true);
        assert.equal(error.node, `${error.at}`);
        assert.equal(nodes[error.at]?.state, 'failed');
        assert.equal(nodes.filter(({ state }) => state === 'failed').length, 1);
      }
    }),
    { numRuns: 300 },
  );
});

test('cancelled at any moment: nothing begins any more, and all ends', async () => {
  await fc.assert(
    fc.asyncProperty(parts(false, true), width, fc.nat({ max: 12 }), async (parts, concurrency, moment) => {
      const watched = build(parts, concurrency);
      const run: GraphRun<unknown> = watched.graph.run(-1);
      run.catch(() => undefined);
      for (let i = 0; i < moment; i++) await (i % 2 === 0 ? Promise.resolve() : turns(1));
      const over = run.trace.toJSON().state !== 'running';
      const reason = new Error('enough');
      run.cancel(reason);
      const begun = of(watched.log, 'begin').length;
      if (!over) await assert.rejects(run, reason);
      await run.drain();
      assert.equal(of(watched.log, 'begin').length, begun);
      assert.equal(of(watched.log, 'end').length, begun, 'drain has waited for all that ran');
      checkOrder(watched, parts);
      assert.equal(run.trace.toJSON().state, over ? 'ok' : 'cancelled');
    }),
    { numRuns: 200 },
  );
});

test('loops: any number of rounds, with branches that meet in each of them', async () => {
  const body = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(
      body,
      fc.integer({ min: 1, max: 6 }),
      fc.boolean(),
      width,
      async (waits, rounds, all, concurrency) => {
        let decided = 0;
        const calls = waits.map(() => 0);
        const branches = waits.map((count, at) =>
          node(`branch ${at}`, {
            exec: async (n: number) => {
              calls[at] = (calls[at] as number) + 1;
              await turns(count);
              return n;
            },
          }),
        );
        const meet = node('meet', { waitFor: all ? 'all' : 'any', exec: (came: unknown) => came });
        const decide = node('decide', {
          actions: ['again', 'done'],
          post: () => ({ next: ++decided < rounds ? 'again' : 'done', output: decided }),
        });
        const start = node<'start', number>('start');
        const builder = untypedFrom(start, { concurrency }).add(...branches, meet, decide);
        for (const { name } of branches) builder.connect('start', name).connect(name, 'meet');
        const graph = builder
          .connect('meet', 'decide')
          .connect('decide', 'start', { action: 'again', loop: true })
          .build() as Graph<number, number>;
        const run = graph.run(0);
        assert.equal(await run, rounds);
        await run.drain();
        assert.equal(decided, rounds);
        const steps = Object.fromEntries(run.trace.toJSON().nodes.map(({ node, steps }) => [node, steps]));
        assert.deepEqual([steps['start'], steps['meet'], steps['decide']], [rounds, rounds, rounds]);
        if (all) assert.ok(calls.every((count) => count === rounds));
        else assert.ok(calls.every((count) => count <= rounds));
      },
    ),
    { numRuns: 150 },
  );
});
