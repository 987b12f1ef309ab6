/** Groups of tasks. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Context, TaskGroup } from 'millrace';
import { deferred, turns } from '../helpers.js';

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

  test('size: what runs and what waits for its turn', async () => {
    const group = new TaskGroup({ limit: 1 });
    const gates = [deferred<number>(), deferred<number>()];
    assert.equal(group.size, 0);
    const tasks = gates.map(({ promise }) => group.go(() => promise));
    assert.equal(group.size, 2);
    gates[0]?.resolve(1);
    await tasks[0];
    assert.equal(group.size, 1);
    gates[1]?.resolve(2);
    await group.wait();
    assert.equal(group.size, 0);
  });

  test('tryGo starts what need not wait, and gives its result', async () => {
    const group = new TaskGroup({ limit: 1 });
    const gate = deferred<string>();
    const first = group.tryGo(() => gate.promise);
    assert.equal(
      group.tryGo(() => assert.fail('it must not start')),
      undefined,
    );
    gate.resolve('first');
    assert.equal(await first, 'first');
    assert.equal(await group.tryGo(() => 'second'), 'second');
    assert.equal(await new TaskGroup().tryGo(() => 'no limit'), 'no limit');
  });

  test('limit: nobody who comes in between takes the place of the first in line', async () => {
    for (let ticks = 0; ticks < 12; ticks++) {
      const group = new TaskGroup({ limit: 1 });
      const gate = deferred<void>();
      let [running, most] = [0, 0];
      const order: string[] = [];
      const task = (name: string, work: () => Promise<void>) => async (): Promise<void> => {
        most = Math.max(most, ++running);
        order.push(name);
        await work();
        running--;
      };
      void group.go(task('first', () => gate.promise));
      void group.go(task('second', () => turns(1)));
      gate.resolve();
      for (let tick = 0; tick < ticks; tick++) await undefined;
      const barged = group.tryGo(task('barges', () => turns(1)));
      void group.go(task('third', () => turns(1)));
      await group.wait();
      assert.deepEqual(
        [most, order, barged],
        [1, ['first', 'second', 'third'], undefined],
        `after ${ticks} ticks`,
      );
    }
  });

  test('the context: what runs finds it as the current one; it is cancelled when the group has ended', async () => {
    const group = new TaskGroup();
    const [ctx, current] = await group.go((ctx) => [ctx, Context.current()]);
    assert.deepEqual([ctx === group.ctx, current === ctx, group.ctx.err], [true, true, undefined]);
    await group[Symbol.asyncDispose]();
    assert.ok(group.ctx.err);
    const failed = new TaskGroup();
    const why = new RangeError('why');
    await assert.rejects(
      failed.go(() => Promise.reject(why)),
      /why/,
    );
    assert.equal(failed.ctx.cause, why);
    await assert.rejects(
      failed.go(() => assert.fail('it must not start')),
      { code: 'ERR_CONTEXT_CANCELED' },
    );
    await assert.rejects(failed.wait(), /why/);
  });

  test('cancel: with a cause and without; a signal that had aborted', async () => {
    const group = new TaskGroup();
    const cause = new RangeError('enough');
    group.cancel(cause);
    group.cancel();
    assert.equal(group.ctx.cause, cause);
    const plain = new TaskGroup();
    plain.cancel();
    assert.equal(plain.ctx.err?.code, 'ERR_CONTEXT_CANCELED');
    const late = new TaskGroup({ signal: AbortSignal.abort(cause) });
    assert.equal(late.ctx.cause, cause);
    await assert.rejects(
      late.go(() => assert.fail('it must not start')),
      { code: 'ERR_CONTEXT_CANCELED' },
    );
  });

  test('what cannot be meant is refused by name', () => {
    for (const [options, name] of [
      [{ limit: 1.5 }, 'limit'],
      [{ limit: '2' }, 'limit'],
      [{ limit: null }, 'limit'],
      [{ signal: 5 }, 'signal'],
      [null, 'options'],
    ] as const)
      assert.throws(() => new TaskGroup(options as never), {
        code: 'ERR_INVALID_ARGUMENT',
        message: new RegExp(`^${name}:`),
      });
    const group = new TaskGroup({ limit: Infinity });
    for (const task of [5, null, undefined, {}] as never[]) {
      assert.throws(() => group.go(task), { code: 'ERR_INVALID_ARGUMENT', message: /^task:/ });
      assert.throws(() => group.tryGo(task), { code: 'ERR_INVALID_ARGUMENT', message: /^task:/ });
    }
    assert.equal(group.size, 0);
  });
});
