/** What ends a call that is tried again, and what an executor tells of it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Context, RetryBudget, RetryExecutor, RetryPolicy } from 'millrace';
import { child, thread, turns, until } from '../helpers.js';
import { executor, failing } from './executors.js';

describe('an abort', () => {
  test('before the call rejects with its reason, and the function does not run', async () => {
    const { fn, calls } = failing(0);
    await assert.rejects(
      executor().execute(fn, { signal: AbortSignal.abort(new RangeError('gone')) }),
      RangeError,
    );
    assert.equal(calls(), 0);
  });

  test('during the back-off ends it at once, and the function does not run again (cockatiel)', async () => {
    for (const way of ['signal', 'context'] as const) {
      const retries = executor({ initialDelay: 30_000 });
      const controller = new AbortController();
      const [context, cancel] = Context.background().withCancel();
      const { fn, calls } = failing(9);
      const call = retries.execute(fn, { signal: way === 'signal' ? controller.signal : context });
      await until(() => calls() === 1);
      await turns(3);
      const reason = new RangeError('enough');
      if (way === 'signal') controller.abort(reason);
      else cancel();
      await assert.rejects(call, way === 'signal' ? reason : { code: 'ERR_CONTEXT_CANCELED' });
      assert.equal(calls(), 1);
      assert.equal(retries.getMetrics().giveUpsByReason.aborted, 1);
    }
  });

  test('while the function runs is its to heed; it is not tried again', async () => {
    const controller = new AbortController();
    let calls = 0;
    const fn = async (): Promise<never> => {
      calls++;
      controller.abort(new RangeError('enough'));
      throw new Error('aborted');
    };
    await assert.rejects(executor().execute(fn, { signal: controller.signal }), RangeError);
    assert.equal(calls, 1);
    const late = new AbortController();
    const done = async (): Promise<string> => {
      late.abort();
      return 'done even so';
    };
    assert.equal(await executor().execute(done, { signal: late.signal }), 'done even so');
  });

  test('leaves no listener behind', async () => {
    const { signal } = new AbortController();
    let listeners = 0;
    const [add, remove] = [signal.addEventListener, signal.removeEventListener];
    signal.addEventListener = (...args: unknown[]) => {
      listeners++;
      return Reflect.apply(add, signal, args);
    };
    signal.removeEventListener = (...args: unknown[]) => {
      listeners--;
      return Reflect.apply(remove, signal, args);
    };
    await executor({ initialDelay: 1, timeout: 1000 }).execute(failing(2).fn, { signal });
    assert.equal(listeners, 0);
  });
});

describe('limits of time', () => {
  test('who would wait beyond maxElapsed gives up at once', async () => {
    const retries = executor({ initialDelay: 20_000, maxElapsed: 10_000 });
    const { fn, calls } = failing(9);
    await assert.rejects(retries.execute(fn), /failure 1/);
    assert.equal(calls(), 1);
    assert.equal(retries.getMetrics().giveUpsByReason.elapsed, 1);
  });

  test('waits are waited for, and counted', async () => {
    const retries = executor({ initialDelay: 15, backoffStrategy: 'fixed' });
    const began = performance.now();
    await retries.execute(failing(2).fn);
    assert.ok(performance.now() - began >= 29);
    assert.equal(retries.getMetrics().timeWaiting, 30);
  });

  test('an event that there is none of, or a listener that cannot be called, is refused', () => {
    const retries = executor({});
    for (const event of ['else', 'constructor', 7])
      assert.throws(() => retries.on(event as 'retry', () => 1), { code: 'ERR_INVALID_ARGUMENT' });
    assert.throws(() => retries.once('retry', 7 as never), { code: 'ERR_INVALID_ARGUMENT' });
  });

  test('resetMetrics counts from the beginning', async () => {
    const retries = executor({ initialDelay: 1 });
    const none = retries.getMetrics();
    await retries.execute(failing(1).fn);
    await assert.rejects(retries.execute(failing(9).fn));
    assert.deepEqual([retries.getMetrics().calls, retries.getMetrics().giveUps], [2, 1]);
    retries.resetMetrics();
    assert.deepEqual(retries.getMetrics(), none);
  });

  test('a wait keeps the process alive, an idle executor does not', async () => {
    const { code, stdout, stderr } = await child(`
      const retries = new millrace.RetryExecutor(new millrace.RetryPolicy({ initialDelay: 50, jitter: false }));
      let calls = 0;
      retries.execute(() => { if (++calls < 2) throw new Error('again'); console.log('done'); });`);
    assert.deepEqual([code, stdout.trim()], [0, 'done'], stderr);
  });
});

describe('listeners', () => {
  test('are told of retries and give-ups', async () => {
    const told: unknown[] = [];
    const retries = executor({ maxAttempts: 2, initialDelay: 1 })
      .on('retry', ({ attempt, delay, error }) =>
        told.push(['retry', attempt, delay, (error as Error).message]),
      )
      .once('giveUp', ({ attempts, reason, errors }) =>
        told.push(['giveUp', attempts, reason, errors.length]),
      );
    await assert.rejects(retries.execute(failing(9).fn));
    assert.deepEqual(told, [
      ['retry', 1, 1, 'failure 1'],
      ['giveUp', 2, 'attempts', 2],
    ]);
    const never = (): never => assert.fail('it listens no more');
    retries.on('giveUp', never).off('giveUp', never);
    await assert.rejects(retries.execute(failing(9).fn), /failure 2/);
  });

  test('that throw break no call', async () => {
    const { code, stdout } = await child(`
      process.on('uncaughtException', (error) => console.log('uncaught', error.message));
      const retries = new millrace.RetryExecutor(new millrace.RetryPolicy({ initialDelay: 1 }));
      retries.on('retry', () => { throw new Error('mine'); });
      let calls = 0;
      console.log(await retries.execute(() => { if (++calls < 2) throw new Error('again'); return 'good'; }));`);
    assert.equal(code, 0);
    assert.deepEqual(stdout.trim().split('\n').sort(), ['good', 'uncaught mine']);
  });
});

describe('closing', () => {
  test('ends waits with the last error, and refuses new calls; twice is no harm', async () => {
    const retries = executor({ initialDelay: 30_000 });
    const { fn, calls } = failing(9);
    const call = retries.execute(fn);
    await until(() => calls() === 1);
    await turns(3);
    retries.close();
    retries.close();
    await assert.rejects(call, /failure 1/);
    await assert.rejects(retries.execute(fn), { code: 'ERR_RETRY_CLOSED' });
    assert.deepEqual([calls(), retries.closed, retries.getMetrics().giveUpsByReason.closed], [1, true, 1]);
  });

  test('is of one executor: another of its name goes on, and is told nothing', async () => {
    const [one, other] = [1, 2].map(() => new RetryExecutor(new RetryPolicy(), { name: 'two of a name' }));
    other?.on('close', () => assert.fail('it was not closed'));
    one?.close();
    assert.deepEqual([await other?.execute(() => 'good'), other?.closed], ['good', false]);
  });

  test('by using', async () => {
    let kept: RetryExecutor;
    {
      using retries = executor();
      kept = retries;
    }
    assert.ok(kept.closed);
  });
});

describe('a budget', () => {
  test('who finds no token gives up with the error he has', async () => {
    const budget = new RetryBudget({ ratio: 0, minPerSecond: 1 });
    const retries = executor({ maxAttempts: 5 }, { budget });
    const { fn, calls } = failing(9);
    await assert.rejects(retries.execute(fn), /failure 2/);
    assert.deepEqual([calls(), retries.getMetrics().giveUpsByReason.budget], [2, 1]);
  });

  test('counts retries that wait: a thousand at once get their share (envoy#30205)', async () => {
    const budget = new RetryBudget({ ratio: 0.2, minPerSecond: 0, ttl: 1e9 });
    const retries = executor({ initialDelay: 20, backoffStrategy: 'fixed', maxAttempts: 2 }, { budget });
    let calls = 0;
    const fn = async (): Promise<never> => {
      calls++;
      throw new Error('down');
    };
    await Promise.allSettled(Array.from({ length: 1000 }, () => retries.execute(fn)));
    assert.ok(calls >= 1190 && calls <= 1200, String(calls));
  });

  test('gets the token of a cancelled wait back', async () => {
    const budget = new RetryBudget({ ratio: 0, minPerSecond: 1 });
    const retries = executor({ initialDelay: 30_000 }, { budget });
    const controller = new AbortController();
    const { fn, calls } = failing(9);
    const call = retries.execute(fn, { signal: controller.signal });
    await until(() => calls() === 1);
    await turns(3);
    assert.equal(budget.standing.earned, 0);
    controller.abort();
    await assert.rejects(call);
    assert.equal(budget.standing.earned, 1);
  });
});

describe('threads', () => {
  test('share the metrics of a name; another policy of that name is an error', async () => {
    const retries = executor({ maxAttempts: 2 }, { name: 'shared retries' });
    await retries.execute(failing(1).fn);
    const source = `
      const options = { name: 'shared retries' };
      const config = { jitter: false, initialDelay: 0, maxAttempts: 2 };
      const own = new RetryExecutor(new RetryPolicy(config), options);
      await own.execute(() => 1);
      const opened = RetryExecutor.open('shared retries', own.policy);
      await opened.execute(() => 1);
      const from = RetryExecutor.from(data, own.policy);
      await from.execute(() => { throw new Error('no'); }).catch(() => undefined);
      let conflict;
      try { new RetryExecutor(new RetryPolicy({ ...config, maxAttempts: 9 }), options); } catch (error) { conflict = error.code; }
      parentPort.postMessage(conflict);`;
    const worker = thread(source, retries.toHandle());
    const conflict = await new Promise((resolve, reject) => {
      worker.on('message', resolve).on('error', reject);
    });
    assert.equal(conflict, 'ERR_NAME_CONFLICT');
    const { successesByAttempt, giveUps, attempts, calls } = retries.getMetrics();
    assert.deepEqual([successesByAttempt.slice(0, 2), giveUps, attempts, calls], [[2, 1], 1, 6, 4]);
    assert.throws(() => RetryExecutor.open('nobody', retries.policy), { code: 'ERR_NOT_FOUND' });
  });
});
