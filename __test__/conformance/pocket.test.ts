/**
 * The examples of the text on Pocket's concurrency patterns, section by section, in TypeScript: a function stands for a node, a signal or a
 * context for Go's context. Graphs have a file of their own.
 */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import {
  Channel,
  Context,
  combineErrors,
  DynamicFanOut,
  diagnostics,
  FanOut,
  type FanOutError,
  fanIn,
  fanOut,
  go,
  leaks,
  pipeline,
  processInBatches,
  rateLimited,
  runConcurrent,
  scatterGather,
  select,
  sleep,
  streamProcessor,
  TaskGroup,
  Ticker,
} from 'millrace';
import { turns } from '../helpers.js';

const before = diagnostics();
/** The text's warning of leaks, for every example here. */
afterEach(async () => {
  await turns(3);
  assert.deepEqual(leaks(before), []);
});

describe('built-in concurrency functions', () => {
  test('fan-out: results are in the same order as inputs', async () => {
    const [ctx, cancel] = Context.background().withCancel();
    using _ = cancel;
    const items = ['item1', 'item2', 'item3', 'item4', 'item5'];

    const processor = async (item: string): Promise<{ original: string; result: string }> => {
      await turns(1);
      return { original: item, result: item.toUpperCase() };
    };
    const results = await fanOut(processor, items, { signal: ctx });

    assert.deepEqual(
      results,
      items.map((item) => ({ original: item, result: item.toUpperCase() })),
    );
  });

  test('fan-in: aggregates what several sources give', async () => {
    const source1 = async (): Promise<number[]> => [1, 2];
    const source2 = async (): Promise<number[]> => [3];
    const source3 = (): number[] => [];

    const result = await fanIn([source1, source2, source3], (allData) => {
      const data = allData.flat();
      return { totalItems: data.length, data };
    });

    assert.deepEqual(result, { totalItems: 3, data: [1, 2, 3] });
  });

  test('pipeline: each output feeds the next input', async () => {
    const saved: object[] = [];
    const fetchData = async (url: URL): Promise<string> => `{"path":"${url.pathname}"}`;
    const parseData = (raw: string): { path: string } => JSON.parse(raw) as { path: string };
    const transformData = ({ path }: { path: string }): { name: string } => ({ name: path.slice(1) });
    const saveData = async (data: { name: string }): Promise<number> => saved.push(data);

    const result = await pipeline(
      [fetchData, parseData, transformData, saveData],
      new URL('https://example.com/data'),
    );

    assert.deepEqual([result, saved], [1, [{ name: 'data' }]]);
  });

  test('runConcurrent: independent checks, each result with its own type', async () => {
    const order = { id: 7 };
    const checkInventory = async (): Promise<{ inStock: boolean }> => ({ inStock: order.id === 7 });
    const validatePayment = async (): Promise<'paid' | 'open'> => 'paid';
    const checkShipping = (): number => 3;

    const [inventory, payment, shipping] = await runConcurrent([
      checkInventory,
      validatePayment,
      checkShipping,
    ]);

    assert.ok(inventory.inStock);
    assert.deepEqual([payment, shipping.toFixed(1)], ['paid', '3.0']);
  });
});

