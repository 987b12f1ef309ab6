/** A budget of retries for all threads. Its rule is proven in `core/src/retry/budget.rs`. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { RetryBudget, type RetryBudgetConfig, RetryExecutor, RetryPolicy } from 'millrace';
import { thread, until } from '../helpers.js';

test('calls earn retries', () => {
  const budget = new RetryBudget({ ratio: 0.5, minPerSecond: 0, ttl: 1e9 });
  assert.equal(budget.withdraw(), false);
  budget.deposit();
  budget.deposit();
  assert.deepEqual(budget.standing, { earned: 1, free: 0 });
  assert.deepEqual([budget.withdraw(), budget.withdraw()], [true, false]);
  budget.giveBack();
  assert.equal(budget.standing.earned, 1);
});

test('ttl: what was earned fades in that time', async () => {
  const [short, long] = [1000, 1e9].map((ttl) => new RetryBudget({ ratio: 1000, minPerSecond: 0, ttl }));
  short?.deposit();
  long?.deposit();
  await until(() => (short?.standing.earned ?? 0) < 950);
  assert.equal(long?.standing.earned, 1000);
});

test('some a second are free', () => {
  const budget = new RetryBudget({ ratio: 0, minPerSecond: 3 });
  assert.deepEqual(budget.standing, { earned: 0, free: 3 });
  assert.deepEqual(
    [1, 2, 3].map(() => budget.withdraw()),
    [true, true, true],
  );
});

test('eight threads at once never spend more than there is', async () => {
  const budget = new RetryBudget({ ratio: 1, minPerSecond: 0, ttl: 1e9 }, { name: 'shared budget' });
  for (let i = 0; i < 1000; i++) budget.deposit();
  const source = `
    const budget = data.handle ? RetryBudget.from(data.handle) : RetryBudget.open('shared budget');
    let got = 0;
    for (let i = 0; i < 1000; i++) if (budget.withdraw()) got++;
    parentPort.postMessage(got);`;
  const counts = await Promise.all(
    Array.from({ length: 8 }, (_, i) => {
      const worker = thread(source, { handle: i % 2 === 0 ? budget.toHandle() : undefined });
      return new Promise<number>((resolve, reject) => {
        let got = 0;
        worker.on('message', (count: number) => (got = count)).on('error', reject);
        worker.on('exit', () => resolve(got));
      });
    }),
  );
  assert.equal(
    counts.reduce((a, b) => a + b),
    1000,
  );
});

test('metrics and events: retries that had a token, had none, or gave it back', async () => {
  using budget = new RetryBudget({ ratio: 0, minPerSecond: 1 });
  let limited = 0;
  budget.on('limited', () => limited++);
  assert.deepEqual([budget.withdraw(), budget.withdraw(), limited], [true, false, 1]);
  budget.giveBack();
  const { retries, refused, givenBack, earned } = budget.getMetrics();
  assert.deepEqual([retries, refused, givenBack, earned], [1, 1, 1, 1]);
});

test('closed, no retry has a token in any thread', async () => {
  const budget = new RetryBudget({ ratio: 1, minPerSecond: 10 });
  const worker = thread(
    `const budget = RetryBudget.from(data);
    parentPort.once('message', () => parentPort.postMessage([budget.closed, budget.withdraw()]));
    parentPort.postMessage(budget.withdraw());`,
    budget.toHandle(),
  );
  const exit = once(worker, 'exit');
  assert.deepEqual(await once(worker, 'message'), [true]);
  const executor = new RetryExecutor(new RetryPolicy({ maxAttempts: 9, initialDelay: 1 }), { budget });
  let calls = 0;
  budget.close();
  budget.close();
  await assert.rejects(
    executor.execute(() => {
      calls++;
      throw new Error('mine');
    }),
    /mine/,
  );
  assert.deepEqual([calls, executor.getMetrics().giveUpsByReason.budget, budget.closed], [1, 1, true]);
  assert.deepEqual(budget.standing, { earned: 0, free: 0 });
  worker.postMessage('closed');
  assert.deepEqual(await once(worker, 'message'), [[true, false]]);
  await exit;
});

test('what cannot be meant is refused by name', () => {
  const wrong: [string, unknown][] = [
    ['ratio', { ratio: -1 }],
    ['ratio', { ratio: NaN }],
    ['ratio', { ratio: '1' }],
    ['minPerSecond', { minPerSecond: 1e9 }],
    ['ttl', { ttl: 5 }],
    ['tll', { tll: 5 }],
    ['options', null],
  ];
  for (const [name, config] of wrong) {
    const refusal = { code: 'ERR_INVALID_ARGUMENT', message: new RegExp(`^${name}: got `) };
    assert.throws(() => new RetryBudget(config as RetryBudgetConfig), refusal);
  }
  assert.throws(() => new RetryBudget({}, { nam: 'x' } as never), { code: 'ERR_INVALID_ARGUMENT' });
  const first = new RetryBudget({ ratio: 0.1 }, { name: 'one budget' });
  assert.throws(() => new RetryBudget({ ratio: 0.2 }, { name: 'one budget' }), { code: 'ERR_NAME_CONFLICT' });
  assert.equal(first.name, 'one budget');
  assert.throws(() => RetryBudget.open('no budget'), { code: 'ERR_NOT_FOUND' });
  assert.throws(() => RetryBudget.from({ millrace: 'retry-budget', id: 1e9 }), { code: 'ERR_NOT_FOUND' });
});
