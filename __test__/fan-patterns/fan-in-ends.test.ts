/** Merging that ends: a reader that leaves, an input that fails, a thread that dies, several readers. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { describe, test } from 'node:test';
import { Channel, Context, diagnostics, FanIn } from 'millrace';
import { deferred, thread, turns, until } from '../helpers.js';
import { collect, Hand } from './fans.js';

describe('leaving', () => {
  test('calls return of every input, also of one that is awaited', async () => {
    const fanIn = new FanIn<number>();
    const [a, b] = [new Hand<number>(), new Hand<number>()];
    let ended = false;
    fanIn.addInput(a);
    fanIn.addInput(b);
    fanIn.addInput(
      (async function* () {
        try {
          for (let n = 0; ; n++) yield n;
        } finally {
          ended = true;
        }
      })(),
    );
    for await (const _ of fanIn.merge()) break;
    assert.deepEqual([a.left, b.left, ended, fanIn.getInputCount()], [1, 1, true, 0]);
  });

  test('a receive from a channel takes no message', async () => {
    const channel = new Channel<number>(2);
    const fanIn = new FanIn<number>();
    fanIn.addInput(channel);
    const merged = fanIn.merge();
    const next = merged.next();
    await turns(1);
    await merged.return?.();
    assert.deepEqual(await next, { value: undefined, done: true });
    await channel.send(1);
    assert.deepEqual(await channel.receive(), { value: 1, done: false });
  });

  test('a stream is told even while it is awaited', async () => {
    const node = new Readable({ objectMode: true, read: () => undefined });
    let cancelled = false;
    const web = new ReadableStream<number>({ cancel: () => void (cancelled = true) });
    const fanIn = new FanIn<number>();
    fanIn.addInput(node);
    fanIn.addInput(web);
    const merged = fanIn.merge();
    const next = merged.next();
    await turns(2);
    await merged.return?.();
    await next;
    assert.deepEqual([node.destroyed, cancelled], [true, true]);
  });

  test('an error of return() comes out when one leaves', async () => {
    const fanIn = new FanIn<number>({ bufferSize: 1 });
    fanIn.addInput({
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: 1 }),
        return: async () => {
          throw new Error('cannot end');
        },
      }),
    });
    const merged = fanIn.merge();
    await merged.next();
    await turns(1);
    await assert.rejects(async () => merged.return?.(), /cannot end/);
  });

  test('a signal, a context, the reader’s timeout, and close', async () => {
    const stop = new AbortController();
    const [ctx, cancel] = Context.background().withCancel();
    const cases: [object, (fanIn: FanIn<number>) => unknown, object][] = [
      [{ signal: stop.signal }, () => stop.abort(new Error('enough')), /enough/],
      [{ signal: ctx }, () => cancel(), { code: 'ERR_CONTEXT_CANCELED' }],
      [{ timeout: 5 }, () => undefined, { code: 'ERR_TIMEOUT' }],
    ];
    for (const [options, end, error] of cases) {
      const fanIn = new FanIn<number>();
      const hand = new Hand<number>();
      fanIn.addInput(hand);
      const merged = fanIn.merge(options);
      const next = merged.next();
      end(fanIn);
      await assert.rejects(next, error);
      assert.equal(hand.left, 1);
      assert.deepEqual(await merged.next(), { value: undefined, done: true });
    }
    const never = new FanIn<number>().merge({ signal: AbortSignal.abort(new Error('before')) });
    await assert.rejects(never.next(), /before/);
    const fanIn = new FanIn<number>();
    const hand = new Hand<number>();
    fanIn.addInput(hand);
    const next = fanIn.merge().next();
    await fanIn.close();
    await fanIn.close();
    assert.deepEqual([await next, hand.left], [{ value: undefined, done: true }, 1]);
    assert.throws(() => fanIn.addInput([1]), { code: 'ERR_FAN_CLOSED' });
    assert.throws(() => fanIn.merge(), { code: 'ERR_FAN_CLOSED' });
  });

  test('an abort while nobody asks is told to the next who does', async () => {
    const stop = new AbortController();
    const fanIn = new FanIn<number>();
    fanIn.addInput([1, 2, 3]);
    const merged = fanIn.merge({ signal: stop.signal });
    await merged.next();
    stop.abort(new Error('between'));
    await assert.rejects(merged.next(), /between/);
  });
});

describe('an input that fails', () => {
  test("'fail': its error comes out at once, and the others are left", async () => {
    const fanIn = new FanIn<number>();
    const [a, b] = [new Hand<number>(), new Hand<number>()];
    fanIn.addInput(a);
    fanIn.addInput(b);
    const merged = fanIn.merge();
    const broken = assert.rejects(merged.next(), /broken/);
    await a.fail(new Error('broken'));
    await broken;
    assert.deepEqual([a.left + b.left, fanIn.getInputCount()], [2, 0]);
  });

  test("'end-input': the others go on, and what it gave before is given out", async () => {
    const told: unknown[] = [];
    const fanIn = new FanIn<number>({
      onError: 'end-input',
      onInputError: (error, input) => told.push([String(error), input]),
    });
    const bad = (async function* () {
      yield 1;
      throw new Error('broken');
    })();
    fanIn.addInput(bad);
    fanIn.addInput([2, 3]);
    assert.deepEqual((await collect(fanIn.merge())).sort(), [1, 2, 3]);
    assert.deepEqual(told, [['Error: broken', bad]]);
    assert.equal(fanIn.getMetrics().errors, 1);
  });

  test("'skip': it is asked for its next item", async () => {
    const fanIn = new FanIn<number>({ onError: 'skip' });
    let at = 0;
    fanIn.addInput({
      [Symbol.asyncIterator]: () => ({
        next: async () => {
          at++;
          if (at === 2 || at === 3) throw new Error(`no ${at}`);
          return at > 4 ? { value: undefined, done: true as const } : { value: at, done: false as const };
        },
      }),
    });
    assert.deepEqual(await collect(fanIn.merge()), [1, 4]);
    assert.equal(fanIn.getMetrics().errors, 2);
  });

  test('one that always fails does not stop the others or the event loop', async () => {
    const fanIn = new FanIn<number>({ onError: 'skip' });
    fanIn.addInput({
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('always')) }),
    });
    fanIn.addInput([1, 2]);
    const merged = fanIn.merge();
    assert.deepEqual([(await merged.next()).value, (await merged.next()).value], [1, 2]);
    await turns(3);
    await merged.return?.();
    const { errors } = fanIn.getMetrics();
    await turns(3);
    assert.equal(fanIn.getMetrics().errors, errors);
  });

  test('one that cannot even begin, or throws at once', async () => {
    const thrower = {
      [Symbol.iterator](): Iterator<number> {
        throw new Error('cannot begin');
      },
    };
    const fanIn = new FanIn<number>();
    fanIn.addInput(thrower);
    await assert.rejects(fanIn.merge().next(), /cannot begin/);
    const other = new FanIn<number>({ onError: 'end-input' });
    other.addInput(thrower);
    other.addInput(
      (function* () {
        yield 1;
        throw new Error('at once');
      })(),
    );
    other.addInput([2]);
    assert.deepEqual((await collect(other.merge())).sort(), [1, 2]);
  });

  test('timeout: one that gives nothing for so long has failed; not one that nobody asks', async () => {
    const fanIn = new FanIn<number>({ timeout: 10, onError: 'end-input' });
    const hand = new Hand<number>();
    fanIn.addInput(hand);
    fanIn.addInput([1]);
    assert.deepEqual(await collect(fanIn.merge()), [1]);
    const { errors, timedOut } = fanIn.getMetrics();
    assert.deepEqual([errors, timedOut, hand.left], [1, 1, 1]);
    const failing = new FanIn<number>({ timeout: 5 });
    failing.addInput(new Hand<number>());
    await assert.rejects(failing.merge().next(), { code: 'ERR_TIMEOUT' });
  });

  test('timeout with skip goes on waiting', async () => {
    const fanIn = new FanIn<number>({ timeout: 2, onError: 'skip' });
    const hand = new Hand<number>();
    fanIn.addInput(hand);
    const merged = fanIn.merge();
    const next = merged.next();
    await until(() => fanIn.getMetrics().timedOut >= 2);
    await hand.give(1);
    assert.equal((await next).value, 1);
    assert.equal(hand.asked, 2);
    await merged.return?.();
  });

  test('a listener that throws ends the iteration', async () => {
    const fanIn = new FanIn<number>({
      onError: 'end-input',
      onInputError: () => {
        throw new Error('listener');
      },
    });
    const hand = new Hand<number>();
    fanIn.addInput(hand);
    const failed = assert.rejects(fanIn.merge().next(), /listener/);
    await hand.fail(new Error('broken'));
    await failed;
  });
});

test('a thread that is terminated while it merges a channel takes no message with it', async () => {
  const channel = new Channel<number>(1);
  const worker = thread(
    `const merging = new FanIn();
    merging.addInput(Channel.from(data));
    void merging.merge().next();
    parentPort.postMessage('waits');`,
    channel.toHandle(),
  );
  await once(worker, 'message');
  await until(() => diagnostics().some(({ kind, waiting }) => kind === 'channel' && waiting === 1));
  const exited = once(worker, 'exit');
  await worker.terminate();
  await exited;
  await channel.send(5);
  assert.deepEqual(await channel.receive(), { value: 5, done: false });
  channel.close();
});

describe('readers', () => {
  test('several who wait are served in the order of asking', async () => {
    const fanIn = new FanIn<number>();
    const hand = new Hand<number>();
    fanIn.addInput(hand);
    const merged = fanIn.merge();
    const all = [merged.next(), merged.next(), merged.next()];
    await hand.give(1);
    await hand.give(2);
    await hand.end();
    assert.deepEqual(
      (await Promise.all(all)).map(({ value }) => value),
      [1, 2, undefined],
    );
  });

  test('endless inputs that are always ready let the event loop have its turns', async () => {
    const fanIn = new FanIn<number>();
    fanIn.addInput(
      (function* () {
        for (;;) yield 1;
      })(),
    );
    let looped = false;
    setImmediate(() => (looped = true));
    for await (const _ of fanIn.merge()) if (looped) break;
    const gate = deferred<void>();
    gate.resolve();
    await gate.promise;
  });

  test('garbage is refused by its name', () => {
    const wrong: [object, RegExp][] = [
      [{ bufferSize: 0 }, /bufferSize/],
      [{ mergeStrategy: 'best' }, /mergeStrategy/],
      [{ timeout: Number.NaN }, /timeout/],
      [{ onError: 'collect' }, /onError/],
      [{ onInputError: 1 }, /onInputError/],
      [{ strategy: { pick: () => 0 } }, /strategy/],
      [{ mergeStrategy: 'custom', strategy: 5 }, /strategy/],
      [{ buffer: 1 }, /buffer: got an unknown option/],
    ];
    for (const [options, message] of wrong)
      assert.throws(() => new FanIn(options as never), { code: 'ERR_INVALID_ARGUMENT', message });
    const fanIn = new FanIn<number>({ mergeStrategy: 'custom' });
    const input = [1];
    fanIn.addInput(input);
    for (const call of [
      () => fanIn.addInput(5 as never),
      () => fanIn.addInput('text' as never),
      () => fanIn.addInput(null as never),
      () => fanIn.addInput(input),
      () => fanIn.addInput([2], { priority: 'high' as never }),
      () => fanIn.addInput([2], { rank: 1 } as never),
      () => fanIn.removeInput(input, { drain: 1 as never }),
      () => fanIn.merge(),
      () => fanIn.mergeWithStrategy('best' as never),
      () => fanIn.mergeWithStrategy('arrival', { timeout: -1 }),
    ])
      assert.throws(call, { code: 'ERR_INVALID_ARGUMENT' });
  });
});
