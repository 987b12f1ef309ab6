/** What the stages do with items, and in which order these come out. */
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { test } from 'node:test';
import { Pipeline, PipelineStage } from 'millrace';
import { deferred, pending, turns, until } from '../helpers.js';
import { numbers } from './items.js';

/** Takes a few turns of its own, so that items overtake one another where they can. */
const scattered = async (n: number): Promise<number> => {
  await turns((n * 7) % 5);
  return n;
};

test('results come in the order of the items, whichever is done first', async () => {
  const pipeline = new Pipeline<number>({ concurrency: 4, bufferSize: 2 }).map(scattered).map(scattered);
  assert.deepEqual(await pipeline.processBatch(numbers(50)), numbers(50));
  assert.deepEqual(await pipeline.processStream(numbers(50)).toArray(), numbers(50));
});

test('ordered: false gives them as they are done, all of them', async () => {
  const first = deferred<number>();
  const pipeline = new Pipeline<number>({ ordered: false, concurrency: 2 }).map((n) =>
    n === 0 ? first.promise : n,
  );
  const stream = pipeline.processStream(numbers(5));
  assert.deepEqual(await stream.next(), { value: 1, done: false });
  first.resolve(0);
  assert.deepEqual((await stream.toArray()).sort(), [0, 2, 3, 4]);
  const scattering = new Pipeline<number>({ concurrency: 4, ordered: false }).map(scattered).map(scattered);
  const results = await scattering.processBatch(numbers(50));
  assert.deepEqual(
    results.toSorted((a, b) => a - b),
    numbers(50),
  );
});

test('one stage without order among those with', async () => {
  const pipeline = new Pipeline<number>({ concurrency: 4 })
    .map(scattered, { ordered: false })
    .map((n) => n * 2);
  const results = await pipeline.processBatch(numbers(40));
  assert.deepEqual(
    results.toSorted((a, b) => a - b),
    numbers(40).map((n) => n * 2),
  );
});

test('a stage runs no more calls at once than its concurrency, whoever asks', async () => {
  let running = 0;
  let most = 0;
  const pipeline = new Pipeline<number>().map(
    async (n) => {
      most = Math.max(most, ++running);
      await turns(1);
      running--;
      return n;
    },
    { concurrency: 3 },
  );
  const singles = numbers(20).map((n) => pipeline.process(n));
  const batches = [pipeline.processBatch(numbers(20)), pipeline.processStream(numbers(20)).toArray()];
  await Promise.all([...singles, ...batches]);
  assert.equal(most, 3);
});

test('those who wait for a place of a stage get it in turn', async () => {
  const order: string[] = [];
  const gate = deferred<void>();
  const pipeline = new Pipeline<string>().map(async (name) => {
    if (name === 'first') await gate.promise;
    order.push(name);
  });
  const first = pipeline.process('first');
  const second = pipeline.process('second');
  const batch = pipeline.processBatch(['third', 'fifth']);
  const fourth = pipeline.process('fourth');
  gate.resolve();
  await Promise.all([first, second, batch, fourth]);
  assert.deepEqual(order, ['first', 'second', 'third', 'fourth', 'fifth']);
});

test('a PipelineStage in two pipelines shares its places', async () => {
  let running = 0;
  let most = 0;
  const stage = new PipelineStage<number, number>({
    name: 'shared',
    processor: async (n) => {
      most = Math.max(most, ++running);
      await turns(1);
      running--;
      return n;
    },
    concurrency: 2,
  });
  const one = new Pipeline<number>().addStage(stage);
  const two = new Pipeline<number>().addStage(stage).map((n) => -n);
  const results = await Promise.all([
    one.processBatch(numbers(9)),
    two.processBatch(numbers(9)),
    stage.process(7),
  ]);
  assert.deepEqual(results[0], numbers(9));
  assert.equal(results[2], 7);
  assert.equal(most, 2);
  assert.equal(stage.getMetrics().in, 19);
});

