/** What a graph is built of, and what is refused: by the compiler and when it is built. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  DynamicWorkerPool,
  Graph,
  GraphBuildError,
  GraphNode,
  node,
  nodeFor,
  RetryExecutor,
  RetryPolicy,
  Store,
} from 'millrace';
import { untypedFrom, untypedNode } from './untyped.js';

interface Order {
  id: number;
  total: number;
}

/** The problems of a graph of such nodes and edges, which the compiler would not let through. */
function problems(
  nodes: readonly { name: string; actions?: string[]; waitFor?: 'all' | 'any' }[],
  edges: readonly (readonly [from: string, to: string, options?: object])[],
): readonly string[] {
  const [start, ...others] = nodes.map(({ name, actions, waitFor }) =>
    node(name, {
      ...(waitFor && { waitFor }),
      ...(actions && { actions }),
      post: (output: unknown) => ({ output, next: 'default' }),
    } as never),
  );
  const builder = untypedFrom(start, { name: 'g' }).add(...others);
  for (const [from, to, options] of edges) builder.connect(from, to, options);
  try {
    builder.build();
    return [];
  } catch (error) {
    assert.ok(error instanceof GraphBuildError);
    assert.equal(error.code, 'ERR_GRAPH_BUILD');
    assert.equal(error.graph, 'g');
    assert.equal(error.message, `the graph 'g' cannot be built: ${error.problems.join('; ')}`);
    return error.problems;
  }
}

const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => ({ name })) as [
  { name: string },
  { name: string },
  { name: string },
  { name: string },
];

describe('a graph that cannot be built', () => {
  test('names nodes that there are not, and where', () => {
    assert.deepEqual(problems([a], [['a', 'x']]), ["there is no node 'x' ('a' → 'x')"]);
    assert.deepEqual(problems([a], [['x', 'a', { action: 'go' }]]), [
      "there is no node 'x' ('x' → 'a' by 'go')",
    ]);
    // An object's own names are no nodes.
    assert.equal(problems([a], [['a', 'constructor']]).length, 1);
  });

  test('names actions that their node does not have, and those it has', () => {
    assert.deepEqual(problems([a, b], [['a', 'b', { action: 'done' }]]), [
      "'a' has no action 'done': it has 'default'",
    ]);
    const routing = { name: 'r', actions: ['yes', 'no'] };
    assert.deepEqual(problems([routing, b], [['r', 'b']]), [
      "'r' has no action 'default': it has 'yes', 'no'",
    ]);
  });

  test('names a circle that no edge declares', () => {
    const again = { name: 'c', actions: ['again', 'default'] };
    assert.deepEqual(
      problems(
        [a, b, again],
        [
          ['a', 'b'],
          ['b', 'c'],
          ['c', 'b', { action: 'again' }],
        ],
      ),
      [
        'b → c → b is a circle: one of its edges must say { loop: true }',
        "'b' must say whether it waits for 'all' or 'any': 'a', 'c' lead to it",
      ],
    );
    assert.match(
      problems([{ name: 'a', actions: ['default', 'x'] }], [['a', 'a', { action: 'x' }]])[0] ?? '',
      /^a → a is a circle/,
    );
    assert.deepEqual(
      problems(
        [a, b, again],
        [
          ['a', 'b'],
          ['b', 'c'],
          ['c', 'b', { action: 'again', loop: true }],
        ],
      ),
      [],
    );
  });

  test('names loops that are none', () => {
    assert.deepEqual(problems([a, b], [['a', 'b', { loop: true }]]), [
      "'a' → 'b' is no loop: 'b' does not lead to 'a'",
    ]);
  });

  test('names nodes that nothing leads to', () => {
    assert.deepEqual(
      problems(
        [a, b, c, d],
        [
          ['a', 'b'],
          ['c', 'd'],
        ],
      ),
      ["nothing leads to 'c'", "nothing leads to 'd'"],
    );
  });

  test('names nodes that do not say how they wait', () => {
    const edges = [
      ['a', 'b'],
      ['a', 'c'],
      ['b', 'd'],
      ['c', 'd'],
    ] as const;
    assert.deepEqual(problems([a, b, c, d], edges), [
      "'d' must say whether it waits for 'all' or 'any': 'b', 'c' lead to it",
    ]);
    assert.deepEqual(problems([a, b, c, { name: 'd', waitFor: 'any' }], edges), []);
    assert.deepEqual(problems([a, b, c, { name: 'd', waitFor: 'all' }], edges), []);
  });

  test('names a loop that leads to a node that waits for all', () => {
    const nodes = [
      { name: 'a', waitFor: 'all' as const },
      { name: 'b', actions: ['again', 'done'] },
    ];
    assert.deepEqual(
      problems(nodes, [
        ['a', 'b'],
        ['b', 'a', { action: 'again', loop: true }],
      ]),
      ["the loop 'b' → 'a' leads to a node that waits for all"],
    );
  });

  test('names an edge that is there twice, and a graph without an end', () => {
    assert.deepEqual(
      problems(
        [a, b],
        [
          ['a', 'b'],
          ['a', 'b'],
        ],
      ),
      ["'a' → 'b' is there twice"],
    );
    assert.deepEqual(problems([a], [['a', 'a', { loop: true }]]), [
      'it has no end: every action of every node leads on',
    ]);
  });

  test('says everything that is wrong at once', () => {
    assert.equal(
      problems(
        [a, b, c],
        [
          ['a', 'x'],
          ['y', 'b'],
          ['a', 'b', { action: 'z' }],
        ],
      ).length,
      3,
    );
  });
});

