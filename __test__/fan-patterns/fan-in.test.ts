/** Many inputs merged into one. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { describe, test } from 'node:test';
import { Channel, Context, diagnostics, FanIn, type MergeStrategy } from 'millrace';
import { deferred, pending, thread, turns, until } from '../helpers.js';

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** An input that is driven by hand, and tells what is done to it. */
class Hand<T> implements AsyncIterable<T> {
  asked = 0;
  left = 0;
  readonly #waiting: { resolve(result: IteratorResult<T>): void; reject(error: unknown): void }[] = [];

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return {
      next: () => {
        this.asked++;
        return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
      },
      return: () => {
        this.left++;
        return Promise.resolve({ value: undefined, done: true });
      },
    };
  }

  async give(value: T): Promise<void> {
    await until(() => this.#waiting.length > 0);
    this.#waiting.shift()?.resolve({ value, done: false });
    await turns(1);
  }

  async fail(error: unknown): Promise<void> {
    await until(() => this.#waiting.length > 0);
    this.#waiting.shift()?.reject(error);
    await turns(1);
  }

  async end(): Promise<void> {
    await until(() => this.#waiting.length > 0);
    this.#waiting.shift()?.resolve({ value: undefined, done: true });
    await turns(1);
  }
}

describe('order', () => {
  test('round-robin takes of each in turn', async () => {
    const fanIn = new FanIn<string>();
    fanIn.addInput(['a1', 'a2', 'a3']);
    fanIn.addInput(['b1']);
    fanIn.addInput(['c1', 'c2']);
    assert.equal(fanIn.getInputCount(), 3);
    assert.deepEqual(await collect(fanIn.merge()), ['a1', 'b1', 'c1', 'a2', 'c2', 'a3']);
    assert.equal(fanIn.getInputCount(), 0);
  });

  test('priority: the highest that has something, equal ones in turn', async () => {
    const fanIn = new FanIn<string>({ mergeStrategy: 'priority' });
    fanIn.addInput(['low1', 'low2'], { priority: -1 });
    fanIn.addInput(['x1', 'x2'], { priority: 5 });
    fanIn.addInput(['y1', 'y2'], { priority: 5 });
    fanIn.addInput(['zero']);
    assert.deepEqual(await collect(fanIn.merge()), ['x1', 'y1', 'x2', 'y2', 'zero', 'low1', 'low2']);
  });

  test('arrival: items in the order of their coming', async () => {
    const fanIn = new FanIn<number>({ mergeStrategy: 'arrival', bufferSize: 4 });
    const [a, b] = [new Hand<number>(), new Hand<number>()];
    fanIn.addInput(a);
    fanIn.addInput(b);
    const merged = fanIn.merge();
    const first = merged.next();
    await b.give(1);
    await b.give(2);
    await a.give(3);
    await b.give(4);
    assert.deepEqual(await first, { value: 1, done: false });
    const rest = collect(merged);
    await a.end();
    await b.end();
    assert.deepEqual(await rest, [2, 3, 4]);
  });

  test('a rule of one’s own merges sorted inputs: it may wait until all have something', async () => {
    const sorted: MergeStrategy<number> = {
      pick: (ready, waiting) => {
        if (waiting > 0) return undefined;
        const least = Math.min(...ready.map(({ next }) => next));
        return ready.findIndex(({ next }) => next === least);
      },
    };
    const source = async function* (...numbers: number[]): AsyncGenerator<number> {
      for (const n of numbers) {
        await turns(n % 3);
        yield n;
      }
    };
    for (const custom of [true, false]) {
      const fanIn = new FanIn<number>(
        custom ? { mergeStrategy: 'custom', strategy: sorted, bufferSize: 1 } : {},
      );
      for (const numbers of [[1, 5, 9], [2, 3, 10, 11], [4]]) fanIn.addInput(source(...numbers));
      const merged = custom ? fanIn.merge() : fanIn.mergeWithStrategy(sorted);
      assert.deepEqual(await collect(merged), [1, 2, 3, 4, 5, 9, 10, 11]);
    }
  });

  test('a rule sees input, priority, and how much is there; one that picks nothing ends it', async () => {
    const fanIn = new FanIn<number>({ bufferSize: 2 });
    const input = [7, 8, 9];
    fanIn.addInput(input, { priority: 3 });
    const seen: unknown[] = [];
    const merged = fanIn.mergeWithStrategy({
      pick(ready) {
        seen.push(...ready);
        return seen.length === 1 ? 0 : undefined;
      },
    });
    assert.deepEqual(await merged.next(), { value: 7, done: false });
    await assert.rejects(merged.next(), { code: 'ERR_INVALID_ARGUMENT' });
    assert.deepEqual(seen, [
      { input, next: 7, priority: 3, buffered: 2, taken: 0 },
      { input, next: 8, priority: 3, buffered: 2, taken: 1 },
    ]);
    assert.deepEqual(await merged.next(), { value: undefined, done: true });
  });
});

describe('inputs', () => {
  test('iterables, generators, channels, Web and Node streams', async () => {
    const channel = new Channel<number>(4);
    await channel.sendBatch([1, 2]);
    channel.close();
    const fanIn = new FanIn<number>();
    fanIn.addInput(channel);
    fanIn.addInput(new Set([3]));
    fanIn.addInput(
      new ReadableStream<number>({
        start(out) {
          out.enqueue(4);
          out.close();
        },
      }),
    );
    fanIn.addInput(Readable.from([5, 6]));
    fanIn.addInput(
      (async function* () {
        yield 7;
      })(),
    );
    assert.deepEqual((await collect(fanIn.merge())).sort(), [1, 2, 3, 4, 5, 6, 7]);
  });

  test('are read no further ahead than bufferSize', async () => {
    const fanIn = new FanIn<number>({ bufferSize: 3 });
    let read = 0;
    fanIn.addInput(
      (function* () {
        for (;;) yield read++;
      })(),
    );
    const hand = new Hand<number>();
    fanIn.addInput(hand);
    const merged = fanIn.merge();
    assert.equal(read, 0);
    for (const n of [0, 1, 2]) {
      assert.equal((await merged.next()).value, n);
      await turns(2);
      assert.equal(read, n + 4);
    }
    await hand.give(100);
    await hand.give(101);
    await hand.give(102);
    assert.equal(hand.asked, 3);
    assert.equal(fanIn.getMetrics().buffered, 6);
    await merged.return?.();
  });

  test('come and go while they are merged', async () => {
    const fanIn = new FanIn<string>();
    const [a, b] = [new Hand<string>(), new Hand<string>()];
    fanIn.addInput(a);
    const merged = fanIn.merge();
    const first = merged.next();
    fanIn.addInput(b);
    assert.equal(fanIn.getInputCount(), 2);
    await b.give('b1');
    assert.equal((await first).value, 'b1');
    await b.give('dropped');
    fanIn.removeInput(b);
    assert.deepEqual([b.left, fanIn.getInputCount()], [1, 1]);
    fanIn.removeInput(b);
    const second = merged.next();
    assert.ok(await pending(second));
    await a.give('a1');
    assert.equal((await second).value, 'a1');
    await a.give('kept');
    fanIn.removeInput(a, { drain: true });
    assert.deepEqual(await collect(merged), ['kept']);
    const { added, removed, received, delivered } = fanIn.getMetrics();
    assert.deepEqual([added, removed, received, delivered], [2, 2, 4, 3]);
  });

  test('removing the last one ends an iteration that waits', async () => {
    const fanIn = new FanIn<number>();
    const hand = new Hand<number>();
    fanIn.addInput(hand);
    const merged = fanIn.merge();
    const next = merged.next();
    fanIn.removeInput(hand);
    assert.deepEqual(await next, { value: undefined, done: true });
  });

  test('an iteration without inputs is at its end; later ones can be merged anew', async () => {
    const fanIn = new FanIn<number>();
    assert.deepEqual(await collect(fanIn.merge()), []);
    fanIn.addInput([1]);
    assert.deepEqual(await collect(fanIn.merge()), [1]);
  });

  test('are merged once at a time', async () => {
    const fanIn = new FanIn<number>();
    const hand = new Hand<number>();
    fanIn.addInput(hand);
    const merged = fanIn.merge();
    const first = merged.next();
    const second = fanIn.merge();
    await assert.rejects(second.next(), { code: 'ERR_FAN_IN_BUSY' });
    await hand.give(1);
    assert.equal((await first).value, 1);
    assert.equal(hand.left, 0);
    await merged.return?.();
  });
});

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
