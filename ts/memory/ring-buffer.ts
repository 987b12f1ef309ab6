/** Bytes from one thread to another, through memory that both see. */
import { ReadableStream, WritableStream } from 'node:stream/web';
import { threadId } from 'node:worker_threads';
import { block, blockingLimit } from '../blocking.js';
import { InvalidArgumentError, RingBufferBusyError, RingBufferClosedError } from '../errors.js';
import { fast } from '../isolate.js';
import {
  nameOf,
  type Origin,
  type SharedHandle,
  SharedObject,
  type SharedOptions,
} from '../shared-object.js';
import { signalOf } from '../signal.js';
import { nextTurn, overspent } from '../turn.js';
import { checkWaitOptions, nativeLimit, SignalWait, shown, type WaitOptions } from '../wait-options.js';
import { enter, nextWait } from '../waits.js';
import { header, memoryOf, word } from './ring-memory.js';

/** What the calls that wait answer; the numbers of `src/ring.rs`. */
const waiting = 0;
/** How many bytes a read gives at most that does not say. */
const chunk = 65_536;
/** Who owns an end that is this thread's. */
const me = threadId + 1;

/** One end, as far as the two are alike. */
const ends = {
  reader: { name: 'reading', writes: false, owner: word.reader, busy: word.readerBusy },
  writer: { name: 'writing', writes: true, owner: word.writer, busy: word.writerBusy },
} as const;
type End = (typeof ends)[keyof typeof ends];

/**
 * A ring buffer: bytes from one thread that writes to one that reads, through memory that both see. While nobody has to wait no
 * native call is made.
 *
 * Each end belongs to the thread that first uses it, until that thread releases it, ends, or has let go of
 * all its objects of this buffer and they are collected; another thread, or a second write or
 * read while one waits, is refused with {@link RingBufferBusyError}. When the thread that writes ends, what it has written stays
 * to be read, and the reader goes on waiting, for another writer or until somebody closes the buffer; the same holds the
 * other way round.
 *
 * @example
 * ```ts
 * const ring = new RingBuffer(1 << 20);
 * new Worker('./reader.js', { workerData: ring.toHandle() });   // there: for await (const bytes of RingBuffer.from(workerData))
 * await ring.write(bytes);
 * ring.close();
 * ```
 */
export class RingBuffer extends SharedObject<'ring'> implements AsyncIterable<Uint8Array>, Disposable {
  readonly #handle: number;
  readonly #words: Int32Array;
  readonly #data: Uint8Array;
  readonly #capacity: number;
  #lastWritten = 0;

  /**
   * @param bytes - How many bytes it holds, a whole number from 1 to 2³⁰.
   * @param options - `name` shares it by name.
   * @throws {@link InvalidArgumentError} for what cannot be meant; {@link NameConflictError} if the name is in use with another size;
   * {@link UnsupportedError} where the runtime cannot share native memory.
   */
  constructor(bytes: number, options?: SharedOptions);
  /** @internal */
  constructor(origin: Origin, internal: true);
  constructor(first: number | Origin, second: SharedOptions | true = {}) {
    if (second === true) super('ring', first as Origin);
    else super('ring', { options: { bytes: first }, name: nameOf(second) });
    this.#handle = this.native.handle;
    const memory = memoryOf(this.native);
    this.#words = new Int32Array(memory, 0, header / 4);
    this.#data = new Uint8Array(memory, header);
    this.#capacity = this.#words[word.capacity] as number;
  }

  /** Opens the ring buffer of a name. @throws {@link NotFoundError} if there is none. */
  static open(name: string): RingBuffer {
    return new RingBuffer({ name }, true);
  }

  /** Opens the ring buffer that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
  static from(handle: SharedHandle<'ring'>): RingBuffer {
    return new RingBuffer({ handle }, true);
  }

  /** How many bytes it holds at most. */
  get capacity(): number {
    return this.#capacity;
  }

