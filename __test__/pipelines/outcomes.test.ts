/** Any pipeline, beside the obvious way: each item gets exactly one outcome, and a cancelled run leaves nothing running. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type OnError, Pipeline } from 'millrace';
import { onBun, turns } from '../helpers.js';

/** One stage, as the model knows it. */
interface Shape {
  kind: 'map' | 'filter' | 'tap' | 'flat' | 'flatLate' | 'branch';
  late: boolean;
  concurrency: number;
  bufferSize: number;
  onError: OnError | undefined;
  ordered: boolean | undefined;
  /** What is 0 by this fails. */
  fails: number;
  /** What is 0 by this is filtered. */
  keeps: number;
}

interface Config {
  ordered: boolean;
  onError: OnError;
  bufferSize: number;
}

type Item = string;
type Outcome = { results: Item[] } | { skipped: true } | { dead: string } | { failed: string };

const numberOf = (item: Item): number => Number.parseInt(item, 10);
const hash = (item: Item, at: number): number =>
  (Math.imul(numberOf(item) + 7, 2654435761 + at * 97) >>> 8) % 64;
const message = (item: Item, at: number): string => `${item} at ${at}`;
const failsAt = ({ fails }: Shape, item: Item, at: number): boolean =>
  fails > 0 && hash(item, at) % fails === 0;
const keptBy = ({ keeps }: Shape, item: Item, at: number): boolean => hash(item, at + 31) % keeps !== 0;
const copies = (item: Item, at: number): Item[] =>
  Array.from({ length: hash(item, at) % 3 }, (_, copy) => `${item}.${copy}`);

const isOrdered = (shapes: readonly Shape[], config: Config): boolean =>
  shapes.every(({ ordered }) => ordered ?? config.ordered);

/** What becomes of an item from a stage on, one step after the other. */
function expected(shapes: readonly Shape[], config: Config, item: Item, from = 0): Outcome[] {
  for (let at = from; at < shapes.length; at++) {
    const shape = shapes[at] as Shape;
    if (failsAt(shape, item, at)) {
      const how = shape.onError ?? config.onError;
      if (how === 'skip') return [{ skipped: true }];
      return [how === 'fail' ? { failed: message(item, at) } : { dead: message(item, at) }];
    }
    if (shape.kind === 'filter' && !keptBy(shape, item, at)) return [{ skipped: true }];
    if (shape.kind === 'map') item = `${item}m`;
    if (shape.kind === 'branch') item = `${item}${hash(item, at) % 2 === 0 ? 'a' : 'b'}`;
    if (shape.kind === 'flat' || shape.kind === 'flatLate')
      return copies(item, at).flatMap((copy) => expected(shapes, config, copy, at + 1));
  }
  return [{ results: [item] }];
}

/** What runs and what was called, over all stages. */
class Watch {
  running = 0;
  calls = 0;
}

function build(shapes: readonly Shape[], config: Config, watch: Watch): Pipeline<Item, Item> {
  let pipeline: Pipeline<Item, Item> = new Pipeline<Item>(config);
  for (const [at, shape] of shapes.entries()) {
    const { concurrency, bufferSize, onError, ordered } = shape;
    const options = {
      name: `${at}`,
      concurrency,
      bufferSize,
      ...(onError !== undefined && { onError }),
      ...(ordered !== undefined && { ordered }),
    };
    const step = <T>(item: Item, then: () => T): T | Promise<T> => {
      watch.calls++;
      const end = (): T => {
        if (failsAt(shape, item, at)) throw new Error(message(item, at));
        return then();
      };
      if (!shape.late && hash(item, at + 3) % 4 > 0) return end();
      watch.running++;
      return turns(hash(item, at + 5) % 3).then(() => {
        watch.running--;
        return end();
      });
    };
    switch (shape.kind) {
      case 'map':
        pipeline = pipeline.map((item) => step(item, () => `${item}m`), options);
        break;
      case 'filter':
        pipeline = pipeline.addFilter(
          (item) => step(item, () => keptBy(shape, item, at)) as boolean,
          options,
        );
        break;
      case 'tap':
        pipeline = pipeline.tap((item) => step(item, () => undefined), options);
        break;
      case 'flat':
        pipeline = pipeline.flatMap((item) => step(item, () => copies(item, at)), options);
        break;
      case 'flatLate':
        pipeline = pipeline.flatMap(async function* (item) {
          yield* await step(item, () => copies(item, at));
        }, options);
        break;
      case 'branch': {
        const to = (mark: string): Pipeline<Item, Item> =>
          new Pipeline<Item>({ concurrency }).map((item) => step(item, () => `${item}${mark}`));
        pipeline = pipeline.branch(
          { a: { when: (item) => hash(item, at) % 2 === 0, to: to('a') }, b: { to: to('b') } },
          options,
        );
      }
    }
  }
  return pipeline;
}

