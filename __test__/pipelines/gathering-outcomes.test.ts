/** Any pipeline whose branches gather, beside the obvious way: each item gets exactly one outcome, and nothing is left when it ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { onBun, turns } from '../helpers.js';
import { build, type Config, type Fork, type Item, type Shape, Watch } from './gathering-build.js';
import { Model } from './gathering-model.js';

type OnError = Config['onError'];

const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });

interface Limits {
  fail: boolean;
  unordered: boolean;
  ms: boolean;
}

/** Anything that goes through branches, two deep. */
function shapes({ fail, unordered, ms }: Limits): fc.Arbitrary<Shape> {
  const policy = fc.constantFrom<OnError>('skip', 'dead-letter', ...(fail ? (['fail'] as const) : []));
  // What a sub-pipeline does not keep is left to the one around it.
  const inner = fc.constantFrom<OnError>('skip', 'dead-letter', 'fail');
  const ordered = unordered ? fc.boolean() : fc.constant(true);
  const config = (onError: fc.Arbitrary<OnError>): fc.Arbitrary<Config> =>
    fc.record({ ordered, onError, bufferSize: fc.integer({ min: 0, max: 3 }) });
  const common = (onError: fc.Arbitrary<OnError>) => ({
    late: fc.boolean(),
    concurrency: fc.integer({ min: 1, max: 3 }),
    onError: optional(onError),
    ordered: optional(ordered),
    fails: fc.constantFrom(0, 0, 3, 7),
  });
  const calls = (onError: fc.Arbitrary<OnError>, kinds: readonly ('map' | 'filter' | 'flat')[]) =>
    fc.record({ kind: fc.constantFrom(...kinds), ...common(onError) });
  const batch = fc.record({
    kind: fc.constant('batch' as const),
    size: fc.integer({ min: 1, max: 4 }),
    ms: ms ? optional(fc.constant(1)) : fc.constant(undefined),
  });
  const alone = fc.record({
    steps: fc.array(calls(inner, ['map', 'filter']), { maxLength: 2 }),
    config: config(inner),
  });
  const some = fc.array(fc.oneof(calls(inner, ['map', 'filter', 'flat']), batch), { maxLength: 1 });
  const deep = fc.record({
    steps: fc.tuple(some, batch, some).map(([before, at, after]) => [...before, at, ...after]),
    config: config(inner),
  });
  const fork = (way: fc.Arbitrary<Shape>, onError: fc.Arbitrary<OnError>, kinds: readonly Fork['kind'][]) =>
    fc.record({
      kind: fc.constantFrom(...kinds),
      ways: fc.tuple(way, fc.oneof(way, alone)),
      concurrency: optional(fc.integer({ min: 1, max: 3 })),
      bufferSize: fc.integer({ min: 0, max: 3 }),
      onError: optional(onError),
      ordered: optional(ordered),
    });
  const wide = fc.record({
    steps: fc
      .tuple(
        some,
        fork(deep, inner, ['branch']),
        fc.array(fc.oneof(calls(inner, ['map', 'filter']), batch), { maxLength: 1 }),
      )
      .map(([before, at, after]) => [...before, at, ...after]),
    config: config(inner),
  });
  return fc.record({
    steps: fc
      .tuple(
        fc.array(calls(policy, ['map']), { maxLength: 1 }),
        fork(fc.oneof({ weight: 3, arbitrary: deep }, { weight: 1, arbitrary: wide }), policy, [
          'branch',
          'both',
        ]),
        fc.array(calls(policy, ['map', 'filter']), { maxLength: 1 }),
      )
      .map(([before, at, after]) => (at.kind === 'both' ? [at, ...after] : [...before, at, ...after])),
    config: config(policy),
  });
}

const count = fc.integer({ min: 0, max: 25 });
const itemsOf = (n: number): Item[] => Array.from({ length: n }, (_, i) => [`${i}`]);
const numRuns = Number(process.env['MILLRACE_RUNS'] ?? (onBun ? 60 : 200));
const sorted = (items: readonly string[]): string[] => [...items].sort();

test('in order: results, letters and the first error are those of one step after the other', async () => {
  const limits = { fail: true, unordered: false, ms: false };
  const each = fc.asyncProperty(shapes(limits), count, async (shape, n) => {
    const watch = new Watch();
    const { pipeline, letters } = build(shape, watch);
    const model = new Model(shape).run(itemsOf(n));
    const results: Item[] = [];
    let error: string | undefined;
    try {
      for await (const result of pipeline.processStream(itemsOf(n))) results.push(result);
    } catch (thrown) {
      error = (thrown as Error).message;
    }
    assert.deepEqual(results, model.results);
    assert.equal(error, model.error);
    await pipeline.drain();
    // What is behind an error may have failed as well by then.
    if (error === undefined) assert.deepEqual(sorted(letters()), sorted(model.letters));
    watch.assertIdle();
  });
  await fc.assert(each, { numRuns });
});

test('in any order, with time limits: what came in comes out, is filtered, or fails, once', async () => {
  const limits = { fail: false, unordered: true, ms: true };
  const each = fc.asyncProperty(shapes(limits), count, fc.boolean(), async (shape, n, batch) => {
    const watch = new Watch();
    const { pipeline, letters } = build(shape, watch);
    async function* source(): AsyncGenerator<Item> {
      for (const [i, item] of itemsOf(n).entries()) {
        if (i % 6 === 5) await turns(2);
        yield item;
      }
    }
    const results = batch
      ? await pipeline.processBatch(itemsOf(n))
      : await pipeline.processStream(source()).toArray();
    assert.deepEqual(sorted([...results.flat(), ...watch.gone]), sorted(watch.all(itemsOf(n))));
    const left = letters().flatMap((letter) => letter.split(' at ')[0]?.split(',') ?? []);
    const copied = JSON.stringify(shape).includes('"flat"');
    assert.ok(copied || new Set(left).size === left.length, 'no item has two letters');
    await pipeline.drain();
    watch.assertIdle();
  });
  await fc.assert(each, { numRuns });
});

test('cancelled at any moment, in any way, nothing goes on', async () => {
  const limits = { fail: true, unordered: true, ms: true };
  const ways = fc.constantFrom('return', 'signal', 'abort', 'close');
  const moment = fc.integer({ min: 0, max: 12 });
  const each = fc.asyncProperty(shapes(limits), moment, moment, ways, async (shape, reads, waits, way) => {
    const watch = new Watch();
    const { pipeline } = build(shape, watch);
    const stop = new AbortController();
    let returned = 0;
    async function* source(): AsyncGenerator<Item> {
      try {
        for (let n = 0; n < 200; n++) {
          if (n % 7 === 0) await turns(1);
          yield [`${n}`];
        }
      } finally {
        returned++;
      }
    }
    const stream = pipeline.processStream(source(), { signal: stop.signal });
    const read = async (): Promise<void> => {
      for (let i = 0; i < reads; i++) await stream.next();
    };
    const reading = read().catch(() => undefined);
    await turns(waits);
    if (way === 'return') await stream.return();
    else if (way === 'signal') stop.abort(new Error('enough'));
    else if (way === 'abort') await pipeline.abort(new Error('enough'));
    else await pipeline.close({ timeout: 1 });
    await reading;
    await pipeline.drain();
    assert.equal(watch.running, 0, 'it waits for calls in branches too');
    const then = watch.calls;
    await turns(5);
    assert.equal(watch.calls, then);
    watch.assertIdle();
    assert.equal(returned, reads > 0 ? 1 : 0);
  });
  await fc.assert(each, { numRuns: numRuns / 2 });
});
