/**
 * How long `process.exit` takes with 8 workers, beside the same with 8 bare `worker_threads`: from the call to the end of the
 * process, as its parent sees it. Each in a process of its own.
 */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

const states = {
  idle: { work: '', settle: 200 },
  parked: { work: '', settle: 0 },
  computing: { work: 'for (;;);', settle: 100 },
  waiting: { work: 'await new Promise((resolve) => setTimeout(resolve, 1e9));', settle: 100 },
};

const ours = ({ work, settle }) => `
  const { FixedWorkerPool } = await import('millrace');
  const pool = new FixedWorkerPool(8, { processor: async (n) => { if (n === 0) return 0; ${work} } });
  await pool.ready();
  await Promise.all(Array.from({ length: 800 }, () => pool.submit(0)));
  if (${work !== ''}) for (let i = 0; i < 8; i++) pool.submit(1);
  await new Promise((resolve) => setTimeout(resolve, ${settle}));`;

const bare = ({ work, settle }) => {
  const text = `import { parentPort } from 'node:worker_threads';
    parentPort.on('message', async () => { ${work} });
    parentPort.postMessage(0);`;
  return `
    const { Worker } = await import('node:worker_threads');
    const url = new URL(${JSON.stringify(`data:text/javascript,${encodeURIComponent(text)}`)});
    const workers = Array.from({ length: 8 }, () => new Worker(url));
    await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))));
    for (const worker of workers) worker.postMessage(1);
    await new Promise((resolve) => setTimeout(resolve, ${settle}));`;
};

function run(source, runtime) {
  const text = `${source}\nprocess.stdout.write('x', () => process.exit(0));`;
  const bun = runtime.endsWith('bun');
  const child = spawn(runtime, bun ? ['-e', text] : ['--input-type=module', '-e', text], {
    cwd: new URL('.', import.meta.url).pathname,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve) => {
    let began;
    child.stdout.once('data', () => (began = performance.now()));
    child.on('exit', () => resolve(performance.now() - began));
  });
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const runtime = resolve(process.argv[2] ?? process.execPath);
for (const [name, state] of Object.entries(states)) {
  const times = { ours: [], bare: [] };
  for (let round = 0; round < 7; round++) {
    times.ours.push(await run(ours(state), runtime));
    times.bare.push(await run(bare(state), runtime));
  }
  const [with8, without] = [median(times.ours), median(times.bare)];
  console.log(
    `process.exit with 8 workers ${name}: ${with8.toFixed(0)} ms, bare threads ${without.toFixed(0)} ms`,
  );
}
