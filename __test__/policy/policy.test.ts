/** Parts that call one another in the order written. */
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, test } from 'node:test';
import {
  type CallContext,
  cache,
  fallback,
  guarded,
  Hedge,
  limited,
  type PolicyPart,
  policy,
  Semaphore,
  timeout,
} from 'millrace';
import { turns } from '../helpers.js';
import { retries, telling } from './parts.js';

describe('a policy', () => {
  test('passes its parts in the order written, the first outermost', async () => {
    const told: string[] = [];
    const guard = policy(telling('a', told), telling('b', told), telling('c', told));
    const result: string = await guard.call(() => {
      told.push('function');
      return 'done';
    });
    assert.equal(result, 'done');
    assert.deepEqual(told, ['a in', 'b in', 'c in', 'function', 'c out', 'b out', 'a out']);
  });

  test('tries what is inside the retry again, and what is outside it once', async () => {
    const told: string[] = [];
    const guard = policy(telling('outer', told), retries(), telling('inner', told));
    let calls = 0;
    const fn = (): string => {
      if (++calls < 3) throw new Error('again');
      return 'good';
    };
    assert.equal(await guard.call(fn), 'good');
    assert.equal(told.filter((line) => line === 'outer in').length, 1);
    assert.equal(told.filter((line) => line === 'inner in').length, 3);
  });

  test('of policies is a policy, and may be used by many calls at once', async () => {
    const told: string[] = [];
    const guard = policy(policy(telling('a', told), telling('b', told)), policy(retries(), timeout(5000)));
    const results = await Promise.all(Array.from({ length: 100 }, (_, i) => guard.call(async () => i)));
    assert.deepEqual(
      results,
      Array.from({ length: 100 }, (_, i) => i),
    );
    assert.equal(told.length, 400);
  });

  test('gives the function a signal that any part can abort', async () => {
    const orders = [
      policy(timeout(3), retries(), new Hedge({ after: 60_000 })),
      policy(new Hedge({ after: 60_000 }), retries(), timeout(3), fallback(0, { when: () => false })),
      policy(timeout(3, 'cooperative'), limited(new Semaphore(1)), retries(1)),
    ];
    for (const guard of orders) {
      let signal: AbortSignal | undefined;
      const fn = (context: CallContext): Promise<never> => {
        signal = context.signal;
        return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal?.reason)));
      };
      const retried = retries(1);
      await assert.rejects(policy(retried, guard).call(fn), { code: 'ERR_CALL_TIMEOUT' });
      assert.ok(signal?.aborted);
      const controller = new AbortController();
      const call = guard.call(fn, { signal: controller.signal });
      await turns(1);
      controller.abort(new RangeError('enough'));
      await assert.rejects(call, RangeError);
      assert.ok(signal?.aborted);
    }
  });

  test('whose signal has aborted does not call the function', async () => {
    const signal = AbortSignal.abort(new RangeError('gone'));
    const never = (): never => assert.fail('it was called');
    const parts = [timeout(5), timeout(5, 'cooperative'), fallback(1), retries(), new Hedge({ after: 5 })];
    for (const part of [...parts, limited(new Semaphore(1)), cache({ key: 'gone' })])
      await assert.rejects(policy(part).call(never, { signal }), RangeError);
  });

  test('gives what a function throws at once as a rejection, whichever part is outermost', async () => {
    const fn = (): never => {
      throw new RangeError('at once');
    };
    const parts = [timeout(50), timeout(50, 'cooperative'), retries(1), new Hedge({ after: 50 })];
    for (const part of [...parts, limited(new Semaphore(1)), cache({ key: 'thrown' })])
      await assert.rejects(policy(part).call(fn), RangeError);
  });

  test('keeps the caller’s context of AsyncLocalStorage', async () => {
    const storage = new AsyncLocalStorage<string>();
    const guard = policy(fallback('x'), retries(), limited(new Semaphore(1)), timeout(1000));
    assert.equal(await storage.run('mine', () => guard.call(() => storage.getStore())), 'mine');
  });

  test('wraps a function, with its this and arguments', async () => {
    const it = {
      base: 2,
      add: policy(retries(), timeout(1000)).wrap(async function add(
        this: { base: number },
        a: number,
        b: number,
      ) {
        return this.base + a + b;
      }),
    };
    const sum: number = await it.add(3, 4);
    assert.deepEqual([sum, it.add.name, it.add.length], [9, 'add', 2]);
  });
});