test('a graph is what its builder was when it was built', async () => {
  const first = node('first', { exec: (n: number) => n + 1 });
  const builder = Graph.from(first, { name: 'g' });
  const short = builder.build();
  const long = builder
    .add(node('second', { exec: (n: number) => n * 10 }))
    .connect('first', 'second')
    .build();
  assert.equal(short.name, 'g');
  assert.equal(Graph.from(first).build().name, 'first');
  assert.deepEqual([await short.run(1), await long.run(1)], [2, 20]);
});

describe('what cannot be meant is refused at once', () => {
  const bad = (make: () => unknown, message: RegExp): void => {
    assert.throws(make, (error: { code?: string; message: string }) => {
      assert.equal(error.code, 'ERR_INVALID_ARGUMENT');
      assert.match(error.message, message);
      return true;
    });
  };
  const make = untypedNode;

  test('of nodes', () => {
    for (const name of ['', 7, null, undefined, {}]) bad(() => make(name), /^name: got .*, wants a text/);
    for (const config of [null, 7, 'x']) bad(() => make('n', config), /^options: got .*, wants an object/);
    bad(() => make('n', { exe: () => 1 }), /^exe: got an unknown option, wants prep, post/);
    for (const option of ['prep', 'post', 'fallback', 'onStart', 'onSuccess', 'onError', 'onEnd'])
      bad(() => make('n', { exec: () => 1, [option]: 7 }), new RegExp(`^${option}: got 7, wants a function`));
    for (const exec of [7, 'file.js', {}, { run() {}, name: 'x' }, null])
      bad(() => make('n', { exec }), /^exec: got .*, wants a function or a Graph/);
    for (const waitFor of ['some', 1, null])
      bad(() => make('n', { waitFor }), /^waitFor: got .*, wants 'all' or 'any'/);
    for (const timeout of [0, -1, Number.NaN, Infinity, '5'])
      bad(() => make('n', { exec: () => 1, timeout }), /^timeout: got .*, wants milliseconds above 0/);
    for (const retry of [3, 'x', null, () => 1])
      bad(() => make('n', { exec: () => 1, retry }), /^retry: got/);
    for (const attempts of [0, -1, 1.5, Infinity, '3', undefined])
      bad(() => make('n', { exec: () => 1, retry: { attempts } }), /^attempts: got .*, wants a whole number/);
    for (const delay of [-1, Number.NaN, '1', Infinity])
      bad(() => make('n', { exec: () => 1, retry: { attempts: 2, delay } }), /^delay: got/);
    bad(() => make('n', { exec: () => 1, retry: { attempts: 2, wait: 1 } }), /^wait: got an unknown option/);
    for (const actions of [7, 'ab', [], {}, [''], [7], ['a', 'a']])
      bad(() => make('n', { post: () => 1, actions }), /^actions: got/);
    bad(() => make('n', { actions: ['a'] }), /^actions: got a list, wants `post`/);
    // Nothing is accepted and ignored.
    bad(() => make('n', { timeout: 5 }), /^timeout: got 5, wants `exec` beside it/);
    bad(() => make('n', { retry: { attempts: 2 } }), /^retry: got object, wants `exec` beside it/);
    bad(() => make('n', { fallback: () => 1 }), /^fallback: got .*, wants `exec` beside it/);
    for (const on of [7, 'workers', {}, null])
      bad(() => make('n', { exec: () => 1, on }), /^on: got .*, wants a WorkerPool/);
  });

  test('of nodes on a pool', async () => {
    await using pool = new DynamicWorkerPool<never, unknown>({ maxWorkers: 1 });
    bad(() => make('n', { on: pool, exec: Graph.from(node('x')).build() }), /^exec: got a Graph/);
    const native = { exec: Math.max, on: pool };
    assert.throws(() => make('n', native), { code: 'ERR_PROCESSOR' });
  });

  test('of graphs and edges', () => {
    const from = untypedFrom;
    for (const start of [null, undefined, 7, 'a', { name: 'a' }])
      bad(() => from(start), /^node: got .*, wants a GraphNode/);
    const start = node('a');
    for (const options of [null, 7]) bad(() => from(start, options), /^options: got/);
    bad(() => from(start, { steps: 1 }), /^steps: got an unknown option, wants name, concurrency, maxSteps/);
    bad(() => from(start, { name: '' }), /^name: got '', wants/);
    for (const concurrency of [0, -1, 1.5, '2', Number.NaN])
      bad(() => from(start, { concurrency }), /^concurrency: got/);
    for (const maxSteps of [0, -1, 1.5, '2', Infinity])
      bad(() => from(start, { maxSteps }), /^maxSteps: got/);
    bad(() => from(start).add(node('b'), node('b')), /^node: got 'b', wants a name that no other node has/);
    for (const name of [7, null, '']) {
      bad(() => from(start).connect(name, 'a'), /^from: got/);
      bad(() => from(start).connect('a', name), /^to: got/);
      bad(() => from(start).connect('a', 'a', { action: name }), /^action: got/);
    }
    bad(() => from(start).connect('a', 'a', { loop: 1 }), /^loop: got 1, wants a boolean/);
    bad(() => from(start).connect('a', 'a', { on: 1 }), /^on: got an unknown option, wants action, loop/);
    bad(() => from(start).connect('a', 'a', null), /^options: got null/);
    bad(() => from(start).build().asNode('x', null), /^options: got null/);
    bad(() => from(start).build().asNode(''), /^name: got ''/);
  });

  test('of runs', () => {
    const graph = untypedFrom(node('a')).build();
    for (const options of [null, 7]) bad(() => graph.run(1, options), /^options: got/);
    bad(
      () => graph.run(1, { concurrency: 1 }),
      /^concurrency: got an unknown option, wants signal, timeout, store/,
    );
    for (const store of [7, null, new Map(), {}])
      bad(() => graph.run(1, { store }), /^store: got .*, wants a Store/);
    bad(() => graph.run(1, { signal: 'now' }), /^signal: got/);
    bad(() => graph.run(1, { timeout: -1 }), /^timeout: got/);
  });
});

