/**
 * Us and the peers, in one process, on the same work: `npm run bench [-- words of the names]`. Rounds alternate, so that a machine
 * that slows down slows all; each figure is a median, each ratio that of medians.
 */
import { moving, pools } from './pools.mjs';
import { sideBySide } from './side-by-side.mjs';

/** Many tasks in flight: tasks per second. Peers get fewer, so that each round lasts about as long. */
const throughput = (make) => async (pool) => {
  const count = pool.many ? 200_000 : 20_000;
  const tasks = new Array(count);
  const began = performance.now();
  for (let i = 0; i < count; i++) tasks[i] = pool.run(make(i));
  await Promise.all(tasks);
  return (count / (performance.now() - began)) * 1000;
};

/** One task at a time: microseconds there and back. */
const latency = async (pool) => {
  const count = 3000;
  const began = performance.now();
  for (let i = 0; i < count; i++) await pool.run(i);
  return ((performance.now() - began) / count) * 1000;
};

const withCount = (workers) =>
  Object.fromEntries(
    Object.entries(pools).map(([name, make]) => [
      name,
      async () => ({ ...(await make(workers)), many: name === 'millrace' }),
    ]),
  );

const object = (id) => ({ id, name: 'a name', active: true, score: 1.5, note: null });
for (const workers of [1, 2]) {
  const makers = withCount(workers);
  await sideBySide(
    `numbers, many in flight, ${workers} workers`,
    'tasks/s',
    'more',
    makers,
    throughput((i) => i),
  );
  await sideBySide(`objects of 5 fields, ${workers} workers`, 'tasks/s', 'more', makers, throughput(object));
}
await sideBySide('one at a time', 'µs', 'less', withCount(1), latency);

const megabyte = 1 << 20;
const bytes = new Uint8Array(megabyte).fill(7);
const cloned = async (pool) => {
  const count = 200;
  const began = performance.now();
  for (let i = 0; i < count; i++) await pool.run(bytes);
  return ((performance.now() - began) / count) * 1000;
};
await sideBySide('1 MB cloned there and back', 'µs', 'less', withCount(1), cloned);
const moved = async (pool) => {
  const count = 200;
  let one = new Uint8Array(megabyte);
  const began = performance.now();
  for (let i = 0; i < count; i++) one = await pool.run(one);
  return ((performance.now() - began) / count) * 1000;
};
await sideBySide('1 MB moved there and back', 'µs', 'less', moving, moved);
