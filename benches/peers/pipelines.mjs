/**
 * A pipeline of four light stages beside p-queue chains, Node's streams, RxJS and Effect: `npm run bench [-- words of the names]`. Each gives
 * all results in order; nanoseconds for an item, all four stages together.
 */
import { compose, Readable } from 'node:stream';
import { Effect, Stream } from 'effect';
import { Pipeline } from 'millrace';
import PQueue from 'p-queue';
import { from, lastValueFrom, map, mergeMap, toArray } from 'rxjs';
import { sideBySide } from './side-by-side.mjs';

const close = () => {};
const count = 20_000;
const items = Array.from({ length: count }, (_, i) => i);

const now = [(n) => n + 1, (n) => n * 2, (n) => n - 3, (n) => n % 1000];
const late = now.map((fn) => async (n) => fn(n));
const expected = items.reduce((sum, n) => sum + now.reduce((value, fn) => fn(value), n), 0);

/** Nanoseconds for an item; the sum shows that all of them came. */
const each = async ({ run }) => {
  const began = performance.now();
  const sum = await run();
  const ns = ((performance.now() - began) / count) * 1e6;
  if (sum !== expected) throw new Error(`the sum is ${sum}, not ${expected}`);
  return ns;
};
const beside = (name, makers) => sideBySide(name, 'ns', 'less', makers, each);
const total = (results) => results.reduce((sum, n) => sum + n, 0);

/** A reader that is not a list: `for await`, as most have it. */
async function read(results) {
  let sum = 0;
  for await (const n of results) sum += n;
  return sum;
}

async function* source() {
  for (const n of items) yield n;
}

function ours(stages, concurrency) {
  const pipeline = stages.reduce((built, fn) => built.map(fn), new Pipeline({ concurrency, bufferSize: 64 }));
  return pipeline;
}

const queues = (stages, concurrency) => () => {
  const chain = stages.map(() => new PQueue({ concurrency }));
  const one = async (n) => {
    for (const [i, fn] of stages.entries()) n = await chain[i].add(() => fn(n));
    return n;
  };
  return { run: async () => total(await Promise.all(items.map(one))), close };
};

const effects = (stages, concurrency, from) =>
  stages.reduce(
    (stream, fn) =>
      Stream.mapEffect(
        stream,
        (n) => Effect.promise(() => fn(n)),
        concurrency > 1 ? { concurrency } : undefined,
      ),
    from,
  );
const effectSync = (stages, from) =>
  stages.reduce((stream, fn) => Stream.mapEffect(stream, (n) => Effect.sync(() => fn(n))), from);
const effectRead = (stream) =>
  Effect.runPromise(
    Stream.runFold(
      stream,
      () => 0,
      (sum, n) => sum + n,
    ),
  );

/** One at a time, as generators are. */
const composed = (stages, from) =>
  compose(
    from,
    ...stages.map(
      (fn) =>
        async function* (inputs) {
          for await (const n of inputs) yield fn(n);
        },
    ),
  );
const maps = (stages, concurrency, from) =>
  stages.reduce((stream, fn) => stream.map(fn, { concurrency }), from);

for (const [kind, stages] of [
  ['synchronous', now],
  ['asynchronous', late],
]) {
  for (const concurrency of kind === 'synchronous' ? [1] : [1, 8]) {
    const of = kind === 'synchronous' ? kind : `${kind}, ${concurrency} at once`;
    await beside(`pipeline of a list, ${of}`, {
      millrace: () => {
        const pipeline = ours(stages, concurrency);
        return { run: async () => total(await pipeline.processBatch(items)), close };
      },
      'p-queue': queues(stages, concurrency),
      'Node streams': () => ({
        run: async () => total(await maps(stages, concurrency, Readable.from(items)).toArray()),
        close,
      }),
      'RxJS mergeMap': () => ({
        run: async () => {
          const wrapped = kind === 'synchronous' ? stages.map((fn) => (n) => [fn(n)]) : stages;
          const piped = wrapped.reduce((stream, fn) => stream.pipe(mergeMap(fn, concurrency)), from(items));
          return total(await lastValueFrom(piped.pipe(toArray())));
        },
        close,
      }),
      // Without concurrency and back-pressure: the least that a stage can be there.
      ...(kind === 'synchronous' && {
        'RxJS map': () => ({
          run: async () => {
            const piped = stages.reduce((stream, fn) => stream.pipe(map(fn)), from(items));
            return total(await lastValueFrom(piped.pipe(toArray())));
          },
          close,
        }),
      }),
      'Effect Stream': () => ({
        run: () =>
          effectRead(
            kind === 'synchronous'
              ? effectSync(stages, Stream.fromIterable(items))
              : effects(stages, concurrency, Stream.fromIterable(items)),
          ),
        close,
      }),
    });
    await beside(`pipeline of a stream, ${of}`, {
      millrace: () => {
        const pipeline = ours(stages, concurrency);
        return { run: () => read(pipeline.processStream(source())), close };
      },
      'Node streams': () => ({
        run: () => read(maps(stages, concurrency, Readable.from(source()))),
        close,
      }),
      ...(concurrency === 1 && {
        'Node compose': () => ({ run: () => read(composed(stages, Readable.from(source()))), close }),
      }),
      'RxJS mergeMap': () => ({
        run: async () => {
          const wrapped = kind === 'synchronous' ? stages.map((fn) => (n) => [fn(n)]) : stages;
          let sum = 0;
          const piped = wrapped.reduce(
            (stream, fn) => stream.pipe(mergeMap(fn, concurrency)),
            from(source()),
          );
          await piped.forEach((n) => (sum += n));
          return sum;
        },
        close,
      }),
      'Effect Stream': () => ({
        run: () => {
          const begin = Stream.fromAsyncIterable(source(), (error) => error);
          return effectRead(
            kind === 'synchronous' ? effectSync(stages, begin) : effects(stages, concurrency, begin),
          );
        },
        close,
      }),
    });
  }
}

const one = ours(late, 8);
const chain = late.map(() => new PQueue({ concurrency: 8 }));
await beside('an item at a time, asynchronous', {
  millrace: () => ({
    run: async () => {
      let sum = 0;
      for (const n of items) sum += await one.process(n);
      return sum;
    },
    close,
  }),
  'p-queue': () => ({
    run: async () => {
      let sum = 0;
      for (let n of items) {
        for (const [i, fn] of late.entries()) {
          const input = n;
          n = await chain[i].add(() => fn(input));
        }
        sum += n;
      }
      return sum;
    },
    close,
  }),
});
