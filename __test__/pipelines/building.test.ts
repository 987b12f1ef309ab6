/** How pipelines are built, and what is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Channel, FixedWorkerPool, Pipeline, PipelineStage } from 'millrace';

const invalid = { code: 'ERR_INVALID_ARGUMENT' };
const same = <T>(value: T): T => value;
/** For arguments that types forbid. */
const garbage = (value: unknown): never => value as never;

test('each method gives a new pipeline, and leaves the old one as it was', async () => {
  const double = new Pipeline<number>().map((n) => n * 2);
  const plus = double.map((n) => n + 1);
  const text = double.map(String);
  assert.deepEqual([await double.process(2), await plus.process(2), await text.process(2)], [4, 5, '4']);
  assert.equal(double.getMetrics().in, 1, 'its counts are its own');
});

test('without stages it gives what it gets', async () => {
  const pipeline = new Pipeline<number>();
  assert.equal(await pipeline.process(1), 1);
  assert.deepEqual(await pipeline.processBatch([1, 2]), [1, 2]);
  assert.deepEqual(await pipeline.processStream([1, 2]).toArray(), [1, 2]);
});

test('types go through every stage', async () => {
  const isText = (value: string | number): value is string => typeof value === 'string';
  const pipeline: Pipeline<string | number, [string, number][]> = new Pipeline<string | number>()
    .addFilter(isText)
    .flatMap((text) => text.split(' '))
    .map((word): [string, number] => [word, word.length])
    .tap(([word, length]) => assert.equal(word.length, length))
    .batch(2);
  assert.deepEqual(await pipeline.processBatch(['a bc', 5, 'd']), [
    [
      ['a', 1],
      ['bc', 2],
    ],
    [['d', 1]],
  ]);
});

test('names are those of what was called, numbered, and each is there once', () => {
  const pipeline = new Pipeline<number>()
    .map(same)
    .map(same)
    .addFilter(() => true)
    .tap(same, { name: 'look' })
    .batch(2)
    .window({ size: 2 })
    .branch({ all: {} })
    .merge(() => []);
  const names = pipeline.getMetrics().stages.map(({ name }) => name);
  assert.deepEqual(names, ['map', 'map-2', 'filter', 'look', 'batch', 'window', 'branch', 'merge']);
  assert.throws(() => pipeline.map(same, { name: 'look' }), /'look', wants a name that no other/);
  const stage = new PipelineStage({ name: 'look', processor: same });
  assert.throws(() => pipeline.addStage(garbage(stage)), invalid);
});

test('a stage that says nothing has what the pipeline says', () => {
  const pipeline = new Pipeline<number>({ concurrency: 3 })
    .map(same)
    .map(same, { concurrency: 2 })
    .addStage(new PipelineStage<number, number>({ name: 'own', processor: same }));
  assert.deepEqual(
    pipeline.getMetrics().stages.map(({ concurrency }) => concurrency),
    [3, 2, 1],
  );
});

test('what cannot be meant is refused, with the name of the option', () => {
  for (const config of [
    null,
    1,
    { concurrency: 0 },
    { concurrency: 1.5 },
    { concurrency: Infinity },
    { bufferSize: -1 },
    { bufferSize: '1' },
    { ordered: 1 },
    { onError: 'ignore' },
    { name: '' },
    { deadLetters: [] },
    { orderd: true },
  ])
    assert.throws(() => new Pipeline(garbage(config)), invalid, JSON.stringify(config));
  const empty = new Pipeline<number>();
  const stage = { name: 'a', processor: same };
  for (const config of [
    undefined,
    null,
    'a',
    {},
    { processor: same },
    { ...stage, name: '' },
    { ...stage, processor: 1 },
    { name: 'a' },
    { ...stage, processor: './module.js' },
    { ...stage, concurrency: 0 },
    { ...stage, bufferSize: NaN },
    { ...stage, timeout: 0 },
    { ...stage, timeout: 2 ** 31 },
    { ...stage, timeout: Infinity },
    { ...stage, retry: {} },
    { ...stage, retry: null },
    { ...stage, limiter: { acquire: 1 } },
    { ...stage, on: 'threads' },
    { ...stage, on: {} },
    { name: 'a', on: 'workers' },
    { ...stage, size: 1 },
  ]) {
    assert.throws(() => empty.addStage(garbage(config)), invalid, JSON.stringify(config));
    if (config !== undefined) assert.throws(() => new PipelineStage(garbage(config)), invalid);
  }
  for (const method of ['map', 'tap', 'flatMap', 'addFilter'] as const) {
    const call = (...args: unknown[]): unknown => Reflect.apply(empty[method] as never, empty, args);
    for (const args of [[], [1], [same, { bufer: 1 }], [same, null], [same, { concurrency: 0 }]])
      assert.throws(() => call(...args), invalid);
  }
  for (const [size, ms] of [[0], [1.5], ['1'], [undefined], [null], [1, 0], [1, NaN], [1, 2 ** 31]])
    assert.throws(() => empty.batch(garbage(size), garbage(ms)), invalid, `${size} ${ms}`);
  for (const options of [{}, null, { size: 2, slide: 3 }, { slide: 1, ms: 1 }, { ms: -1 }, { length: 1 }])
    assert.throws(
      () => empty.window(garbage(options)),
      (error) => error instanceof Error,
    );
  for (const source of [1, 'text', null, undefined, {}]) {
    assert.throws(() => empty.merge(garbage(source)), invalid);
    assert.throws(() => empty.processStream(garbage(source)), invalid);
  }
  for (const branches of [null, 1, {}, { a: null }, { a: { when: 1 } }, { a: { to: {} } }, { a: { go: 1 } }])
    assert.throws(() => empty.branch(garbage(branches)), invalid, JSON.stringify(branches));
  assert.throws(() => empty.branch({ a: {} }, garbage({ retry: { call: same } })), invalid);
});

test('arguments of what runs are checked too', async () => {
  const pipeline = new Pipeline<number>().map(same);
  await assert.rejects(pipeline.processBatch(garbage(new Set([1]))), invalid);
  await assert.rejects(pipeline.processBatch([1], garbage({ limit: 1 })), invalid);
  await assert.rejects(pipeline.process(1, garbage({ signal: 1 })), invalid);
  await assert.rejects(pipeline.drain(garbage({ timeout: -1 })), invalid);
  await assert.rejects(pipeline.close(garbage({ force: true })), invalid);
  assert.throws(() => pipeline.processStream([1], garbage({ ordered: false })), invalid);
  assert.throws(() => pipeline.replay(garbage(1)), invalid);
  assert.throws(() => pipeline.getThroughput('b'), /wants one of map/);
  assert.throws(() => pipeline.getLatency('b'), invalid);
  await assert.rejects(pipeline.processStream([1]).pipeTo(garbage({})), invalid);
  await assert.rejects(pipeline.processStream([1]).pipeTo(new Channel(), garbage({ close: 1 })), invalid);
  await pipeline.close();
});

test('what cannot be sent to workers is refused at once', async () => {
  const bound = same.bind(undefined);
  assert.throws(() => new Pipeline().addStage({ name: 'a', processor: bound, on: 'workers' }), {
    code: 'ERR_PROCESSOR',
  });
  await using pool = new FixedWorkerPool<number, number>(1, { processor: (n: number) => n });
  assert.throws(() => new Pipeline<number>().addStage({ name: 'a', processor: bound, on: pool }), {
    code: 'ERR_PROCESSOR',
  });
});
