/** Stages that call with retry, a time limit or a limiter. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pipeline, Semaphore } from 'millrace';
import { pending, turns, until } from '../helpers.js';
import { broken, flaky, numbers } from './items.js';

test('retry calls again, by call or execute, and attempts are counted', async () => {
  const again = async (fn: () => Promise<unknown>): Promise<unknown> => {
    for (let left = 2; ; left--) {
      try {
        return await fn();
      } catch (error) {
        if (left === 0) throw error;
      }
    }
  };
  let given: unknown;
  const retries = [
    { execute: again },
    {
      call: (fn: (context: { signal: AbortSignal }) => Promise<unknown>, options?: object) => {
        given = options;
        return again(() => fn({ signal: new AbortController().signal }));
      },
    },
  ];
  for (const retry of retries) {
    const failing = new Map([
      [1, 2],
      [2, 3],
    ]);
    const pipeline = new Pipeline<number>({ onError: 'dead-letter' }).map(
      (n, { signal }) => {
        assert.ok(signal instanceof AbortSignal);
        const left = failing.get(n) ?? 0;
        failing.set(n, left - 1);
        if (left > 0) throw broken(n);
        return n;
      },
      { retry, name: 'retried' },
    );
    assert.deepEqual(await pipeline.processBatch([0, 1, 2]), [0, 1]);
    assert.equal((await pipeline.deadLetters.receive()).value?.attempts, 3);
    failing.set(1, 2);
    assert.equal(await pipeline.process(1), 1);
    failing.set(1, 3);
    await assert.rejects(pipeline.process(1), { code: 'ERR_ITEM_DROPPED' });
    assert.equal((await pipeline.deadLetters.receive()).value?.attempts, 3);
  }
  assert.ok((given as { signal: unknown }).signal instanceof AbortSignal);
});

test('timeout fails the call and tells it; its place is free when it has ended', async () => {
  const ends: (() => void)[] = [];
  const signals: (AbortSignal | undefined)[] = [];
  const pipeline = new Pipeline<number>({ onError: 'skip' }).map(
    (n, { signal }) => {
      signals.push(signal);
      return n === 0 ? new Promise<number>((resolve) => ends.push(() => resolve(n))) : n;
    },
    { timeout: 5, name: 'slow' },
  );
  const all = pipeline.processBatch([0, 1]);
  await until(() => signals[0]?.aborted === true);
  assert.match(String(signals[0]?.reason), /StageTimeoutError/);
  assert.ok(await pending(all), 'the place is taken');
  assert.equal(pipeline.getMetrics().inFlight, 1);
  ends[0]?.();
  assert.deepEqual(await all, [1]);
  const failing = new Pipeline<number>().map(() => new Promise<never>(() => undefined), { timeout: 1 });
  await assert.rejects(failing.process(1), /the stage 'map' took longer than 1 ms/);
  await assert.rejects(
    failing.processBatch([1], { timeout: 5 }),
    { code: 'ERR_TIMEOUT' },
    'its place is taken',
  );
});

test('each attempt has its own time limit', async () => {
  let calls = 0;
  const retry = { execute: (fn: () => Promise<unknown>) => fn().catch(() => fn()) };
  const pipeline = new Pipeline<number>().map(
    (n, { signal }) => {
      if (++calls > 1) return n;
      return new Promise<number>((_, reject) =>
        signal?.addEventListener('abort', () => reject(signal.reason)),
      );
    },
    { timeout: 5, retry },
  );
  assert.equal(await pipeline.process(1), 1);
  assert.equal(calls, 2);
});

test('a limiter is asked before each call, and a permit given back after it', async () => {
  const asked: number[] = [];
  const limiter = {
    acquire: async (count: number, options?: { signal?: unknown }) => {
      assert.ok(options?.signal instanceof AbortSignal);
      asked.push(count);
    },
  };
  const limited = new Pipeline<number>().map((n) => n, { limiter });
  assert.deepEqual(await limited.processBatch([1, 2]), [1, 2]);
  assert.equal(await limited.process(3), 3);
  assert.deepEqual(asked, [1, 1, 1]);

  const permits = new Semaphore(2);
  let running = 0;
  let most = 0;
  const shared = new Pipeline<number>({ concurrency: 8 }).map(
    async (n) => {
      most = Math.max(most, ++running);
      await turns(1);
      running--;
      return flaky(n);
    },
    { limiter: permits, onError: 'skip' },
  );
  assert.equal((await shared.processBatch(numbers(30))).length, 20);
  assert.deepEqual([most, permits.available], [2, 2]);
});

test('a limiter that refuses fails the item; one that waits is told of the end', async () => {
  const refuses = new Pipeline<number>().map((n) => n, {
    limiter: { acquire: () => Promise.reject(broken(0)) },
  });
  await assert.rejects(refuses.process(1), /broken 0/);
  const permits = new Semaphore(1);
  const guard = await permits.acquire();
  let called = 0;
  const waits = new Pipeline<number>().map(() => called++, { limiter: permits });
  const one = waits.process(1);
  const batch = waits.processBatch([1]);
  assert.ok(await pending(Promise.race([one, batch])));
  await waits.abort(broken(1));
  await assert.rejects(one, /broken 1/);
  await assert.rejects(batch, /broken 1/);
  guard.release();
  assert.deepEqual([called, permits.available], [0, 1]);
});
