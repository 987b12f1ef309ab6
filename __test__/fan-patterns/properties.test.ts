/** Whatever the shape, the speeds and the failures: each input has exactly one outcome, and the order is kept when asked for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FanOut, type FanOutError, FanPattern, type LoadBalancer } from 'millrace';
import { turns } from '../helpers.js';

/** What an input's call does: how many turns it takes, and whether it fails. */
const item = fc.record({ turns: fc.integer({ min: -1, max: 3 }), fails: fc.boolean() });
type Item = { turns: number; fails: boolean };

const balancer: fc.Arbitrary<LoadBalancer | undefined> = fc.constantFrom(
  undefined,
  'round-robin' as const,
  'least-loaded' as const,
  'adaptive' as const,
  { choose: (workers: readonly { pending: number }[]) => workers.length - 1 },
);
const shape = fc.record({
  workerCount: fc.integer({ min: 1, max: 5 }),
  batchSize: fc.oneof(fc.constant('adaptive' as const), fc.integer({ min: 1, max: 7 })),
  ordered: fc.boolean(),
  balancer,
});
type Shape = {
  workerCount: number;
  batchSize: number | 'adaptive';
  ordered: boolean;
  balancer: LoadBalancer | undefined;
};

class Failed extends Error {
  readonly index: number;
  constructor(index: number) {
    super(`input ${index}`);
    this.index = index;
  }
}

/** Counts its calls; `-1` turns is a synchronous one. */
function counting(): {
  calls: number[];
  most: () => number;
  processor: (input: Item, at: number) => unknown;
} {
  const calls: number[] = [];
  let [running, most] = [0, 0];
  const end = (input: Item, at: number): number => {
    running--;
    if (input.fails) throw new Failed(at);
    return at;
  };
  return {
    calls,
    most: () => most,
    processor(input, at) {
      calls[at] = (calls[at] ?? 0) + 1;
      most = Math.max(most, ++running);
      if (input.turns < 0) return end(input, at);
      return turns(input.turns).then(() => end(input, at));
    },
  };
}

const fanOf = ({ workerCount, batchSize, ordered, balancer }: Shape): FanOut<Item, number> => {
  // No balancer: equal parts.
  const fan = new FanOut<Item, number>({
    workerCount,
    batchSize,
    ordered,
    onError: 'collect',
    enableLoadBalancing: balancer !== undefined,
  });
  if (balancer !== undefined) fan.setLoadBalancer(balancer);
  return fan;
};

test('distribute: every input is tried once, and is a result or a failure', async () => {
  await fc.assert(
    fc.asyncProperty(shape, fc.array(item, { maxLength: 30 }), async (how, items) => {
      const { calls, most, processor } = counting();
      const fan = fanOf(how);
      const outcome = await fan
        .distribute(items, (input, { index }) => processor(input, index) as number)
        .then(
          (results) => ({ results: results as readonly unknown[], failures: [] as number[] }),
          ({ results, failures }: FanOutError) => ({ results, failures: failures.map(({ index }) => index) }),
        );
      assert.deepEqual(
        calls,
        items.map(() => 1),
      );
      assert.ok(most() <= how.workerCount);
      const bad = items.flatMap(({ fails }, at) => (fails ? [at] : []));
      assert.deepEqual(outcome.failures, bad);
      const good = outcome.results.filter((result) => result !== undefined) as number[];
      const expected = items.flatMap(({ fails }, at) => (fails ? [] : [at]));
      assert.deepEqual(how.ordered ? good : good.toSorted((a, b) => a - b), expected);
      const { completed, failed, cancelled, pending } = fan.getMetrics();
      assert.deepEqual([completed, failed, cancelled, pending], [expected.length, bad.length, 0, 0]);
    }),
    { numRuns: 150 },
  );
});

test('processBatches: every input is in one batch', async () => {
  await fc.assert(
    fc.asyncProperty(shape, fc.array(item, { maxLength: 30 }), async (how, items) => {
      const fan = fanOf(how);
      const seen: number[] = [];
      const numbered = items.map((input, at) => ({ ...input, at }));
      const results = (await fan.processBatches(numbered, async (batch) => {
        const ats = (batch as (Item & { at: number })[]).map(({ at }) => at);
        seen.push(...ats);
        if ((batch[0]?.turns ?? -1) >= 0) await turns(batch[0]?.turns as number);
        return ats;
      })) as number[];
      const all = items.map((_, at) => at);
      assert.deepEqual(
        seen.toSorted((a, b) => a - b),
        all,
      );
      assert.deepEqual(how.ordered ? results : results.toSorted((a, b) => a - b), all);
    }),
    { numRuns: 100 },
  );
});

