/** Objects lent out within one thread. What others fell over is named where it is tested. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Lease, ObjectPool, type ObjectPoolOptions } from 'millrace';
import { child, deferred, until } from '../helpers.js';

interface Thing {
  id: number;
  good: boolean;
}

/** A pool of numbered things, and what was done to them. */
function things(options: Partial<ObjectPoolOptions<Thing>> = {}) {
  const log: string[] = [];
  let last = 0;
  const pool = new ObjectPool<Thing>({
    create: () => {
      log.push(`create ${++last}`);
      return { id: last, good: true };
    },
    destroy: ({ id }) => void log.push(`destroy ${id}`),
    max: 2,
    ...options,
  });
  return { pool, log };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('ObjectPool', () => {
  test('makes what is wanted, up to max, and lends the one that came back last', async () => {
    const { pool, log } = things();
    const [a, b] = [await pool.acquire(), await pool.acquire()];
    assert.deepEqual([pool.size, pool.borrowed, pool.available, pool.pending], [2, 2, 0, 0]);
    const waiting = pool.acquire();
    assert.equal(pool.pending, 1);
    await a.release();
    const c = await waiting;
    assert.equal(c.value.id, 1);
    await c.release();
    await b.release();
    assert.equal((await pool.acquire()).value.id, 2);
    assert.deepEqual(log, ['create 1', 'create 2']);
    assert.deepEqual(
      [pool.stats.created, pool.stats.reused, pool.stats.waits, pool.stats.destroyed],
      [2, 2, 1, 0],
    );
  });

  test('serves who waits in the order of coming', async () => {
    const { pool } = things({ max: 1 });
    const first = await pool.acquire();
    const order: number[] = [];
    const all = [0, 1, 2].map((n) => pool.use(() => void order.push(n)));
    await first.release();
    await Promise.all(all);
    assert.deepEqual(order, [0, 1, 2]);
  });

  test('a loan given back twice is an error, and its value is out of reach', async () => {
    const { pool } = things();
    const lease = await pool.acquire();
    assert.ok(lease.held);
    await lease.release();
    await assert.rejects(lease.release(), { code: 'ERR_NOT_HELD' });
    await assert.rejects(lease.discard(), { code: 'ERR_NOT_HELD' });
    assert.throws(() => lease.value, { code: 'ERR_NOT_HELD' });
    lease[Symbol.dispose]();
    await lease[Symbol.asyncDispose]();
    assert.deepEqual([lease.held, pool.available, pool.size], [false, 1, 1]);
  });

  test('using and await using give back, discard destroys', async () => {
    const { pool, log } = things();
    {
      using lease = await pool.acquire();
      assert.equal(lease.value.id, 1);
    }
    {
      await using lease = await pool.acquire();
      await lease.discard();
    }
    await assert.rejects(
      pool.use(() => Promise.reject(new Error('mine'))),
      /mine/,
    );
    assert.equal(await pool.use(({ id }) => id), 2);
    await pool.use((_, lease) => lease.discard());
    assert.deepEqual(log, ['create 1', 'destroy 1', 'create 2', 'destroy 2']);
    assert.equal(pool.size, 0);
  });

  test('create that throws rejects that caller and gives its place back (generic-pool#175)', async () => {
    let broken = true;
    const { pool } = things({
      max: 1,
      create: async () => {
        await turn();
        if (broken) throw new Error('no connection');
        return { id: 1, good: true };
      },
    });
    const both = [pool.acquire(), pool.acquire()];
    for (const one of both) await assert.rejects(one, /no connection/);
    broken = false;
    await (await pool.acquire()).release();
    assert.deepEqual([pool.size, pool.stats.createFailures], [1, 2]);
  });

  test('validate: what is no good is destroyed and the next is tried; throwing is no good too', async () => {
    const errors: string[] = [];
    for (const validate of [
      ({ good }: Thing) => good,
      async ({ good }: Thing) => good,
      ({ good }: Thing) => {
        if (!good) throw new Error('broken');
        return true;
      },
    ]) {
      const { pool, log } = things({ max: 3, validate, onError: (_, during) => errors.push(during) });
      const leases = await Promise.all([pool.acquire(), pool.acquire(), pool.acquire()]);
      for (const { value } of leases) value.good = value.id === 1;
      for (const lease of leases) await lease.release();
      assert.equal((await pool.acquire()).value.id, 1);
      assert.deepEqual(log.slice(3), ['destroy 3', 'destroy 2']);
      assert.deepEqual([pool.stats.validationFailures, pool.size], [2, 1]);
    }
    assert.deepEqual(errors, ['validate', 'validate']);
  });

  test('reset is done before the next loan; if it throws, the object is destroyed', async () => {
    const reset: number[] = [];
    const errors: unknown[] = [];
    const { pool, log } = things({
      max: 1,
      reset: async ({ id, good }) => {
        await turn();
        reset.push(id);
        if (!good) throw new Error('cannot');
      },
      onError: (error, during) => errors.push(during, (error as Error).message),
    });
    const lease = await pool.acquire();
    const next = pool.acquire();
    await lease.release();
    assert.deepEqual(reset, [1]);
    (await next).value.good = false;
    await (await next).release();
    assert.deepEqual(log, ['create 1', 'destroy 1']);
    assert.deepEqual([errors, pool.stats.resetFailures, pool.available], [['reset', 'cannot'], 1, 0]);
    assert.equal(await pool.use(({ id }) => id), 2);
  });

  test('destroy that throws is told and counted, and takes no place for ever', async () => {
    const told: string[] = [];
    const { pool } = things({
      max: 1,
      destroy: () => Promise.reject(new Error('stuck')),
      onError: (_, during) => told.push(during),
    });
    for (let i = 0; i < 3; i++) await pool.use((_, lease) => lease.discard());
    assert.deepEqual([told.length, pool.stats.destroyFailures, pool.size], [3, 3, 0]);
  });

  test('there are never more than max, those that are being made or destroyed included (pool2#30)', async () => {
    let [alive, most] = [0, 0];
    const { pool } = things({
      max: 3,
      create: async () => {
        most = Math.max(most, ++alive);
        await turn();
        return { id: 0, good: true };
      },
      destroy: async () => {
        await turn();
        alive--;
      },
      maxUses: 2,
      validate: () => Math.random() > 0.3,
      idleTimeout: 1,
    });
    const work = async (i: number): Promise<void> => {
      try {
        const lease = await pool.acquire(i % 5 === 0 ? { timeout: 1 } : {});
        await turn();
        if (i % 4 === 0) await lease.discard();
        else await lease.release();
      } catch (error) {
        assert.equal((error as { code: string }).code, 'ERR_TIMEOUT');
      }
    };
    await Promise.all(Array.from({ length: 300 }, (_, i) => work(i)));
    assert.ok(most <= 3, String(most));
    await pool.close();
    assert.deepEqual([alive, pool.size, pool.borrowed], [0, 0, 0]);
  });

  test('one who gives up while an object is being made leaves it to the next (tarn#67)', async () => {
    const gate = deferred<void>();
    const { pool, log } = things({
      max: 1,
      create: async () => {
        await gate.promise;
        return { id: 1, good: true };
      },
    });
    await assert.rejects(pool.acquire({ timeout: 5 }), { code: 'ERR_TIMEOUT', timeout: 5 });
    const stop = new AbortController();
    const aborted = pool.acquire({ signal: stop.signal });
    assert.deepEqual([pool.size, pool.pending], [1, 1], 'what is being made has the one place');
    stop.abort(new Error('enough'));
    await assert.rejects(aborted, /enough/);
    await assert.rejects(pool.acquire({ signal: stop.signal }), /enough/);
    const next = pool.acquire();
    gate.resolve();
    assert.equal((await next).value.id, 1);
    assert.deepEqual([pool.stats.created, log], [1, []]);
  });

  test('one who gives up while an object is validated leaves it to the next, and a bad one is destroyed', async () => {
    let gate = deferred<boolean>();
    const { pool } = things({ max: 1, validate: () => gate.promise });
    await (await pool.acquire()).release();
    await assert.rejects(pool.acquire({ timeout: 5 }), { code: 'ERR_TIMEOUT' });
    gate.resolve(true);
    await turn();
    assert.deepEqual([pool.available, pool.size], [1, 1]);
    gate = deferred();
    assert.equal(pool.tryAcquire(), undefined, 'it is being looked at');
    assert.equal(pool.available, 0);
    gate.resolve(false);
    await turn();
    assert.deepEqual([pool.available, pool.size], [0, 0]);
  });

  test('tryAcquire lends what is idle, and makes nothing', async () => {
    const { pool, log } = things({ validate: ({ good }) => good });
    assert.equal(pool.tryAcquire(), undefined);
    await (await pool.acquire()).release();
    const lease = pool.tryAcquire() as Lease<Thing>;
    assert.equal(lease.value.id, 1);
    lease.value.good = false;
    await lease.release();
    assert.equal(pool.tryAcquire(), undefined);
    await turn();
    assert.deepEqual(log, ['create 1', 'destroy 1']);
  });

  test('maxUses', async () => {
    const { pool, log } = things({ maxUses: 2 });
    for (let i = 0; i < 4; i++) await pool.use(() => undefined);
    assert.deepEqual(log, ['create 1', 'destroy 1', 'create 2', 'destroy 2']);
  });

  test('min and fill; the idle time-out leaves min, the oldest goes first', async () => {
    const { pool, log } = things({ max: 4, min: 1, idleTimeout: 20 });
    await pool.fill();
    assert.deepEqual([pool.size, pool.available], [1, 1]);
    const leases = await Promise.all([pool.acquire(), pool.acquire(), pool.acquire()]);
    for (const lease of leases) await lease.release();
    await until(() => pool.size <= 1);
    assert.deepEqual(log.slice(3), ['destroy 1', 'destroy 2']);
    assert.equal(pool.tryAcquire()?.value.id, 3);
    const failing = things({ min: 2, create: () => Promise.reject(new Error('no')) });
    await assert.rejects(failing.pool.fill(), /no/);
    assert.equal(failing.pool.size, 0);
    await failing.pool.close();
    await assert.rejects(failing.pool.fill(), { code: 'ERR_POOL_CLOSED' });
  });

  test('close: those who wait are told, idle ones are destroyed, and those lent when they come back', async () => {
    const { pool, log } = things({ max: 2 });
    const [a, b] = [await pool.acquire(), await pool.acquire()];
    const waiting = pool.acquire();
    await b.release();
    const c = await waiting;
    const refused = pool.acquire();
    await assert.rejects(
      Promise.race([
        refused,
        (async () => {
          await turn();
          void pool.close();
          await refused;
        })(),
      ]),
      { name: 'PoolClosedError', code: 'ERR_POOL_CLOSED' },
    );
    await assert.rejects(pool.acquire(), { code: 'ERR_POOL_CLOSED' });
    assert.equal(pool.tryAcquire(), undefined);
    assert.ok(pool.closed);
    let closed = false;
    const closing = pool.close().then(() => {
      closed = true;
    });
    await a.release();
    await turn();
    assert.equal(closed, false);
    await c.release();
    await closing;
    assert.deepEqual(log.slice(2), ['destroy 1', 'destroy 2']);
    await pool.close();
  });

  test('close while an object is being made: it is destroyed, and its caller is told', async () => {
    const gate = deferred<void>();
    const { pool, log } = things({
      create: async () => {
        await gate.promise;
        return { id: 7, good: true };
      },
    });
    const lease = pool.acquire();
    const closing = pool.close();
    gate.resolve();
    await assert.rejects(lease, { code: 'ERR_POOL_CLOSED' });
    await closing;
    assert.deepEqual([log, pool.size], [['destroy 7'], 0]);
  });

  test('drain: those who wait are served, newcomers are not', async () => {
    const { pool, log } = things({ max: 1 });
    const lease = await pool.acquire();
    const waiting = pool.use(({ id }) => id);
    const draining = pool.drain();
    await assert.rejects(pool.acquire(), { code: 'ERR_POOL_CLOSED' });
    await lease.release();
    assert.equal(await waiting, 1);
    await draining;
    assert.deepEqual(log, ['create 1', 'destroy 1']);
    await using other = things().pool;
    await other.drain();
  });

  test('use waits as acquire does: time-out and signal', async () => {
    const { pool } = things({ max: 1 });
    const lease = await pool.acquire();
    await assert.rejects(
      pool.use(() => 1, { timeout: 5 }),
      { code: 'ERR_TIMEOUT', timeout: 5 },
    );
    const stop = new AbortController();
    const waiting = pool.use(() => 1, { signal: stop.signal });
    stop.abort(new Error('enough'));
    await assert.rejects(waiting, /enough/);
    await lease.release();
    assert.equal(await pool.use(({ id }) => id, { timeout: 60_000 }), 1);
  });

  test('what cannot be meant is refused at once', async () => {
    const bad = { code: 'ERR_INVALID_ARGUMENT' };
    const create = (): number => 1;
    for (const options of [
      null,
      1,
      {},
      { create },
      { create: 1, max: 1 },
      { create, max: 0 },
      { create, max: 1.5 },
      { create, max: Infinity },
      { create, max: 1, min: 2 },
      { create, max: 1, min: -1 },
      { create, max: 1, idleTimeout: 0 },
      { create, max: 1, idleTimeout: '1' },
      { create, max: 1, maxUses: 0 },
      { create, max: 1, destroy: 1 },
      { create, max: 1, reset: {} },
      { create, max: 1, validate: true },
      { create, max: 1, onError: 'x' },
      { create, max: 1, size: 1 },
    ])
      assert.throws(() => new ObjectPool(options as ObjectPoolOptions<number>), bad);
    const { pool } = things();
    for (const options of [{ timeout: -1 }, { signal: 1 }, { wait: 1 }, null])
      await assert.rejects(pool.acquire(options as object), bad);
    await assert.rejects(pool.use(1 as never), bad);
    assert.equal(pool.size, 0);
  });

  test('idle objects with a time-out keep no process alive; one who waits does', async () => {
    const idle = await child(`
      const pool = new millrace.ObjectPool({ create: () => ({}), max: 1, idleTimeout: 60_000 });
      await pool.use(() => 1);`);
    assert.deepEqual([idle.code, idle.stderr], [0, '']);
    assert.ok(idle.ms < 10_000);
    const waits = await child(`
      const pool = new millrace.ObjectPool({ create: () => ({}), max: 1 });
      const lease = await pool.acquire();
      setTimeout(() => lease.release(), 50).unref();
      await pool.acquire();
      console.log('came');`);
    assert.deepEqual([waits.code, waits.stdout.trim()], [0, 'came']);
  });
});
