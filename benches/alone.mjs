/** What has no peer to stand beside: idling, memory, completions, scaling. `npm run bench` runs it after the comparison. */
import { readFileSync } from 'node:fs';
import { FixedWorkerPool } from 'millrace';

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const threads = () => Number(/Threads:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Voluntary switches of every thread of this process: each is a wake-up. */
async function switches() {
  const { readdirSync } = await import('node:fs');
  let sum = 0;
  for (const task of readdirSync('/proc/self/task')) {
    const status = readFileSync(`/proc/self/task/${task}/status`, 'utf8');
    sum += Number(/\nvoluntary_ctxt_switches:\s+(\d+)/.exec(status)?.[1] ?? 0);
  }
  return sum;
}

async function idle() {
  const before = await idleSample();
  const pool = new FixedWorkerPool(2, { processor: (n) => n });
  await pool.submitBatch([1, 2, 3]);
  await sleep(3000);
  const after = await idleSample();
  console.log(
    `an idle pool of 2 over 5 s: ${after.switches} wake-ups in all threads (${before.switches} without a pool), ` +
      `${((after.cpu / 5e6) * 100).toFixed(2)} % of a core, ${threads()} threads`,
  );
  await pool.close();
}

async function idleSample() {
  const from = await switches();
  const cpu = process.cpuUsage();
  await sleep(5000);
  const used = process.cpuUsage(cpu);
  return { switches: (await switches()) - from, cpu: used.user + used.system };
}

async function memory() {
  const pool = new FixedWorkerPool(1, {
    processor: (n) => {
      if (n < 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, -n);
      return n;
    },
  });
  await pool.ready();
  const total = 1_000_000;
  const round = async () => {
    const blocked = pool.submit(-3000);
    globalThis.gc?.();
    const before = process.memoryUsage().rss;
    let last;
    for (let i = 0; i < total; i++) last = pool.submit(i);
    globalThis.gc?.();
    const each = (process.memoryUsage().rss - before) / total;
    await blocked;
    await last;
    return each;
  };
  console.log(
    `memory per queued small task: ${Math.round(await round())} bytes (a million queued, promise included)`,
  );
  const flat = [];
  for (let part = 0; part < 5; part++) {
    for (let batch = 0; batch < 10; batch++) {
      await Promise.all(Array.from({ length: 100_000 }, (_, i) => pool.submit(i)));
    }
    globalThis.gc?.();
    flat.push(Math.round(process.memoryUsage().rss / 1e6));
  }
  console.log(`resident memory after each of 5 million tasks: ${flat.join(', ')} MB`);
  await pool.close();
}

async function completions() {
  const pool = new FixedWorkerPool(1, { processor: (n) => n });
  await pool.ready();
  const many = [];
  for (let round = 0; round < 15; round++) {
    const began = performance.now();
    await Promise.all(Array.from({ length: 10_000 }, (_, i) => pool.submit(i)));
    many.push(((performance.now() - began) / 10_000) * 1000);
  }
  const one = [];
  for (let round = 0; round < 2000; round++) {
    const began = performance.now();
    await pool.submit(round);
    one.push((performance.now() - began) * 1000);
  }
  console.log(
    `a task there and back: alone ${median(one).toFixed(1)} µs, each of 10,000 at once ${median(many).toFixed(2)} µs`,
  );
  await pool.close();
}

async function scaling() {
  const work = (n) => {
    let x = 0;
    for (let i = 0; i < n * 1e6; i++) x = Math.imul(x + i, 31);
    return x;
  };
  const time = async (workers) => {
    const pool = new FixedWorkerPool(workers, { processor: work });
    await pool.ready();
    await pool.submitBatch(Array(8).fill(1));
    const began = performance.now();
    await pool.submitBatch(Array(60).fill(20));
    const ms = performance.now() - began;
    await pool.close();
    return ms;
  };
  const ratios = [];
  for (let round = 0; round < 5; round++) ratios.push((await time(1)) / (await time(2)));
  console.log(`2 workers beside 1 on computing: ${median(ratios).toFixed(2)} times as fast`);
}

await completions();
await scaling();
await memory();
if (process.platform === 'linux') await idle();
