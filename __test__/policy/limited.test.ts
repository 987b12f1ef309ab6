/** A limiter or a semaphore as a part of a policy. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { limited, Semaphore } from 'millrace';

describe('limited', () => {
  test('by a semaphore holds a permit while the function runs, however it ends', async () => {
    const semaphore = new Semaphore(2);
    const part = limited(semaphore, 2);
    await part.call(() => assert.equal(semaphore.available, 0));
    await assert.rejects(
      part.call(() => Promise.reject(new RangeError())),
      RangeError,
    );
    assert.equal(semaphore.available, 2);
  });

  test('waits its turn, as long as it may', async () => {
    const semaphore = new Semaphore(1);
    const held = await semaphore.acquire();
    const call = limited(semaphore).call(() => 'passed');
    await assert.rejects(
      limited(semaphore, 1, { timeout: 1 }).call(() => assert.fail('it was called')),
      { code: 'ERR_TIMEOUT' },
    );
    const controller = new AbortController();
    const aborted = limited(semaphore).call(() => assert.fail('it was called'), {
      signal: controller.signal,
    });
    controller.abort(new RangeError('enough'));
    await assert.rejects(aborted, RangeError);
    held.release();
    assert.equal(await call, 'passed');
    assert.deepEqual([semaphore.available, semaphore.waiting], [1, 0]);
  });

  test('by a rate limiter gives nothing back', async () => {
    const told: unknown[] = [];
    const limiter = {
      tryAcquire: (count: number) => told.push(['try', count]) < 2,
      acquire: async (count: number, options: object) => void told.push(['wait', count, options]),
    };
    const part = limited(limiter as never, 3, { timeout: 50 });
    assert.deepEqual([await part.call(() => 1), await part.call(() => 2)], [1, 2]);
    assert.deepEqual(told, [
      ['try', 3],
      ['try', 3],
      ['wait', 3, { timeout: 50 }],
    ]);
  });
});
