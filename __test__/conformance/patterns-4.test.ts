/** The usage examples of the text the project grew from, §4, as they stand, and its signatures. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  FanIn,
  type FanInConfig,
  type FanInMetrics,
  FanOut,
  type FanOutConfig,
  FanPattern,
  type FanPatternConfig,
  type LoadBalancer,
  type MergeStrategy,
} from 'millrace';

interface ProcessedData {
  id: string;
  size: number;
}

const dataItems: string[] = Array.from({ length: 1000 }, (_, n) => `item ${n}`);
const processItem = async (item: string): Promise<ProcessedData> => ({ id: item, size: item.length });
const expected: ProcessedData[] = dataItems.map((item) => ({ id: item, size: item.length }));

async function* results(...items: string[]): AsyncGenerator<ProcessedData> {
  for (const item of items) yield await processItem(item);
}
const worker1Results = results('a1', 'a2');
const worker2Results = results('b1');
const worker3Results = results('c1', 'c2', 'c3');

describe('usage examples', () => {
  test('fan-out for parallel processing', async () => {
    const fanOut = new FanOut<string, ProcessedData>({
      workerCount: 8,
      batchSize: 100,
      enableLoadBalancing: true,
    });

    const results = await fanOut.distribute(dataItems, async (item) => await processItem(item));
    assert.deepEqual(results, expected);
  });

  test('fan-in for result aggregation', async () => {
    const fanIn = new FanIn<ProcessedData>();
    fanIn.addInput(worker1Results);
    fanIn.addInput(worker2Results);
    fanIn.addInput(worker3Results);

    const mergedResults = fanIn.merge();
    const ids: string[] = [];
    for await (const { id } of mergedResults) ids.push(id);
    assert.deepEqual(ids.sort(), ['a1', 'a2', 'b1', 'c1', 'c2', 'c3']);
  });

  test('combined fan pattern', async () => {
    const fanPattern = new FanPattern<string, ProcessedData>();
    const results = await fanPattern.process(dataItems, async (item) => await processItem(item));
    assert.deepEqual(results, expected);
  });
});

/** The text's classes, without what is private there. */
interface DeclaredFanOut<TInput, TOutput> {
  distribute(inputs: TInput[], processor: (input: TInput) => Promise<TOutput> | TOutput): Promise<TOutput[]>;
  processBatches(inputs: TInput[], processor: (batch: TInput[]) => Promise<TOutput[]>): Promise<TOutput[]>;
  setLoadBalancer(balancer: LoadBalancer): void;
  getWorkerLoads(): Map<number, number>;
}

interface DeclaredFanIn<T> {
  addInput(input: AsyncIterable<T>): void;
  removeInput(input: AsyncIterable<T>): void;
  merge(): AsyncIterable<T>;
  mergeWithStrategy(strategy: MergeStrategy<T>): AsyncIterable<T>;
  getInputCount(): number;
  getMetrics(): FanInMetrics;
}

interface DeclaredFanPattern<TInput, TOutput> {
  process(inputs: TInput[], processor: (input: TInput) => Promise<TOutput> | TOutput): Promise<TOutput[]>;
  processStream(
    inputs: AsyncIterable<TInput>,
    processor: (input: TInput) => Promise<TOutput> | TOutput,
  ): AsyncIterable<TOutput>;
}

describe('signatures', () => {
  test('FanOut', async () => {
    const config: Partial<FanOutConfig> = {
      workerCount: 2,
      batchSize: 2,
      timeout: 60_000,
      enableLoadBalancing: true,
    };
    const fanOut: DeclaredFanOut<string, number> = new FanOut<string, number>(config);
    assert.deepEqual(await fanOut.distribute(['a', 'bb', 'ccc'], (item) => item.length), [1, 2, 3]);
    const batches: number[] = [];
    const lengths = await fanOut.processBatches(['a', 'bb', 'ccc'], async (batch) => {
      batches.push(batch.length);
      return batch.map((item) => item.length);
    });
    assert.deepEqual(
      [lengths, batches],
      [
        [1, 2, 3],
        [2, 1],
      ],
    );
    for (const balancer of ['round-robin', 'least-loaded', 'adaptive', { choose: () => 0 }] as const)
      fanOut.setLoadBalancer(balancer);
    assert.deepEqual(
      fanOut.getWorkerLoads(),
      new Map([
        [0, 0],
        [1, 0],
      ]),
    );
  });

  test('FanIn', async () => {
    const config: Partial<FanInConfig> = { bufferSize: 4, mergeStrategy: 'priority', timeout: 60_000 };
    for (const mergeStrategy of ['round-robin', 'priority', 'custom'] as const)
      assert.ok(new FanIn<string>({ ...config, mergeStrategy }));
    const fanIn: DeclaredFanIn<ProcessedData> = new FanIn<ProcessedData>(config);
    const gone = results('gone');
    fanIn.addInput(results('one'));
    fanIn.addInput(gone);
    fanIn.removeInput(gone);
    assert.equal(fanIn.getInputCount(), 1);
    const all: ProcessedData[] = [];
    for await (const item of fanIn.mergeWithStrategy({ pick: () => 0 })) all.push(item);
    assert.deepEqual(all, [{ id: 'one', size: 3 }]);
    assert.equal(fanIn.getMetrics().delivered, 1);
  });

  test('FanPattern', async () => {
    const config: FanPatternConfig = { workerCount: 3 };
    const fanPattern: DeclaredFanPattern<ProcessedData, number> = new FanPattern<ProcessedData, number>(
      config,
    );
    const sizes: number[] = [];
    for await (const size of fanPattern.processStream(results('a', 'bb'), async ({ size }) => size))
      sizes.push(size);
    assert.deepEqual(sizes, [1, 2]);
  });
});