const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });
const policy = (fail: boolean): fc.Arbitrary<OnError> =>
  fc.constantFrom<OnError>('skip', 'dead-letter', ...(fail ? (['fail'] as const) : []));
const shapes = (fail: boolean): fc.Arbitrary<Shape[]> =>
  fc.array(
    fc.record({
      kind: fc.constantFrom<Shape['kind']>('map', 'filter', 'tap', 'flat', 'flatLate', 'branch'),
      late: fc.boolean(),
      concurrency: fc.integer({ min: 1, max: 4 }),
      bufferSize: fc.integer({ min: 0, max: 3 }),
      onError: optional(policy(fail)),
      ordered: optional(fc.boolean()),
      fails: fc.constantFrom(0, 2, 5),
      keeps: fc.integer({ min: 2, max: 5 }),
    }),
    { maxLength: 4 },
  );
const config = (fail: boolean): fc.Arbitrary<Config> =>
  fc.record({ ordered: fc.boolean(), onError: policy(fail), bufferSize: fc.integer({ min: 0, max: 4 }) });
const count = fc.integer({ min: 0, max: 30 });
const itemsOf = (n: number): Item[] => Array.from({ length: n }, (_, i) => `${i}`);
const numRuns = onBun ? 60 : 200;

/** The errors of the letters that are there. */
function lettersOf(pipeline: Pipeline<Item, Item>): string[] {
  const errors: string[] = [];
  for (;;) {
    const got = pipeline.deadLetters.tryReceive();
    if (got === undefined || got.done) return errors;
    errors.push((got.value.error as Error).message);
  }
}

test('each item has exactly one outcome: its results, a skip, or a dead letter', async () => {
  const each = fc.asyncProperty(
    shapes(false),
    config(false),
    count,
    fc.boolean(),
    async (of, how, n, batch) => {
      const watch = new Watch();
      const pipeline = build(of, how, watch);
      const items = itemsOf(n);
      const results = batch
        ? await pipeline.processBatch(items)
        : await pipeline.processStream(items).toArray();
      const outcomes = items.flatMap((item) => expected(of, how, item));
      const wanted = outcomes.flatMap((outcome) => ('results' in outcome ? outcome.results : []));
      const dead = outcomes.flatMap((outcome) => ('dead' in outcome ? [outcome.dead] : []));
      if (isOrdered(of, how)) assert.deepEqual(results, wanted);
      else assert.deepEqual(results.toSorted(), wanted.toSorted());
      assert.deepEqual(lettersOf(pipeline).toSorted(), dead.toSorted());
      await pipeline.drain();
      const { inFlight, buffered, failed } = pipeline.getMetrics();
      assert.deepEqual([inFlight, buffered, failed, watch.running], [0, 0, 0, 0]);
    },
  );
  await fc.assert(each, { numRuns });
});

