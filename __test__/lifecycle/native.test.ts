/** Where native add-ons with threads have crashed: each in a process of its own, which must live to say so. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { child, onBun, packageUrl } from '../helpers.js';

const isolateUrl = import.meta.resolve('#millrace/isolate.js');
const prelude = `
  import { Worker } from 'node:worker_threads';
  import { once } from 'node:events';
  const start = (text, workerData) => new Worker(
    new URL('data:text/javascript,' + encodeURIComponent(
      \`import { parentPort, workerData } from 'node:worker_threads';
      import * as millrace from ${JSON.stringify(packageUrl)};
      import { fast } from ${JSON.stringify(isolateUrl)};\` + text)),
    { workerData });
`;

async function lives(source: string): Promise<void> {
  const { code, signal, stdout, stderr } = await child(`${prelude}${source}; console.log('alive');`, {
    deadline: 60_000,
  });
  assert.equal(signal, null, stderr);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /alive/);
}

test('results for a thread that is gone reach nobody (oven-sh/bun#34067, #33968)', () =>
  lives(`
    const pool = new millrace.FixedWorkerPool(2, { processor: (n) => n });
    await pool.ready();
    for (let round = 0; round < 40; round++) {
      const thread = start(\`
        const pool = millrace.FixedWorkerPool.from(workerData);
        const again = () => { for (let i = 0; i < 2000; i++) pool.submit(i).catch(() => {}); setImmediate(again); };
        again();
        parentPort.postMessage('up');\`, pool.toHandle());
      await once(thread, 'message');
      await thread.terminate();
    }
    if (await pool.submit(5) !== 5) throw new Error('the pool is not whole');
    await pool.close()`));

test('a queue delivered as its environment ends is accepted (oven-sh/bun#39810)', () =>
  lives(`
    const pool = new millrace.FixedWorkerPool(2, { processor: (n) => n });
    for (let round = 0; round < 30; round++) {
      const thread = start(\`
        const pool = millrace.FixedWorkerPool.from(workerData);
        for (let i = 0; i < 500; i++) pool.submit(i).then((n) => { if (n === 100) process.exit(0); });\`,
        pool.toHandle());
      await once(thread, 'exit');
    }
    await pool.close()`));

test('what is not collected is released after the cleanup hooks have run (nodejs/node#45903)', () =>
  lives(`
    for (let round = 0; round < 10; round++) {
      const thread = start(\`
        globalThis.pools = Array.from({ length: 20 }, () => new millrace.DynamicWorkerPool({ minWorkers: 0 }));
        parentPort.postMessage('up');\`);
      await once(thread, 'exit');
    }`));

test(
  'terminate() of a thread with waits open aborts nothing (nodejs/node#34567)',
  {
    skip: onBun && 'Bun does not end nested workers',
  },
  () =>
    lives(`
    for (let round = 0; round < 10; round++) {
      const thread = start(\`
        const pool = new millrace.FixedWorkerPool(2, { processor: () => new Promise(() => {}) });
        for (let i = 0; i < 50; i++) pool.submit(i).catch(() => {});
        await pool.ready();
        parentPort.postMessage('up');\`);
      await once(thread, 'message');
      await thread.terminate();
    }`),
);

test('a throw into an environment that ends is not fatal (node-addon-api PR#902)', () =>
  lives(`
    for (let round = 0; round < 10; round++) {
      const thread = start(\`
        const pool = new millrace.FixedWorkerPool(1, { processor: (n) => n });
        await pool.submit(1);
        process.on('exit', () => {
          for (const name of Object.keys(fast)) try { fast[name]('nonsense'); } catch {}
          pool.submit(2);
        });
        process.exit(0);\`);
      await once(thread, 'exit');
    }`));
