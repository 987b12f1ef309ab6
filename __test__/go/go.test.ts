/** Goroutines and groups. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { threadId } from 'node:worker_threads';
import { Channel, Context, go, goAll, goRace, TaskGroup } from 'millrace';
import { child, deferred, packageUrl, turns } from '../helpers.js';

describe('go', () => {
  test('runs a function on a thread of its own, with its arguments', async () => {
    const routine = go((a: number, b: number) => a + b, 2, 3);
    assert.equal(routine.state, 'pending');
    assert.equal(await routine, 5);
    assert.equal(routine.state, 'fulfilled');
    const elsewhere = await go(async () => (await import('node:worker_threads')).threadId);
    assert.notEqual(elsewhere, threadId);
    assert.ok(go(() => 1).id > routine.id);
  });

  test('what it throws comes out', async () => {
    const routine = go(() => {
      throw new TypeError('oh');
    });
    await assert.rejects(Promise.resolve(routine), { name: 'TypeError', message: 'oh' });
    assert.equal(routine.state, 'rejected');
  });

  test('goroutines talk over channels, more of them than there are threads', async () => {
    const [jobs, results] = [new Channel<number>(), new Channel<number>()];
    const count = 50;
    const routines = Array.from({ length: count }, () =>
      go(
        async (url, from, to) => {
          const { Channel } = (await import(url)) as typeof import('millrace');
          const [input, output] = [Channel.from<number>(from), Channel.from<number>(to)];
          for await (const n of input) await output.send(n * n);
        },
        packageUrl,
        jobs.toHandle(),
        results.toHandle(),
      ),
    );
    void jobs.sendBatch(Array.from({ length: 500 }, (_, n) => n)).then(() => jobs.close());
    let sum = 0;
    for (let i = 0; i < 500; i++) sum += (await results.receive()).value ?? 0;
    assert.equal(sum, (499 * 500 * 999) / 6);
    await Promise.all(routines);
  });

  test('can be cancelled, also by a signal or a context', async () => {
    const routine = go(() => new Promise(() => undefined));
    routine.cancel(new Error('enough'));
    await assert.rejects(Promise.resolve(routine), /enough/);
    assert.equal(routine.state, 'cancelled');
    const [ctx, cancel] = Context.background().withCancel();
    const other = go.with({ signal: ctx })(() => new Promise(() => undefined));
    cancel();
    await assert.rejects(Promise.resolve(other), { code: 'ERR_CONTEXT_CANCELED' });
  });

  test('local runs here', async () => {
    const here = { n: 1 };
    assert.equal(await go.local(async () => here), here);
    const routine = go.local(() => new Promise(() => undefined));
    routine.cancel(new Error('local'));
    await assert.rejects(Promise.resolve(routine), /local/);
  });

  test('what cannot be sent is refused, with the reason', async () => {
    assert.throws(() => go(5 as never), { code: 'ERR_INVALID_ARGUMENT' });
    await assert.rejects(Promise.resolve(go(Math.max, 1)), { code: 'ERR_PROCESSOR', message: /native/ });
  });

  test('goAll gives all, goRace the first', async () => {
    assert.deepEqual(await goAll([() => 1, () => 'two', async () => [3]]), [1, 'two', [3]]);
    await assert.rejects(
      goAll([
        () => new Promise(() => undefined),
        () => {
          throw new Error('one of all');
        },
      ]),
      /one of all/,
    );
    assert.equal(await goRace([() => new Promise<string>(() => undefined), () => 'first']), 'first');
  });

  test('a scheduler with nothing to do does not keep the process alive', async () => {
    const { code, stdout, stderr } = await child('console.log(await millrace.go(() => 6 * 7));');
    assert.equal(code, 0, stderr);
    assert.equal(stdout.trim(), '42');
  });
});

describe('TaskGroup', () => {
  test('waits for all, and gives each its result', async () => {
    const group = new TaskGroup();
    const results = [1, 2, 3].map((n) => group.go(async () => n * 2));
    await group.wait();
    assert.deepEqual(await Promise.all(results), [2, 4, 6]);
  });

  test('the first error cancels the rest and comes out', async () => {
    const told: string[] = [];
    await assert.rejects(async () => {
      await using group = new TaskGroup();
      void group.go(async ({ signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        told.push('cancelled');
      });
      void group.go(() => Promise.reject(new Error('first')));
      void group.go(async ({ signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        throw new Error('second');
      });
    }, /first/);
    assert.deepEqual(told, ['cancelled']);
  });

  test('no task outlives it', async () => {
    let ended = 0;
    {
      await using group = new TaskGroup();
      for (let i = 0; i < 5; i++) {
        void group.go(async () => {
          await turns(i);
          ended++;
        });
      }
    }
    assert.equal(ended, 5);
  });

  test('limit: so many at once, the others in turn', async () => {
    let running = 0;
    let most = 0;
    const order: number[] = [];
    await using group = new TaskGroup({ limit: 2 });
    for (let i = 0; i < 6; i++) {
      void group.go(async () => {
        most = Math.max(most, ++running);
        order.push(i);
        await turns(1);
        running--;
      });
    }
    assert.equal(
      group.tryGo(() => 1),
      undefined,
    );
    await group.wait();
    assert.equal(most, 2);
    assert.deepEqual(order, [0, 1, 2, 3, 4, 5]);
  });

  test('cancelled, what has not begun does not', async () => {
    const begun: number[] = [];
    const running = deferred<void>();
    const group = new TaskGroup({ limit: 1 });
    const [first, second] = [0, 1].map((i) =>
      group.go(async ({ signal }) => {
        begun.push(i);
        running.resolve();
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
      }),
    );
    await running.promise;
    group.cancel(new Error('stop'));
    await first;
    await assert.rejects(second as Promise<void>, { code: 'ERR_CONTEXT_CANCELED' });
    assert.deepEqual(begun, [0]);
  });

  test('is cancelled by a signal, a context, and the context it runs in', async () => {
    const stop = new AbortController();
    const [ctx, cancel] = Context.background().withCancel();
    const groups = [
      new TaskGroup({ signal: stop.signal }),
      new TaskGroup({ signal: ctx }),
      ctx.run(() => new TaskGroup()),
    ];
    stop.abort();
    cancel();
    for (const group of groups) assert.ok(group.ctx.err);
  });

  test('nonsense is refused by name', async () => {
    assert.throws(() => new TaskGroup({ limit: 0 }), { code: 'ERR_INVALID_ARGUMENT', message: /limit/ });
    assert.throws(() => new TaskGroup({ max: 1 } as never), { code: 'ERR_INVALID_ARGUMENT', message: /max/ });
    const group = new TaskGroup();
    await group[Symbol.asyncDispose]();
    assert.throws(() => group.go(() => 1), { code: 'ERR_INVALID_ARGUMENT' });
  });
});
