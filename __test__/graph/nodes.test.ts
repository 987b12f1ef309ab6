/** What a node does: its functions, how they are called again, limited, replaced, watched, and where they run. */
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, test } from 'node:test';
import {
  type CallContext,
  CallTimeoutError,
  Graph,
  NonRetryableError,
  node,
  nodeFor,
  RetryExecutor,
  RetryPolicy,
  Store,
  sleep,
  UnknownActionError,
} from 'millrace';
import { deferred, foreignPromise, turns } from '../helpers.js';

describe('prep, exec and post', () => {
  test('are called in this order, each with what the one before gave, promises or not', async () => {
    const calls: unknown[] = [];
    const made = nodeFor<{ seen: number[] }>()('n', {
      prep: async (input: number, { store, node, step, signal }) => {
        calls.push(['prep', input, store.has('seen'), node, step, signal.aborted]);
        return input + 1;
      },
      exec: (prepared, context) => {
        calls.push(['exec', prepared, 'store' in context]);
        return foreignPromise(prepared * 10);
      },
      post: (result, { store, input, prepared }) => {
        calls.push(['post', result, input, prepared]);
        store.set('seen', [input, prepared, result]);
        return { output: `${result}` };
      },
    });
    const store = new Store<{ seen: number[] }>();
    const output: string = await made.run(1, { store });
    assert.equal(output, '20');
    assert.deepEqual(calls, [
      ['prep', 1, false, 'n', 1, false],
      ['exec', 2, false],
      ['post', 20, 1, 2],
    ]);
    assert.deepEqual(store.get('seen'), [1, 2, 20]);
  });

  test('are left out as one likes', async () => {
    assert.equal(await node<'n', number>('n').run(1), 1);
    assert.equal(await node('n', { prep: (n: number) => n + 1 }).run(1), 2);
    assert.equal(await node('n', { exec: (n: number) => n + 1 }).run(1), 2);
    assert.equal(await node('n', { post: (n: number) => ({ output: n + 1 }) }).run(1), 2);
    const both = node('n', { prep: (n: number) => n + 1, post: (n) => ({ output: n * 10 }) });
    assert.equal(await both.run(1), 20);
  });

  test('see one store, which is made when none is given and somebody asks', async () => {
    const counts = nodeFor<{ n: number }>()('n', {
      post: (_: unknown, { store }) => ({ output: store.update('n', (n = 0) => n + 1) }),
    });
    assert.deepEqual([await counts.run(0), await counts.run(0)], [1, 1]);
    const store = new Store<{ n: number }>();
    assert.deepEqual([await counts.run(0, { store }), await counts.run(0, { store })], [1, 2]);
  });

  test('are called in the caller’s AsyncLocalStorage context, whoever ends before them', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const watch = (name: string): { exec: (n: number) => Promise<number> } => ({
      exec: async (n: number) => {
        await storage.run('inside', () => turns(1));
        seen.push([name, storage.getStore()]);
        return n;
      },
    });
    const graph = Graph.from(node('a', watch('a')), { concurrency: 1 })
      .add(node('b', watch('b')), node('c', watch('c')))
      .connect('a', 'b')
      .connect('a', 'c')
      .build();
    await storage.run('caller', () => graph.run(1));
    assert.deepEqual(seen, [
      ['a', 'caller'],
      ['b', 'caller'],
      ['c', 'caller'],
    ]);
  });
});

describe('routing', () => {
  const sign = node('sign', {
    actions: ['plus', 'minus'],
    post: (n: number) => ({ next: n < 0 ? 'minus' : 'plus', output: Math.abs(n) }),
  });
  const graph = Graph.from(sign)
    .add(
      node('negative', { exec: (n: number) => `-${n}` }),
      node('positive', { exec: (n: number) => `+${n}` }),
    )
    .connect('sign', 'negative', { action: 'minus' })
    .connect('sign', 'positive', { action: 'plus' })
    .build();

  test('goes the way of the action', async () => {
    assert.deepEqual([await graph.run(5), await graph.run(-5)], ['+5', '-5']);
  });

  test('ends where the action leads nowhere', async () => {
    const half = Graph.from(sign)
      .add(node('negative', { exec: (n: number) => `-${n}` }))
      .connect('sign', 'negative', { action: 'minus' })
      .build();
    const result: string | number = await half.run(5);
    assert.deepEqual([result, await half.run(-5)], [5, '-5']);
  });

  test('refuses an action that the node does not have, and what is no route', async () => {
    const routed = (route: unknown): Promise<unknown> =>
      node('n', { actions: ['a', 'b'], post: () => route as never })
        .run(1)
        .catch((error) => error);
    const error = (await routed({ output: 1, next: 'c' })) as UnknownActionError & { node?: string };
    assert.ok(error instanceof UnknownActionError);
    assert.deepEqual([error.code, error.action, error.node], ['ERR_UNKNOWN_ACTION', 'c', 'n']);
    assert.match(error.message, /'n' has no action 'c': it has 'a', 'b'/);
    assert.match(String(await routed({ output: 1 })), /no action 'default'/);
    for (const wrong of [undefined, null, 1, 'a', {}, { next: 'a' }])
      assert.match(String(await routed(wrong)), /post of 'n': got .*, wants \{ output, next \}/);
    assert.equal(await routed({ output: undefined, next: 'a' }), undefined);
  });
});

