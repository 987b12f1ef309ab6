/** Goroutines. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { threadId } from 'node:worker_threads';
import { Channel, Context, diagnostics, go, goAll, goRace } from 'millrace';
import { child, packageUrl, until } from '../helpers.js';

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

const invalid = (name: string): object => ({
  code: 'ERR_INVALID_ARGUMENT',
  message: new RegExp(`^${name}:`),
});
/** How many goroutines there are in the process. */
const goroutines = (): number => diagnostics().filter(({ kind }) => kind === 'goroutine').length;

describe('a goroutine', () => {
  test('is a thenable: then, catch and finally as of a promise', async () => {
    const told: string[] = [];
    const routine = go(() => 5);
    assert.equal(await routine.then((n) => n + 1), 6);
    assert.equal(await routine.finally(() => told.push('finally')), 5);
    assert.equal(await routine.catch(() => 7), 5);
    const failing = go(() => {
      throw new RangeError('no');
    });
    assert.equal(await failing.catch((error) => (error as Error).message), 'no');
    await assert.rejects(
      failing.finally(() => told.push('finally too')),
      /no/,
    );
    assert.equal(
      await failing.then(
        () => 'fulfilled',
        (error) => (error as Error).name,
      ),
      'RangeError',
    );
    assert.deepEqual(told, ['finally', 'finally too']);
  });

  test('cancel without a reason gives an AbortError; after the end it changes nothing', async () => {
    const routine = go(() => new Promise(() => undefined));
    routine.cancel();
    await assert.rejects(routine.then(), { name: 'AbortError' });
    const ended = go(() => 1);
    assert.equal(await ended, 1);
    ended.cancel();
    assert.equal(ended.state, 'fulfilled');
  });

  test('go.with: a signal that aborts before and meanwhile, with its reason', async () => {
    const before = go.with({ signal: AbortSignal.abort(new RangeError('before')) })(() => 1);
    await assert.rejects(before.then(), /before/);
    assert.equal(before.state, 'cancelled');
    const stop = new AbortController();
    const routine = go.with(stop)(
      async (n: number) => new Promise((_, reject) => setTimeout(reject, n)),
      1e6,
    );
    stop.abort(new RangeError('meanwhile'));
    await assert.rejects(routine.then(), /meanwhile/);
    assert.equal(await go.with({})((a: number, b: number) => a * b, 6, 7), 42);
  });

  test('go.local: its function is told by the signal it gets; a signal and a context cancel it', async () => {
    const told: unknown[] = [];
    const listens = (signal: AbortSignal) =>
      new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => {
          told.push((signal.reason as Error).message);
          reject(signal.reason as Error);
        });
      });
    const stop = new AbortController();
    const [context, cancel] = Context.background().withCancelCause();
    const routines = [go.local(listens, { signal: stop.signal }), go.local(listens, { signal: context })];
    const third = go.local(listens);
    stop.abort(new RangeError('signal'));
    cancel(new RangeError('context'));
    third.cancel(new RangeError('cancel'));
    await assert.rejects(routines[0]?.then() as Promise<unknown>, /signal/);
    await assert.rejects(routines[1]?.then() as Promise<unknown>, { code: 'ERR_CONTEXT_CANCELED' });
    await assert.rejects(third.then(), /cancel/);
    assert.equal(told.length, 3);
    let ran = false;
    const never = go.local(
      () => {
        ran = true;
      },
      { signal: stop.signal },
    );
    await assert.rejects(never.then(), /signal/);
    assert.equal(ran, false);
  });

  test('what cannot be meant is refused at once', () => {
    const before = goroutines();
    for (const fn of [5, null, undefined, 'fn', {}] as never[]) {
      assert.throws(() => go(fn), invalid('fn'));
      assert.throws(() => go.local(fn), invalid('fn'));
      assert.throws(() => go.with({})(fn), invalid('fn'));
    }
    for (const [options, name] of [
      [{ signal: 5 }, 'signal'],
      [{ signl: new AbortController().signal }, 'signl'],
      [{ timeout: 5 }, 'timeout'],
      [null, 'options'],
    ] as const) {
      assert.throws(() => go.local(() => 1, options as never), invalid(name));
      assert.throws(() => go.with(options as never)(() => 1), invalid(name));
    }
    assert.equal(goroutines(), before);
  });
});

describe('goAll and goRace', () => {
  test('goAll: the first error cancels the others, and none is left', async () => {
    const before = goroutines();
    const hangs = (): Promise<void> => new Promise(() => undefined);
    await assert.rejects(goAll([hangs, () => Promise.reject(new RangeError('first')), hangs]), /first/);
    await until(() => goroutines() === before);
    assert.deepEqual(await goAll([]), []);
  });

  test('goRace: the first to end cancels the others, also by an error, and none is left', async () => {
    const before = goroutines();
    const hangs = (): Promise<string> => new Promise(() => undefined);
    assert.equal(await goRace([hangs, () => 'first', hangs]), 'first');
    await until(() => goroutines() === before);
    await assert.rejects(goRace([hangs, () => Promise.reject(new RangeError('lost'))]), /lost/);
    await until(() => goroutines() === before);
  });

  test('what cannot be meant is refused, and then none runs', async () => {
    const before = goroutines();
    for (const fns of [5, null, undefined, {}, 'fns'] as never[]) {
      await assert.rejects(goAll(fns), invalid('fns'));
      await assert.rejects(goRace(fns), invalid('fns'));
    }
    await assert.rejects(goAll([() => 1, 5 as never]), invalid('fn'));
    await assert.rejects(goRace([() => 1, 5 as never]), invalid('fn'));
    await assert.rejects(goRace([]), invalid('fns'));
    assert.equal(goroutines(), before);
  });
});
