/** What a run tells of itself: as JSON, and as a picture. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Graph, node, sleep, type TraceJson } from 'millrace';
import { turns } from '../helpers.js';

const start = node('start', { exec: (n: number) => n });

/** A run with a node of each state: it has failed. */
async function failed(): Promise<{ json: TraceJson; picture: string }> {
  let calls = 0;
  const graph = Graph.from(start, { name: 'all states' })
    .add(
      node('flaky', {
        exec: async (n: number) => {
          if (++calls < 3) throw new Error(`attempt ${calls}`);
          await sleep(5);
          return n;
        },
        retry: { attempts: 3 },
        actions: ['good', 'bad'],
        post: (output) => ({ next: 'good', output }),
      }),
      node('waits', { exec: async (_: number, { signal }) => sleep(60_000, signal && { signal }) }),
      node('fails', {
        exec: (): number => {
          throw Object.assign(new RangeError('too far'), { code: 'ERR_FAR' });
        },
      }),
      node('instead', {
        exec: (): number => {
          throw new Error('down');
        },
        fallback: () => 1,
      }),
      node('never', { exec: (n: number) => n }),
    )
    .connect('start', 'flaky')
    .connect('start', 'waits')
    .connect('start', 'instead')
    .connect('flaky', 'fails', { action: 'good' })
    .connect('flaky', 'never', { action: 'bad' })
    .build();
  const run = graph.run(1);
  await assert.rejects(run, RangeError);
  await run.drain();
  return { json: run.trace.toJSON(), picture: run.trace.toMermaid() };
}

describe('toJSON', () => {
  test('tells of each step: state, times, attempts, action, error, and the steps it came from', async () => {
    const { json } = await failed();
    assert.deepEqual([json.graph, json.state], ['all states', 'failed']);
    assert.deepEqual(json.error, { name: 'RangeError', message: 'too far', code: 'ERR_FAR' });
    assert.ok(Math.abs(Date.parse(json.startedAt) - Date.now()) < 60_000);
    assert.deepEqual(json.nodes, [
      { node: 'start', state: 'ok', steps: 1 },
      { node: 'flaky', state: 'ok', steps: 1 },
      { node: 'waits', state: 'cancelled', steps: 1 },
      { node: 'fails', state: 'failed', steps: 1 },
      { node: 'instead', state: 'ok', steps: 1 },
      { node: 'never', state: 'skipped', steps: 0 },
    ]);
    const steps = Object.fromEntries(json.steps.map((step) => [step.node, step]));
    const { flaky, fails, instead, waits, start } = steps;
    assert.ok(flaky && fails && instead && waits && start);
    assert.deepEqual([flaky.attempts, flaky.action, flaky.from], [3, 'good', [start.step]]);
    assert.deepEqual([fails.from, fails.error], [[flaky.step], json.error]);
    assert.deepEqual([instead.fallback, instead.error], [true, { name: 'Error', message: 'down' }]);
    assert.deepEqual([start.from, start.action, 'error' in start], [[], 'default', false]);
    assert.ok(flaky.duration >= 4 && flaky.start >= start.start + start.duration);
    assert.ok(waits.start + waits.duration <= json.duration + 1);
    for (const step of json.steps) assert.ok(step.start >= 0 && step.duration >= 0);
  });

  test('is what JSON.stringify writes, and can be read back', async () => {
    const run = start.run(1);
    await run;
    const json = run.trace.toJSON();
    assert.deepEqual(JSON.parse(JSON.stringify(run.trace)), JSON.parse(JSON.stringify(json)));
    assert.equal(json.duration, run.trace.toJSON().duration);
  });

  test('while it runs tells what runs, and what waits', async () => {
    const graph = Graph.from(node('a', { exec: () => turns(50) }))
      .add(node('b'))
      .connect('a', 'b')
      .build();
    const run = graph.run(undefined);
    await turns(2);
    const { state, nodes } = run.trace.toJSON();
    assert.deepEqual([state, ...nodes.map(({ state }) => state)], ['running', 'running', 'waiting']);
    assert.match(run.trace.toMermaid(), /n1\["b<br\/>waiting"\]/);
    await run;
  });

  test('tells of errors that are none', async () => {
    for (const [thrown, expected] of [
      ['text', { name: 'string', message: 'text' }],
      [undefined, { name: 'undefined', message: 'undefined' }],
      [Object.create(null), { name: 'object', message: '[object]' }],
    ] as const) {
      const run = node('n', {
        exec: () => {
          throw thrown;
        },
      }).run(1);
      await run.catch(() => undefined);
      assert.deepEqual(run.trace.toJSON().error, expected);
    }
  });
});

