/** What becomes of lists that fail in branches. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Channel, type DeadLetter, Pipeline } from 'millrace';
import { pending, turns } from '../helpers.js';
import { broken, numbers } from './items.js';

const odd = (n: number): boolean => n % 2 === 1;
const _never = new Promise<never>(() => undefined);

test('skip leaves out a list that fails, or an item before it is in one', async () => {
  const to = new Pipeline<number>()
    .tap((n) => {
      if (n === 5) throw broken(n);
    })
    .batch(2)
    .tap((list) => {
      if (list.includes(3)) throw broken(list);
    });
  const pipeline = new Pipeline<number>({ onError: 'skip' }).branch({ odd: { when: odd, to }, rest: {} });
  assert.deepEqual(await pipeline.processBatch(numbers(10)), [0, 2, 4, 6, 8, [7, 9]]);
  const { skipped, filtered, stages } = pipeline.getMetrics();
  assert.deepEqual([skipped, filtered, stages[0]?.in, stages[0]?.out], [3, 0, 10, 6]);
  assert.equal(to.getMetrics().failed, 2);
  await assert.rejects(pipeline.process(3), ({ code, cause }) => {
    return code === 'ERR_ITEM_DROPPED' && (cause as Error).message === 'broken 3';
  });
});

test('dead-letter: each item of a list that fails is one, and goes the same way again', async () => {
  let good = false;
  const to = new Pipeline<number>()
    .map((n) => n * 10)
    .batch(2)
    .tap((list) => {
      if (!good && list.includes(30)) throw broken(list);
    });
  const pipeline = new Pipeline<number>({ onError: 'dead-letter' })
    .branch({ odd: { when: odd, to }, rest: {} })
    .map((result) => `${result}`);
  assert.deepEqual(await pipeline.processBatch(numbers(6)), ['0', '2', '4', '50']);
  const letters: DeadLetter[] = [];
  for (let i = 0; i < 2; i++) letters.push((await pipeline.deadLetters.receive()).value as DeadLetter);
  assert.deepEqual(
    letters.map(({ item, stage, attempts, error }) => [item, stage, attempts, (error as Error).message]),
    [
      [1, 'branch', 1, 'broken 10,30'],
      [3, 'branch', 1, 'broken 10,30'],
    ],
  );
  assert.equal(pipeline.getMetrics().dead, 2);
  assert.deepEqual(await pipeline.replay(letters).toArray(), []);
  const again = (await pipeline.deadLetters.receive()).value as DeadLetter;
  assert.deepEqual([again.item, again.attempts], [1, 2]);
  good = true;
  assert.deepEqual(await pipeline.replay(letters).toArray(), ['10,30']);
});

test('a branch has its own letters: the list as it came to the stage', async () => {
  const to = new Pipeline<number>({ onError: 'dead-letter' }).batch(2).addStage({
    name: 'store',
    processor: (list) => {
      if (list.includes(3)) throw broken(list);
      return list;
    },
  });
  const pipeline = new Pipeline<number>().branch({ odd: { when: odd, to }, rest: {} });
  assert.deepEqual(await pipeline.processBatch(numbers(6)), [0, 2, 4, [5]]);
  const { item, stage } = (await to.deadLetters.receive()).value as DeadLetter;
  assert.deepEqual([item, stage], [[1, 3], 'store']);
  assert.deepEqual([to.getMetrics().dead, pipeline.getMetrics().dead], [1, 0]);
});

test('while there is no room for the letters of a list, its place waits', async () => {
  const deadLetters = new Channel<DeadLetter>(1);
  const to = new Pipeline<number>().batch(2).tap((list) => {
    throw broken(list);
  });
  const pipeline = new Pipeline<number>({ onError: 'dead-letter', deadLetters }).branch({
    odd: { when: odd, to },
    rest: {},
  });
  const all = pipeline.processBatch(numbers(5));
  assert.ok(await pending(all));
  assert.equal((await deadLetters.receive()).value?.item, 1);
  assert.deepEqual(await all, [0, 2, 4]);
  assert.equal((await deadLetters.receive()).value?.item, 3);
  deadLetters.close();
  await assert.rejects(pipeline.processBatch([1, 3]), { code: 'ERR_DEAD_LETTER' });
});

test('fail: what comes before the list is given, then its error, then nothing', async () => {
  const to = new Pipeline<number>().batch(2).tap(async (list) => {
    await turns(3);
    if (list.includes(3)) throw broken(list);
  });
  const pipeline = new Pipeline<number>().branch({ odd: { when: odd, to }, rest: {} });
  const results: unknown[] = [];
  const read = async (): Promise<void> => {
    for await (const result of pipeline.processStream(numbers(9))) results.push(result);
  };
  await assert.rejects(read(), /broken 1,3/);
  assert.deepEqual(results, [0, 2]);
  await pipeline.drain();
  const { failed, inFlight, buffered } = pipeline.getMetrics();
  assert.deepEqual([failed, inFlight, buffered, to.getMetrics().buffered], [1, 0, 0, 0]);
});

test('an item of another source that fails cannot be a letter of the items: the run fails', async () => {
  const to = new Pipeline<number>()
    .merge(() => [7])
    .tap((n) => {
      if (n === 7) throw broken(n);
    });
  const branches = { all: { to } };
  await assert.rejects(
    new Pipeline<number>({ onError: 'dead-letter' }).branch(branches).processBatch([1]),
    /broken 7/,
  );
  assert.deepEqual(await new Pipeline<number>({ onError: 'skip' }).branch(branches).processBatch([1]), [1]);
});

test('an item that no branch takes, or whose branch is closed, fails by itself', async () => {
  const to = new Pipeline<number>().batch(2);
  const pipeline = new Pipeline<number>({ onError: 'dead-letter' }).branch({
    odd: { when: odd, to },
    two: { when: (n) => n === 2 },
  });
  assert.deepEqual(await pipeline.processBatch(numbers(4)), [2, [1, 3]]);
  await to.close();
  assert.deepEqual(await pipeline.processBatch(numbers(4)), [2]);
  const codes = [];
  for await (const { error } of pipeline.deadLetters) {
    codes.push((error as { code: string }).code);
    if (codes.length === 4) break;
  }
  const closed = 'ERR_PIPELINE_CLOSED';
  assert.deepEqual(codes, ['ERR_NO_BRANCH', 'ERR_NO_BRANCH', closed, closed]);
});
