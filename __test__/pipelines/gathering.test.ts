/** Branches, and pipelines that are merged, which gather: items of one run that go the same way come together there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Channel, type DeadLetter, Pipeline } from 'millrace';
import { deferred, pending, turns, until } from '../helpers.js';

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const odd = (n: number): boolean => n % 2 === 1;
const never = new Promise<never>(() => undefined);
const broken = (what: unknown): Error => new Error(`broken: ${what}`);

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
    return code === 'ERR_ITEM_DROPPED' && (cause as Error).message === 'broken: 3';
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
      [1, 'branch', 1, 'broken: 10,30'],
      [3, 'branch', 1, 'broken: 10,30'],
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
  await assert.rejects(read(), /broken: 1,3/);
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
    /: 7/,
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
