/** A second request beside one that is late. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { type CallContext, Hedge, HedgeClosedError, type HedgeOptions, hedge, RetryBudget } from 'millrace';
import { deferred, thread, until } from '../helpers.js';

/** Requests that are answered by hand. */
function requests(): {
  fn: (context: CallContext) => Promise<string>;
  sent: { signal: AbortSignal; resolve(value: string): void; reject(error: unknown): void }[];
} {
  const sent: ReturnType<typeof requests>['sent'] = [];
  const fn = ({ signal }: CallContext): Promise<string> => {
    const { promise, resolve, reject } = deferred<string>();
    sent.push({ signal: signal as AbortSignal, resolve, reject });
    return promise;
  };
  return { fn, sent };
}

describe('a late request', () => {
  test('gets another beside it; the first answer wins and the loser’s signal aborts', async () => {
    for (const winner of [0, 1]) {
      const { fn, sent } = requests();
      const hedged = new Hedge({ after: 2 });
      const call = hedged.call(fn);
      await until(() => sent.length === 2);
      sent[winner]?.resolve('answer');
      assert.equal(await call, 'answer');
      assert.deepEqual([sent[winner]?.signal.aborted, sent[1 - winner]?.signal.aborted], [false, true]);
      assert.equal(sent[1 - winner]?.signal.reason.name, 'AbortError');
      assert.deepEqual(hedged.getMetrics(), { calls: 1, extra: 1, won: winner, refused: 0, late: 2 });
      sent[1 - winner]?.reject(new Error('nobody hears of it'));
    }
  });

  test('gets as many beside it as `max` allows', async () => {
    const { fn, sent } = requests();
    const call = hedge(fn, { after: 1, max: 4 });
    await until(() => sent.length === 4);
    sent[3]?.resolve('last');
    assert.equal(await call, 'last');
    assert.equal(sent.length, 4);
    const kept = requests();
    const hedged = new Hedge({ after: 1, max: 3 }).call(kept.fn);
    await until(() => kept.sent.length === 3);
    kept.sent[2]?.resolve('third');
    assert.equal(await hedged, 'third');
  });

  test('is alone if it is quick, or nobody is late', async () => {
    const hedged = new Hedge({ after: 60_000 });
    assert.equal(await hedged.call(() => 'quick'), 'quick');
    assert.equal(hedged.getMetrics().extra, 0);
  });

  test('is alone if the budget has no token', async () => {
    const { fn, sent } = requests();
    const hedged = new Hedge({ after: 1, budget: new RetryBudget({ ratio: 0, minPerSecond: 0 }) });
    const call = hedged.call(fn);
    await until(() => hedged.getMetrics().refused === 1);
    sent[0]?.resolve('alone');
    assert.equal(await call, 'alone');
    assert.equal(sent.length, 1);
  });
});

describe('failures', () => {
  test('of the only request are thrown themselves', async () => {
    const error = new Error('mine');
    assert.equal(
      await hedge(() => Promise.reject(error), { after: 60_000 }).catch((thrown) => thrown),
      error,
    );
    const sync = (): never => {
      throw error;
    };
    assert.equal(await hedge(sync, { after: 60_000 }).catch((thrown) => thrown), error);
  });

  test('of one leave the other its chance', async () => {
    const { fn, sent } = requests();
    const call = hedge(fn, { after: 1 });
    await until(() => sent.length === 2);
    sent[0]?.reject(new Error('first'));
    sent[1]?.resolve('second');
    assert.equal(await call, 'second');
  });

  test('of all are one error with all of them, in order', async () => {
    const { fn, sent } = requests();
    const call = hedge(fn, { after: 1 });
    await until(() => sent.length === 2);
    const [first, second] = [new Error('first'), new Error('second')];
    sent[1]?.reject(second);
    sent[0]?.reject(first);
    const error = await call.catch((thrown) => thrown);
    assert.deepEqual([error.code, error.errors, error.cause], ['ERR_HEDGE_FAILED', [first, second], first]);
  });
});

test('an abort ends all requests at once, with its reason', async () => {
  const { fn, sent } = requests();
  const controller = new AbortController();
  const call = hedge(fn, { after: 1, signal: controller.signal });
  await until(() => sent.length === 2);
  controller.abort(new RangeError('enough'));
  await assert.rejects(call, RangeError);
  assert.deepEqual(
    sent.map(({ signal }) => signal.aborted),
    [true, true],
  );
  await assert.rejects(hedge(fn, { after: 1, signal: controller.signal }), RangeError);
  await assert.rejects(new Hedge({ after: 1 }).call(fn, { signal: controller.signal }), RangeError);
  assert.equal(sent.length, 2);
});

