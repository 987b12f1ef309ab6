/** Atomics beside bare `Atomics`, and beside a message to whoever keeps the count: `npm run bench [-- words of the names]`. */
import { MessageChannel } from 'node:worker_threads';
import { AtomicF64, AtomicI32, AtomicI64, AtomicRef } from 'millrace';
import { sideBySide } from './side-by-side.mjs';

const times = 200_000;
/** Nanoseconds for one addition. `addAll` does so many. */
async function addition({ addAll }) {
  const began = performance.now();
  await addAll(times);
  return ((performance.now() - began) / times) * 1e6;
}
const close = () => {};
/** A peer that does one thing again and again. */
const again = (make) => () => {
  const add = make();
  const addAll = (count) => {
    for (let i = 0; i < count; i++) add();
  };
  return { addAll, close };
};

await sideBySide(
  'atomics, one addition',
  'ns',
  'less',
  {
    'millrace AtomicI32': again(() => {
      const atomic = new AtomicI32();
      return () => atomic.add(1);
    }),
    'millrace AtomicI64': again(() => {
      const atomic = new AtomicI64();
      return () => atomic.add(1n);
    }),
    'millrace AtomicI64, numbers': again(() => {
      const atomic = new AtomicI64();
      return () => atomic.addNumber(1);
    }),
    'millrace AtomicF64': again(() => {
      const atomic = new AtomicF64();
      return () => atomic.add(1);
    }),
    'millrace AtomicRef': again(() => {
      const atomic = new AtomicRef(0);
      const next = (value) => value + 1;
      return () => atomic.update(next);
    }),
    'bare Atomics': again(() => {
      const cells = new Int32Array(new SharedArrayBuffer(4));
      return () => Atomics.add(cells, 0, 1);
    }),
    postMessage: () => {
      const { port1, port2 } = new MessageChannel();
      let count = 0;
      let done;
      let goal = 0;
      port2.on('message', (n) => {
        count += n;
        if (count === goal) done();
      });
      const addAll = (more) =>
        new Promise((resolve) => {
          done = resolve;
          goal = count + more;
          for (let i = 0; i < more; i++) port1.postMessage(1);
        });
      return { addAll, close: () => port1.close() };
    },
  },
  addition,
  2,
);
