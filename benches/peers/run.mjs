/**
 * Us and the peers, in one process, on the same work: `npm run bench [-- words of the names]`. Rounds alternate, so that a machine
 * that slows down slows all; each figure is a median, each ratio that of medians.
 */
import { moving, pools } from './pools.mjs';

const words = process.argv.slice(2);
const wanted = (name) => words.length === 0 || words.some((word) => name.includes(word));
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const rounds = 7;

/** Measures `work` on each pool in turn; `work` gives a figure. */
async function sideBySide(name, unit, better, makers, work) {
  if (!wanted(name)) return;
  const open = {};
  for (const [pool, make] of Object.entries(makers)) open[pool] = await make();
  const figures = Object.fromEntries(Object.keys(open).map((pool) => [pool, []]));
  for (const pool of Object.values(open)) await work(pool);
  for (let round = 0; round < rounds; round++) {
    for (const [pool, it] of Object.entries(open)) figures[pool].push(await work(it));
  }
  for (const it of Object.values(open)) await it.close();
  const medians = Object.entries(figures).map(([pool, values]) => [pool, median(values)]);
  const peers = medians.filter(([pool]) => pool !== 'millrace');
  const sign = better === 'more' ? -1 : 1;
  const [best, figure] = peers.sort((a, b) => sign * (a[1] - b[1]))[0];
  const ours = median(figures.millrace);
  const ratio = better === 'more' ? ours / figure : figure / ours;
  const all = medians.map(([pool, value]) => `${pool} ${Math.round(value * 10) / 10}`).join('  ');
  console.log(`${name}\n  ${all} ${unit}\n  ${ratio.toFixed(1)} times the best peer (${best})`);
}

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
