/** The usage example of the text the project grew from, §3, as it stands, with the signatures that the text declares. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pipeline, PipelineStage } from 'millrace';

interface ProcessedData {
  text: string;
  valid: boolean;
}

const parseData = (raw: string): string[] => raw.split('-');
const validateData = async (words: string[]): Promise<string[]> => words.filter((word) => word !== '');
const transformData = (words: string[]): ProcessedData => ({
  text: words.join(' '),
  valid: words.length > 0,
});

async function* dataSource(): AsyncGenerator<string> {
  yield 'raw-data';
  yield 'more-raw-data';
}

test('build data processing pipeline, process a single item, process a stream of data', async () => {
  const dataStream = dataSource();
  const console = { log: (processed: ProcessedData) => void logged.push(processed) };
  const logged: ProcessedData[] = [];

  // Build data processing pipeline
  const pipeline = new Pipeline<string, ProcessedData>()
    .addStage({
      name: 'parse',
      processor: parseData,
      concurrency: 2,
      bufferSize: 100,
    })
    .addStage({
      name: 'validate',
      processor: validateData,
      concurrency: 4,
      bufferSize: 200,
    })
    .addStage({
      name: 'transform',
      processor: transformData,
      concurrency: 8,
      bufferSize: 500,
    });

  // Process single item
  const result = await pipeline.process('raw-data');

  // Process stream of data
  const stream = pipeline.processStream(dataStream);
  for await (const processed of stream) {
    console.log(processed);
  }

  assert.deepEqual(result, { text: 'raw data', valid: true });
  assert.deepEqual(
    logged.map(({ text }) => text),
    ['raw data', 'more raw data'],
  );
});

test('the pipeline has the signatures of the text', async () => {
  const start: Pipeline<string, string> = new Pipeline<string>();
  const lengths: Pipeline<string, number> = start.addStage<number>({
    name: 'length',
    processor: (text) => text.length,
    concurrency: 1,
    bufferSize: 1,
  });
  const filtered: Pipeline<string, number> = lengths.addFilter<number>((length: number) => length > 1);
  const one: Promise<number> = filtered.process('two');
  assert.equal(await one, 3);
  const all: Promise<number[]> = filtered.processBatch(['1', '22', '333']);
  assert.deepEqual(await all, [2, 3]);
  const stream: AsyncIterable<number> = filtered.processStream(dataSource());
  const read: number[] = [];
  for await (const length of stream) read.push(length);
  assert.deepEqual(read, [8, 13]);
});

test('the stage has the signatures of the text', async () => {
  const stage = new PipelineStage<string, number>({
    name: 'length',
    processor: (text) => text.length,
    concurrency: 2,
    bufferSize: 10,
  });
  const one: Promise<number> = stage.process('one');
  const all: Promise<number[]> = stage.processBatch(['a', 'bc']);
  assert.deepEqual([await one, await all], [3, [1, 2]]);
  const throughput: number = stage.getThroughput();
  const latency: number = stage.getLatency();
  assert.ok(throughput > 0 && latency > 0);
  assert.equal(stage.getMetrics().out, 3);
  const pipeline: Pipeline<string, number> = new Pipeline<string, number>().addStage(stage);
  assert.equal(await pipeline.process('four'), 4);
});
