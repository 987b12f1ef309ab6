/** The usage examples of the text the project grew from, §2, as they stand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DynamicWorkerPool, FixedWorkerPool } from 'millrace';

const processor = (text: string): number => text.length;

test('a dynamic worker pool with auto-scaling', async () => {
  const pool = new DynamicWorkerPool<string, number>({
    minWorkers: 2,
    maxWorkers: 10,
    idleTimeout: 30000,
    enableAutoScaling: true,
    scalingThreshold: 0.8,
    processor,
  });
  const result: number = await pool.submit('process-data');
  const results: number[] = await pool.submitBatch(['task1', 'task2', 'task3']);
  assert.deepEqual([result, results], [12, [5, 5, 5]]);
  const up: Promise<void> = pool.scaleUp(1);
  await up;
  const down: Promise<void> = pool.scaleDown(1);
  await down;
  const count: number = pool.getWorkerCount();
  const length: number = pool.getQueueLength();
  assert.deepEqual([count, length], [2, 0]);
  assert.ok(pool.getHealthStatus().healthy);
  await pool.restartUnhealthyWorkers();
  await pool.close();
});

test('a fixed worker pool for predictable resource usage', async () => {
  const fixedPool = new FixedWorkerPool<string, number>(4, { processor });
  const result: number = await fixedPool.submit('heavy-computation');
  assert.equal(result, 17);
  assert.deepEqual(
    [fixedPool.getWorkerCount(), fixedPool.getQueueLength(), fixedPool.isIdle()],
    [4, 0, true],
  );
  await fixedPool.close();
});

test('without a processor, as the text has it, submit rejects and says how to give one', async () => {
  const pool = new FixedWorkerPool<string, number>(4);
  await assert.rejects(pool.submit('heavy-computation'), /has no processor/);
  await pool.close();
});