  /** How many bytes are in it to be read. */
  get available(): number {
    const head = Atomics.load(this.#words, word.head);
    return Math.min((Atomics.load(this.#words, word.tail) - head) >>> 0, this.#capacity);
  }

  /** How many bytes there is room for. */
  get free(): number {
    return this.#capacity - this.available;
  }

  /** Whether it is closed. Bytes may be left to read. */
  get closed(): boolean {
    return Atomics.load(this.#words, word.closed) === 1;
  }

  /** How many bytes the last `write` or `writeSync` of this object has put in: all, unless it was cut short. */
  get lastWritten(): number {
    return this.#lastWritten;
  }

  /** An operation begins: the end must be this thread's, and nothing under way there. */
  #begin(end: End): void {
    if (Atomics.load(this.#words, end.owner) !== me) {
      const owner = fast.ringTake(this.#handle, end.writes);
      if (owner !== 0)
        throw new RingBufferBusyError(`the ${end.name} end belongs to thread ${owner - 1}, not to this one`);
    }
    if (this.#words[end.busy] !== 0)
      throw new RingBufferBusyError(
        `another operation is under way at the ${end.name} end: await it before the next one`,
      );
  }

  /** Writes what there is room for, from `at` on. */
  #put(bytes: Uint8Array, at: number): number {
    const words = this.#words;
    if (Atomics.load(words, word.closed) !== 0) throw new RingBufferClosedError();
    const tail = words[word.tail] as number;
    const free = this.#capacity - ((tail - Atomics.load(words, word.head)) >>> 0);
    const count = Math.min(free, bytes.length - at);
    if (count <= 0) return 0;
    const data = this.#data;
    const from = tail & (data.length - 1);
    const first = Math.min(count, data.length - from);
    data.set(first === bytes.length ? bytes : bytes.subarray(at, at + first), from);
    if (count > first) data.set(bytes.subarray(at + first, at + count), 0);
    Atomics.store(words, word.tail, (tail + count) | 0);
    // After the store, as the one who waits announces it before it looks for bytes: one of the two sees the other.
    if (Atomics.load(words, word.readerWants) !== 0) fast.ringWake(this.#handle, false);
    return count;
  }

  /** Reads what is there into `target`. */
  #take(target: Uint8Array): number {
    const words = this.#words;
    const head = words[word.head] as number;
    const used = (Atomics.load(words, word.tail) - head) >>> 0;
    const count = Math.min(used, target.length);
    if (count === 0) return 0;
    const data = this.#data;
    const from = head & (data.length - 1);
    const first = Math.min(count, data.length - from);
    target.set(data.subarray(from, from + first));
    if (count > first) target.set(data.subarray(0, count - first), first);
    Atomics.store(words, word.head, (head + count) | 0);
    const wants = Atomics.load(words, word.writerWants);
    if (wants !== 0 && this.#capacity - used + count >= wants) fast.ringWake(this.#handle, true);
    return count;
  }

  /** Bytes of their own: up to `max` of those that are there. */
  #takeNew(max: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(Math.min(max, this.available));
    this.#take(bytes);
    return bytes;
  }

  /** How much room a writer waits for: not for each byte, or the two threads would wake each other all the time. */
  #roomFor(left: number): number {
    return Math.min(left, Math.ceil(this.#capacity / 2));
  }

  /** Waits until so many bytes are ready at an end, or the buffer is closed. */
  #wait(end: End, wants: number, options: WaitOptions, limit: number): Promise<void> | undefined {
    const id = nextWait();
    const cancellable = options.signal !== undefined;
    const how = fast.ringWait(this.#handle, id, end.writes, wants, limit, cancellable);
    if (how !== waiting) return overspent() ? nextTurn(undefined) : undefined;
    return new Promise<void>((resolve, reject) => {
      const wait = new SignalWait(options, this, () => resolve(), reject);
      enter(wait);
      wait.listen(id);
    });
  }

  /** The same, and blocks this thread. */
  #waitSync(end: End, wants: number, options: WaitOptions, limit: number): void {
    if (fast.ringWaitBlocking(this.#handle, limit, end.writes, wants) === waiting) block(options);
  }

  /**
   * Writes bytes, all of them; waits while there is no room, and puts them in in pieces. They must not change meanwhile.
   *
   * @returns Resolves when all are in.
   * @throws {@link RingBufferClosedError} if the buffer is closed, or is while it waits; {@link RingBufferBusyError};
   * {@link WaitTimeoutError}; the signal's reason. {@link lastWritten} says how many bytes are in then.
   */
  async write(bytes: Uint8Array, options: WaitOptions = {}): Promise<void> {
    checkWaitOptions(options);
    checkBytes(bytes);
    signalOf(options.signal)?.throwIfAborted();
    this.#begin(ends.writer);
    let at = this.#put(bytes, 0);
    this.#lastWritten = at;
    if (at < bytes.length) {
      const limit = limits(options);
      this.#words[word.writerBusy] = 1;
      try {
        while (at < bytes.length) {
          await this.#wait(ends.writer, this.#roomFor(bytes.length - at), options, limit());
          at += this.#put(bytes, at);
          this.#lastWritten = at;
        }
      } finally {
        this.#words[word.writerBusy] = 0;
      }
    } else if (overspent()) await nextTurn(undefined);
  }

  /**
   * Writes what there is room for now.
   *
   * @returns How many bytes went in, from 0.
   * @throws {@link RingBufferClosedError}; {@link RingBufferBusyError}.
   */
  tryWrite(bytes: Uint8Array): number {
    checkBytes(bytes);
    this.#begin(ends.writer);
    return this.#put(bytes, 0);
  }

  /** As `write`, and blocks this thread: worker threads only. @throws {@link UnsupportedError} in the main thread. */
  writeSync(bytes: Uint8Array, options: WaitOptions = {}): void {
    checkWaitOptions(options);
    checkBytes(bytes);
    blockingLimit('writeSync', options);
    this.#begin(ends.writer);
    const limit = limits(options);
    let at = this.#put(bytes, 0);
    this.#lastWritten = at;
    while (at < bytes.length) {
      this.#waitSync(ends.writer, this.#roomFor(bytes.length - at), options, limit());
      at += this.#put(bytes, at);
      this.#lastWritten = at;
    }
  }

  /**
   * Reads bytes; waits while there are none.
   *
   * @param max - How many at most, a whole number from 1. Default 65 536.
   * @returns At least one byte, a copy; none once the buffer is closed and everything has been read.
   * @throws {@link RingBufferBusyError}; {@link WaitTimeoutError}; the signal's reason. No bytes have been taken then.
   */
  async read(max: number = chunk, options: WaitOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    checkMax(max);
    checkWaitOptions(options);
    signalOf(options.signal)?.throwIfAborted();
    this.#begin(ends.reader);
    const bytes = this.#takeNew(max);
    if (bytes.length > 0) {
      if (overspent()) await nextTurn(undefined);
      return bytes;
    }
    const limit = limits(options);
    this.#words[word.readerBusy] = 1;
    try {
      for (;;) {
        await this.#wait(ends.reader, 1, options, limit());
        // Before the bytes are looked for: those that were written before the close are not missed.
        const { closed } = this;
        const late = this.#takeNew(max);
        if (late.length > 0 || closed) return late;
      }
    } finally {
      this.#words[word.readerBusy] = 0;
    }
  }

  /**
   * Reads what is there now, up to `max` bytes.
   *
   * @returns The bytes, a copy; none if there are none.
   * @throws {@link RingBufferBusyError}.
   */
  tryRead(max: number): Uint8Array<ArrayBuffer>;
  /**
   * Reads what is there now into `target`, from its beginning.
   *
   * @returns How many bytes were read.
   */
  tryRead(target: Uint8Array): number;
  tryRead(what: number | Uint8Array): Uint8Array<ArrayBuffer> | number {
    if (typeof what === 'number') checkMax(what);
    else if (!(what instanceof Uint8Array))
      throw new InvalidArgumentError('max', shown(what), 'a whole number of at least 1, or a Uint8Array');
    this.#begin(ends.reader);
    return typeof what === 'number' ? this.#takeNew(what) : this.#take(what);
  }

  /** As `read`, and blocks this thread: worker threads only. @throws {@link UnsupportedError} in the main thread. */
  readSync(max: number = chunk, options: WaitOptions = {}): Uint8Array<ArrayBuffer> {
    checkMax(max);
    checkWaitOptions(options);
    blockingLimit('readSync', options);
    this.#begin(ends.reader);
    const limit = limits(options);
    for (;;) {
      const { closed } = this;
      const bytes = this.#takeNew(max);
      if (bytes.length > 0 || closed) return bytes;
      this.#waitSync(ends.reader, 1, options, limit());
    }
  }

  /**
   * Lets another thread have the reading end.
   *
   * @returns Whether it was this thread's.
   * @throws {@link RingBufferBusyError} while a read waits.
   */
  releaseReader(): boolean {
    return this.#release(ends.reader);
  }

  /**
   * Lets another thread have the writing end.
   *
   * @returns Whether it was this thread's.
   * @throws {@link RingBufferBusyError} while a write waits.
   */
  releaseWriter(): boolean {
    return this.#release(ends.writer);
  }

  #release(end: End): boolean {
    if (Atomics.load(this.#words, end.owner) !== me) return false;
    this.#begin(end);
    return fast.ringRelease(this.#handle, end.writes);
  }

  /**
   * Closes the buffer, from any thread: nothing more can be written, what is in it can still be read, and those who wait are told.
   * Bytes that another thread is just writing may come after the reader has seen the end. Again does no harm.
   */
  close(): void {
    fast.ringClose(this.#handle);
    this.unexport();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Reads until the buffer is closed and empty. Leaving the loop leaves the buffer as it is. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    for (;;) {
      const bytes = await this.read();
      if (bytes.length === 0) return;
      yield bytes;
    }
  }

  /** A stream of what is read: it takes bytes when its reader wants some. */
  get readable(): ReadableStream<Uint8Array> {
    const stop = new AbortController();
    return new ReadableStream<Uint8Array>(
      {
        pull: async (out) => {
          const bytes = await this.read(chunk, { signal: stop.signal });
          if (bytes.length === 0) out.close();
          else out.enqueue(bytes);
        },
        cancel: (reason) => stop.abort(reason),
      },
      { highWaterMark: 0 },
    );
  }

  /** A stream whose chunks are written, with the buffer's back-pressure; closing or aborting it closes the buffer. */
  get writable(): WritableStream<Uint8Array> {
    return new WritableStream<Uint8Array>({
      write: (bytes, out) =>
        this.write(bytes, { signal: (out as unknown as { signal: AbortSignal }).signal }),
      close: () => this.close(),
      abort: () => this.close(),
    });
  }
}

/** The limit of each of several waits, for native code, so that all together take no longer than the time-out. */
function limits({ timeout }: WaitOptions): () => number {
  if (timeout === undefined || timeout === Infinity) return () => 0;
  const end = performance.now() + timeout;
  return () => nativeLimit(Math.max(0, end - performance.now()));
}

function checkBytes(bytes: unknown): void {
  if (!(bytes instanceof Uint8Array)) throw new InvalidArgumentError('bytes', shown(bytes), 'a Uint8Array');
}

function checkMax(max: unknown): void {
  if (!Number.isInteger(max) || (max as number) < 1)
    throw new InvalidArgumentError('max', shown(max), 'a whole number of at least 1');
}
