/**
 * Memory while ten million items go through a pipeline whose last stage is the slow one: `node --expose-gc benches/pipelines-flat.mjs
 * [millions]`. What is in use after each million, and how far ahead the source was read at most.
 */
import { Pipeline } from '../dist/index.js';

const millions = Number(process.argv[2] ?? 10);
const million = 1_000_000;
let read = 0;
let done = 0;
let ahead = 0;

function* source() {
  for (; read < millions * million; read++) yield { id: read, text: `item ${read}` };
}

const pipeline = new Pipeline({ concurrency: 4, bufferSize: 64 })
  .map(({ id, text }) => ({ id, words: text.split(' ') }))
  .addFilter(({ words }) => words.length === 2)
  .map(async ({ id }) => id)
  .batch(100)
  .flatMap((ids) => ids.values(), { bufferSize: 2 })
  .map(
    (id) => {
      ahead = Math.max(ahead, read - done++);
      return id % 64 === 0 ? new Promise((resolve) => setImmediate(resolve, id)) : id;
    },
    { concurrency: 2 },
  );

const began = performance.now();
let count = 0;
for await (const _ of pipeline.processStream(source())) {
  if (++count % million !== 0) continue;
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  const mega = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
  console.log(
    `${count / million} million: heap ${mega(heapUsed)}, resident ${mega(rss)}, ${ahead} ahead at most`,
  );
}
console.log(`${((performance.now() - began) / 1000).toFixed(1)} s`);
