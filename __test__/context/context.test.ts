/** Contexts: Go's rules, and across threads. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { Channel, Context, FixedWorkerPool, Mutex, select, sleep } from 'millrace';
import { child, thread } from '../helpers.js';

const background = Context.background();

describe('Context', () => {
  test('the background is never cancelled', () => {
    assert.equal(background.err, undefined);
    assert.equal(background.remaining, undefined);
    assert.equal(background.signal.aborted, false);
    assert.equal(background.value('x'), undefined);
  });

  test('cancelling one cancels all that were derived from it, and no other', () => {
    const [parent, cancel] = background.withCancel();
    const [child] = parent.withTimeout(60_000);
    const grandchild = child.withValue('k', 1);
    const [brother] = background.withCancel();
    cancel();
    cancel();
    for (const ctx of [parent, child, grandchild]) {
      assert.equal(ctx.err?.code, 'ERR_CONTEXT_CANCELED');
      assert.ok(ctx.signal.aborted);
      assert.equal(ctx.signal.reason, ctx.err);
      assert.ok(ctx.done.closed);
    }
    assert.equal(brother.err, undefined);
    const [late] = parent.withCancel();
    assert.equal(late.err?.code, 'ERR_CONTEXT_CANCELED');
  });

  test('cancelling a child leaves its parent alone', () => {
    const [parent] = background.withCancel();
    const [kid, cancel] = parent.withCancel();
    cancel();
    assert.ok(kid.err);
    assert.equal(parent.err, undefined);
  });

  test('the cause is what whoever cancelled it gave', () => {
    const [ctx, cancel] = background.withCancelCause();
    const [kid] = ctx.withCancel();
    const why = new Error('out of money');
    assert.equal(ctx.cause, undefined);
    cancel(why);
    assert.equal(ctx.cause, why);
    assert.equal(kid.cause, why);
    assert.equal(ctx.err?.code, 'ERR_CONTEXT_CANCELED');
    const [plain, stop] = background.withCancel();
    stop();
    assert.equal(plain.cause, plain.err);
  });

  test('a deadline cancels it; the nearest one counts', async () => {
    const [outer] = background.withTimeout(10);
    const [inner] = outer.withTimeout(60_000);
    assert.ok((inner.remaining ?? Infinity) <= 10);
    assert.ok((await inner.done.receive()).done);
    assert.equal(inner.err?.code, 'ERR_DEADLINE_EXCEEDED');
    const [past] = background.withDeadline(Date.now() - 1000);
    await past.done.receive();
    assert.equal(past.err?.code, 'ERR_DEADLINE_EXCEEDED');
  });

  test('withDeadline: a date or a number, still to come', async () => {
    for (const deadline of [new Date(Date.now() + 60_000), Date.now() + 60_000]) {
      const [ctx, cancel] = background.withDeadline(deadline);
      const { remaining = 0 } = ctx;
      assert.ok(remaining > 50_000 && remaining <= 60_000 && !ctx.signal.aborted);
      cancel();
      assert.equal(ctx.err?.code, 'ERR_CONTEXT_CANCELED');
    }
    const [soon] = background.withDeadline(new Date(Date.now() + 5));
    await soon.done.receive();
    assert.deepEqual([soon.err?.code, soon.remaining, soon.cause], ['ERR_DEADLINE_EXCEEDED', 0, soon.err]);
  });

  test('what was cancelled before its deadline keeps why; what was cancelled stays so', async () => {
    const [ctx, cancel] = background.withTimeout(1);
    cancel();
    const [other] = background.withTimeout(5);
    await other.done.receive();
    assert.equal(ctx.err?.code, 'ERR_CONTEXT_CANCELED');
    const [caused, stop] = background.withCancelCause();
    stop('first');
    stop('second');
    assert.equal(caused.cause, 'first');
    const [none, end] = background.withCancelCause();
    end();
    assert.equal(none.cause, none.err);
  });

  test('run gives what the function gives, and contexts nest', async () => {
    const [outer, inner] = [background.withValue('a', 1), background.withValue('a', 2)];
    const seen = outer.run(() => [
      Context.current().value('a'),
      inner.run(() => Context.current().value('a')),
      Context.current().value('a'),
    ]);
    assert.deepEqual(seen, [1, 2, 1]);
    assert.equal(await outer.run(async () => 5), 5);
  });

  test('values are found in the nearest ancestor', () => {
    const key = Symbol('key');
    const ctx = background.withValue(key, 1).withValue('other', 2).withValue(key, 3);
    assert.deepEqual([ctx.value(key), ctx.value('other'), ctx.value('none')], [3, 2, undefined]);
  });

  test('fromSignal follows a signal', () => {
    const stop = new AbortController();
    const ctx = Context.fromSignal(stop.signal);
    stop.abort('why');
    assert.equal(ctx.cause, 'why');
    assert.equal(Context.fromSignal(AbortSignal.abort('before')).cause, 'before');
  });

  test('current follows the asynchronous call', async () => {
    const ctx = background.withValue('user', 'ann');
    assert.equal(Context.current(), background);
    await ctx.run(async () => {
      await sleep(1);
      assert.equal(Context.current().value('user'), 'ann');
    });
    assert.equal(Context.current(), background);
  });

  test('stands wherever a signal does', async () => {
    const [ctx, cancel] = background.withCancel();
    const [channel, mutex] = [new Channel<number>(), new Mutex()];
    using _held = await mutex.lock();
    await using pool = new FixedWorkerPool<number, number>(1, {
      processor: () => new Promise(() => undefined),
    });
    const waits = [
      channel.receive({ signal: ctx }),
      channel.send(1, { signal: ctx }).catch((error: unknown) => Promise.reject(error as Error)),
      select({ channel: new Channel() }, { signal: ctx }),
      mutex.lock({ signal: ctx }),
      sleep(60_000, { signal: ctx }),
      pool.submit(1, { signal: ctx }),
    ];
    // The first two would meet.
    await Promise.all(waits.splice(0, 2));
    cancel();
    for (const wait of waits) await assert.rejects(wait, { code: 'ERR_CONTEXT_CANCELED' });
    await assert.rejects(channel.receive({ signal: ctx }), { code: 'ERR_CONTEXT_CANCELED' });
    await pool.terminate();
  });

  test('a case of select, as in Go', async () => {
    const [ctx] = background.withTimeout(5);
    assert.equal((await select({ never: new Channel(), done: ctx.done })).case, 'done');
  });

  test('using cancels at the end of the block', () => {
    let kept: Context;
    {
      const [ctx, cancel] = background.withCancel();
      using _ = cancel;
      kept = ctx;
    }
    assert.ok(kept.err);
  });

  test('a deadline alone does not keep the process alive', async () => {
    const { code, ms } = await child('millrace.Context.background().withTimeout(60_000);');
    assert.equal(code, 0);
    assert.ok(ms < 15_000);
  });

  test('nonsense is refused by name', () => {
    const invalid = (name: string): object => ({
      code: 'ERR_INVALID_ARGUMENT',
      message: new RegExp(`^${name}:`),
    });
    for (const ms of [-1, NaN, Infinity, '5', null, undefined, 5n] as never[])
      assert.throws(() => background.withTimeout(ms), invalid('ms'));
    for (const deadline of [
      'never',
      '2030-01-01',
      null,
      undefined,
      true,
      [],
      NaN,
      Infinity,
      new Date(NaN),
    ] as never[])
      assert.throws(() => background.withDeadline(deadline), invalid('deadline'));
    for (const signal of [{}, null, undefined, background] as never[])
      assert.throws(() => Context.fromSignal(signal), invalid('signal'));
    for (const handle of [{}, null, undefined, 5, { millrace: 'channel', id: 1 }] as never[])
      assert.throws(() => Context.from(handle), invalid('handle'));
    const handle = background.withValue('a', 1).toHandle();
    for (const part of [
      { done: null },
      { cause: 5 },
      { values: null },
      { deadline: 'soon' },
      { deadline: NaN },
    ])
      assert.throws(() => Context.from({ ...handle, ...part } as never), invalid('handle'));
    assert.equal(Context.from(handle).value('a'), 1);
  });
});

describe('a context sent to another thread', () => {
  test('is cancelled there with its cause, and has its values', async () => {
    const [ctx, cancel] = background.withValue('user', 'ann').withCancelCause();
    const worker = thread(
      `const ctx = Context.from(data);
      const [derived] = ctx.withTimeout(60_000);
      parentPort.postMessage(ctx.value('user'));
      try { await new Channel().receive({ signal: derived }); } catch (error) {
        parentPort.postMessage([error.code, ctx.cause.message, ctx.cause.name]);
      }`,
      ctx.toHandle(),
    );
    const exit = once(worker, 'exit');
    assert.deepEqual(await once(worker, 'message'), ['ann']);
    const said = once(worker, 'message');
    cancel(new RangeError('too far'));
    assert.deepEqual(await said, [['ERR_CONTEXT_CANCELED', 'too far', 'RangeError']]);
    await exit;
  });

  test('is cancelled there at its deadline, whatever this thread does', async () => {
    const [ctx] = background.withTimeout(30);
    const flag = new Int32Array(new SharedArrayBuffer(4));
    const worker = thread(
      `const ctx = Context.from(data.ctx);
      parentPort.postMessage('up');
      if (!ctx.signal.aborted) await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve));
      parentPort.postMessage([ctx.err.code, ctx.signal.reason === ctx.err]);
      Atomics.store(data.flag, 0, 1);`,
      { ctx: ctx.toHandle(), flag },
    );
    const exit = once(worker, 'exit');
    assert.deepEqual(await once(worker, 'message'), ['up']);
    const told = once(worker, 'message');
    // This thread can cancel nothing meanwhile.
    while (Atomics.load(flag, 0) === 0);
    assert.deepEqual(await told, [['ERR_DEADLINE_EXCEEDED', true]]);
    await exit;
  });

  test('that was cancelled before is cancelled at once', async () => {
    const [ctx, cancel] = background.withCancelCause();
    cancel('early');
    const worker = thread(
      `const ctx = Context.from(data); parentPort.postMessage([ctx.signal.aborted, ctx.cause]);`,
      ctx.toHandle(),
    );
    const exit = once(worker, 'exit');
    assert.deepEqual(await once(worker, 'message'), [[true, 'early']]);
    await exit;
  });
});