describe('retry', () => {
  const failing = (times: number): { exec: () => string; calls: () => number } => {
    let calls = 0;
    return {
      exec: () => {
        if (++calls <= times) throw new Error(`attempt ${calls}`);
        return 'done';
      },
      calls: () => calls,
    };
  };

  test('{ attempts, delay }: so many calls of exec, of prep and post one', async () => {
    const seen: string[] = [];
    const { exec, calls } = failing(2);
    const made = node('n', {
      prep: () => void seen.push('prep'),
      exec,
      post: (output) => {
        seen.push('post');
        return { output };
      },
      retry: { attempts: 3, delay: 1 },
    });
    const run = made.run(undefined);
    assert.equal(await run, 'done');
    assert.deepEqual([calls(), seen], [3, ['prep', 'post']]);
    assert.equal(run.trace.toJSON().steps[0]?.attempts, 3);
    const hopeless = node('n', { exec: failing(3).exec, retry: { attempts: 3 } });
    await assert.rejects(hopeless.run(undefined), /attempt 3/);
  });

  test('{ delay } is waited for between two attempts', async () => {
    const { exec } = failing(2);
    const began = performance.now();
    await node('n', { exec, retry: { attempts: 3, delay: 15 } }).run(undefined);
    assert.ok(performance.now() - began >= 29);
  });

  test('a RetryPolicy, or an executor that counts', async () => {
    const policy = new RetryPolicy({ maxAttempts: 2, initialDelay: 0 });
    assert.equal(await node('n', { exec: failing(1).exec, retry: policy }).run(undefined), 'done');
    const executor = new RetryExecutor(policy);
    assert.equal(await node('n', { exec: failing(1).exec, retry: executor }).run(undefined), 'done');
    assert.equal(executor.getMetrics().retries, 1);
  });

  test('does not try again what says so', async () => {
    let calls = 0;
    const made = node('n', {
      exec: () => {
        calls++;
        throw new NonRetryableError('never');
      },
      retry: { attempts: 5 },
    });
    await assert.rejects(made.run(undefined), { code: 'ERR_NON_RETRYABLE' });
    assert.equal(calls, 1);
  });
});

describe('timeout', () => {
  test('ends one attempt, whose signal aborts', async () => {
    const signals: AbortSignal[] = [];
    const made = node('slow', {
      exec: async (_: unknown, { signal }) => {
        assert.ok(signal);
        signals.push(signal);
        if (signals.length === 1) await sleep(60_000, { signal });
        return 'second';
      },
      timeout: 10,
      retry: { attempts: 2 },
    });
    assert.equal(await made.run(undefined), 'second');
    assert.ok(signals[0]?.reason instanceof CallTimeoutError);
    assert.equal(signals[1]?.aborted, false);
  });

  test('fails the node when no attempt is left', async () => {
    const made = node('slow', { exec: () => new Promise(() => undefined), timeout: 5 });
    await assert.rejects(made.run(undefined), { code: 'ERR_CALL_TIMEOUT', timeout: 5, node: 'slow' });
  });

  test('keeps the place of what does not look at its signal', async () => {
    const [held, late] = [deferred<void>(), deferred<void>()];
    const exec = (_: unknown, { signal }: CallContext): Promise<void> => {
      signal?.addEventListener('abort', () => late.resolve());
      return held.promise;
    };
    const deaf = node('deaf', { exec, timeout: 5, fallback: () => undefined });
    let began = false;
    const after = node('after', { exec: () => void (began = true) });
    const graph = Graph.from(deaf, { concurrency: 1 }).add(after).connect('deaf', 'after').build();
    const run = graph.run(undefined);
    await late.promise;
    await turns(3);
    assert.equal(began, false);
    held.resolve();
    await run;
    assert.equal(began, true);
  });
});

describe('fallback', () => {
  test('stands in for exec when all attempts have failed, and its result goes to post', async () => {
    const made = node('n', {
      prep: (n: number) => n + 1,
      exec: (): string => {
        throw new Error('down');
      },
      retry: { attempts: 2 },
      fallback: (error, { prepared, node, signal }) =>
        `${(error as Error).message} ${prepared} ${node} ${signal.aborted}`,
      post: (result) => ({ output: result.toUpperCase() }),
    });
    const run = made.run(1);
    assert.equal(await run, 'DOWN 2 N FALSE');
    const [step] = run.trace.toJSON().steps;
    assert.deepEqual([step?.state, step?.fallback, step?.attempts], ['ok', true, 2]);
    assert.deepEqual(step?.error, { name: 'Error', message: 'down' });
  });

  test('does not stand in for prep or post, and may fail itself', async () => {
    const fail = (): never => {
      throw new Error('no');
    };
    let called = 0;
    const fallback = (): string => {
      called++;
      throw new Error('fallback');
    };
    await assert.rejects(node('n', { prep: fail, exec: () => 'x', fallback }).run(undefined), /no/);
    await assert.rejects(node('n', { exec: () => 'x', fallback, post: fail }).run(undefined), /no/);
    assert.equal(called, 0);
    await assert.rejects(node('n', { exec: (): string => fail(), fallback }).run(undefined), /fallback/);
  });
});