describe('toMermaid', () => {
  test('shows states, times, attempts, and the ways that were taken', async () => {
    const { picture } = await failed();
    const shown = picture.replace(/\d+(\.\d+)? ms/g, 'T ms').split('\n');
    assert.deepEqual(shown.slice(0, 12), [
      'flowchart TD',
      '  n0["start<br/>ok, T ms"]',
      '  n1["flaky<br/>ok, T ms, 3 attempts"]',
      '  n2["waits<br/>cancelled, T ms"]',
      '  n3["fails<br/>failed, T ms"]',
      '  n4["instead<br/>ok by fallback, T ms"]',
      '  n5["never<br/>skipped"]',
      '  n0 ==> n1',
      '  n0 ==> n2',
      '  n0 ==> n4',
      '  n1 ==>|"good"| n3',
      '  n1 -->|"bad"| n5',
    ]);
    assert.ok(shown.includes('  class n0,n1,n4 ok'));
    for (const [id, state] of [
      ['n2', 'cancelled'],
      ['n3', 'failed'],
      ['n5', 'skipped'],
    ])
      assert.ok(shown.includes(`  class ${id} ${state}`), state);
  });

  test('shows rounds of loops, and loops that were not taken', async () => {
    const count = node('count', {
      actions: ['again', 'done'],
      post: (n: number) => ({ next: n < 3 ? 'again' : 'done', output: n + 1 }),
    });
    const graph = Graph.from(count).connect('count', 'count', { action: 'again', loop: true }).build();
    const run = graph.run(1);
    await run;
    assert.match(
      run.trace.toMermaid(),
      /n0\["count<br\/>ok, [\d.]+ ms, 3 steps"\]\n {2}n0 ==>\|"again, 2 times"\| n0/,
    );
    const none = graph.run(5);
    await none;
    assert.match(none.trace.toMermaid(), /n0 -\.->\|"again"\| n0/);
  });

  test('shows graphs in graphs', async () => {
    const inner = Graph.from(start)
      .add(node('end', { exec: (n: number) => n }))
      .connect('start', 'end')
      .build();
    const run = Graph.from(inner.asNode('inner')).build().run(1);
    await run;
    const shown = run.trace
      .toMermaid()
      .replace(/[\d.]+ ms/g, 'T ms')
      .split('\n');
    assert.deepEqual(shown.slice(1, 6), [
      '  subgraph n0["inner<br/>ok, T ms"]',
      '    n0_0["start<br/>ok, T ms"]',
      '    n0_1["end<br/>ok, T ms"]',
      '    n0_0 ==> n0_1',
      '  end',
    ]);
    assert.ok(shown.includes('  class n0,n0_0,n0_1 ok'));
  });

  test('is not broken by any name', async () => {
    const names = [
      'end',
      '"]; click',
      'a"b',
      '<script>',
      'x|y',
      '#quot;',
      '`md`',
      'ä ö 名',
      '🦀',
      '\n',
      '%%',
      '{}',
      '-->',
    ];
    for (const name of names) {
      const action = `${name}!`;
      const graph = Graph.from(node(name, { actions: [action], post: () => ({ next: action, output: 1 }) }))
        .add(node('next'))
        .connect(name, 'next', { action })
        .build();
      const run = graph.run(1);
      await run;
      const [, first, , edge] = run.trace.toMermaid().split('\n');
      assert.match(first ?? '', /^ {2}n0\["[\p{L}\p{N} _.,:()/#;-]+<br\/>ok, [\d.]+ ms"\]$/u);
      assert.match(edge ?? '', /^ {2}n0 ==>\|"[\p{L}\p{N} _.,:()/#;-]+"\| n1$/u);
      const back = first
        ?.match(/\["(.*)<br\/>/)?.[1]
        ?.replace(/#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));
      assert.equal(back, name);
    }
  });
});
