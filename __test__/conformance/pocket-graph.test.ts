/**
 * The examples of the text on Pocket's concurrency patterns that have nodes, a store or a graph in them, section by section, as shortly as
 * there; and Pocket's own ways to build a graph.
 */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import {
  Channel,
  Context,
  combineErrors,
  DynamicFanOut,
  diagnostics,
  fanIn,
  fanOut,
  Graph,
  leaks,
  node,
  nodeFor,
  pipeline,
  processInBatches,
  rateLimited,
  runConcurrent,
  runGraphs,
  Store,
  scatterGather,
  sleep,
  streamProcessor,
  TaskGroup,
} from 'millrace';
import { turns } from '../helpers.js';

const before = diagnostics();
afterEach(async () => {
  await turns(3);
  assert.deepEqual(leaks(before), []);
});

const store = new Store();
const processor = node('processor', {
  exec: async (item: string) => {
    await turns(1);
    return { original: item, result: item.toUpperCase() };
  },
});

describe('built-in concurrency functions', () => {
  test('fan-out: a node over items, results in their order', async () => {
    const items = ['item1', 'item2', 'item3', 'item4', 'item5'];

    const results = await fanOut(processor.with(store), items, { signal: Context.background() });

    for (const [i, { result }] of results.entries())
      assert.equal(`${items[i]} -> ${result}`, `item${i + 1} -> ITEM${i + 1}`);
  });

  test('fan-in: source nodes and an aggregator node', async () => {
    const source1 = node('source1', { exec: async () => [1, 2] });
    const source2 = node('source2', { exec: async () => [3] });
    const source3 = node('source3', { exec: () => [4, 5] });
    const aggregator = node('aggregator', {
      exec: (allData: number[][]) => ({ totalItems: allData.flat().length, data: allData.flat() }),
    });

    const sources = [source1, source2, source3].map((source) => () => source.run(undefined, { store }));
    const result = await fanIn(sources, aggregator.with(store));

    assert.deepEqual(result, { totalItems: 5, data: [1, 2, 3, 4, 5] });
  });

  test('the same as a graph', async () => {
    const graph = Graph.from(node('start'))
      .add(
        node('source1', { exec: async () => [1, 2] }),
        node('source2', { exec: async () => [3] }),
        node('aggregator', {
          waitFor: 'all',
          exec: ({ source1, source2 }: { source1: number[]; source2: number[] }) => [...source1, ...source2],
        }),
      )
      .connect('start', 'source1')
      .connect('start', 'source2')
      .connect('source1', 'aggregator')
      .connect('source2', 'aggregator')
      .build();
    assert.deepEqual(await graph.run(undefined, { store }), [1, 2, 3]);
  });

  test('pipeline: each node’s output feeds the next', async () => {
    const fetch = node('fetch', { exec: async (url: URL) => `{"path":"${url.pathname}"}` });
    const parse = node('parse', { exec: (raw: string) => JSON.parse(raw) as { path: string } });
    const transform = node('transform', { exec: ({ path }: { path: string }) => path.slice(1) });
    const save = node('save', { exec: async (data: string) => ({ saved: data }) });

    const nodes = [fetch.with(store), parse.with(store), transform.with(store), save.with(store)] as const;
    const result = await pipeline(nodes, new URL('https://example.com/data'));

    assert.deepEqual(result, { saved: 'data' });
  });

  test('runConcurrent: independent nodes, each result with its own type', async () => {
    const order = { id: 7 };
    const checkInventory = node('check-inventory', {
      exec: async (order: { id: number }) => ({ inStock: order.id === 7 }),
    });
    const validatePayment = node('validate-payment', {
      exec: async (_: object): Promise<'paid' | 'open'> => 'paid',
    });
    const checkShipping = node('check-shipping', { exec: (_: object) => 3 });

    const [inventory, payment, shipping] = await runConcurrent([
      () => checkInventory.run(order, { store }),
      () => validatePayment.run(order, { store }),
      () => checkShipping.run(order, { store }),
    ]);

    assert.deepEqual([inventory.inStock, payment, shipping.toFixed(1)], [true, 'paid', '3.0']);
  });
});

describe('custom concurrency patterns, with a node as the processor', () => {
  test('worker pool', async () => {
    const [taskQueue, results] = [Channel.local<string>(10), Channel.local<string>(10)];
    const workers = new TaskGroup();
    for (let worker = 0; worker < 5; worker++)
      workers.go(async () => {
        for await (const task of taskQueue) await results.send((await processor.run(task)).result);
      });
    await taskQueue.sendBatch(['a', 'b', 'c']);
    taskQueue.close();
    await workers.wait();
    results.close();
    const collected: string[] = [];
    for await (const result of results) collected.push(result);
    assert.deepEqual(collected.toSorted(), ['A', 'B', 'C']);
  });

  test('scatter-gather: service nodes, each with its time, errors by service', async () => {
    const stock = node('stock', {
      exec: async (_: string, { signal }) => sleep(60_000, signal && { signal }),
    });
    const { answers, errors } = await scatterGather(
      { prices: processor.with(), stock: stock.with() },
      'book',
      { timeout: 20 },
    );
    assert.equal(answers.prices?.result, 'BOOK');
    assert.equal((errors.stock as { code: string }).code, 'ERR_CALL_TIMEOUT');
  });

  test('rate-limited and in batches', async () => {
    let acquired = 0;
    const limiter = { acquire: async () => void acquired++ };
    const limited = rateLimited(processor.with(store), limiter);
    const results = await processInBatches(['a', 'b', 'c'], 2, limited);
    assert.deepEqual([results.map(({ result }) => result), acquired], [['A', 'B', 'C'], 3]);
  });
});

