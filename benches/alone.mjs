/** What has no peer to stand beside: idling, memory, completions, scaling. `npm run bench` runs it after the comparison. */
import { spawnSync } from 'node:child_process';
import { FixedWorkerPool } from 'millrace';

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

/** Wake-ups and processor time of an idle process over 5 s, with a pool or without, each in a process of its own. */
function idle() {
  const look = (pool) => {
    const run = spawnSync(process.execPath, [new URL('./idle.mjs', import.meta.url).pathname, pool], {
      encoding: 'utf8',
    });
    return JSON.parse(run.stdout);
  };
  const [without, with2] = [look('none'), look('pool')];
  console.log(
    `an idle pool of 2 over 5 s: its threads wake ${with2.workers} times, the others ${with2.others} times ` +
      `(${without.others} without a pool), ${with2.percent} % of a core (${without.percent} without)`,
  );
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
  // A request that native code answers at once: what is left is the port, its wake-up and the promise.
  const answers = [];
  for (let round = 0; round < 2000; round++) {
    const began = performance.now();
    await pool.scaleUp(0);
    answers.push((performance.now() - began) * 1000);
  }
  const burst = [];
  for (let round = 0; round < 15; round++) {
    const began = performance.now();
    await Promise.all(Array.from({ length: 10_000 }, () => pool.scaleUp(0)));
    burst.push(((performance.now() - began) / 10_000) * 1000);
  }
  console.log(
    `a completion through the port: alone ${median(answers).toFixed(1)} µs, each of 10,000 at once ${median(burst).toFixed(2)} µs`,
  );
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
if (process.platform === 'linux') idle();
