/** What becomes of items that fail. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Channel, type DeadLetter, Pipeline, PipelineStage } from 'millrace';
import { deferred, turns } from '../helpers.js';
import { broken, flaky, flakyLate, forms, numbers } from './items.js';

for (const [how, fn] of forms) {
  test(`fail, ${how}: what comes before is given, then the error, then nothing`, async () => {
    const pipeline = new Pipeline<number>({ concurrency: 3 }).map(fn).map((n) => n * 10);
    const stream = pipeline.processStream([1, 2, 3, 4, 6, 5]);
    assert.deepEqual([(await stream.next()).value, (await stream.next()).value], [10, 20]);
    await assert.rejects(stream.next(), /broken 3/);
    assert.deepEqual(await stream.next(), { value: undefined, done: true });
    await assert.rejects(pipeline.processBatch([1, 6, 3]), /broken 6/);
    await assert.rejects(pipeline.process(9), /broken 9/);
    await pipeline.drain();
    const { failed, inFlight, buffered } = pipeline.getMetrics();
    assert.ok(failed >= 3);
    assert.deepEqual([inFlight, buffered], [0, 0]);
  });

  test(`skip, ${how}: the others come out`, async () => {
    const pipeline = new Pipeline<number>({ concurrency: 3, onError: 'skip' }).map(fn);
    assert.deepEqual(await pipeline.processBatch(numbers(8)), [1, 2, 4, 5, 7]);
    assert.equal(pipeline.getMetrics().skipped, 3);
    await assert.rejects(pipeline.process(3), (error: Error & { code?: string }) => {
      return error.code === 'ERR_ITEM_DROPPED' && (error.cause as Error).message === 'broken 3';
    });
    await assert.rejects(pipeline.process(3, {}), { code: 'ERR_ITEM_DROPPED' });
  });

  test(`dead-letter, ${how}: what failed is kept, with why and where`, async () => {
    const pipeline = new Pipeline<number>({ concurrency: 3, onError: 'dead-letter' })
      .map((n) => n + 1)
      .addStage({ name: 'flaky', processor: fn });
    assert.deepEqual(await pipeline.processBatch(numbers(4)), [1, 2, 4]);
    const letter = (await pipeline.deadLetters.receive()).value as DeadLetter;
    assert.deepEqual(letter, { item: 3, stage: 'flaky', error: letter.error, attempts: 1 });
    assert.match(String(letter.error), /broken 3/);
    await assert.rejects(pipeline.process(5), { code: 'ERR_ITEM_DROPPED' });
    assert.equal(pipeline.deadLetters.length, 1);
    assert.equal(pipeline.getMetrics().dead, 2);
  });
}

test("a stage's onError goes before the pipeline's", async () => {
  const pipeline = new Pipeline<number>({ onError: 'skip' }).map(flaky).map(
    (n) => {
      if (n === 4) throw broken(n);
      return n;
    },
    { onError: 'fail' },
  );
  assert.deepEqual(await pipeline.processBatch([1, 2, 3]), [1, 2]);
  await assert.rejects(pipeline.processBatch([1, 3, 4]), /broken 4/);
});

test('without order the first error in time ends it', async () => {
  const gate = deferred<number>();
  const pipeline = new Pipeline<number>({ ordered: false, concurrency: 3 }).map((n) =>
    n === 0 ? gate.promise : flaky(n),
  );
  await assert.rejects(pipeline.processBatch([0, 1, 3]), /broken 3/);
  gate.resolve(0);
  await pipeline.drain();
});

test('after an error nothing more is read, and stages before it begin nothing', async () => {
  let read = 0;
  let called = 0;
  let returned = false;
  function* source(): Generator<number> {
    try {
      for (; ; read++) yield read;
    } finally {
      returned = true;
    }
  }
  const gate = deferred<void>();
  const pipeline = new Pipeline<number>({ concurrency: 2, bufferSize: 4 })
    .map(async (n) => {
      called++;
      await gate.promise;
      return n;
    })
    .map(flaky);
  const all = pipeline.processStream(source()).toArray();
  await turns(2);
  assert.equal(called, 2);
  gate.resolve();
  await assert.rejects(all, /broken 0/);
  assert.ok(returned);
  const [then, so] = [read, called];
  await turns(3);
  assert.deepEqual([read, called], [then, so]);
});

test('an error in a filter, a tap, a flatMap and in what that gives belongs to its item', async () => {
  const throwing = (n: number): number[] => {
    throw broken(n);
  };
  const letters = new Channel<DeadLetter>(10);
  const start = new Pipeline<number>({ onError: 'dead-letter', deadLetters: letters });
  const pipelines = [
    start.addFilter((n) => throwing(n).length > 0),
    start.tap(throwing),
    start.flatMap(throwing),
    start.flatMap(function* (n) {
      yield* throwing(n);
    }),
    start.flatMap(async function* (n) {
      yield* throwing(n);
    }),
    start.flatMap((n) => ({ [Symbol.iterator]: () => throwing(n) as never })),
    start.flatMap((n) => ({ [Symbol.asyncIterator]: () => throwing(n) as never })),
  ];
  for (const pipeline of pipelines) {
    assert.deepEqual(await pipeline.processBatch([1]), []);
    const { value } = await letters.receive();
    assert.match(String(value?.error), /broken 1$/);
    await pipeline.close();
  }
  assert.equal(letters.closed, false, 'it is not the pipelines’ own');
  letters.close();
});

test('what a generator gave before it failed comes out', async () => {
  const pipeline = new Pipeline<number>({ onError: 'skip' }).flatMap(async function* (n) {
    yield n;
    if (n === 1) throw broken(n);
    yield n;
  });
  assert.deepEqual(await pipeline.processBatch([1, 2]), [1, 2, 2]);
});

test('a source that throws fails the run after what it gave', async () => {
  async function* source(): AsyncGenerator<number> {
    yield 1;
    throw broken('source');
  }
  const stream = new Pipeline<number>({ onError: 'skip' }).map(flakyLate).processStream(source());
  assert.equal((await stream.next()).value, 1);
  await assert.rejects(stream.next(), /broken source/);
});

test('a stage by itself gives the first error, or leaves out what fails', async () => {
  const strict = new PipelineStage({ name: 'strict', processor: flakyLate, concurrency: 2 });
  await assert.rejects(strict.processBatch([1, 6, 3]), /broken 6/);
  await assert.rejects(strict.process(3), /broken 3/);
  const lenient = new PipelineStage({ name: 'lenient', processor: flaky, onError: 'skip' });
  assert.deepEqual(await lenient.processBatch([1, 3, 2]), [1, 2]);
  const lost = new PipelineStage({ name: 'lost', processor: flaky, onError: 'dead-letter' });
  await assert.rejects(lost.process(3), { code: 'ERR_DEAD_LETTER' });
});

test('errors that nobody waits for are not unhandled', async () => {
  const unhandled: unknown[] = [];
  const hear = (error: unknown): void => void unhandled.push(error);
  process.on('unhandledRejection', hear);
  const gates = numbers(6).map(() => deferred<number>());
  const pipeline = new Pipeline<number>({ concurrency: 6 }).map((n) => gates[n]?.promise as Promise<number>);
  const stream = pipeline.processStream(numbers(6));
  const first = stream.next();
  gates[0]?.resolve(0);
  await first;
  await stream.return();
  for (const gate of gates.slice(1)) gate.reject(broken('late'));
  await pipeline.drain();
  const failing = new Pipeline<number>().map(flaky);
  void failing.processStream([3]);
  await assert.rejects(failing.processBatch([3]));
  const kept = failing.processStream([1, 3]);
  await kept.next();
  await turns(3);
  process.off('unhandledRejection', hear);
  assert.deepEqual(unhandled, []);
});