test('the compiler knows what fits', async () => {
  const validate = node('validate', {
    exec: (order: Order) => (order.total > 0 ? [] : ['no total']),
    actions: ['valid', 'invalid'],
    post: (errors, { input }) =>
      errors.length === 0 ? { next: 'valid', output: input } : { next: 'invalid', output: errors },
  });
  const charge = node('charge', { exec: async (order: Order) => ({ paid: order.total }) });
  const reserve = node('reserve', { exec: (order: Order) => order.id });
  const reject = node('reject', { exec: (errors: string[]) => errors.join() });
  const ship = node('ship', {
    waitFor: 'all',
    exec: ({ charge, reserve }: { charge: { paid: number }; reserve: number }) =>
      `${charge.paid} for ${reserve}`,
  });
  const builder = Graph.from(validate, { name: 'orders' }).add(charge, reserve, ship, reject);
  const graph = builder
    .connect('validate', 'charge', { action: 'valid' })
    .connect('validate', 'reserve', { action: 'valid' })
    .connect('validate', 'reject', { action: 'invalid' })
    .connect('charge', 'ship')
    .connect('reserve', 'ship')
    .build();
  const receipt: string = await graph.run({ id: 1, total: 2 });
  assert.equal(receipt, '2 for 1');
  assert.equal(await graph.run({ id: 1, total: 0 }), 'no total');

  const other = Graph.from(validate).add(charge, reject, ship);
  // @ts-expect-error What goes by 'valid' is no list of errors.
  other.connect('validate', 'reject', { action: 'valid' });
  // @ts-expect-error There is no such node.
  other.connect('validate', 'nobody', { action: 'valid' });
  // @ts-expect-error There is no such action.
  other.connect('validate', 'reject', { action: 'inval' });
  // @ts-expect-error It has actions, and 'default' is none of them.
  other.connect('validate', 'charge');
  // @ts-expect-error It waits for all, and 'reject' is not among those it knows.
  other.connect('reject', 'ship');

  const small = Graph.from(charge).build();
  // @ts-expect-error An order has a total.
  small.run({ id: 1 }).cancel();
  // @ts-expect-error What it gives is no text.
  const text: Promise<string> = small.run({ id: 1, total: 1 }).then((result) => result);
  await text;
});