test('distribute, cancelled at any moment: nothing begins after, nothing is left', async () => {
  await fc.assert(
    fc.asyncProperty(
      shape,
      fc.array(item, { minLength: 1, maxLength: 20 }),
      fc.integer({ min: 0, max: 6 }),
      async (how, items, when) => {
        const { calls, processor } = counting();
        const fan = fanOf(how);
        const stop = new AbortController();
        const options = { signal: stop.signal };
        const call = fan.distribute(items, (input, { index }) => processor(input, index) as number, options);
        const outcome = call.then(
          () => 'ended',
          (error: unknown) => (error === stop.signal.reason ? 'cancelled' : 'ended'),
        );
        await turns(when);
        stop.abort(new Error('enough'));
        const begun = calls.length;
        await outcome;
        await turns(5);
        assert.equal(calls.length, begun);
        assert.ok(calls.every((count) => count === undefined || count === 1));
        assert.deepEqual([...fan.getWorkerLoads().values()], Array(how.workerCount).fill(0));
        const { inputs, completed, failed, cancelled } = fan.getMetrics();
        assert.equal(completed + failed + cancelled, inputs);
        assert.deepEqual(await fan.distribute([{ turns: 0, fails: false }], () => 7), [7]);
      },
    ),
    { numRuns: 100 },
  );
});

test('processStream: every input has one outcome, in order when asked for, whoever reads how fast', async () => {
  await fc.assert(
    fc.asyncProperty(
      shape,
      fc.array(item, { maxLength: 30 }),
      fc.integer({ min: 1, max: 5 }),
      fc.constantFrom('settle' as const, 'collect' as const, 'fail' as const),
      fc.boolean(),
      fc.integer({ min: 0, max: 2 }),
      async (how, items, bufferSize, onError, asynchronous, pause) => {
        const { workerCount, batchSize, ordered, balancer } = how;
        const { calls, most, processor } = counting();
        const fan = new FanPattern<Item, number>({
          workerCount,
          batchSize,
          ordered,
          bufferSize,
          onError: onError === 'fail' ? 'fail' : 'collect',
          enableLoadBalancing: balancer !== undefined,
        });
        if (balancer !== undefined) fan.setLoadBalancer(balancer);
        const source = asynchronous
          ? (async function* () {
              yield* items;
            })()
          : items;
        const results: unknown[] = [];
        let error: unknown;
        try {
          const options = { settle: onError === 'settle' } as { settle: true };
          const stream = fan.processStream(
            source,
            (input, { index }) => processor(input, index) as number,
            options,
          );
          for await (const result of stream) {
            results.push(result);
            if (pause > 0) await turns(pause);
          }
        } catch (thrown) {
          error = thrown;
        }
        assert.ok(most() <= workerCount);
        assert.ok(calls.every((count) => count === undefined || count === 1));
        const bad = items.flatMap(({ fails }, at) => (fails ? [at] : []));
        const good = items.flatMap(({ fails }, at) => (fails ? [] : [at]));
        if (onError === 'settle') {
          const outcomes = results as PromiseSettledResult<number>[];
          const ats = outcomes.map((outcome) =>
            outcome.status === 'fulfilled' ? outcome.value : (outcome.reason as Failed).index,
          );
          assert.equal(error, undefined);
          assert.deepEqual(
            ordered ? ats : ats.toSorted((a, b) => a - b),
            items.map((_, at) => at),
          );
        } else if (onError === 'collect') {
          const ats = results as number[];
          assert.deepEqual(ordered ? ats : ats.toSorted((a, b) => a - b), good);
          const failures = ((error as FanOutError | undefined)?.failures ?? []).map(({ index }) => index);
          assert.deepEqual(
            failures.toSorted((a, b) => a - b),
            bad,
          );
        } else if (bad.length === 0) {
          assert.equal(error, undefined);
          assert.equal(results.length, items.length);
        } else if (ordered) {
          // The first that fails ends it, after all before it.
          assert.deepEqual(
            results,
            good.filter((at) => at < (bad[0] as number)),
          );
          assert.equal((error as Failed).index, bad[0]);
        } else assert.ok(error instanceof Failed);
        await turns(5);
        assert.deepEqual([...fan.getWorkerLoads().values()], Array(workerCount).fill(0));
      },
    ),
    { numRuns: 250 },
  );
});

test('processStream, left at any moment: the source is ended, nothing begins after', async () => {
  await fc.assert(
    fc.asyncProperty(
      shape,
      fc.array(item, { minLength: 3, maxLength: 20 }),
      fc.integer({ min: 1, max: 10 }),
      fc.boolean(),
      async ({ workerCount, ordered }, items, take, abort) => {
        const { calls, processor } = counting();
        const fan = new FanPattern<Item, number>({ workerCount, ordered });
        const stop = new AbortController();
        let ended = false;
        const source = (async function* () {
          try {
            for (let at = 0; ; at++) yield items[at % items.length] as Item;
          } finally {
            ended = true;
          }
        })();
        const stream = fan.processStream(
          source,
          (input, { index }) => processor({ ...input, fails: false }, index) as number,
          { signal: stop.signal },
        );
        for (let taken = 0; taken < take; taken++) await stream.next();
        if (abort) {
          stop.abort(new Error('enough'));
          await assert.rejects(stream.next(), /enough/);
        } else await stream.return?.();
        const begun = calls.length;
        await turns(5);
        assert.deepEqual([ended, calls.length], [true, begun]);
        assert.deepEqual([...fan.getWorkerLoads().values()], Array(workerCount).fill(0));
      },
    ),
    { numRuns: 100 },
  );
});
