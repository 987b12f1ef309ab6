/** Where items come from, where results go, and how far ahead the source is read. */
import assert from 'node:assert/strict';
import { Readable, Writable } from 'node:stream';
import { ReadableStream, WritableStream } from 'node:stream/web';
import { test } from 'node:test';
import { Channel, Context, Pipeline } from 'millrace';
import { deferred, pending, turns, until } from '../helpers.js';
import { numbers } from './items.js';

const double = new Pipeline<number>().map((n) => n * 2);
const doubled = numbers(10).map((n) => n * 2);

/** A source that knows how far it was read, and whether it was ended. */
class Watched {
  read = 0;
  returned = 0;
  readonly #count: number;
  constructor(count = Infinity) {
    this.#count = count;
  }
  async *[Symbol.asyncIterator](): AsyncGenerator<number> {
    try {
      while (this.read < this.#count) yield this.read++;
    } finally {
      this.returned++;
    }
  }
}

test('every kind of source', async () => {
  const channel = new Channel<number>(10);
  await channel.sendBatch(numbers(10));
  channel.close();
  const local = Channel.local<number>(10);
  await local.sendBatch(numbers(10));
  local.close();
  const web = new ReadableStream<number>({
    start(out) {
      for (const n of numbers(10)) out.enqueue(n);
      out.close();
    },
  });
  const sources = [
    numbers(10),
    new Set(numbers(10)),
    new Map(numbers(10).map((n) => [n, n])).keys(),
    new Watched(10),
    new Watched(10)[Symbol.asyncIterator](),
    web,
    Readable.from(numbers(10)),
    channel,
    local,
    double.processStream(numbers(10).map((n) => n / 2)),
  ];
  for (const source of sources) assert.deepEqual(await double.processStream(source).toArray(), doubled);
});

test('every kind of destination', async () => {
  const stream = (): ReturnType<typeof double.processStream> => double.processStream(numbers(10));
  const channel = new Channel<number>(2);
  const piped = stream().pipeTo(channel);
  const received: number[] = [];
  for await (const n of channel) received.push(n);
  await piped;
  assert.deepEqual(received, doubled);
  assert.ok(channel.closed);

  const written: number[] = [];
  await stream().pipeTo(new WritableStream<number>({ write: (n) => void written.push(n) }));
  assert.deepEqual(written, doubled);

  const chunks: number[] = [];
  const node = new Writable({
    objectMode: true,
    write: (chunk, _encoding, done) => {
      chunks.push(chunk as number);
      setImmediate(done);
    },
  });
  await stream().pipeTo(node);
  assert.deepEqual(chunks, doubled);
  assert.ok(node.writableFinished);

  assert.deepEqual(await stream().toReadable().toArray(), doubled);
  const web: number[] = [];
  for await (const n of stream().readable) web.push(n);
  assert.deepEqual(web, doubled);
});

test('preventClose leaves the destination open', async () => {
  const channel = new Channel<number>(10);
  await double.processStream([1]).pipeTo(channel, { preventClose: true });
  assert.equal(channel.closed, false);
  let ended = false;
  const web = new WritableStream<number>({ close: () => void (ended = true) });
  await double.processStream([1]).pipeTo(web, { preventClose: true });
  const node = new Writable({ objectMode: true, write: (_chunk, _encoding, done) => done() });
  await double.processStream([1]).pipeTo(node, { preventClose: true });
  assert.deepEqual([ended, node.writableEnded], [false, false]);
  channel.close();
});

test('a destination that fails, or a signal, ends source and stages', async () => {
  const source = new Watched();
  const failing = new Writable({
    objectMode: true,
    write: (_chunk, _encoding, done) => done(new Error('full')),
  });
  await assert.rejects(double.processStream(source).pipeTo(failing), /full/);
  await until(() => source.returned === 1);

  const closed = new Channel<number>(1);
  closed.close();
  const second = new Watched();
  await assert.rejects(double.processStream(second).pipeTo(closed), { code: 'ERR_CHANNEL_CLOSED' });
  assert.equal(second.returned, 1);

  for (const to of [new Channel<number>(1), new WritableStream<number>({ write: () => turns(1000) })]) {
    const third = new Watched();
    const stop = new AbortController();
    const piping = double.processStream(third).pipeTo(to, { signal: stop.signal });
    assert.ok(await pending(piping));
    stop.abort(new Error('enough'));
    await assert.rejects(piping, /enough/);
    await until(() => third.returned === 1);
  }
});

test('a slow reader: the source is read no further than the buffers hold', async () => {
  const source = new Watched();
  const pipeline = new Pipeline<number>({ bufferSize: 8 }).map((n) => n).map(async (n) => n);
  const stream = pipeline.processStream(source);
  await stream.next();
  await turns(20);
  // Two stages of one call and eight in the buffer, eight results, one that was read, one at hand.
  assert.ok(source.read <= 9 + 9 + 8 + 2, `${source.read}`);
  const before = source.read;
  for (let i = 0; i < 20; i++) await stream.next();
  await turns(20);
  assert.ok(source.read > before && source.read <= before + 20, `${source.read}`);
  await stream.return();
});

test('a slow last stage: the source is read no faster than it is', async () => {
  const gates: (() => void)[] = [];
  const source = new Watched(1000);
  const slow = (n: number): Promise<number> => new Promise((resolve) => gates.push(() => resolve(n)));
  const pipeline = new Pipeline<number>({ bufferSize: 2 })
    .map(async (n) => n, { concurrency: 2 })
    .map((n) => n)
    .map(slow, { concurrency: 3 });
  const all = pipeline.processStream(source).toArray();
  const bound = 2 + 2 + 1 + 2 + 3 + 2 + 1;
  for (let done = 0; done < 50; done++) {
    await turns(10);
    assert.ok(source.read <= done + bound, `${source.read} read when ${done} were done`);
    assert.equal(gates.length, 3, 'and the stage never lacks work');
    gates.shift()?.();
  }
  const timer = setInterval(() => {
    for (const open of gates.splice(0)) open();
  }, 0);
  assert.equal((await all).length, 1000);
  clearInterval(timer);
});

test('nothing is read before somebody reads the results', async () => {
  const source = new Watched();
  const stream = double.processStream(source);
  await turns(2);
  assert.equal(source.read, 0);
  await stream.return();
  assert.deepEqual(await stream.next(), { value: undefined, done: true });
  assert.deepEqual(await stream.toArray(), []);
  const other = double.processStream(source);
  const all = other.toArray();
  await other.return();
  await assert.rejects(all, { name: 'AbortError' });
  assert.equal(source.returned, 1);
});

test('several who read at once get each result once, in order', async () => {
  const stream = double.processStream(new Watched(3));
  const results = await Promise.all([stream.next(), stream.next(), stream.next(), stream.next()]);
  assert.deepEqual(
    results.map(({ value }) => value),
    [0, 2, 4, undefined],
  );
});

test('leaving the loop ends the source and the stages', async () => {
  const source = new Watched();
  let called = 0;
  const pipeline = new Pipeline<number>({ concurrency: 2 }).map(async (n) => {
    called++;
    await turns(1);
    return n;
  });
  for await (const n of pipeline.processStream(source)) if (n === 3) break;
  assert.equal(source.returned, 1);
  const then = called;
  await pipeline.drain();
  await turns(3);
  assert.equal(called, then);
  await using stream = pipeline.processStream(new Watched());
  await stream.next();
  assert.equal(pipeline.getMetrics().inFlight > 0, true);
});

test('a source that waits is let go of, and does not hold up who leaves', async () => {
  const never = deferred<number>();
  async function* hanging(): AsyncGenerator<number> {
    yield 1;
    yield await never.promise;
  }
  const generator = double.processStream(hanging());
  await generator.next();
  await generator.return();

  let cancelled: unknown;
  const web = new ReadableStream<number>({
    start: (out) => out.enqueue(1),
    cancel: (reason) => void (cancelled = reason),
  });
  const fromWeb = double.processStream(web);
  await fromWeb.next();
  await fromWeb.return();
  assert.equal((cancelled as Error).name, 'AbortError');

  const node = new Readable({ objectMode: true, read: () => undefined });
  node.push(1);
  const fromNode = double.processStream(node);
  await fromNode.next();
  await fromNode.return();
  assert.ok(node.destroyed);

  const channel = new Channel<number>(4);
  await channel.send(1);
  const fromChannel = double.processStream(channel);
  await fromChannel.next();
  await fromChannel.return();
  await turns(2);
  await channel.send(2);
  assert.equal((await channel.receive()).value, 2, 'its next message is for others');
  channel.close();
  never.resolve(0);
});

test('a signal, a context and a time limit end a stream, a batch and a single item', async () => {
  const hang = new Pipeline<number>().map(() => new Promise<number>(() => undefined), { concurrency: 9 });
  const stop = new AbortController();
  const [context, cancel] = Context.background().withCancel();
  const byAbort = [
    hang.processStream([1], { signal: stop.signal }).next(),
    hang.processBatch([1], { signal: stop.signal }),
    hang.process(1, { signal: stop.signal }),
  ];
  const byContext = [
    hang.processStream([1], { signal: context }).next(),
    hang.process(1, { signal: context }),
  ];
  const late = [hang.processStream([1], { timeout: 5 }).next(), hang.process(1, { timeout: 5 })];
  stop.abort(new Error('enough'));
  cancel();
  for (const one of byAbort) await assert.rejects(one, /enough/);
  for (const one of byContext) await assert.rejects(one, { code: 'ERR_CONTEXT_CANCELED' });
  for (const one of late) await assert.rejects(one, { code: 'ERR_TIMEOUT' });
  await assert.rejects(hang.process(1, { signal: stop.signal }), /enough/);
  await assert.rejects(hang.processBatch([1], { signal: stop.signal }), /enough/);
  const over = new AbortController();
  const month = { timeout: 31 * 24 * 3600 * 1000, signal: over.signal };
  const open = [hang.process(1, month), hang.drain(month)];
  assert.ok(await pending(Promise.race(open)), 'longer than a timer of the platform waits');
  await turns(20);
  assert.ok(await pending(Promise.race(open)));
  const ends = open.map((one) => assert.rejects(one as Promise<unknown>, /over/));
  const stream = hang.processStream(new Watched(), { signal: stop.signal });
  await assert.rejects(stream.next(), /enough/);
  assert.equal((await stream.next()).done, true);
  await assert.rejects(hang.processStream([1], { signal: stop.signal }).toArray(), /enough/);
  over.abort(new Error('over'));
  await Promise.all(ends);
});

test('what fails while a source is ended is told to who leaves', async () => {
  const source = {
    [Symbol.iterator]: () => ({
      next: () => ({ value: 1, done: false }),
      return: () => {
        throw new Error('stuck');
      },
    }),
  };
  const stream = double.processStream(source as Iterable<number>);
  await stream.next();
  await assert.rejects(stream.return(), /stuck/);
});