test('addFilter keeps what it says, also when it has to wait', async () => {
  const even = new Pipeline<number>().addFilter((n) => n % 2 === 0);
  const late = new Pipeline<number>({ concurrency: 3 }).addFilter(
    async (n) => (await scattered(n)) % 2 === 0,
  );
  assert.deepEqual(await even.processBatch(numbers(6)), [0, 2, 4]);
  assert.deepEqual(await late.processBatch(numbers(6)), [0, 2, 4]);
  assert.equal(even.getMetrics().filtered, 3);
  await assert.rejects(even.process(1), /a stage kept it back/);
  await assert.rejects(late.process(1), { code: 'ERR_ITEM_DROPPED' });
});

test('tap passes on what it got, once it is done', async () => {
  const seen: number[] = [];
  const pipeline = new Pipeline<number>().tap(async (n) => void seen.push(await scattered(n)));
  assert.deepEqual(await pipeline.processBatch([1, 2]), [1, 2]);
  assert.deepEqual([await pipeline.process(3), seen], [3, [1, 2, 3]]);
});

test('flatMap takes lists, generators and asynchronous ones, and promises of them', async () => {
  const input = numbers(4);
  const expected = [1, 2, 2, 3, 3, 3];
  const list = (n: number): number[] => new Array(n).fill(n);
  const forms = [
    list,
    async (n: number) => list(await scattered(n)),
    function* (n: number) {
      yield* list(n);
    },
    async function* (n: number) {
      for (const value of list(n)) yield await scattered(value);
    },
    (n: number) => new Set(list(n)),
  ];
  for (const [at, fn] of forms.entries()) {
    const unique = at === 4 ? [1, 2, 3] : expected;
    for (const bufferSize of [0, 1, 64]) {
      const ordered = new Pipeline<number>({ concurrency: 3, bufferSize }).flatMap(fn).map(scattered);
      assert.deepEqual(await ordered.processBatch(input), unique);
      assert.deepEqual(await ordered.processStream(input).toArray(), unique);
      const loose = new Pipeline<number>({ concurrency: 3, bufferSize, ordered: false }).flatMap(fn);
      assert.deepEqual((await loose.processBatch(input)).sort(), unique);
    }
  }
});

test('flatMap reads an endless generator no further than there is room', async () => {
  let made = 0;
  const pipeline = new Pipeline<number>({ bufferSize: 4 }).flatMap(function* () {
    for (;;) yield made++;
  });
  const stream = pipeline.processStream([1]);
  assert.deepEqual(await stream.next(), { value: 0, done: false });
  await turns(3);
  assert.ok(made <= 8, `${made}`);
  await stream.return();
});

test('with order: false, asynchronous generators are read side by side', async () => {
  const slow = deferred<void>();
  const pipeline = new Pipeline<number>({ concurrency: 2, ordered: false }).flatMap(async function* (n) {
    if (n === 0) await slow.promise;
    yield n;
  });
  const stream = pipeline.processStream([0, 1, 2]);
  assert.deepEqual([(await stream.next()).value, (await stream.next()).value], [1, 2]);
  slow.resolve();
  assert.deepEqual(await stream.toArray(), [0]);
});

test('an asynchronous generator has its place until it has ended', async () => {
  let running = 0;
  let most = 0;
  const pipeline = new Pipeline<number>({ concurrency: 2 }).flatMap(async function* (n) {
    most = Math.max(most, ++running);
    yield n;
    await turns(2);
    yield n;
    running--;
  });
  assert.equal((await pipeline.processBatch(numbers(10))).length, 20);
  assert.equal(most, 2);
});

test('what flatMap gets must be something to iterate', async () => {
  const pipeline = new Pipeline<number>().flatMap((n) => n as never);
  await assert.rejects(pipeline.processBatch([1]), /flatMap: got 1, wants something iterable/);
});

test('batch gathers by number, and gives what is left at the end', async () => {
  const pipeline = new Pipeline<number>().batch(3);
  assert.deepEqual(await pipeline.processBatch(numbers(7)), [[0, 1, 2], [3, 4, 5], [6]]);
  assert.deepEqual(await pipeline.processBatch([]), []);
  assert.deepEqual(await pipeline.process(9), [9]);
});

