/**
 * A storm: many tasks over 4 workers while a seeded chaos throws, rejects, hangs, allocates without end, ends threads, aborts and
 * times out. Every promise settles once, with the right class, and the pool is healthy at the end. `STORM` sets the tasks.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FixedWorkerPool } from 'millrace';
import { onBun } from './helpers.js';

const total = Number(process.env['STORM'] ?? 20_000);
const seed = Number(process.env['SEED'] ?? 20_261_121);

/** A small generator of random numbers, so that a storm can be had again. */
function random(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Deed = { deed: string; n: number };

const deeds = async ({ deed, n }: Deed): Promise<number> => {
  switch (deed) {
    case 'throw':
      throw new RangeError(`thrown ${n}`);
    case 'hang':
      return new Promise(() => undefined);
    case 'spin':
      for (;;);
    case 'memory': {
      const hoard: unknown[] = [];
      for (;;) hoard.push(new Array(10_000).fill({ some: n }));
    }
    case 'exit':
      return process.exit(n % 100);
    case 'stray':
      setImmediate(() => {
        throw new Error('stray');
      });
      return new Promise(() => undefined);
    case 'wait':
      await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return n;
};

test(`a storm of ${total} tasks, seed ${seed}`, { timeout: 300_000 }, async () => {
  const pool = new FixedWorkerPool<Deed, number>(4, {
    processor: deeds as never,
    resourceLimits: { maxOldGenerationSizeMb: 24 },
    concurrentTasksPerWorker: 2,
    abortGrace: 30,
    restartBackoff: 1,
    stderr: true,
  });
  const chance = random(seed);
  const settled = new Uint8Array(total);
  const outcomes = new Map<string, number>();
  const one = async (n: number): Promise<void> => {
    const roll = chance();
    let deed = 'echo';
    const options: { signal?: AbortSignal; timeout?: number; idempotent?: boolean } = {};
    // The deadly ones are few: each costs a thread.
    // Bun has no memory limit for a thread: there, allocating without end ends the process.
    if (roll < 0.0004) deed = onBun ? 'exit' : 'memory';
    else if (roll < 0.002) deed = 'exit';
    else if (roll < 0.0025) deed = 'stray';
    else if (roll < 0.0035) [deed, options.timeout] = ['spin', 20];
    else if (roll < 0.006) [deed, options.timeout] = ['hang', 20];
    else if (roll < 0.05) deed = 'throw';
    else if (roll < 0.15) deed = 'wait';
    const stop = new AbortController();
    const aborts = chance() < 0.05;
    if (aborts) options.signal = stop.signal;
    if (chance() < 0.1) options.idempotent = true;
    const task = pool.submit({ deed, n }, options);
    if (aborts) setImmediate(() => stop.abort());
    let outcome: string;
    try {
      assert.equal(await task, n);
      outcome = 'done';
      assert.ok(deed === 'echo' || deed === 'wait', deed);
    } catch (error) {
      const { code, name, message } = error as Error & { code?: string | number };
      outcome = typeof code === 'string' ? code : name;
      if (name === 'RangeError') assert.equal(message, `thrown ${n}`);
      else if (name === 'AbortError') assert.ok(aborts);
      else if (code === 'ERR_TASK_TIMEOUT') assert.ok(options.timeout !== undefined);
      else assert.ok(code === 'ERR_WORKER_CRASHED' || code === 'ERR_WORKER_REPLACED', `${name}: ${message}`);
    }
    settled[n] = (settled[n] ?? 0) + 1;
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  };
  let next = 0;
  const submitter = async (): Promise<void> => {
    while (next < total) await one(next++);
  };
  await Promise.all(Array.from({ length: 64 }, submitter));
  assert.ok(settled.every((times) => times === 1));
  assert.deepEqual(await pool.submitBatch([1, 2, 3].map((n) => ({ deed: 'echo', n }))), [1, 2, 3]);
  assert.ok(pool.getHealthStatus().healthy);
  assert.equal(pool.getWorkerCount(), 4);
  const { completed, failed, aborted, timedOut, submitted } = pool.getMetrics();
  const crashed = (outcomes.get('ERR_WORKER_CRASHED') ?? 0) + (outcomes.get('ERR_WORKER_REPLACED') ?? 0);
  assert.equal(completed + failed + aborted + timedOut + crashed, submitted);
  await pool.close();
});
