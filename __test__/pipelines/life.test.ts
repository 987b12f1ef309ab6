/** A pipeline's end, and what it leaves behind: nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diagnostics, leaks, Pipeline, PipelineStage } from 'millrace';
import { child, deferred, pending, turns, until } from '../helpers.js';
import { numbers } from './items.js';

test('drain waits until nothing is under way', async () => {
  const gate = deferred<number>();
  const pipeline = new Pipeline<number>().map(() => gate.promise);
  await pipeline.drain();
  const one = pipeline.process(1);
  const drained = pipeline.drain();
  assert.ok(await pending(drained));
  await assert.rejects(pipeline.drain({ timeout: 1 }), { code: 'ERR_TIMEOUT' });
  await assert.rejects(pipeline.drain({ signal: AbortSignal.abort(new Error('no')) }), /no/);
  const stop = new AbortController();
  const given = pipeline.drain({ signal: stop.signal });
  stop.abort(new Error('enough'));
  await assert.rejects(given, /enough/);
  gate.resolve(2);
  await drained;
  assert.equal(await one, 2);
  assert.equal(await pipeline.process(1), 2, 'it takes more');
});

test('close takes no more and waits, twice without harm', async () => {
  const gate = deferred<number>();
  const pipeline = new Pipeline<number>().map(() => gate.promise);
  const batch = pipeline.processBatch([1, 2]);
  const closing = pipeline.close();
  const closed = { code: 'ERR_PIPELINE_CLOSED' };
  await assert.rejects(pipeline.process(1), closed);
  await assert.rejects(pipeline.processBatch([1]), closed);
  await assert.rejects(pipeline.processStream([1]).next(), closed);
  await assert.rejects(pipeline.replay().toArray(), closed);
  assert.ok(await pending(closing));
  gate.resolve(3);
  assert.deepEqual(await batch, [3, 3]);
  await closing;
  await pipeline.close();
  assert.ok(pipeline.deadLetters.closed);
});

test('close with a time limit aborts what is left', async () => {
  let told: AbortSignal | undefined;
  const pipeline = new Pipeline<number>().map(
    (_n, { signal }) =>
      new Promise<number>((_, reject) => {
        told = signal;
        signal?.addEventListener('abort', () => reject(signal.reason));
      }),
  );
  const stream = pipeline.processStream([1]);
  const next = stream.next();
  const one = pipeline.process(1);
  await pipeline.close({ timeout: 5 });
  await assert.rejects(next, { code: 'ERR_TIMEOUT' });
  await assert.rejects(one, { code: 'ERR_TIMEOUT' });
  assert.ok(told?.aborted);
});

test('abort ends everything: callers, sources, calls that listen, and what waits for a place', async () => {
  let calls = 0;
  let ended = 0;
  let returned = 0;
  async function* source(): AsyncGenerator<number> {
    try {
      for (let n = 0; ; n++) yield n;
    } finally {
      returned++;
    }
  }
  const pipeline = new Pipeline<number>({ concurrency: 2 })
    .map(async (n) => n)
    .map((n, { signal }) => {
      calls++;
      return new Promise<number>((_, reject) =>
        signal?.addEventListener('abort', () => {
          ended++;
          reject(signal.reason);
        }),
      ).then(() => n);
    });
  const waiting = [
    ...numbers(5).map((n) => pipeline.process(n)),
    pipeline.processBatch(numbers(5)),
    pipeline.processStream(source()).next(),
    pipeline.processStream(source()).toArray(),
  ];
  await until(() => calls === 2);
  await pipeline.abort(new Error('enough'));
  for (const one of waiting) await assert.rejects(one as Promise<unknown>, /enough/);
  await turns(3);
  assert.deepEqual([calls, ended], [2, 2], 'nothing began after it');
  assert.equal(returned, 2);
  const { inFlight, buffered } = pipeline.getMetrics();
  assert.deepEqual([inFlight, buffered], [0, 0]);
  await assert.rejects(pipeline.process(1), { code: 'ERR_PIPELINE_CLOSED' });
  await pipeline.abort();
});

test('abort waits for calls that do not listen, and reaches into branches', async () => {
  const gate = deferred<void>();
  let inner: AbortSignal | undefined;
  let begun = 0;
  const branch = new Pipeline<number>({ concurrency: 2 })
    .flatMap((n) => [n, n, n])
    .map(async (n, { signal }) => {
      begun++;
      inner = signal;
      await gate.promise;
      return n;
    });
  const pipeline = new Pipeline<number>().branch({ all: { to: branch } });
  const all = pipeline.processBatch([1, 2]);
  await until(() => begun === 2);
  const aborted = pipeline.abort(new Error('enough'));
  await assert.rejects(all, /enough/);
  assert.ok(inner?.aborted);
  gate.resolve();
  await aborted;
  await branch.drain();
  assert.equal(begun, 2);
  assert.equal(branch.getMetrics().buffered, 0);
});

test('a processor may abort its own pipeline, and ask it for more', async () => {
  const pipeline: Pipeline<number, number> = new Pipeline<number>({ concurrency: 2 }).map((n) => {
    if (n === 3) void pipeline.abort(new Error('from within'));
    return n;
  });
  await assert.rejects(pipeline.processBatch(numbers(9)), /from within/);
  const late: Pipeline<number, number> = new Pipeline<number>({ concurrency: 2 }).map(async (n) => {
    if (n === 3) void late.abort(new Error('from within'));
    return n;
  });
  await assert.rejects(late.processBatch(numbers(9)), /from within/);
  await turns(2);
  for (const { inFlight, buffered } of [pipeline.getMetrics(), late.getMetrics()])
    assert.deepEqual([inFlight, buffered], [0, 0]);
  const nested: Pipeline<number, number> = new Pipeline<number>({ concurrency: 4 }).map(
    async (n): Promise<number> => (n === 0 ? 0 : (await nested.process(n - 1)) + n),
  );
  assert.equal(await nested.process(3), 6);
});

test('await using closes it', async () => {
  let kept: Pipeline<number, number>;
  {
    await using pipeline = new Pipeline<number>().map((n) => n);
    kept = pipeline;
    await pipeline.process(1);
  }
  await assert.rejects(kept.process(1), { code: 'ERR_PIPELINE_CLOSED' });
});

test('after its end nothing of it is left', async () => {
  const before = diagnostics();
  const pipeline = new Pipeline<number>({ concurrency: 2, onError: 'dead-letter' })
    .map(async (n) => {
      await turns(1);
      if (n % 2 === 0) throw new Error('even');
      return n;
    })
    .batch(2, 1);
  await pipeline.processBatch(numbers(6));
  assert.deepEqual((await pipeline.replay().toArray()).length, 0);
  const stream = pipeline.processStream(numbers(100));
  await stream.next();
  await pipeline.abort();
  while (pipeline.deadLetters.tryReceive()?.done === false);
  assert.deepEqual(leaks(before), []);
});

test('an idle pipeline keeps no process alive, one at work does as long as its work does', async () => {
  const { code, stdout, stderr } = await child(`
    const { Pipeline, PipelineStage } = millrace;
    const stage = new PipelineStage({ name: 'two', processor: (n) => n * 2, on: 'workers', concurrency: 2 });
    const pipeline = new Pipeline({ onError: 'dead-letter' }).addStage(stage)
      .addStage({ name: 'three', processor: (n) => n * 3, on: 'workers' }).batch(2, 20).tap(() => { throw new Error('x') });
    pipeline.deadLetters;
    const stream = pipeline.processStream((async function* () { yield 1; await new Promise(() => {}); })());
    stream.next();
    pipeline.deadLetters.receive().then(({ value }) => console.log(JSON.stringify(value.item)));
  `);
  assert.deepEqual([code, stdout.trim(), stderr], [0, '[6]', '']);
});

test('metrics: counts, latency, throughput and the bottleneck', async () => {
  const pipeline = new Pipeline<number>({ name: 'counted', onError: 'skip' })
    .addStage({ name: 'quick', processor: (n) => n })
    .addFilter((n) => n % 2 === 0, { name: 'even' })
    .addStage({
      name: 'slow',
      processor: async (n) => {
        await new Promise((resolve) => setTimeout(resolve, 2));
        if (n === 4) throw new Error('four');
        return n;
      },
      concurrency: 2,
    });
  assert.equal(pipeline.bottleneck(), undefined);
  assert.equal(pipeline.getThroughput(), 0);
  await pipeline.processBatch(numbers(10));
  const metrics = pipeline.getMetrics();
  const { stages, throughput, ...counts } = metrics;
  assert.deepEqual(counts, {
    name: 'counted',
    in: 10,
    out: 4,
    filtered: 5,
    failed: 0,
    skipped: 1,
    dead: 0,
    inFlight: 0,
    buffered: 0,
    bottleneck: 'slow',
  });
  const slow = stages[2];
  assert.deepEqual([slow?.in, slow?.out, slow?.skipped, slow?.concurrency], [5, 4, 1, 2]);
  const latency = slow?.latency;
  assert.equal(latency?.count, 5);
  assert.ok(latency && latency.min > 1 && latency.p50 >= latency.min && latency.p99 <= latency.max);
  assert.ok(throughput > 0 && pipeline.getThroughput('slow') > 0);
  assert.equal(pipeline.getLatency('slow'), latency.mean);
  assert.ok(pipeline.getLatency() >= pipeline.getLatency('slow'));
  pipeline.resetMetrics();
  assert.deepEqual([pipeline.getMetrics().in, pipeline.getMetrics().stages[2]?.latency.count], [0, 0]);
});

test('metrics say what waits where', async () => {
  const gate = deferred<void>();
  const pipeline = new Pipeline<number>({ bufferSize: 3 })
    .map((n) => n, { name: 'first' })
    .map(
      async (n) => {
        await gate.promise;
        return n;
      },
      { name: 'second', concurrency: 2 },
    );
  const all = pipeline.processBatch(numbers(20));
  await turns(2);
  const { stages, inFlight, buffered } = pipeline.getMetrics();
  assert.deepEqual([stages[1]?.inFlight, stages[1]?.buffered], [2, 3]);
  assert.deepEqual([inFlight, buffered], [2, 3 + 4]);
  gate.resolve();
  await all;
  assert.deepEqual([pipeline.getMetrics().inFlight, pipeline.getMetrics().buffered], [0, 0]);
});

test('latency is sampled: the first calls all, later ones one in 64', async () => {
  const pipeline = new Pipeline<number>().map((n) => n);
  await pipeline.processBatch(numbers(128 + 640));
  assert.equal(pipeline.getMetrics().stages[0]?.latency.count, 128 + 10);
});

test('as many calls as there are may listen to their signal', async () => {
  const warnings: string[] = [];
  const hear = ({ name }: Error): void => void warnings.push(name);
  process.on('warning', hear);
  const pipeline = new Pipeline<number>({ concurrency: 40 }).map(async (n, { signal }) => {
    signal?.addEventListener('abort', () => undefined);
    await turns(1);
    return n;
  });
  await pipeline.processBatch(numbers(40));
  await Promise.all(numbers(40).map((n) => pipeline.process(n)));
  await turns(2);
  process.off('warning', hear);
  assert.deepEqual(warnings, []);
});

test('a PipelineStage that a pipeline has is not closed with it', async () => {
  await using stage = new PipelineStage<number, number>({ name: 'kept', processor: (n) => n });
  const pipeline = new Pipeline<number>().addStage(stage);
  await pipeline.close();
  assert.equal(await stage.process(1), 1);
  assert.equal(await new Pipeline<number>().addStage(stage).process(2), 2);
});