test('the compiler widens what is given, and keeps actions', async () => {
  const lists = node('lists', {
    actions: ['some', 'none'],
    post: (n: number) => (n > 0 ? { next: 'some', output: [n] } : { next: 'none', output: 'none' }),
  });
  const graph = Graph.from(lists)
    .add(node('sum', { exec: (list: number[]) => list.length }))
    .connect('lists', 'sum', { action: 'some' })
    .build();
  const result: string | number = await graph.run(1);
  assert.deepEqual([result, await graph.run(0)], [1, 'none']);
  const both = node('both', { post: (n: number) => ({ output: { n, list: [n] } }) });
  const output: { n: number; list: number[] } = await both.run(1);
  assert.deepEqual(output, { n: 1, list: [1] });
  // @ts-expect-error No such action.
  node('wrong', { actions: ['a'], post: () => ({ next: 'b', output: 1 }) });
});

test('the compiler knows the store', async () => {
  interface Shop {
    user: { name: string };
    visits: number;
  }
  const node = nodeFor<Shop>();
  const greet = node('greet', {
    prep: (_: string, { store }) => store.get('user')?.name ?? 'you',
    exec: (name) => `Hello, ${name}`,
    post: (result, { store, input, prepared }) => {
      store.update('visits', (visits = 0) => visits + 1);
      return { output: { result, input, prepared } };
    },
  });
  const store = new Store<Shop>();
  store.set('user', { name: 'Ada' });
  const graph = Graph.from(greet).build();
  const { result, input, prepared } = await graph.run('x', { store });
  const all: string = result + input + prepared;
  assert.equal(all, 'Hello, AdaxAda');
  assert.equal(store.get('visits'), 1);
  // @ts-expect-error A store of other keys.
  graph.run('x', { store: new Store<{ user: number }>() }).cancel();
  node('reads', {
    prep: (_: string, { store }) => {
      // @ts-expect-error Only `post` writes.
      assert.ok(store.set);
    },
  });
  // @ts-expect-error No such key.
  node('asks', { prep: (_: string, { store }) => store.get('users') });
});

test('a node holds no policy of its own that another could change', () => {
  const retry = new RetryExecutor(new RetryPolicy({ maxAttempts: 2 }));
  const config = { exec: () => 1, retry };
  const made = node('n', config);
  assert.ok(made instanceof GraphNode);
  assert.deepEqual([made.name, made.waitFor, made.actions], ['n', undefined, ['default']]);
  config.exec = () => 2;
  return made.run(undefined).then((value) => assert.equal(value, 1));
});