test('each part wraps a function, with its own this and arguments', async () => {
  const it = { base: 10 };
  for (const part of [
    limited(new Semaphore(1)),
    fallback('none'),
    timeout(60_000),
    timeout(60_000, 'cooperative'),
    retries(),
    cache({ key: (n: number) => n }),
    policy(fallback(0)),
  ]) {
    const add = part.wrap(function (this: typeof it, n: number) {
      return this.base + n;
    });
    assert.equal(await add.call(it, 5), 15);
  }
  const failing = fallback((error) => (error as Error).message).wrap(async (text: string) => {
    throw new Error(text);
  });
  assert.equal(await failing('instead'), 'instead');
});

describe('guarded', () => {
  test('guards a method: its this, its arguments, one policy for all instances', async () => {
    const executor = retries();
    class Users {
      readonly base: string;
      calls = 0;
      constructor(base: string) {
        this.base = base;
      }
      @guarded(policy(executor, timeout(1000)))
      async load(id: number): Promise<string> {
        if (++this.calls < 2) throw new Error('again');
        return `${this.base}/${id}`;
      }
      @guarded(executor)
      static async count(): Promise<number> {
        return 7;
      }
    }
    const [a, b] = [new Users('a'), new Users('b')];
    assert.deepEqual([await a.load(1), await b.load(2), await Users.count()], ['a/1', 'b/2', 7]);
    assert.equal(executor.getMetrics().calls, 3);
    assert.equal(a.load.name, 'load');
  });

  test('stands before nothing else', () => {
    const decorate = guarded(timeout(5)) as (value: unknown, context: unknown) => unknown;
    for (const kind of ['class', 'getter', 'field'])
      assert.throws(() => decorate(() => 1, { kind }), { code: 'ERR_INVALID_ARGUMENT' });
    assert.throws(() => decorate(() => 1, undefined), { code: 'ERR_INVALID_ARGUMENT' });
  });
});

test('what cannot be meant is refused by name', async () => {
  const refusal = { code: 'ERR_INVALID_ARGUMENT' };
  const wrong: (() => unknown)[] = [
    () => policy(...([] as unknown as [PolicyPart])),
    () => policy(undefined as never),
    () => policy((() => 1) as never),
    () => policy(timeout(5), {} as never),
    () => guarded(5 as never),
    () => timeout(0),
    () => timeout(-1),
    () => timeout(Infinity),
    () => timeout('5' as never),
    () => timeout(5, 'gentle' as never),
    () => fallback(1, { when: 5 as never }),
    () => fallback(1, { wen: () => true } as never),
    () => fallback(1, null as never),
    () => limited({} as never),
    () => limited(undefined as never),
    () => limited(new Semaphore(1), 0),
    () => limited(new Semaphore(1), 1, { timeout: -1 }),
    () => limited(new Semaphore(1), 1, { signal: new AbortController().signal } as never),
    () => cache(undefined as never),
    () => cache({} as never),
    () => cache({ key: {} as never }),
    () => cache({ key: 1, ttl: -1 }),
    () => cache({ key: 1, tll: 1 } as never),
    () => timeout(5).wrap(5 as never),
    () => policy(timeout(5)).wrap(undefined as never),
  ];
  for (const attempt of wrong) assert.throws(attempt, refusal, String(attempt));
  const parts = [
    timeout(5),
    timeout(5, 'cooperative'),
    fallback(1),
    limited(new Semaphore(1)),
    cache({ key: 1 }),
  ];
  for (const part of [...parts, policy(timeout(5))]) {
    for (const fn of [undefined, null, 5, {}]) await assert.rejects(part.call(fn as never), refusal);
    for (const options of [null, 5, { signal: 5 }, { timeout: 5 }])
      await assert.rejects(
        part.call(() => 1, options as never),
        refusal,
      );
  }
});
