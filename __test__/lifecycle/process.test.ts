/** Life and death, in processes of their own. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { child, onBun } from '../helpers.js';

const pool = (workers: number, options = '') => `
  const processor = (what) => {
    if (what === 'spin') for (;;);
    if (what === 'hang') return new Promise(() => {});
    if (what === 'tick') return new Promise((resolve) => setTimeout(resolve, 1));
    return what;
  };
  const pool = new millrace.FixedWorkerPool(${workers}, { processor, ${options} });
  await pool.ready();`;

/** Until every worker runs something. */
const allBusy =
  'while (pool.getHealthStatus().running < pool.getWorkerCount()) await new Promise((r) => setImmediate(r));';

const states: Record<string, string> = {
  idle: '',
  starting: `const other = new millrace.FixedWorkerPool(8, { processor });`,
  parked: `for (let i = 0; i < 100; i++) await pool.submit(i);`,
  'in the middle of small tasks': `for (let i = 0; i < 50_000; i++) pool.submit(i); await pool.submit(0);`,
  'in asynchronous tasks': `for (let i = 0; i < 8; i++) pool.submit('hang'); ${allBusy}`,
  'in endless loops': `for (let i = 0; i < 8; i++) pool.submit('spin'); ${allBusy}`,
};

describe('process.exit from the main thread, with 8 workers', () => {
  for (const [state, source] of Object.entries(states)) {
    test(state, async () => {
      const { code, signal, stderr, stdout } = await child(
        `${pool(8)} ${source}; console.log('exiting'); process.exit(7);`,
      );
      assert.deepEqual([code, signal, stdout, stderr], [7, null, 'exiting\n', '']);
    });
  }
});

describe('the end of the main module', () => {
  test('ends the process although a pool is open and idle', async () => {
    const { code, stderr } = await child(`${pool(4)} await pool.submit(1);`);
    assert.deepEqual([code, stderr], [0, '']);
  });

  test('does not end the process while a task is pending', async () => {
    const { code, stdout } = await child(`${pool(1)} pool.submit('tick').then(() => console.log('done'));`);
    assert.deepEqual([code, stdout], [0, 'done\n']);
  });

  test('does not end the process before close has closed', async () => {
    const { code, stdout } = await child(
      `${pool(1)} pool.submit('tick'); pool.close().then(() => console.log('closed'));`,
    );
    assert.deepEqual([code, stdout], [0, 'closed\n']);
  });

  test('ends the process although a pool was abandoned with its workers starting', async () => {
    const { code } = await child(`new millrace.FixedWorkerPool(4, { processor: (x) => x });`);
    assert.equal(code, 0);
  });
});

describe('an uncaught error in the main thread', () => {
  test('ends the process as ever, with 8 workers at work', async () => {
    const { code, signal, stderr } = await child(
      `${pool(8)} ${states['in endless loops']} throw new Error('mine');`,
    );
    assert.deepEqual([code, signal], [1, null]);
    assert.match(stderr, /mine/);
  });
});

describe('a thread that owns a pool', () => {
  for (const [state, source] of Object.entries(states)) {
    test(`can be terminated while its workers are ${state}`, {
      skip: onBun && 'bun does not end nested workers',
    }, async () => {
      const inner = `const millrace = await import(process.env.MILLRACE); ${pool(4)} ${source}
        const { parentPort } = await import('node:worker_threads'); parentPort.postMessage('there'); setInterval(() => {}, 1000);`;
      const { code, stdout, stderr } = await child(`
        import { Worker } from 'node:worker_threads';
        process.env.MILLRACE = ${JSON.stringify(new URL('../../../dist/index.js', import.meta.url).href)};
        for (let round = 0; round < 3; round++) {
          const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(${JSON.stringify(inner)})));
          await new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject));
          await worker.terminate();
        }
        ${pool(2)}
        console.log(await pool.submit('still here'));`);
      assert.deepEqual([code, stdout, stderr], [0, 'still here\n', '']);
    });
  }
});

test('a pool that nothing refers to any more ends its tasks, then its threads', {
  skip: onBun && 'Bun collects when it likes',
}, async () => {
  const { code, stdout, stderr } = await child(
    `const states = [];
    const results = [];
    function use() {
      const pool = new millrace.FixedWorkerPool(2, { processor: (n) => n });
      pool.on('worker', ({ state }) => states.push(state));
      for (let i = 0; i < 100; i++) pool.submit(i).then((n) => results.push(n));
    }
    use();
    while (states.filter((state) => state === 'retired').length < 2) {
      gc();
      await new Promise((resolve) => setImmediate(resolve));
    }
    console.log(results.length);`,
    { args: ['--expose-gc'] },
  );
  assert.equal(code, 0, stderr);
  assert.equal(stdout.trim(), '100');
});

test('workers that come and go leave no memory behind', async () => {
  const { code, stdout, stderr } = await child(
    `
    const rss = () => { for (let i = 0; i < 5; i++) gc(); return process.memoryUsage().rss / 1e6; };
    const round = async () => {
      const pool = new millrace.FixedWorkerPool(4, { processor: (x) => x });
      await pool.submitBatch(Array.from({ length: 1000 }, (_, i) => ({ i })));
      await pool.close();
    };
    for (let i = 0; i < 10; i++) await round();
    const before = rss();
    for (let i = 0; i < 30; i++) await round();
    console.log(Math.round(rss() - before));`,
    { args: ['--expose-gc'], deadline: 60_000 },
  );
  assert.deepEqual([code, stderr], [0, '']);
  assert.ok(Number(stdout) < 60, `${stdout.trim()} MB more after 120 workers`);
});
