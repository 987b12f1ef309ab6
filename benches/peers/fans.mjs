/** Fan-outs beside p-map, and CPU work on several threads beside one: `npm run bench [-- words of the names]`. */
import { availableParallelism } from 'node:os';
import { FanIn, FanOut, FanPattern, fanOut } from 'millrace';
import pMap from 'p-map';
import { sideBySide } from './side-by-side.mjs';

const count = 20_000;
const items = Array.from({ length: count }, (_, at) => at);
const concurrency = 16;
const close = () => {};

/** Nanoseconds for an item. */
const each = async ({ run }) => {
  const began = performance.now();
  await run();
  return ((performance.now() - began) / count) * 1e6;
};
const of = (run) => () => ({ run, close });
const fan = new FanOut({ workerCount: concurrency });

for (const [name, processor] of Object.entries({
  'fan-out, light async work': async (n) => n + 1,
  'fan-out, async work of three steps': async (n) => {
    await undefined;
    await undefined;
    return n + 1;
  },
})) {
  await sideBySide(
    name,
    'ns',
    'less',
    {
      'millrace FanOut': of(() => fan.distribute(items, processor)),
      'millrace fanOut': of(() => fanOut(processor, items, { concurrency })),
      'p-map': of(() => pMap(items, processor, { concurrency })),
    },
    each,
  );
}

async function* source() {
  yield* items;
}
const drained = async (results) => {
  for await (const _ of results);
};
const pattern = new FanPattern({ workerCount: concurrency });
const light = async (n) => n + 1;
const { pMapIterable } = await import('p-map');
await sideBySide(
  'fan-out, streams of light async work',
  'ns',
  'less',
  {
    'millrace FanPattern': of(() => drained(pattern.processStream(source(), light))),
    'p-map': of(() => drained(pMapIterable(source(), light, { concurrency }))),
  },
  each,
);

const quarter = items.slice(0, count / 4);
await sideBySide(
  'fan-in, four inputs',
  'ns',
  'less',
  {
    millrace: of(() => {
      const fanIn = new FanIn();
      for (let input = 0; input < 4; input++)
        fanIn.addInput(
          (async function* () {
            yield* quarter;
          })(),
        );
      return drained(fanIn.merge());
    }),
    'one after the other': of(() => drained(source())),
  },
  each,
);

/** Some milliseconds of computing. */
const compute = (n) => {
  let sum = n;
  for (let i = 0; i < 3_000_000; i++) sum = (sum * 31 + i) | 0;
  return sum;
};
const parts = items.slice(0, 400);
const threads = (workerCount) => async () => {
  const workers = new FanOut({ workerCount, on: 'workers' });
  await workers.distribute(parts.slice(0, 8 * workerCount), compute);
  return { run: () => workers.distribute(parts, compute), close: () => workers.close() };
};
const cores = Math.min(availableParallelism(), 2);
const medians = await sideBySide(
  'fan-out, CPU work',
  'ms',
  'less',
  { 'one thread': threads(1), [`${cores} threads`]: threads(cores) },
  async ({ run }) => {
    const began = performance.now();
    await run();
    return performance.now() - began;
  },
);
if (medians !== undefined) {
  const [one, several] = Object.values(medians);
  console.log(`  ${cores} threads are ${(one / several).toFixed(2)} times as fast as one`);
}