describe('custom concurrency patterns', () => {
  test('worker pool: five workers, a queue of tasks, a channel of results', async () => {
    const [ctx, cancel] = Context.background().withCancel();
    using _ = cancel;
    const workers = 5;
    const taskQueue = Channel.local<number>(workers * 2);
    const results = Channel.local<{ task: number; output: number }>(workers * 2);
    let [running, most] = [0, 0];

    // Start workers; close the results when all have returned.
    const group = new TaskGroup({ signal: ctx });
    for (let worker = 0; worker < workers; worker++) {
      group.go(async ({ signal }) => {
        for await (const task of taskQueue) {
          most = Math.max(most, ++running);
          await turns(1);
          running--;
          await results.send({ task, output: task * task }, { signal });
        }
      });
    }
    const ended = group.wait().finally(() => results.close());

    // Submit tasks, collect results.
    const submitting = taskQueue
      .sendBatch(Array.from({ length: 50 }, (_, n) => n))
      .then(() => taskQueue.close());
    const collected: number[] = [];
    for await (const { task, output } of results) collected[task] = output;

    await Promise.all([submitting, ended]);
    assert.equal(most, workers);
    assert.deepEqual(
      collected,
      Array.from({ length: 50 }, (_, n) => n * n),
    );
  });

  test('the same in one call', async () => {
    const pool = new FanOut<number, number>({ workerCount: 5 });
    const results = await pool.distribute([1, 2, 3], async (task) => task * task);
    assert.deepEqual(results, [1, 4, 9]);
  });

  test('scatter-gather: a timeout for each service, partial answers with errors by name', async () => {
    const services = {
      prices: async (request: string) => `${request}: 5 €`,
      reviews: async () => {
        throw new Error('service unavailable');
      },
      stock: async (_: string, { signal }: { signal: AbortSignal | undefined }) => {
        await sleep(60_000, signal === undefined ? {} : { signal });
        return 1;
      },
    };

    const { answers, errors } = await scatterGather(services, 'book', { timeout: 20 });

    assert.deepEqual(answers, { prices: 'book: 5 €' });
    assert.match(String(errors.reviews), /service unavailable/);
    assert.equal((errors.stock as { code: string }).code, 'ERR_CALL_TIMEOUT');
    // As there: one error of all.
    const error = combineErrors(Object.values(errors));
    assert.match(String(error), /2 errors/);
  });

  test('rate-limited: the requests of a batch, so many per second', async () => {
    // Go's rate.NewLimiter(limit, 1): one token each 5 ms.
    using ticker = new Ticker(5);
    let acquired = 0;
    const limiter = {
      acquire: async (count: number, options: object = {}): Promise<void> => {
        for (let taken = 0; taken < count; taken++) {
          await ticker.channel.receive(options);
          acquired++;
        }
      },
    };
    const processor = rateLimited(async (item: string) => item.length, limiter);
    const results = await fanOut(processor, ['a', 'bb', 'ccc']);
    assert.deepEqual(results, [1, 2, 3]);
    assert.equal(acquired, 3);
    // An error in waiting is the error of its item.
    const refused = rateLimited(async (item: string) => item.length, {
      acquire: async () => {
        throw new Error('the limiter is closed');
      },
    });
    await assert.rejects(fanOut(refused, ['a']), /the limiter is closed/);
  });

  test('batches: one after the other, concurrent within, with a delay between', async () => {
    const logged: string[] = [];
    const results = await processInBatches([1, 2, 3, 4, 5], 2, async (item) => item * 2, {
      pause: 2,
      onProgress: ({ done, results }) =>
        results.forEach((result, at) =>
          logged.push(`Processed item ${done - results.length + at}: ${result}`),
        ),
    });
    assert.deepEqual(results, [2, 4, 6, 8, 10]);
    assert.deepEqual(
      logged,
      [2, 4, 6, 8, 10].map((result, item) => `Processed item ${item}: ${result}`),
    );
  });
});

