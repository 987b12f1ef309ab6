/** Distributing: load balancers, batches, and the life of a fan. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FanOut, type FanOutError, type WorkerLoad } from 'millrace';
import { child, pending, turns, until } from '../helpers.js';
import { failing, gated, upTo } from './fans.js';

describe('load balancing', () => {
  const workersOf = (fan: FanOut<number, number>, count: number): Promise<number[]> =>
    fan.distribute(upTo(count), async (_, { worker }) => {
      await turns(1);
      return worker;
    });

  test('round-robin is in strict turn, also from one call to the next', async () => {
    const fan = new FanOut<number, number>({ workerCount: 3 });
    fan.setLoadBalancer('round-robin');
    assert.deepEqual(await workersOf(fan, 7), [0, 1, 2, 0, 1, 2, 0]);
    assert.deepEqual(await workersOf(fan, 1), [1]);
    assert.deepEqual(await workersOf(fan, 1), [2]);
    const pairs = new FanOut<number, number>({ workerCount: 2, batchSize: 2 });
    pairs.setLoadBalancer('round-robin');
    assert.deepEqual(await workersOf(pairs, 6), [0, 0, 1, 1, 0, 0]);
  });

  test('least-loaded: whoever is free takes the next', async () => {
    const fan = new FanOut<number, number>({ workerCount: 2 });
    const gate = gated();
    const workers: number[] = [];
    const all = fan.distribute(upTo(4), (n, { worker }) => {
      workers[n] = worker;
      return gate.processor(n);
    });
    for (const n of [1, 2, 3, 0]) {
      await until(() => gate.running.has(n));
      gate.running.get(n)?.resolve(n);
      await turns(1);
    }
    await all;
    assert.deepEqual(workers, [0, 1, 1, 1]);
  });

  test('adaptive gives a slow worker less', async () => {
    const fan = new FanOut<number, number>({ workerCount: 2 });
    fan.setLoadBalancer('adaptive');
    const counts = [0, 0];
    await fan.distribute(upTo(60), async (_, { worker }) => {
      counts[worker] = (counts[worker] as number) + 1;
      await new Promise((resolve) => setTimeout(resolve, worker === 0 ? 15 : 1));
      return 0;
    });
    assert.ok((counts[0] as number) < (counts[1] as number) / 2, `${counts}`);
  });

  test('a rule of one’s own sees the loads; a worker that has enough is waited for', async () => {
    const fan = new FanOut<number, number>({ workerCount: 3 });
    const seen: (readonly WorkerLoad[])[] = [];
    fan.setLoadBalancer({
      choose(workers) {
        seen.push(workers);
        return 1;
      },
    });
    assert.deepEqual(await workersOf(fan, 4), [1, 1, 1, 1]);
    assert.deepEqual(
      seen[0],
      [0, 1, 2].map((id) => ({ id, pending: 0, completed: 0, meanTime: 0 })),
    );
    assert.ok(seen.some(([, load]) => load?.pending === 1));
    // Synchronous work and a rule: no recursion, however many.
    assert.equal((await fan.distribute(upTo(20_000), (n) => n)).length, 20_000);
  });

  test('a rule that throws, or names no worker, ends the call', async () => {
    const fan = new FanOut<number, number>({ workerCount: 2 });
    fan.setLoadBalancer({ choose: () => 2 });
    await assert.rejects(workersOf(fan, 3), { code: 'ERR_INVALID_ARGUMENT' });
    fan.setLoadBalancer({
      choose() {
        throw new Error('no idea');
      },
    });
    await assert.rejects(workersOf(fan, 3), /no idea/);
    assert.throws(() => fan.setLoadBalancer('random' as never), { code: 'ERR_INVALID_ARGUMENT' });
  });

  test('enableLoadBalancing: false gives each worker an equal part beforehand', async () => {
    const fan = new FanOut<number, number>({ workerCount: 2, enableLoadBalancing: false });
    assert.deepEqual(await workersOf(fan, 6), [0, 0, 0, 1, 1, 1]);
    assert.throws(() => fan.setLoadBalancer('adaptive'), { code: 'ERR_INVALID_ARGUMENT' });
  });

  test('getWorkerLoads says what each has to do', async () => {
    const fan = new FanOut<number, number>({ workerCount: 2, batchSize: 3 });
    const gate = gated();
    const all = fan.distribute(upTo(5), gate.processor);
    assert.deepEqual(
      [...fan.getWorkerLoads()],
      [
        [0, 3],
        [1, 2],
      ],
    );
    assert.equal(fan.getMetrics().pending, 5);
    gate.running.get(0)?.resolve(0);
    await turns(1);
    assert.equal(fan.getWorkerLoads().get(0), 2);
    while (gate.running.size > 0) {
      for (const call of [...gate.running.values()]) call.resolve(1);
      await turns(1);
    }
    await all;
    assert.deepEqual([...fan.getWorkerLoads().values()], [0, 0]);
  });
});

describe('batches', () => {
  test('batchSize is how many a worker has at a time, no more than an even share', async () => {
    const fan = new FanOut<number, number>({ workerCount: 4, batchSize: 100 });
    const workers = await fan.distribute(upTo(8), async (_, { worker }) => worker);
    assert.deepEqual(workers, [0, 0, 1, 1, 2, 2, 3, 3]);
    assert.equal(fan.getMetrics().batches, 4);
  });

  test('processBatches gives batches of batchSize, and their results one after the other', async () => {
    const fan = new FanOut<number, string>({ workerCount: 2, batchSize: 3 });
    const batches: number[][] = [];
    const results = await fan.processBatches(upTo(8), async (batch, { index }) => {
      batches.push(batch);
      if (index === 0) await turns(3);
      return batch.map((n) => `${index}:${n}`);
    });
    assert.deepEqual(batches, [
      [0, 1, 2],
      [3, 4, 5],
      [6, 7],
    ]);
    assert.deepEqual(results, ['0:0', '0:1', '0:2', '3:3', '3:4', '3:5', '6:6', '6:7']);
    const unordered = new FanOut<number, number>({ workerCount: 2, batchSize: 2, ordered: false });
    const late = await unordered.processBatches(upTo(4), async (batch, { index }) => {
      if (index === 0) await turns(3);
      return batch;
    });
    assert.deepEqual(late, [2, 3, 0, 1]);
  });

  test('a batch that fails, or gives no array', async () => {
    const fan = new FanOut<number, number>({ workerCount: 1, batchSize: 2, onError: 'collect' });
    const all = fan.processBatches(upTo(5), async (batch) => {
      if (batch.includes(2)) throw new Error('two');
      return batch;
    });
    const error = await failing<FanOutError>(all);
    assert.deepEqual(error.results, [0, 1, 4]);
    assert.deepEqual([error.failures[0]?.index, error.failures[0]?.count], [2, 2]);
    const wrong = new FanOut<number, number>().processBatches([1], (() => 'text') as never);
    await assert.rejects(wrong, { code: 'ERR_INVALID_ARGUMENT' });
  });

  test('adaptive batches grow when larger ones are faster', async () => {
    const fan = new FanOut<number, number>({ workerCount: 1 });
    const sizes: number[] = [];
    const processor = async (batch: number[]): Promise<number[]> => {
      sizes.push(batch.length);
      // A request each: its time does not depend on what is in it.
      await new Promise((resolve) => setTimeout(resolve, 3));
      return batch;
    };
    await fan.processBatches(upTo(2000), processor);
    assert.equal(sizes[0], 16);
    assert.ok(Math.max(...sizes) >= 64, `${sizes}`);
  });
});

describe('life', () => {
  test('close waits for the calls it has, and takes no more; again does no harm', async () => {
    const fan = new FanOut<number, number>({ workerCount: 1 });
    const gate = gated();
    const all = fan.distribute([1], gate.processor);
    const closing = fan.close();
    assert.equal(fan.closed, true);
    assert.ok(await pending(closing));
    await assert.rejects(fan.distribute([2], gate.processor), { code: 'ERR_FAN_CLOSED' });
    gate.running.get(1)?.resolve(1);
    assert.deepEqual(await all, [1]);
    await closing;
    await fan.close();
  });

  test('terminate, and a close that takes too long, reject what runs', async () => {
    for (const end of [
      (fan: FanOut<number, number>) => fan.terminate(),
      (fan: FanOut<number, number>) => fan.close({ timeout: 1 }),
    ]) {
      const fan = new FanOut<number, number>({ workerCount: 1, abortGrace: 0 });
      const all = fan.distribute([1, 2], () => new Promise<number>(() => undefined));
      all.catch(() => undefined);
      await end(fan);
      await assert.rejects(all, { code: 'ERR_FAN_CLOSED' });
    }
  });

  test('metrics begin anew', async () => {
    const fan = new FanOut<number, number>({ workerCount: 1 });
    await fan.distribute([1, 2], async (n) => n);
    const { calls, inputs, completed, batches, meanTime } = fan.getMetrics();
    assert.deepEqual([calls, inputs, completed, batches], [1, 2, 2, 2]);
    assert.ok(meanTime >= 0);
    fan.resetMetrics();
    assert.equal(fan.getMetrics().inputs, 0);
  });

  test('an idle fan keeps no process alive, a call cut short leaves no timer', async () => {
    const { code, ms, stdout } = await child(`
      const { FanOut } = millrace;
      const fan = new FanOut({ workerCount: 2, timeout: 60_000, abortGrace: 60_000 });
      console.log(await fan.distribute([1, 2], async (n) => n + 1, { timeout: 60_000 }));
      await fan.distribute([1], (_, { signal }) => new Promise((_, no) => signal.addEventListener('abort', no)), {
        timeout: 1,
      }).catch(({ code }) => console.log(code));
    `);
    assert.deepEqual([code, stdout.includes('[ 2, 3 ]'), stdout.includes('ERR_TIMEOUT')], [0, true, true]);
    assert.ok(ms < 20_000);
  });

  test('garbage is refused by its name', async () => {
    const wrong: [object, RegExp][] = [
      [{ workerCount: 0 }, /workerCount/],
      [{ workerCount: 1.5 }, /workerCount/],
      [{ batchSize: 'all' }, /batchSize/],
      [{ timeout: -1 }, /timeout/],
      [{ timeout: 'soon' }, /timeout/],
      [{ enableLoadBalancing: 1 }, /enableLoadBalancing/],
      [{ ordered: 'yes' }, /ordered/],
      [{ onError: 'panic' }, /onError/],
      [{ abortGrace: Number.NaN }, /abortGrace/],
      [{ on: 'threads' }, /on/],
      [{ on: 'workers', workerCount: 2000 }, /workerCount/],
      [{ workers: 3 }, /workers: got an unknown option/],
    ];
    for (const [options, message] of wrong)
      assert.throws(() => new FanOut(options as never), { code: 'ERR_INVALID_ARGUMENT', message });
    assert.throws(() => new FanOut(null as never), { code: 'ERR_INVALID_ARGUMENT' });
    const fan = new FanOut<number, number>();
    for (const call of [
      () => fan.distribute('ab' as never, (n) => n),
      () => fan.distribute([1], 5 as never),
      () => fan.distribute([1], 'module.js'),
      () => fan.distribute([1], (n) => n, { signal: 5 as never }),
      () => fan.distribute([1], (n) => n, { patience: 5 } as never),
      () => fan.processBatches({} as never, (batch) => batch),
      () => fan.close({ timeout: 'x' as never }),
      () => fan.close({ soon: true } as never),
    ])
      await assert.rejects(call(), { code: 'ERR_INVALID_ARGUMENT' });
    assert.equal(fan.closed, false);
  });
});
