/**
 * A map of all threads beside a `Map` in one thread, and beside asking the main thread for its `Map` by `postMessage`:
 * `npm run bench [-- words of the names]`.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { SharedMap } from 'millrace';
import { sideBySide } from './side-by-side.mjs';

/** Answers a thread's questions out of a `Map` of the main thread. */
function answer(worker, map) {
  worker.on('message', ({ key, value, asked }) => {
    if (asked === undefined) return;
    if (value !== undefined) map.set(key, value);
    worker.postMessage({ asked, value: value === undefined ? map.get(key) : undefined });
  });
}

/** Threads that get and set in turn, told to by a message, in this way; `count` operations each. */
const threads = (way, total, count, kind) => async () => {
  const shared = new SharedMap();
  const kept = new Map();
  const workers = [];
  for (let me = 0; me < total; me++) {
    const workerData = { way, me, count, kind, handle: shared.toHandle() };
    const worker = new Worker(new URL('./worker-map.mjs', import.meta.url), { workerData });
    await once(worker, 'message');
    if (way === 'postMessage') answer(worker, kept);
    workers.push(worker);
  }
  const close = () => Promise.all(workers.map((worker) => worker.terminate()));
  return { workers, all: total * count, close };
};

const done = (worker) =>
  new Promise((resolve) => {
    const listen = (message) => {
      if (message !== 'done') return;
      worker.off('message', listen);
      resolve();
    };
    worker.on('message', listen);
  });

/** Operations a second, of all threads together. */
async function operations({ workers, all }) {
  const ends = workers.map(done);
  const began = performance.now();
  for (const worker of workers) worker.postMessage('begin');
  await Promise.all(ends);
  return (all / (performance.now() - began)) * 1000;
}

const [many, few] = [300_000, 10_000];
for (const kind of ['numbers', 'short strings', 'small objects']) {
  const medians = await sideBySide(
    `map, ${kind}, get and set`,
    'operations/s',
    'more',
    {
      'millrace 1 thread': threads('millrace', 1, many, kind),
      'millrace 2 threads': threads('millrace', 2, many, kind),
      'millrace 4 threads': threads('millrace', 4, many, kind),
      'Map in one thread': threads('Map', 1, many, kind),
      'postMessage 1 thread': threads('postMessage', 1, few, kind),
      'postMessage 2 threads': threads('postMessage', 2, few, kind),
      'postMessage 4 threads': threads('postMessage', 4, few, kind),
    },
    operations,
    2,
  );
  if (medians === undefined) continue;
  for (const threads of ['1 thread', '2 threads', '4 threads']) {
    const ratio = medians[`millrace ${threads}`] / medians[`postMessage ${threads}`];
    console.log(`  ${threads}: ${ratio.toFixed(1)} times asking by postMessage`);
  }
}
