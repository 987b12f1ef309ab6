/** The text's performance tips. */
import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { afterEach, describe, test } from 'node:test';
import { Channel, FixedWorkerPool } from 'millrace';
import { nothingLeft, upTo } from './goroutines.js';

afterEach(nothingLeft);

describe('Performance Tips', () => {
  test('1. Buffer Channels Appropriately: a buffer takes what nobody waits for', () => {
    const [bad, good] = [new Channel<number>(), new Channel<number>(100)];
    assert.deepEqual([bad.trySend(1), good.trySend(1)], [false, true]);
  });

  test('3. Right-Size Worker Pools: as many workers as processors', async () => {
    const pool = new FixedWorkerPool<number, number>(availableParallelism(), {
      processor: (n: number) => n * n,
    });
    assert.deepEqual(
      await pool.submitBatch(upTo(100)),
      upTo(100).map((n) => n * n),
    );
    assert.equal(pool.getWorkerCount(), availableParallelism());
    await pool.close();
  });
});
