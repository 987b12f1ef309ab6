/** Parts that call one another in the order written. */
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, test } from 'node:test';
import {
  type CallContext,
  type CallOptions,
  CallTimeoutError,
  cache,
  fallback,
  type GuardedFunction,
  guarded,
  Hedge,
  limited,
  type PolicyPart,
  policy,
  RetryExecutor,
  RetryPolicy,
  Semaphore,
  timeout,
} from 'millrace';
import { deferred, pending, turns, until } from '../helpers.js';

/** A part that tells when it is passed, in the shape of breakers and bulkheads. */
function telling(name: string, told: string[]): PolicyPart {
  return {
    async call<T>(fn: GuardedFunction<T>, options?: CallOptions): Promise<T> {
      told.push(`${name} in`);
      try {
        return await fn({ signal: options?.signal as AbortSignal | undefined });
      } finally {
        told.push(`${name} out`);
      }
    },
  };
}

const retries = (maxAttempts = 3): RetryExecutor =>
  new RetryExecutor(new RetryPolicy({ maxAttempts, initialDelay: 0, jitter: false }));

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

describe('a time-out', () => {
  test('that is aggressive rejects at once, and the function’s signal aborts', async () => {
    let signal: AbortSignal | undefined;
    const error = await timeout(3)
      .call((context) => {
        signal = context.signal;
        return new Promise(() => undefined);
      })
      .catch((thrown) => thrown);
    assert.ok(error instanceof CallTimeoutError);
    assert.deepEqual([error.code, error.timeout, error.name], ['ERR_CALL_TIMEOUT', 3, 'CallTimeoutError']);
    assert.match(error.message, /longer than its time limit of 3 ms/);
    assert.equal(signal?.reason, error);
  });

  test('that is cooperative waits for the function, whose result is the result', async () => {
    const { promise: end, resolve } = deferred<string>();
    const aborted = deferred<void>();
    const call = timeout(3, 'cooperative').call(({ signal }) => {
      signal?.addEventListener('abort', () => aborted.resolve());
      return end;
    });
    await aborted.promise;
    assert.ok(await pending(call));
    resolve('even so');
    assert.equal(await call, 'even so');
  });

  test('that is cooperative rejects as a time-out once the function has; what it threw is the cause', async () => {
    const own = new Error('cleaned up');
    for (const [thrown, cause] of [
      [own, own],
      [undefined, undefined],
    ]) {
      const call = timeout(3, 'cooperative').call(
        ({ signal }) =>
          new Promise((_, reject) =>
            signal?.addEventListener('abort', () => reject(thrown ?? signal.reason)),
          ),
      );
      const error = await call.catch((reason) => reason);
      assert.ok(error instanceof CallTimeoutError);
      assert.equal(error.cause, cause);
    }
  });

  test('does nothing to what is quick; its signal is not aborted afterwards', async () => {
    for (const mode of ['aggressive', 'cooperative'] as const) {
      let signal: AbortSignal | undefined;
      const fn = async (context: CallContext): Promise<string> => {
        signal = context.signal;
        return 'quick';
      };
      assert.equal(await timeout(1, mode).call(fn), 'quick');
      await new Promise((resolve) => setTimeout(resolve, 5));
      assert.equal(signal?.aborted, false);
      const error = new RangeError('quick');
      await assert.rejects(
        timeout(1, mode).call(() => Promise.reject(error)),
        error,
      );
    }
  });

  test('rejects at once when its caller gives up, if it is aggressive', async () => {
    const controller = new AbortController();
    const call = timeout(60_000).call(() => new Promise(() => undefined), { signal: controller.signal });
    controller.abort(new RangeError('enough'));
    await assert.rejects(call, RangeError);
  });
});