describe('a quantile', () => {
  test('is of what was measured, in all threads; before enough is known nobody is late', async () => {
    const hedged = new Hedge({ after: 'p95', name: 'measured' });
    assert.equal(hedged.getMetrics().late, undefined);
    const source = `
      const hedged = new Hedge({ after: 'p95', name: 'measured' });
      for (let i = 0; i < 30; i++) await hedged.call(() => i);
      parentPort.postMessage(Hedge.from(data, { after: 'p95' }).getMetrics());`;
    const worker = thread(source, hedged.toHandle());
    const metrics = await new Promise<{ late: number }>((resolve, reject) => {
      worker.on('message', resolve).on('error', reject);
    });
    assert.ok(metrics.late > 0);
    const { fn, sent } = requests();
    const call = hedged.call(fn);
    await until(() => sent.length === 2);
    sent[0]?.resolve('late');
    assert.equal(await call, 'late');
    assert.equal(hedged.getMetrics().calls, 31);
  });

  test('of the function form is kept under its name', async () => {
    for (let i = 0; i < 25; i++) await hedge(() => i, { after: 'p50', name: 'of functions' });
    const { fn, sent } = requests();
    const call = hedge(fn, { after: 'p50', name: 'of functions' });
    await until(() => sent.length === 2);
    sent[1]?.resolve('second');
    assert.equal(await call, 'second');
  });
});

test('each late request of this thread is an event, sent or refused', async () => {
  const told: boolean[] = [];
  for (const budget of [undefined, new RetryBudget({ ratio: 0, minPerSecond: 0 })]) {
    using hedged = new Hedge({ after: 1, ...(budget && { budget }) });
    hedged.on('late', ({ sent }) => told.push(sent));
    const { fn, sent } = requests();
    const call = hedged.call(fn);
    await until(() => told.length === (budget === undefined ? 1 : 2));
    sent[0]?.resolve('first');
    assert.equal(await call, 'first');
  }
  assert.deepEqual(told, [true, false]);
});

test('closed, it calls nothing in any thread', async () => {
  const options = { after: 60_000, name: 'closed hedge' };
  const hedged = new Hedge(options);
  const worker = thread(
    `const hedged = Hedge.from(data, { after: 60000 });
    hedged.close();
    const code = await hedged.call(() => 1).catch((error) => error.code);
    parentPort.postMessage([hedged.closed, code]);`,
    hedged.toHandle(),
  );
  const exit = once(worker, 'exit');
  assert.deepEqual(await once(worker, 'message'), [[true, 'ERR_HEDGE_CLOSED']]);
  await exit;
  await assert.rejects(
    hedged.call(() => 1),
    HedgeClosedError,
  );
  await assert.rejects(
    hedge(() => 1, options),
    { code: 'ERR_HEDGE_CLOSED' },
  );
  assert.deepEqual([hedged.closed, hedged.getMetrics().calls], [true, 0]);
});

test('closed while a request is under way, no other is sent beside it', async () => {
  const [closed, other] = [new Hedge({ after: 5 }), new Hedge({ after: 20 })];
  closed.on('late', () => assert.fail('it is closed'));
  const [mine, later] = [requests(), requests()];
  const calls = [closed.call(mine.fn), other.call(later.fn)];
  closed.close();
  // Later than the first would have been late.
  await until(() => later.sent.length === 2);
  assert.equal(mine.sent.length, 1);
  for (const { sent } of [mine, later]) sent[0]?.resolve('first');
  assert.deepEqual(await Promise.all(calls), ['first', 'first']);
});

test('a wrapped function keeps its this and arguments', async () => {
  const it = { base: 2 };
  const add = new Hedge({ after: 1000 }).wrap(function (this: typeof it, n: number) {
    return this.base + n;
  });
  assert.equal(await add.call(it, 3), 5);
});

test('what cannot be meant is refused by name', async () => {
  const wrong = [
    null,
    {},
    { after: -1 },
    { after: NaN },
    { after: 'soon' },
    { after: 'p0' },
    { after: 'p100' },
    { after: 1, max: 1 },
    { after: 1, max: 1.5 },
    { after: 1, budget: {} },
    { after: 1, maximum: 3 },
    { after: 1, name: '' },
  ];
  for (const options of wrong) {
    assert.throws(() => new Hedge(options as HedgeOptions), { code: 'ERR_INVALID_ARGUMENT' });
    await assert.rejects(
      hedge(() => 1, options as HedgeOptions),
      { code: 'ERR_INVALID_ARGUMENT' },
    );
  }
  await assert.rejects(
    hedge(() => 1, { after: 'p95' }),
    /a name, under which calls are measured/,
  );
  await assert.rejects(hedge(5 as never, { after: 1 }), { code: 'ERR_INVALID_ARGUMENT' });
  await assert.rejects(
    hedge(() => 1, { after: 1, signal: 5 as never }),
    { code: 'ERR_INVALID_ARGUMENT' },
  );
  await assert.rejects(
    new Hedge({ after: 1 }).call(() => 1, { sign: 1 } as never),
    { code: 'ERR_INVALID_ARGUMENT' },
  );
});
