/** One of the threads that contend in locks.mjs: takes the lock of its `workerData` until it is told to stop. */
import { parentPort, workerData } from 'node:worker_threads';
import { Mutex } from 'millrace';

const { me, handle, memory } = workerData;
const words = new Int32Array(memory);
const { stop, counter, holder, handOvers, lock: word } = workerData.places;

/** About a microsecond of computing. Without some, whether threads meet at the lock at all is chance. */
let last = 0;
function compute() {
  for (let i = 0; i < 1000; i++) last = Math.imul(last + i, 31);
}

/** What the lock guards: plain memory, so that a lock that lets two in is found out. */
function guarded() {
  compute();
  words[counter]++;
  if (words[holder] === me) return;
  words[holder] = me;
  words[handOvers]++;
}

const ways = {
  millrace: () => {
    const mutex = Mutex.from(handle);
    return () => {
      const guard = mutex.lockSync();
      guarded();
      guard.release();
    };
  },
  multithreading: async () => {
    // It asks the browser's way how many processors there are, which Node 20 does not know.
    globalThis.navigator ??= { hardwareConcurrency: 1 };
    const { Mutex } = await import('multithreading');
    const mutex = new Mutex(undefined, workerData.word);
    return () => {
      const guard = mutex.blockingLock();
      guarded();
      guard.dispose();
    };
  },
  /** The usual recipe: 0 free, 1 held, 2 held and somebody may wait. */
  atomics: () => () => {
    if (Atomics.compareExchange(words, word, 0, 1) !== 0) {
      while (Atomics.exchange(words, word, 2) !== 0) Atomics.wait(words, word, 2);
    }
    guarded();
    if (Atomics.exchange(words, word, 0) === 2) Atomics.notify(words, word, 1);
  },
};
const pass = await ways[workerData.way]();

parentPort.on('message', () => {
  let passed = 0;
  while (Atomics.load(words, stop) === 0) {
    pass();
    compute();
    passed++;
  }
  parentPort.postMessage(passed);
});
parentPort.postMessage('ready');