describe('a fallback', () => {
  test('stands in for a failure: a value, or what a function makes of it', async () => {
    const fails = (): Promise<number> => Promise.reject(new RangeError('down'));
    const value: number | string = await policy(fallback('none')).call(fails);
    const made: number | { message: string } = await fallback((error) => ({
      message: (error as Error).message,
    })).call(fails);
    assert.deepEqual([value, made], ['none', { message: 'down' }]);
    assert.equal(await fallback(0).call(() => 5), 5);
  });

  test('leaves out what `when` says, and that the caller gave up', async () => {
    const part = fallback('none', { when: (error) => error instanceof TypeError });
    assert.equal(await part.call(() => Promise.reject(new TypeError())), 'none');
    await assert.rejects(
      part.call(() => Promise.reject(new RangeError())),
      RangeError,
    );
    const controller = new AbortController();
    const call = fallback('none').call(
      () => {
        controller.abort();
        return Promise.reject(new RangeError('aborted'));
      },
      { signal: controller.signal },
    );
    await assert.rejects(call, RangeError);
  });

  test('may fail itself', async () => {
    const part = fallback(() => {
      throw new TypeError('this too');
    });
    await assert.rejects(
      part.call(() => Promise.reject(new Error())),
      TypeError,
    );
  });
});

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

describe('a cache', () => {
  test('keeps results by the arguments of what it wraps, also deep within a policy', async () => {
    let calls = 0;
    const kept = cache({ ttl: 60_000, key: (id: string) => id });
    const load = policy(retries(), policy(kept, timeout(1000))).wrap(async (id: string) => {
      calls++;
      return { id };
    });
    const both = await Promise.all([load('a'), load('a'), load('b')]);
    assert.deepEqual([both, calls, kept.entries.size], [[{ id: 'a' }, { id: 'a' }, { id: 'b' }], 2, 2]);
  });

  test('by call has one key; what fails is not kept', async () => {
    let calls = 0;
    const kept = cache({ key: 'the only one', maxEntries: 10 });
    const fn = (): number => {
      if (++calls === 1) throw new RangeError('not yet');
      return calls;
    };
    await assert.rejects(kept.call(fn), RangeError);
    assert.deepEqual([await kept.call(fn), await kept.call(fn), await kept.wrap(fn)()], [2, 2, 2]);
  });

  test('ttl, maxEntries and maxBytes are those of its map; a name is one cache', async () => {
    let calls = 0;
    const fn = async (id: string): Promise<string> => {
      calls++;
      return id.repeat(100);
    };
    const short = cache({ key: (id: string) => id, ttl: 1 }).wrap(fn);
    await until(() => {
      void short('a');
      return calls > 2;
    });
    const called = async (options: object, ids: string): Promise<number> => {
      const load = cache({ key: (id: string) => id, ...options }).wrap(fn);
      calls = 0;
      for (const id of ids) await load(id);
      return calls;
    };
    assert.deepEqual(
      [await called({}, 'aba'), await called({ maxEntries: 1 }, 'aba'), await called({ maxBytes: 50 }, 'aa')],
      [2, 3, 2],
    );
    const counts = [
      await called({ name: 'kept by name' }, 'ab'),
      await called({ name: 'kept by name' }, 'abc'),
    ];
    assert.deepEqual(counts, [2, 1]);
    assert.throws(() => cache({ key: 1, name: 'kept by name', ttl: 5 }), { code: 'ERR_NAME_CONFLICT' });
  });

  test('ends the wait of one who gives up, and not the function of all', async () => {
    const kept = cache({ key: 1 });
    const { promise, resolve } = deferred<string>();
    const controller = new AbortController();
    const seen: unknown[] = [];
    const fn = ({ signal }: CallContext): Promise<string> => {
      seen.push(signal);
      return promise;
    };
    const impatient = kept.call(fn, { signal: controller.signal });
    const patient = kept.call(fn);
    controller.abort(new RangeError('enough'));
    await assert.rejects(impatient, RangeError);
    resolve('for all');
    assert.deepEqual([await patient, seen], ['for all', [undefined]]);
  });
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
