/** One idle process, looked at for 5 s: `node benches/idle.mjs pool|none`. Linux only. */
import { readdirSync, readFileSync } from 'node:fs';
import { FixedWorkerPool } from 'millrace';

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** How often each thread has gone to sleep, by its number. */
function sleeps() {
  const counts = new Map();
  for (const task of readdirSync('/proc/self/task')) {
    const status = readFileSync(`/proc/self/task/${task}/status`, 'utf8');
    counts.set(task, Number(/\nvoluntary_ctxt_switches:\s+(\d+)/.exec(status)?.[1] ?? 0));
  }
  return counts;
}

const own = new Set(readdirSync('/proc/self/task'));
if (process.argv[2] === 'pool') {
  const pool = new FixedWorkerPool(2, { processor: (n) => n });
  await pool.submitBatch([1, 2, 3]);
}
await sleep(3000);
const before = sleeps();
const cpu = process.cpuUsage();
await sleep(5000);
const used = process.cpuUsage(cpu);
let workers = 0;
let others = 0;
for (const [task, count] of sleeps()) {
  const woken = count - (before.get(task) ?? 0);
  if (own.has(task)) others += woken;
  else workers += woken;
}
console.log(
  JSON.stringify({ workers, others, percent: (((used.user + used.system) / 5e6) * 100).toFixed(2) }),
);
