/** What patterns of one's own are given. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InvalidArgumentError, type PatternConfig } from 'millrace';
import { child, deferred, pending, turns } from '../helpers.js';
import { Open } from './patterns.js';

describe('an option', () => {
  test('name: what it is called; without it, its class and a number of its own', () => {
    assert.equal(new Open({ name: 'mine' }).name, 'mine');
    const [one, other] = [new Open(), new Open({})];
    assert.match(one.name, /^Open-\d+$/);
    assert.notEqual(one.name, other.name);
  });

  test('maxConcurrency: so many calls run at once, the others in order', async () => {
    const pattern = new Open({ maxConcurrency: 2 });
    const gates = Array.from({ length: 5 }, () => deferred<void>());
    const begun: number[] = [];
    const calls = gates.map(({ promise }, at) =>
      pattern.call(() => {
        begun.push(at);
        return promise;
      }),
    );
    await turns(5);
    assert.deepEqual(begun, [0, 1]);
    const { active, waiting } = pattern.getMetrics();
    assert.deepEqual([active, waiting], [2, 3]);
    gates[1]?.resolve();
    await calls[1];
    await turns(5);
    assert.deepEqual(begun, [0, 1, 2]);
    for (const gate of gates) gate.resolve();
    await Promise.all(calls);
    assert.deepEqual(begun, [0, 1, 2, 3, 4]);
    assert.equal(pattern.getMetrics().waiting, 0);
  });

  test('timeout: an attempt that takes longer fails, and its signal aborts', async () => {
    const pattern = new Open({ timeout: 5 });
    let seen: AbortSignal | undefined;
    await assert.rejects(
      pattern.call(({ signal }) => {
        seen = signal;
        return new Promise(() => undefined);
      }),
      { code: 'ERR_CALL_TIMEOUT', timeout: 5 },
    );
    assert.ok(seen?.aborted);
  });

  test('timeout is of each attempt: the next one has its own', async () => {
    const pattern = new Open({ timeout: 20, retryAttempts: 1 });
    let attempts = 0;
    const result = pattern.call(async () => {
      if (++attempts === 1) return new Promise<string>(() => undefined);
      return 'second';
    });
    assert.equal(await result, 'second');
  });

  test('retryAttempts: so many times more, then the last error', async () => {
    const pattern = new Open({ retryAttempts: 2 });
    let attempts = 0;
    await assert.rejects(
      pattern.call(async () => {
        throw new Error(`attempt ${++attempts}`);
      }),
      /attempt 3/,
    );
    assert.equal(
      await pattern.call(async () => (++attempts < 5 ? Promise.reject(new Error()) : 'good')),
      'good',
    );
    const { calls, succeeded, failed, retries } = pattern.getMetrics();
    assert.deepEqual(
      { calls, succeeded, failed, retries },
      { calls: 2, succeeded: 1, failed: 1, retries: 3 },
    );
  });

  test('enableMetrics: false: nothing is counted', async () => {
    const pattern = new Open({ enableMetrics: false, maxConcurrency: 1, errorHandler: () => undefined });
    await pattern.call(async () => 1);
    pattern.fail(new Error('mine'));
    const { calls, succeeded, errors, latency } = pattern.getMetrics();
    assert.deepEqual([calls, succeeded, errors, latency.count], [0, 0, 0, 0]);
  });

  test('errorHandler: is given what handleError is, which is counted', () => {
    const seen: Error[] = [];
    const pattern = new Open({ errorHandler: (error) => void seen.push(error) });
    const error = new Error('mine');
    pattern.fail(error);
    assert.deepEqual(seen, [error]);
    assert.equal(pattern.getMetrics().errors, 1);
  });

  test('errorHandler: without one the process warns', async () => {
    const { code, stderr } = await child(`
      class Mine extends millrace.BasePattern { fail() { this.handleError(new Error('nobody knows')); } }
      new Mine().fail();`);
    assert.equal(code, 0);
    assert.match(stderr, /nobody knows/);
  });

  test('what an errorHandler throws is uncaught, and the pattern goes on', async () => {
    const { code, stdout } = await child(`
      process.on('uncaughtException', (error) => console.log('uncaught ' + error.message));
      class Mine extends millrace.BasePattern { fail() { this.handleError(new Error('one')); return 'goes on'; } }
      console.log(new Mine({ errorHandler() { throw new Error('two'); } }).fail());`);
    assert.deepEqual([code, stdout], [0, 'goes on\nuncaught two\n']);
  });
});

test('the configuration is complete and frozen', () => {
  const { settings } = new Open({ name: 'mine', retryAttempts: 1 });
  assert.ok(Object.isFrozen(settings));
  const { name, maxConcurrency, timeout, retryAttempts, enableMetrics } = settings;
  assert.deepEqual(
    { name, maxConcurrency, timeout, retryAttempts, enableMetrics },
    { name: 'mine', maxConcurrency: Infinity, timeout: Infinity, retryAttempts: 1, enableMetrics: true },
  );
});

test('what cannot be meant is refused at once', () => {
  const bad: Record<string, unknown[]> = {
    name: ['', 1, null, {}],
    maxConcurrency: [0, -1, 1.5, Number.NaN, '2', null, 2 ** 40],
    timeout: [0, -1, Number.NaN, '2', null, 1e13],
    retryAttempts: [-1, 0.5, Number.NaN, '2', null],
    enableMetrics: [1, 'yes', null],
    errorHandler: ['log', {}, null],
    colour: ['red', undefined],
  };
  for (const [name, values] of Object.entries(bad))
    for (const value of values)
      assert.throws(
        () => new Open({ [name]: value } as Partial<PatternConfig>),
        (error: Error) => error instanceof InvalidArgumentError && error.message.startsWith(`${name}: `),
        `${name}: ${value}`,
      );
  for (const config of [null, 1, 'name'])
    assert.throws(() => new Open(config as unknown as Partial<PatternConfig>), {
      code: 'ERR_INVALID_ARGUMENT',
    });
});

describe('retry', () => {
  test('refuses what is no function, and options it does not know', async () => {
    const pattern = new Open();
    for (const fn of [undefined, null, 1, {}])
      await assert.rejects(pattern.call(fn as never), { code: 'ERR_INVALID_ARGUMENT' });
    for (const options of [{ signal: 1 }, { colour: 1 }, null, 1])
      await assert.rejects(
        pattern.call(async () => 1, options as never),
        { code: 'ERR_INVALID_ARGUMENT' },
      );
    assert.equal(pattern.getMetrics().calls, 0);
  });

  test('a signal ends a call that waits, which gives up its place, and one that runs', async () => {
    const pattern = new Open({ maxConcurrency: 1 });
    const gate = deferred<string>();
    const first = pattern.call(() => gate.promise);
    const [impatient, patient] = [new AbortController(), new AbortController()];
    const second = pattern.call(async () => 'second', { signal: impatient.signal });
    const third = pattern.call(async () => 'third', { signal: patient.signal });
    assert.ok(await pending(third));
    const why = new Error('no time');
    impatient.abort(why);
    await assert.rejects(second, why);
    gate.resolve('first');
    assert.deepEqual([await first, await third], ['first', 'third']);
    await assert.rejects(
      pattern.call(async () => 1, { signal: impatient.signal }),
      why,
    );
    const { calls, active, waiting, failed } = pattern.getMetrics();
    assert.deepEqual([calls, active, waiting, failed], [4, 0, 0, 2]);
  });
});

test('resetMetrics counts anew; what runs and waits still does', async () => {
  const pattern = new Open({ maxConcurrency: 1 });
  await pattern.call(async () => 1);
  const gate = deferred<void>();
  const running = pattern.call(() => gate.promise);
  const waiting = pattern.call(async () => undefined);
  pattern.resetMetrics();
  const now = pattern.getMetrics();
  assert.deepEqual([now.calls, now.active, now.waiting, now.latency.count], [0, 1, 1, 0]);
  gate.resolve();
  await Promise.all([running, waiting]);
  const then = pattern.getMetrics();
  assert.deepEqual([then.active, then.waiting, then.succeeded, then.latency.count], [0, 0, 2, 2]);
});

test('it is disposed of by being stopped', async () => {
  const pattern = new Open();
  {
    await using mine = pattern;
    await mine.start();
    assert.ok(mine.isRunning());
  }
  assert.equal(pattern.isRunning(), false);
});
