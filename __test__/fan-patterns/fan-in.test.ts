/** Merging: the order of items, inputs that come and go. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { describe, test } from 'node:test';
import { Channel, FanIn, type MergeStrategy } from 'millrace';
import { pending, turns } from '../helpers.js';
import { collect, Hand } from './fans.js';

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
