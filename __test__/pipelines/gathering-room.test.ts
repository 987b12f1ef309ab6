/** Branches that gather: how many items are on their way, what they count, and how they end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pipeline } from 'millrace';
import { deferred, pending, turns, until } from '../helpers.js';
import { numbers } from './items.js';

const odd = (n: number): boolean => n % 2 === 1;
const never = new Promise<never>(() => undefined);

test('concurrency is for items on their way, not for those in lists', async () => {
  let running = 0;
  let most = 0;
  const to = new Pipeline<number>()
    .map(
      async (n) => {
        most = Math.max(most, ++running);
        await turns(2);
        running--;
        return n;
      },
      { concurrency: 8 },
    )
    .batch(5);
  const pipeline = new Pipeline<number>().branch({ all: { to } }, { concurrency: 2 });
  assert.deepEqual(await pipeline.processBatch(numbers(7)), [numbers(5), [5, 6]]);
  assert.equal(most, 2);
  assert.equal(pipeline.getMetrics().stages[0]?.concurrency, 2);
  const stages = new Pipeline<number>().branch({ all: { to } }).getMetrics().stages;
  assert.equal(stages[0]?.concurrency, 8, 'as many as its stages run at once');
});

test('runs share the concurrency of a branch, and have lists of their own', async () => {
  let running = 0;
  let most = 0;
  const to = new Pipeline<number>({ concurrency: 9 })
    .tap(async () => {
      most = Math.max(most, ++running);
      await turns(1);
      running--;
    })
    .batch(2);
  const pipeline = new Pipeline<number>().branch({ all: { to } }, { concurrency: 3 });
  const runs = numbers(4).map((run) => pipeline.processBatch([run, run, run]));
  const own = (run: number): number[][] => [[run, run], [run]];
  assert.deepEqual(await Promise.all(runs), numbers(4).map(own));
  assert.equal(most, 3);
});

test('lists longer than the buffer become full, several at once', async () => {
  let running = 0;
  let most = 0;
  const to = new Pipeline<number>().batch(100).map(
    async (list) => {
      most = Math.max(most, ++running);
      await turns(20);
      running--;
      return list.length;
    },
    { concurrency: 3 },
  );
  const pipeline = new Pipeline<number>({ bufferSize: 4 }).branch({ all: { to } });
  assert.deepEqual(await pipeline.processBatch(numbers(650)), [100, 100, 100, 100, 100, 100, 50]);
  assert.equal(most, 3);
});

test('with a slow stage in a branch, or a slow reader, the source is read no faster', async () => {
  const gate = deferred<void>();
  let read = 0;
  function* source(): Generator<number> {
    for (; read < 1000; read++) yield read;
  }
  const slow = new Pipeline<number>({ bufferSize: 1 }).batch(10).tap(() => gate.promise);
  const pipeline = new Pipeline<number>({ bufferSize: 1 }).branch({ odd: { when: odd, to: slow }, rest: {} });
  const all = pipeline.processStream(source()).toArray();
  assert.ok(await pending(all));
  assert.ok(read < 60, `${read}`);
  gate.resolve();
  assert.equal((await all).flat().length, 1000);
  read = 0;
  const stream = new Pipeline<number>({ bufferSize: 1 })
    .branch({ odd: { when: odd, to: new Pipeline<number>().batch(10) }, rest: {} })
    .processStream(source());
  await stream.next();
  await turns(5);
  assert.ok(read < 60, `${read}`);
  await stream.return();
});

test('an item that becomes very many lists is read as there is room, and the others wait', async () => {
  let read = 0;
  const rows = new Pipeline<number>()
    .flatMap(function* (n) {
      for (let row = 0; row < 5000; row++) {
        read++;
        yield n;
      }
    })
    .batch(10);
  const pipeline = new Pipeline<number>({ bufferSize: 2 }).branch({ odd: { when: odd, to: rows }, rest: {} });
  const stream = pipeline.processStream(numbers(4));
  assert.equal((await stream.next()).value, 0);
  await turns(5);
  assert.ok(read < 1500, `${read}`);
  const rest = await stream.toArray();
  assert.equal(rest.indexOf(2), 500);
  assert.deepEqual([rest.length, read], [1001, 10_000]);
  read = 0;
  const loose = new Pipeline<number>({ ordered: false, bufferSize: 2 }).branch({
    odd: { when: odd, to: rows },
  });
  const some = loose.processStream([1]);
  await some.next();
  await turns(5);
  assert.ok(read < 1500, `${read}`);
  assert.equal((await some.toArray()).length, 499);
});

test('what chooses the branch may end the run', async () => {
  const to = new Pipeline<number>().batch(2);
  const ends = (n: number): boolean => {
    if (n === 2) void pipeline.abort(new Error('enough'));
    return true;
  };
  const pipeline: Pipeline<number, number[]> = new Pipeline<number>().branch({ all: { when: ends, to } });
  await assert.rejects(pipeline.processBatch(numbers(5)), /enough/);
  await Promise.all([pipeline.close(), to.drain()]);
  const atOnce = (): boolean => {
    void first.abort(new Error('enough'));
    return true;
  };
  const first: Pipeline<number, number[]> = new Pipeline<number>().branch({
    all: { when: atOnce, to },
  });
  await assert.rejects(first.processBatch([1]), /enough/);
  await to.drain();
  assert.equal(to.getMetrics().buffered, 0);
});

test('metrics: the branch and each stage in it count what they see', async () => {
  const gate = deferred<void>();
  const to = new Pipeline<number>().batch(3).map(async (list) => {
    await gate.promise;
    return list;
  });
  const pipeline = new Pipeline<number>().branch({
    odd: { when: odd, to },
    two: { when: (n) => n === 2, to: new Pipeline<number>().addFilter(() => false) },
    rest: {},
  });
  const all = pipeline.processBatch(numbers(10));
  await turns(2);
  const [batch, map] = to.getMetrics().stages;
  assert.deepEqual([batch?.in, batch?.out, batch?.buffered], [5, 1, 2], '1, 3, 5 and 7, 9');
  assert.deepEqual([map?.in, map?.inFlight], [1, 1]);
  const [branch] = pipeline.getMetrics().stages;
  // 5 stands for the list, 6 and 8 are behind it.
  assert.deepEqual([branch?.in, branch?.out, branch?.filtered, branch?.buffered], [10, 2, 1, 3]);
  gate.resolve();
  assert.deepEqual(await all, [0, 4, [1, 3, 5], 6, 8, [7, 9]]);
  const after = pipeline.getMetrics();
  assert.deepEqual([after.in, after.out, after.inFlight, after.buffered], [10, 6, 0, 0]);
  assert.ok((after.stages[0]?.latency.count ?? 0) > 0);
  const inner = to.getMetrics();
  assert.deepEqual([inner.in, inner.out, inner.buffered], [5, 2, 0]);
});

test('drain and close wait for what is in lists, which is given out', async () => {
  const to = new Pipeline<number>().batch(10).tap(() => turns(3));
  const pipeline = new Pipeline<number>().branch({ all: { to } });
  const all = pipeline.processBatch(numbers(3));
  await Promise.all([pipeline.drain(), to.drain()]);
  assert.ok(!(await pending(all)));
  assert.deepEqual(await all, [numbers(3)]);
  const more = pipeline.processBatch(numbers(2));
  await pipeline.close();
  assert.deepEqual(await more, [numbers(2)]);
});

test('abort ends what is in branches, and waits for calls there', async () => {
  const gate = deferred<void>();
  let signal: AbortSignal | undefined;
  const to = new Pipeline<number>().batch(2).tap((_, context) => {
    signal = context.signal;
    return gate.promise;
  });
  const pipeline = new Pipeline<number>().branch({ all: { to } });
  const all = pipeline.processBatch(numbers(5));
  await until(() => signal !== undefined);
  const aborted = pipeline.abort(new Error('enough'));
  await assert.rejects(all, /enough/);
  assert.ok(signal?.aborted);
  assert.ok(await pending(aborted));
  gate.resolve();
  await aborted;
  for (const each of [pipeline, to]) {
    const { inFlight, buffered } = each.getMetrics();
    assert.deepEqual([inFlight, buffered], [0, 0]);
  }
});

test('a branch that is aborted by itself ends the runs that go through it', async () => {
  const to = new Pipeline<number>().batch(2).tap(() => never);
  const pipeline = new Pipeline<number>({ onError: 'skip' }).branch({ odd: { when: odd, to }, rest: {} });
  const all = pipeline.processBatch(numbers(5));
  await turns(2);
  void to.abort(new Error('enough'));
  await assert.rejects(all, /enough/);
  const { inFlight, buffered } = pipeline.getMetrics();
  assert.deepEqual([inFlight, buffered], [0, 0]);
});