test('batch passes on a list that has waited long enough', async () => {
  const more = deferred<void>();
  async function* source(): AsyncGenerator<number> {
    yield 1;
    yield 2;
    await more.promise;
    yield 3;
  }
  const stream = new Pipeline<number>().batch(3, 5).processStream(source());
  assert.deepEqual((await stream.next()).value, [1, 2]);
  more.resolve();
  assert.deepEqual(await stream.toArray(), [[3]]);
});

test('window slides, and cuts by time', async () => {
  const sliding = new Pipeline<number>().window({ size: 3, slide: 2 });
  assert.deepEqual(await sliding.processBatch(numbers(6)), [
    [0, 1, 2],
    [2, 3, 4],
    [4, 5],
  ]);
  const each = new Pipeline<number>().window({ size: 2, slide: 1 });
  assert.deepEqual(await each.processBatch(numbers(3)), [
    [0, 1],
    [1, 2],
  ]);
  const more = deferred<void>();
  async function* source(): AsyncGenerator<number> {
    yield* numbers(5);
    await more.promise;
    yield 5;
  }
  const stream = new Pipeline<number>().window({ ms: 5 }).processStream(source());
  assert.deepEqual((await stream.next()).value, numbers(5));
  more.resolve();
  assert.deepEqual(await stream.toArray(), [[5]]);
});

test('a list waits for room after it, and its stage for the list', async () => {
  const gate = deferred<void>();
  let read = 0;
  function* source(): Generator<number> {
    for (; read < 100; read++) yield read;
  }
  const pipeline = new Pipeline<number>({ bufferSize: 0 }).batch(2).map(async (list) => {
    await gate.promise;
    return list;
  });
  const all = pipeline.processStream(source()).toArray();
  assert.ok(await pending(all));
  assert.ok(read <= 6, `${read}`);
  gate.resolve();
  assert.equal((await all).length, 50);
});

test('merge with a source brings its items in, and ends when both have', async () => {
  const late = deferred<void>();
  async function* other(): AsyncGenerator<string> {
    yield 'a';
    await late.promise;
    yield 'b';
  }
  const pipeline = new Pipeline<number>()
    .map((n) => n)
    .merge(() => other())
    .map((value) => `${value}!`);
  const stream = pipeline.processStream([1, 2]);
  const three = [(await stream.next()).value, (await stream.next()).value, (await stream.next()).value];
  assert.deepEqual(three.sort(), ['1!', '2!', 'a!']);
  late.resolve();
  assert.deepEqual(await stream.toArray(), ['b!']);
  assert.equal((await pipeline.processBatch([])).length, 2, 'each run opens it anew');
});

test('merge with a source that fails fails', async () => {
  async function* other(): AsyncGenerator<number> {
    yield 3;
    throw new Error('broken');
  }
  await assert.rejects(new Pipeline<number>().merge(other()).processBatch([1, 2]), /broken/);
  const nothing = new Pipeline<number>().merge(() => 1 as never);
  await assert.rejects(nothing.processStream([1]).next(), { code: 'ERR_INVALID_ARGUMENT' });
});

test('merge with a pipeline sends each item through both', async () => {
  const one = new Pipeline<number>().addFilter((n) => n !== 2);
  const two = new Pipeline<number>({ concurrency: 3 }).map(async (n) => `${await scattered(n)}`);
  const both = one.merge(two);
  assert.deepEqual(await both.processBatch([1, 2, 3]), [1, '1', '2', 3, '3']);
  assert.equal(await both.process(2), '2');
  await assert.rejects(both.process(1), /process gives one result, and there are 2/);
});

