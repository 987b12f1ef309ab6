/** Buffers that are used again. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BufferPool, type BufferPoolOptions } from 'millrace';

describe('BufferPool', () => {
  test('of one size: lends the same memory again, up to max at once', async () => {
    const pool = new BufferPool({ size: 1000, max: 2 });
    const [a, b] = [await pool.acquire(), await pool.acquire(10)];
    assert.deepEqual([a.buffer.length, b.buffer.length], [1000, 10]);
    assert.deepEqual([pool.borrowed, pool.available, pool.size], [2, 0, 2]);
    assert.equal(pool.tryAcquire(), undefined);
    const memory = a.buffer.buffer;
    const waiting = pool.acquire(5);
    assert.equal(pool.pending, 1);
    a.release();
    const c = await waiting;
    assert.equal(c.buffer.buffer, memory);
    assert.equal(c.buffer.length, 5);
    assert.deepEqual(pool.stats, { created: 2, reused: 1, dropped: 0, waits: 1 });
  });

  test('of any size: by powers of two', async () => {
    const pool = new BufferPool({ max: 4 });
    for (const [bytes, size] of [
      [1, 64],
      [64, 64],
      [65, 128],
      [1000, 1024],
      [1024, 1024],
    ] as const) {
      using lease = await pool.acquire(bytes);
      assert.deepEqual([lease.buffer.length, lease.buffer.buffer.byteLength], [bytes, size]);
    }
    assert.deepEqual([pool.stats.created, pool.stats.reused, pool.available], [3, 2, 3]);
    await assert.rejects(pool.acquire(), { code: 'ERR_INVALID_ARGUMENT' });
  });

  test('zero: filled with zeros at each loan; otherwise reset does it on demand', async () => {
    const pool = new BufferPool({ size: 100, max: 1, zero: true });
    const plain = new BufferPool({ size: 100, max: 1 });
    for (let i = 0; i < 2; i++) {
      using lease = await pool.acquire();
      assert.ok(lease.buffer.every((byte) => byte === 0));
      lease.buffer.fill(9);
    }
    plain.tryAcquire()?.release();
    const first = await plain.acquire();
    first.buffer.fill(9);
    first.release();
    const second = await plain.acquire();
    assert.ok(second.buffer.every((byte) => byte === 9));
    second.reset();
    assert.ok(second.buffer.every((byte) => byte === 0));
  });

  test('maxIdle: the size unused for longest makes room', async () => {
    const pool = new BufferPool({ max: 9, maxIdle: 2 });
    const leases = await Promise.all([pool.acquire(64), pool.acquire(128), pool.acquire(256)]);
    for (const lease of leases) lease.release();
    assert.deepEqual([pool.available, pool.stats.dropped], [2, 1]);
    pool.tryAcquire(128)?.release();
    pool.tryAcquire(256)?.release();
    assert.equal(pool.stats.reused, 2);
    pool.tryAcquire(64)?.release();
    assert.deepEqual([pool.stats.created, pool.available], [4, 2]);
    const none = new BufferPool({ size: 8, max: 1, maxIdle: 0 });
    none.tryAcquire()?.release();
    assert.deepEqual([none.available, none.stats.dropped], [0, 1]);
    pool.clear();
    assert.equal(pool.available, 0);
  });

  test('a buffer given back twice is an error, and one that was moved away is not kept', async () => {
    const pool = new BufferPool({ size: 8, max: 1 });
    const lease = await pool.acquire();
    structuredClone(lease.buffer, { transfer: [lease.buffer.buffer] });
    lease.release();
    assert.throws(() => lease.release(), { code: 'ERR_NOT_HELD' });
    assert.throws(() => lease.buffer, { code: 'ERR_NOT_HELD' });
    assert.throws(() => lease.reset(), { code: 'ERR_NOT_HELD' });
    lease[Symbol.dispose]();
    assert.deepEqual([lease.held, pool.available, pool.stats.dropped], [false, 0, 1]);
    assert.equal(pool.tryAcquire()?.buffer.length, 8);
  });

  test('a time-out and a signal end a wait, and nothing is lost by it', async () => {
    const pool = new BufferPool({ size: 8, max: 1 });
    const lease = await pool.acquire();
    await assert.rejects(pool.acquire(8, { timeout: 5 }), { code: 'ERR_TIMEOUT' });
    const stop = new AbortController();
    const waiting = pool.acquire(8, { signal: stop.signal });
    stop.abort(new Error('enough'));
    await assert.rejects(waiting, /enough/);
    lease.release();
    assert.equal((await pool.acquire()).buffer.length, 8);
  });

  test('close: those who wait are told; what is lent can be given back and is not kept', async () => {
    const pool = new BufferPool({ size: 8, max: 1 });
    const lease = await pool.acquire();
    const waiting = pool.acquire();
    pool.close();
    pool.close();
    await assert.rejects(waiting, { code: 'ERR_POOL_CLOSED' });
    await assert.rejects(pool.acquire(), { code: 'ERR_POOL_CLOSED' });
    assert.equal(pool.tryAcquire(), undefined);
    lease.release();
    assert.deepEqual([pool.closed, pool.size], [true, 0]);
  });

  test('clear drops what is idle, counted; what is lent comes back and is kept', async () => {
    const pool = new BufferPool({ size: 8, max: 3 });
    const leases = await Promise.all([pool.acquire(), pool.acquire(), pool.acquire()]);
    leases[0]?.release();
    leases[1]?.release();
    pool.clear();
    assert.deepEqual([pool.available, pool.borrowed, pool.size, pool.stats.dropped], [0, 1, 1, 2]);
    leases[2]?.release();
    assert.deepEqual([pool.available, pool.size], [1, 1]);
  });

  test('using gives a buffer back, and closes a pool', async () => {
    let kept: BufferPool;
    {
      using pool = new BufferPool({ size: 8, max: 1 });
      {
        using lease = await pool.acquire();
        assert.ok(lease.held);
      }
      assert.deepEqual([pool.borrowed, pool.available], [0, 1]);
      kept = pool;
    }
    assert.deepEqual([kept.closed, kept.available], [true, 0]);
  });

  test('who waits is served in the order of coming', async () => {
    const pool = new BufferPool({ size: 8, max: 1 });
    const lease = await pool.acquire();
    const order: number[] = [];
    const all = [0, 1, 2].map(async (n) => {
      using _lease = await pool.acquire();
      order.push(n);
    });
    lease.release();
    await Promise.all(all);
    assert.deepEqual([order, pool.stats.waits], [[0, 1, 2], 3]);
  });

  test('what cannot be meant is refused at once', async () => {
    const bad = { code: 'ERR_INVALID_ARGUMENT' };
    for (const options of [
      null,
      1,
      {},
      { max: 0 },
      { max: 1.5 },
      { max: '1' },
      { max: 1, size: 0 },
      { max: 1, size: NaN },
      { max: 1, size: 2 ** 32 },
      { max: 1, maxIdle: -1 },
      { max: 1, maxIdle: 0.5 },
      { max: 1, zero: 1 },
      { max: 1, min: 1 },
    ])
      assert.throws(() => new BufferPool(options as BufferPoolOptions), bad);
    const pool = new BufferPool({ size: 8, max: 1 });
    for (const bytes of [0, -1, 1.5, NaN, 9, '8', null, {}]) {
      await assert.rejects(pool.acquire(bytes as number), bad);
      assert.throws(() => pool.tryAcquire(bytes as number), bad);
    }
    await assert.rejects(pool.acquire(8, { wait: 1 } as object), bad);
    assert.equal(pool.borrowed, 0);
  });
});