test('with fail, what comes before the first error comes out, then that error, then nothing', async () => {
  const each = fc.asyncProperty(shapes(true), config(true), count, async (of, how, n) => {
    const watch = new Watch();
    const pipeline = build(of, how, watch);
    const outcomes = itemsOf(n).flatMap((item) => expected(of, how, item));
    const first = outcomes.findIndex((outcome) => 'failed' in outcome);
    const stream = pipeline.processStream(itemsOf(n));
    const results: Item[] = [];
    let error: Error | undefined;
    try {
      for await (const result of stream) results.push(result);
    } catch (thrown) {
      error = thrown as Error;
    }
    const resultsOf = (some: Outcome[]): Item[] =>
      some.flatMap((outcome) => ('results' in outcome ? outcome.results : []));
    if (first < 0) {
      assert.equal(error, undefined);
      assert.deepEqual(results.toSorted(), resultsOf(outcomes).toSorted());
    } else if (isOrdered(of, how)) {
      assert.deepEqual(results, resultsOf(outcomes.slice(0, first)));
      assert.equal(error?.message, (outcomes[first] as { failed: string }).failed);
    } else {
      const failures = outcomes.flatMap((outcome) => ('failed' in outcome ? [outcome.failed] : []));
      assert.ok(failures.includes(error?.message ?? ''));
      const all = resultsOf(outcomes);
      assert.ok(results.every((result) => all.includes(result)) && new Set(results).size === results.length);
    }
    await pipeline.drain();
    const { inFlight, buffered } = pipeline.getMetrics();
    assert.deepEqual([inFlight, buffered, watch.running], [0, 0, 0]);
  });
  await fc.assert(each, { numRuns });
});

test('cancelled at any moment, in any way, nothing goes on', async () => {
  const ways = fc.constantFrom('return', 'signal', 'abort', 'close');
  const each = fc.asyncProperty(
    shapes(true),
    config(true),
    fc.integer({ min: 0, max: 12 }),
    fc.integer({ min: 0, max: 3 }),
    ways,
    async (of, how, reads, waits, way) => {
      const watch = new Watch();
      const pipeline = build(of, how, watch);
      const stop = new AbortController();
      let returned = 0;
      async function* source(): AsyncGenerator<Item> {
        try {
          for (let n = 0; n < 200; n++) {
            if (n % 7 === 0) await turns(1);
            yield `${n}`;
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
      if (waits < 3) await turns(waits);
      else await reading;
      const begun = reads > 0;
      if (way === 'return') await stream.return();
      else if (way === 'signal') stop.abort(new Error('enough'));
      else if (way === 'abort') await pipeline.abort(new Error('enough'));
      else await pipeline.close({ timeout: 1 });
      await reading;
      await pipeline.drain();
      await turns(3);
      const then = watch.calls;
      await turns(5);
      const { inFlight, buffered } = pipeline.getMetrics();
      assert.deepEqual([watch.calls, watch.running, inFlight, buffered], [then, 0, 0, 0]);
      assert.equal(returned, begun ? 1 : 0);
    },
  );
  await fc.assert(each, { numRuns: numRuns / 2 });
});

test('single items get the outcome that a batch of one would have', async () => {
  const each = fc.asyncProperty(shapes(true), config(true), count, async (of, how, n) => {
    const pipeline = build(of, how, new Watch());
    const outcomes = await Promise.all(
      itemsOf(n).map(async (item) => {
        try {
          return [await pipeline.process(item)];
        } catch (error) {
          const { code, message, cause } = error as Error & { code?: string };
          if (code === 'ERR_ITEM_DROPPED') return cause === undefined ? 'dropped' : 'left out';
          return code === 'ERR_UNSUPPORTED' ? 'several' : message;
        }
      }),
    );
    for (const [i, item] of itemsOf(n).entries()) {
      const wanted = expected(of, how, item);
      const failures = wanted.flatMap((outcome) => ('failed' in outcome ? [outcome.failed] : []));
      const results = wanted.flatMap((outcome) => ('results' in outcome ? outcome.results : []));
      const got = outcomes[i];
      if (failures.length > 0) assert.ok(failures.includes(got as string), `${got}`);
      else if (results.length === 1) assert.deepEqual(got, results);
      else if (results.length > 1) assert.equal(got, 'several');
      else assert.ok(got === 'dropped' || got === 'left out');
    }
    await pipeline.drain();
    assert.equal(pipeline.getMetrics().buffered, 0);
  });
  await fc.assert(each, { numRuns });
});