describe('advanced patterns', () => {
  test('dynamic fan-out: the text’s numbers of workers', async () => {
    let load = 0;
    const fan = new DynamicFanOut({ min: 2, max: 10, monitor: { load: () => load } });
    const workersAt = async (now: number, items: number): Promise<number> => {
      load = now;
      await fan.process([1], (item) => item);
      return fan.workersFor(items);
    };
    // High load: the minimum. Low: a tenth of the items. Between: in proportion.
    assert.equal(await workersAt(0.9, 100), 2);
    assert.equal(await workersAt(0.1, 50), 5);
    assert.equal(await workersAt(0.1, 1000), 10);
    assert.equal(await workersAt(0.1, 10), 2);
    assert.equal(await workersAt(0.5, 100), 6);
    const results = await fan.process([1, 2, 3], async (item) => item * 2);
    assert.deepEqual(results, [2, 4, 6]);
  });

  test('stream processing: a channel in, results or errors out, with back-pressure', async () => {
    const [ctx, cancel] = Context.background().withCancel();
    using _ = cancel;
    const processor = streamProcessor(
      async (item: number) => {
        if (item === 3) throw new Error('not this one');
        return item * 10;
      },
      { bufferSize: 100, concurrency: 10, settle: true },
    );

    const inputStream = Channel.local<number>();
    const sending = (async () => {
      using _closed = inputStream;
      for (const item of [1, 2, 3, 4]) await inputStream.send(item, { signal: ctx });
    })();

    const seen: string[] = [];
    for await (const result of processor.processStream(inputStream, { signal: ctx })) {
      if (result.status === 'rejected') seen.push(String(result.reason));
      else seen.push(`Result: ${result.value}`);
    }
    await sending;
    assert.deepEqual(seen, ['Result: 10', 'Result: 20', 'Error: not this one', 'Result: 40']);
  });
});

describe('performance considerations', () => {
  test('1. always respect cancellation', async () => {
    const [ctx, cancel] = Context.background().withCancel();
    const processed: number[] = [];
    const all = fanOut(
      async (item: number) => {
        await turns(1);
        processed.push(item);
        if (item === 2) cancel();
      },
      [1, 2, 3, 4],
      { concurrency: 1, signal: ctx },
    );
    await assert.rejects(all, { code: 'ERR_CONTEXT_CANCELED' });
    await turns(3);
    assert.deepEqual(processed, [1, 2]);
  });

  test('2. whatever starts is waited for', async () => {
    let ran = false;
    const manager = new TaskGroup();
    manager.go(async () => {
      await turns(2);
      ran = true;
    });
    await manager.wait();
    assert.equal(ran, true);
  });

  test('3. channel buffer sizes', async () => {
    assert.deepEqual(
      [new Channel<number>(), new Channel<number>(10), new Channel<number>(1000)].map(
        ({ capacity }) => capacity,
      ),
      [0, 10, 1000],
    );
  });

  test('4. what waits for a channel can be cancelled', async () => {
    const [ctx, cancel] = Context.background().withCancel();
    const input = new Channel<number>();
    const reader = go.local(async () => {
      for (;;) {
        const selected = await select({ item: input, done: ctx.done });
        if (selected.case === 'done') return 'cancelled';
      }
    });
    cancel();
    assert.equal(await reader, 'cancelled');
  });
});

describe('best practices', () => {
  test('2. monitor what runs', async () => {
    const running = go.local(() => turns(3));
    const goroutines = diagnostics().filter(({ kind }) => kind === 'goroutine');
    assert.equal(goroutines.length, 1);
    await running;
  });

  test('3. all items are tried, and each error is at its index', async () => {
    const fan = new FanOut<number, number>({ workerCount: 4, onError: 'collect' });
    const error = await fan
      .distribute([0, 1, 2, 3], (item) => {
        if (item % 2 === 1) throw new Error(`odd: ${item}`);
        return item;
      })
      .catch((thrown: FanOutError) => thrown);
    const { failures, results } = error as FanOutError;
    assert.deepEqual(
      failures.map(({ index, error }) => `Item ${index} failed: ${(error as Error).message}`),
      ['Item 1 failed: odd: 1', 'Item 3 failed: odd: 3'],
    );
    assert.deepEqual(results, [0, undefined, 2, undefined]);
  });

  test('4. order preservation', async () => {
    const items = Array.from({ length: 100 }, (_, n) => n);
    const results = await fanOut((item) => turns(item % 4).then(() => item * 2), items);
    assert.equal(results.length, 100);
    for (const [i, result] of results.entries()) assert.equal(result, (items[i] as number) * 2);
  });
});
