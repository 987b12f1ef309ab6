/** Locks beside those of one thread, and a mutex beside the `Atomics` recipe: `npm run bench [-- words of the names]`. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { Mutex as AsyncMutex, Semaphore as AsyncSemaphore } from 'async-mutex';
import { Sema } from 'async-sema';
import { Mutex, Semaphore } from 'millrace';
import { sideBySide } from './side-by-side.mjs';

const alone = 200_000;
/** Nobody waits: nanoseconds to take a lock and give it back. `passAll` does it so often. */
async function nobodyWaits({ passAll }) {
  const began = performance.now();
  await passAll(alone);
  return ((performance.now() - began) / alone) * 1e6;
}
const close = () => {};

const asyncSema = (permits) => () => {
  const sema = new Sema(permits);
  const passAll = async (times) => {
    for (let i = 0; i < times; i++) {
      await sema.acquire();
      sema.release();
    }
  };
  return { passAll, close };
};
await sideBySide(
  'locks, mutex, nobody waits',
  'ns',
  'less',
  {
    millrace: () => {
      const mutex = new Mutex();
      const passAll = async (times) => {
        for (let i = 0; i < times; i++) (await mutex.lock()).release();
      };
      return { passAll, close: () => mutex.close() };
    },
    'async-mutex': () => {
      const mutex = new AsyncMutex();
      const passAll = async (times) => {
        for (let i = 0; i < times; i++) (await mutex.acquire())();
      };
      return { passAll, close };
    },
    'async-sema': asyncSema(1),
  },
  nobodyWaits,
  2,
);

const permits = 4;
await sideBySide(
  'locks, semaphore, nobody waits',
  'ns',
  'less',
  {
    millrace: () => {
      const semaphore = new Semaphore(permits);
      const passAll = async (times) => {
        for (let i = 0; i < times; i++) (await semaphore.acquire()).release();
      };
      return { passAll, close: () => semaphore.close() };
    },
    'async-mutex': () => {
      const semaphore = new AsyncSemaphore(permits);
      const passAll = async (times) => {
        for (let i = 0; i < times; i++) (await semaphore.acquire())[1]();
      };
      return { passAll, close };
    },
    'async-sema': asyncSema(permits),
  },
  nobodyWaits,
  2,
);

const threads = 4;
const places = { stop: 0, counter: 1, holder: 2, handOvers: 3, lock: 16 };
const contenders = (way, options) => async () => {
  const mutex = new Mutex(options);
  const memory = new SharedArrayBuffer(128);
  const word = new SharedArrayBuffer(4);
  const workers = [];
  for (let me = 1; me <= threads; me++) {
    const workerData = { way, me, places, memory, word, handle: mutex.toHandle() };
    const worker = new Worker(new URL('./worker-locks.mjs', import.meta.url), { workerData });
    await once(worker, 'message');
    workers.push(worker);
  }
  const close = async () => {
    for (const worker of workers) await worker.terminate();
    mutex.close();
  };
  return { words: new Int32Array(memory), workers, close };
};
/**
 * All contend for a quarter of a second, computing a little with the lock and without: what is in `place` then, a second. Ours goes to
 * the next in line each time. The recipe mostly stays with the thread that has it: how often it changes hands hangs on where the kernel
 * puts those it wakes, and varies by a factor of 50 from run to run. Hence both figures.
 */
const contention =
  (place) =>
  async ({ words, workers }) => {
    words.fill(0);
    const answers = workers.map((worker) => once(worker, 'message'));
    const began = performance.now();
    for (const worker of workers) worker.postMessage('begin');
    await sleep(250);
    Atomics.store(words, places.stop, 1);
    const took = performance.now() - began;
    const passed = (await Promise.all(answers)).reduce((sum, [times]) => sum + times, 0);
    if (passed !== words[places.counter])
      throw new Error(`locked ${passed} times, counted ${words[places.counter]}`);
    return (words[place] / took) * 1000;
  };
const ways = {
  millrace: contenders('millrace'),
  'millrace, fair: false': contenders('millrace', { fair: false }),
  'Atomics.wait': contenders('atomics'),
  multithreading: contenders('multithreading'),
};
await sideBySide(
  `locks, mutex, ${threads} threads contend: to another thread`,
  'hand-overs/s',
  'more',
  ways,
  contention(places.handOvers),
  2,
);
await sideBySide(
  `locks, mutex, ${threads} threads contend: to any thread`,
  'times locked/s',
  'more',
  ways,
  contention(places.counter),
  2,
);
