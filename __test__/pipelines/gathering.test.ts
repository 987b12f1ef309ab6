/** Branches, and pipelines that are merged, which gather: items of one run that go the same way come together there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pipeline } from 'millrace';
import { deferred, pending, turns } from '../helpers.js';
import { broken, numbers } from './items.js';

const odd = (n: number): boolean => n % 2 === 1;

test('a branch gathers what goes its way; a list comes in the place of its last item, what is left at the end', async () => {
  const pipeline = new Pipeline<number>().branch({
    odd: { when: odd, to: new Pipeline<number>().batch(2) },
    rest: {},
  });
  const typed: Pipeline<number, number | number[]> = pipeline;
  assert.deepEqual(await typed.processBatch(numbers(6)), [0, 2, [1, 3], 4, [5]]);
  assert.deepEqual(await typed.processStream(numbers(6)).toArray(), [0, 2, [1, 3], 4, [5]]);
  assert.deepEqual(await typed.process(1), [1], 'a single item is a run of its own');
  assert.equal(await typed.process(2), 2);
  assert.deepEqual(await typed.processBatch([]), []);
});

test('what is left in several branches comes in the order of its last items', async () => {
  const lists = (wait: number): Pipeline<number, number[]> =>
    new Pipeline<number>().batch(10).tap(() => turns(wait));
  const pipeline = new Pipeline<number>().branch({
    low: { when: (n) => n === 0 || n === 3, to: lists(1) },
    rest: { to: lists(5) },
  });
  assert.deepEqual(await pipeline.processBatch(numbers(4)), [
    [1, 2],
    [0, 3],
  ]);
});

test('so does what is left behind something else that is left', async () => {
  const deep = new Pipeline<number>()
    .batch(2)
    .tap(() => turns(3))
    .batch(10);
  const pipeline = new Pipeline<number>().branch({
    low: { when: (n) => n !== 3, to: deep },
    rest: { to: new Pipeline<number>().batch(10) },
  });
  assert.deepEqual(await pipeline.processBatch(numbers(5)), [
    [3],
    [
      [0, 1],
      [2, 4],
    ],
  ]);
  assert.deepEqual(await pipeline.processBatch(numbers(4)), [[[0, 1], [2]], [3]]);
});

test('a branch may slide its windows, gather lists of lists, and branch again', async () => {
  const windows = new Pipeline<number>().window({ size: 2, slide: 1 });
  const sliding = new Pipeline<number>().branch({ odd: { when: odd, to: windows }, rest: {} });
  assert.deepEqual(await sliding.processBatch(numbers(6)), [0, 2, [1, 3], 4, [3, 5]]);
  const nested = new Pipeline<number>().branch({
    odd: { when: odd, to: new Pipeline<number>().batch(2).batch(2) },
    rest: { to: new Pipeline<number>().branch({ four: { when: (n) => n % 4 === 0 }, two: { to: windows } }) },
  });
  assert.deepEqual(await nested.processBatch(numbers(9)), [
    0,
    4,
    [2, 6],
    [
      [1, 3],
      [5, 7],
    ],
    8,
  ]);
});

test('a list is cut by time, and nothing else waits for that', async () => {
  const more = deferred<void>();
  async function* source(): AsyncGenerator<number> {
    yield* [1, 2, 3, 4];
    await more.promise;
    yield 5;
  }
  const pipeline = new Pipeline<number>().branch({
    odd: { when: odd, to: new Pipeline<number>().batch(10, 5) },
    rest: {},
  });
  const stream = pipeline.processStream(source());
  const three = [(await stream.next()).value, (await stream.next()).value, (await stream.next()).value];
  assert.deepEqual(three, [2, 4, [1, 3]]);
  more.resolve();
  assert.deepEqual(await stream.toArray(), [[5]]);
});

test('once a list is full, what comes after it waits for what becomes of it', async () => {
  const gate = deferred<void>();
  const stored = new Pipeline<number>().batch(2).tap(() => gate.promise);
  const pipeline = new Pipeline<number>().branch({ odd: { when: odd, to: stored }, rest: {} });
  const stream = pipeline.processStream(numbers(6));
  assert.deepEqual([(await stream.next()).value, (await stream.next()).value], [0, 2]);
  const next = stream.next();
  assert.ok(await pending(next));
  gate.resolve();
  assert.deepEqual((await next).value, [1, 3]);
  assert.deepEqual(await stream.toArray(), [4, [5]]);
});

test('ordered: false passes on what is done first', async () => {
  const gate = deferred<void>();
  const stored = new Pipeline<number>().batch(2).tap(() => gate.promise);
  const branches = { odd: { when: odd, to: stored }, rest: {} };
  const stream = new Pipeline<number>().branch(branches, { ordered: false }).processStream(numbers(6));
  const three = [(await stream.next()).value, (await stream.next()).value, (await stream.next()).value];
  assert.deepEqual(three, [0, 2, 4]);
  gate.resolve();
  assert.deepEqual(await stream.toArray(), [[1, 3], [5]]);
});

test('what a branch does without order is put in order again with the others', async () => {
  const late = new Pipeline<number>({ ordered: false, concurrency: 4 })
    .map(async (n) => {
      await turns(n === 1 ? 6 : 1);
      return n;
    })
    .batch(1);
  const pipeline = new Pipeline<number>().branch({ odd: { when: odd, to: late }, rest: {} });
  assert.deepEqual(await pipeline.processBatch(numbers(5)), [0, [1], 2, [3], 4]);
});

test('what overtakes in a branch does not block the one that all wait for', async () => {
  const gate = deferred<void>();
  const many = new Pipeline<number>({ ordered: false, concurrency: 2, bufferSize: 0 })
    .flatMap(async (n) => {
      if (n === 1) await gate.promise;
      return Array<number>(n * 10).fill(n);
    })
    .batch(2);
  const pipeline = new Pipeline<number>({ bufferSize: 0 }).branch({ all: { to: many } });
  const all = pipeline.processBatch([1, 3]);
  assert.ok(await pending(all));
  gate.resolve();
  const results = await all;
  assert.deepEqual(results.flat(), [...Array<number>(10).fill(1), ...Array<number>(30).fill(3)]);
});

test('merge with a pipeline that gathers: both get each item, and the first one comes first', async () => {
  const plain = (): Pipeline<number, string> => new Pipeline<number>().map(async (n) => `${n}`);
  const lists = (): Pipeline<number, number[]> => new Pipeline<number>().batch(2);
  assert.deepEqual(await plain().merge(lists()).processBatch([1, 2, 3]), ['1', '2', [1, 2], '3', [3]]);
  assert.deepEqual(await lists().merge(plain()).processBatch([1, 2, 3]), ['1', [1, 2], '2', '3', [3]]);
  const both: Pipeline<number, number[]> = lists().merge(new Pipeline<number>().batch(3));
  assert.deepEqual(await both.processBatch([1, 2, 3]), [[1, 2], [1, 2, 3], [3]]);
  const empty = new Pipeline<number>().merge(new Pipeline<number>());
  assert.deepEqual(await empty.processBatch([1]), [1, 1]);
});

test('a branch may have another source: its items come as they do, once in each run', async () => {
  let opened = 0;
  const other = (): string[] => {
    opened++;
    return ['a', 'b'];
  };
  const to = new Pipeline<number>().merge(other).batch(2);
  const pipeline = new Pipeline<number>().branch({ odd: { when: odd, to }, rest: {} });
  const results = await pipeline.processBatch(numbers(4));
  assert.deepEqual(
    results.filter((result) => !Array.isArray(result)),
    [0, 2],
  );
  assert.deepEqual(results.flat().map(String).sort(), ['0', '1', '2', '3', 'a', 'b']);
  assert.deepEqual(await pipeline.processBatch([]), [['a', 'b']], 'also if no item goes there');
  assert.equal(opened, 2);
  const wrong = new Pipeline<number>().merge(() => {
    throw broken('source');
  });
  await assert.rejects(new Pipeline<number>().branch({ all: { to: wrong } }).processBatch([1]), /source/);
});