describe('advanced patterns', () => {
  test('dynamic fan-out', async () => {
    const fan = new DynamicFanOut({ min: 2, max: 10, monitor: { load: () => 0.1 } });
    const results = await fan.process(['a', 'b'], processor.with(store));
    assert.deepEqual(
      results.map(({ result }) => result),
      ['A', 'B'],
    );
  });

  test('concurrent graph execution: independent subgraphs by name, results and errors', async () => {
    const subgraphs = {
      users: Graph.from(node('load-users', { exec: async (region: string) => [`${region}-ada`] })).build(),
      orders: Graph.from(node('load-orders', { exec: async (count: number) => count * 2 })).build(),
      broken: Graph.from(
        node('broken', {
          exec: (_: null): never => {
            throw new Error('database is down');
          },
        }),
      ).build(),
    };
    const inputs = { users: 'eu', orders: 21, broken: null };

    const { results, errors } = await runGraphs(subgraphs, inputs, { signal: Context.background() });

    assert.deepEqual(results, { users: ['eu-ada'], orders: 42 });
    const error = combineErrors(
      Object.entries(errors).map(([name, error]) => new Error(`subgraph ${name}: ${error}`)),
    );
    assert.match(String(error), /subgraph broken: Error: database is down/);
  });

  test('stream processing', async () => {
    const input = Channel.local<string>();
    const sending = (async () => {
      using _ = input;
      for (const item of ['a', 'b']) await input.send(item);
    })();
    const seen: string[] = [];
    const stream = streamProcessor(processor.with(store), { bufferSize: 100, concurrency: 10 });
    for await (const { result } of stream.processStream(input)) seen.push(result);
    await sending;
    assert.deepEqual(seen, ['A', 'B']);
  });
});

describe('performance considerations and best practices', () => {
  test('context cancellation: a graph ends with its context, and nothing is left', async () => {
    const [ctx, cancel] = Context.background().withCancel();
    const processed: number[] = [];
    const process = node('process', {
      actions: ['more', 'done'],
      post: async (items: number[]) => {
        await turns(1);
        processed.push(items[0] as number);
        if (items[0] === 2) cancel();
        return { next: items.length > 1 ? 'more' : 'done', output: items.slice(1) };
      },
    });
    const graph = Graph.from(process).connect('process', 'process', { action: 'more', loop: true }).build();
    await assert.rejects(graph.run([1, 2, 3, 4], { signal: ctx }), { code: 'ERR_CONTEXT_CANCELED' });
    await turns(3);
    assert.deepEqual(processed, [1, 2]);
  });

  test('order preservation', async () => {
    const items = Array.from({ length: 100 }, (_, n) => `${n}`);
    const results = await fanOut(processor.with(store), items);
    assert.deepEqual(
      results.map(({ original }) => original),
      items,
    );
  });
});

describe('Pocket’s nodes and graphs', () => {
  test('prep reads the store, exec works, post writes and routes', async () => {
    interface Keys {
      greeting: string;
      greeted: string[];
    }
    const store = new Store<Keys>();
    store.set('greeting', 'Hello');
    const greet = nodeFor<Keys>()('greet', {
      prep: (name: string, { store }) => ({ name, greeting: store.get('greeting') ?? 'Hi' }),
      exec: async ({ name, greeting }) => `${greeting}, ${name}!`,
      actions: ['known', 'new'],
      post: (result, { input, store }) => {
        const known = store.get('greeted')?.includes(input) ?? false;
        store.update('greeted', (greeted = []) => [...greeted, input]);
        return { output: result, next: known ? 'known' : 'new' };
      },
    });
    const graph = Graph.from(greet)
      .add(node('again', { exec: (greeting: string) => `${greeting} Welcome back.` }))
      .connect('greet', 'again', { action: 'known' })
      .build();
    assert.equal(await graph.run('World', { store }), 'Hello, World!');
    assert.equal(await graph.run('World', { store }), 'Hello, World! Welcome back.');
    assert.deepEqual(store.get('greeted'), ['World', 'World']);
  });

  test('retry, timeout, fallback and hooks; a graph as a node of another; limits and scopes of the store', async () => {
    const attempts: string[] = [];
    const flaky = node('flaky', {
      exec: (n: number): number => {
        attempts.push(`try ${n}`);
        throw new Error('down');
      },
      retry: { attempts: 3, delay: 1 },
      timeout: 1000,
      fallback: (_, { prepared }) => -prepared,
      onSuccess: (output) => attempts.push(`success ${output}`),
      onEnd: ({ node, state }) => attempts.push(`${node} ${state}`),
    });
    const sub = Graph.from(flaky, { name: 'sub' }).build();
    const graph = Graph.from(node('start', { exec: (n: number) => n + 1 }))
      .add(sub.asNode('payment'))
      .connect('start', 'payment')
      .build();
    const store = new Store({ maxEntries: 1000, ttl: 30 * 60_000 });
    store.scope('user').set('name', 'Ada');
    assert.equal(await graph.run(1, { store }), -2);
    assert.deepEqual(attempts, ['try 2', 'try 2', 'try 2', 'success -2', 'flaky ok']);
    assert.deepEqual([store.has('name'), store.scope('user').get('name')], [false, 'Ada']);
  });
});