test('branch sends each item where it belongs, in order', async () => {
  const odd = new Pipeline<number>({ concurrency: 3 }).map(async (n) => `odd ${await scattered(n)}`);
  const big = new Pipeline<number>().flatMap((n) => [n, n + 0.5]);
  const pipeline = new Pipeline<number>().branch({
    odd: { when: (n) => n % 2 === 1, to: odd },
    big: { when: (n) => n > 4, to: big },
    none: { when: (n) => n === 0, to: new Pipeline<number>().addFilter(() => false) },
    rest: {},
  });
  const typed: Pipeline<number, string | number> = pipeline;
  assert.deepEqual(await typed.processBatch(numbers(7)), ['odd 1', 2, 'odd 3', 4, 'odd 5', 6, 6.5]);
  assert.equal(await typed.process(3), 'odd 3');
});

test('an item that no branch takes fails, and so does one whose branch does', async () => {
  const broken = new Pipeline<number>().map(() => {
    throw new Error('broken');
  });
  const pipeline = new Pipeline<number>().branch({
    one: { when: (n) => n === 1 },
    two: { when: (n) => n === 2, to: broken },
  });
  await assert.rejects(pipeline.process(3), { code: 'ERR_NO_BRANCH' });
  await assert.rejects(pipeline.process(2), /broken/);
  await assert.rejects(pipeline.processBatch([1, 2]), /broken/);
  const late = new Pipeline<number>().branch({ all: { when: (async () => true) as never } });
  await assert.rejects(late.process(1), { code: 'ERR_INVALID_ARGUMENT' });
});

test('each caller keeps its AsyncLocalStorage context, also if it waits for a place', async () => {
  const storage = new AsyncLocalStorage<string>();
  const seen: string[] = [];
  const pipeline = new Pipeline<string>().map(async (name) => {
    seen.push(`${name} in ${storage.getStore()}`);
    await turns(1);
    return name;
  });
  await Promise.all([
    storage.run('a', () => pipeline.process('1')),
    storage.run('b', () => pipeline.process('2')),
    storage.run('c', () => pipeline.processBatch(['3', '4'])),
    storage.run('d', () => pipeline.processStream(['5']).toArray()),
  ]);
  assert.deepEqual(seen.sort(), ['1 in a', '2 in b', '3 in c', '4 in c', '5 in d']);
});

test('a long list leaves the event loop its turns', async () => {
  let others = 0;
  const timer = setInterval(() => others++, 1);
  const slow = (n: number): number => {
    for (const began = performance.now(); performance.now() - began < 0.02; );
    return n;
  };
  await new Pipeline<number>().map(slow).processBatch(numbers(5000));
  assert.ok(others > 0);
  const stream = new Pipeline<number>().processStream(numbers(100_000));
  others = 0;
  for await (const _ of stream) if (others > 0) break;
  assert.ok(others > 0);
  clearInterval(timer);
});

test('items that are promises are waited for', async () => {
  const inputs = [Promise.resolve(1), 2];
  assert.deepEqual(
    await new Pipeline<number>()
      .map((n) => n + 1)
      .processStream(inputs)
      .toArray(),
    [2, 3],
  );
});

test('a stage by itself: many at once, in order, and closed', async () => {
  const stage = new PipelineStage<number, number>({ name: 'alone', processor: scattered, concurrency: 3 });
  assert.deepEqual(await stage.processBatch(numbers(20)), numbers(20));
  assert.ok(stage.getThroughput() > 0 && stage.getLatency() > 0);
  const quick = new PipelineStage<number, number>({ name: 'quick', processor: (n) => n });
  await quick.process(1);
  assert.ok(quick.getThroughput() > 0 && quick.getLatency() > 0);
  assert.deepEqual([stage.name, stage.concurrency, stage.bufferSize], ['alone', 3, 64]);
  await assert.rejects(stage.processBatch(1 as never), { code: 'ERR_INVALID_ARGUMENT' });
  await until(() => stage.getMetrics().inFlight === 0);
  await stage.close();
  await stage[Symbol.asyncDispose]();
  await assert.rejects(stage.process(1), { code: 'ERR_PIPELINE_CLOSED' });
  await assert.rejects(stage.processBatch([1]), { code: 'ERR_PIPELINE_CLOSED' });
});
