/** Channels with Go's semantics, between any threads of the process. */

import type { ReadableStream, WritableStream } from 'node:stream/web';
import { isMainThread, type Transferable } from 'node:worker_threads';
import { checkIterable } from '../arguments.js';
import { block, blockingLimit } from '../blocking.js';
import { ChannelClosedError, InvalidArgumentError, UnsupportedError } from '../errors.js';
import { fast, taskRecord } from '../isolate.js';
import type { NativeObject } from '../native/binding.js';
import {
  nameOf,
  type Origin,
  type SharedHandle,
  SharedObject,
  type SharedOptions,
} from '../shared-object.js';
import { signalOf } from '../signal.js';
import { nextTurn, overspent } from '../turn.js';
import { putNum, putTag, recordedValue } from '../values.js';
import { checkWaitOptions, nativeLimit, SignalWait, shown, type WaitOptions } from '../wait-options.js';
import { enter, nextWait, status } from '../waits.js';
import { collect, sendNumbers } from './batches.js';
import { ReceiveWait, SendWait, waitToSend } from './channel-waits.js';
import { checkTransfer, crossing, LocalMessages, type Messages } from './messages.js';
import { closedResult, type ReceiveResult } from './receive-result.js';
import { Ring } from './ring.js';
import { pipe, pipeToStream, readableOf, writableOf } from './streams.js';

export type { ReceiveResult };

/** How a message is sent. */
export interface SendOptions extends WaitOptions {
  /**
   * What in the message is moved instead of copied, as for `postMessage`; it is gone from here also when the wait for room ends in
   * vain. A local channel copies nothing, and hands this over as it is too.
   */
  transfer?: readonly Transferable[];
}

/** How a channel is piped on. */
export interface PipeOptions extends WaitOptions {
  /** Whether the other one stays open at the end. Default false. */
  preventClose?: boolean;
}

const sent = { done: 0, waiting: 1, closed: 2 } as const;
const done = Promise.resolve();
const nothing: readonly Transferable[] = [];
const noOptions = Object.freeze({});
/** So many numbers go through native calls before a channel's ring is asked for. */
const ringAfter = 32;

/**
 * A channel: threads send messages into it and receive them from it, each message once.
 *
 * With a capacity of 0 a send ends when a receiver takes the message; otherwise as soon as there is room. Messages come in the
 * order in which they were sent, and those who wait are served in the order in which they came. Messages are cloned as by
 * `postMessage`, or moved with `transfer`. A message given to a thread that ends before it arrives goes to the next receiver.
 *
 * @example
 * ```ts
 * const jobs = new Channel<Job>(16);
 * new Worker('./worker.js', { workerData: jobs.toHandle() });   // there: Channel.from<Job>(workerData)
 * await jobs.send(job);
 * for await (const job of jobs) await handle(job);
 * ```
 */
export class Channel<T> extends SharedObject<'channel'> implements AsyncIterable<T>, Disposable {
  readonly #handle: number;
  readonly #capacity: number;
  /** @internal */
  readonly messages: Messages;
  /** Whether numbers travel as they are, and not as names of what stays here. */
  readonly #plain: boolean;
  #ring: Ring | undefined;
  /** Numbers that went through native calls. */
  #called = 0;

  /**
   * @param capacity - How many messages it holds, a whole number from 0. Default 0: each goes from hand to hand.
   * @param options - `name` shares it by name.
   * @throws {@link InvalidArgumentError} for what cannot be meant; {@link NameConflictError} if the name is in use with another
   * capacity.
   */
  constructor(capacity?: number, options?: SharedOptions);
  /** @internal */
  constructor(origin: Origin, local: boolean);
  constructor(first: number | Origin = 0, second: SharedOptions | boolean = {}) {
    if (typeof first === 'object') {
      super('channel', first);
    } else {
      super('channel', { options: { capacity: first }, name: nameOf(second as SharedOptions) });
    }
    this.#plain = second !== true;
    this.messages = this.#plain ? crossing : new LocalMessages();
    this.#handle = this.native.handle;
    this.#capacity = fast.channelCapacity(this.#handle);
  }

  /** Opens the channel of a name. @throws {@link NotFoundError} if there is none. */
  static open<T>(name: string): Channel<T> {
    return new Channel<T>({ name }, false);
  }

  /** Opens the channel that another thread's {@link toHandle} names. @throws {@link NotFoundError} if it is gone. */
  static from<T>(handle: SharedHandle<'channel'>): Channel<T> {
    return new Channel<T>({ handle }, false);
  }

  /** A channel within this thread: messages are handed over as they are, without a copy. It has no handle. */
  static local<T>(capacity = 0): Channel<T> {
    return new Channel<T>({ options: { capacity }, name: undefined }, true);
  }

  override toHandle(): SharedHandle<'channel'> {
    if (!this.#plain)
      throw new UnsupportedError(
        'a local channel stays in its thread: make one with new Channel() to share it',
      );
    return super.toHandle();
  }

  /** How many messages it holds. */
  get capacity(): number {
    return this.#capacity;
  }

  /** How many messages are in it now. */
  get length(): number {
    return fast.channelLength(this.#handle);
  }

  /** Whether it is closed. Messages may be left to receive. */
  get closed(): boolean {
    return fast.channelClosed(this.#handle);
  }

  /** @internal */
  get object(): NativeObject {
    return this.native;
  }

  /** The number native calls know it by. @internal */
  get handle(): number {
    return this.#handle;
  }

  /**
   * Sends a message.
   *
   * @returns Resolves when the message is in the channel, or in a receiver's hands.
   * @throws {@link ChannelClosedError} if the channel is closed, or is while it waits; `DataCloneError` for what cannot be cloned;
   * {@link WaitTimeoutError}; the signal's reason. The message has not been sent then.
   */
  send(value: T, options?: SendOptions): Promise<void> {
    if (options !== undefined) return this.#sendWith(value, options);
    let how: number;
    if (typeof value === 'number' && this.#plain) {
      if (this.#ring?.push(value, true) === true) return overspent() ? nextTurn(undefined) : done;
      how = fast.channelSendNumber(this.#handle, nextWait(), value);
      this.#count();
      if (how === sent.closed) return Promise.reject(new ChannelClosedError());
    } else {
      try {
        if (!this.messages.encode(value)) return this.#sendWith(value, {});
      } catch (error) {
        return Promise.reject(error as Error);
      }
      how = fast.channelSend(this.#handle, nextWait(), putTag, putNum);
    }
    if (how === sent.done) return overspent() ? nextTurn(undefined) : done;
    if (how === sent.closed) return this.#refused(putTag, putNum);
    return new Promise((resolve, reject) => enter(new SendWait(this, resolve, reject)));
  }

  #encode(value: T, transfer: readonly Transferable[]): void {
    // Before anything is moved.
    if (transfer.length > 0 && this.closed) throw new ChannelClosedError();
    this.messages.encodeAny(value, transfer);
  }

  /** Numbers go through the ring when there are enough of them to be worth its memory. */
  #count(): void {
    if (++this.#called === ringAfter && this.#plain && this.#capacity > 0) this.#ring = Ring.of(this.native);
  }

  #refused(tag: number, num: number): Promise<void> {
    this.messages.forget(tag, num);
    return Promise.reject(new ChannelClosedError());
  }

  async #sendWith(value: T, options: SendOptions): Promise<void> {
    checkWaitOptions(options, ['transfer']);
    const { timeout, transfer = nothing } = options;
    const signal = signalOf(options.signal);
    checkTransfer(transfer);
    signal?.throwIfAborted();
    this.#encode(value, transfer);
    const [tag, num] = [putTag, putNum];
    const id = nextWait();
    const limit = nativeLimit(timeout);
    const how = fast.channelSendWith(this.#handle, id, tag, num, limit, signal !== undefined);
    if (how === sent.done) {
      if (overspent()) await nextTurn(undefined);
      return;
    }
    if (how === sent.closed) return this.#refused(tag, num);
    await waitToSend(options, this, id, [tag, num], this.messages, () => new ChannelClosedError());
  }

  /**
   * Receives a message.
   *
   * @returns `{ value, done: false }`, or `{ value: undefined, done: true }` once the channel is closed and empty.
   * @throws {@link WaitTimeoutError}; the signal's reason. No message has been taken then.
   */
  receive(options?: WaitOptions): Promise<ReceiveResult<T>> {
    if (options !== undefined) return this.#receiveWith(options);
    const number = this.#ring?.pop(true);
    if (number !== undefined) {
      const result: ReceiveResult<T> = { value: number as T, done: false };
      return overspent() ? nextTurn(result) : Promise.resolve(result);
    }
    const got = fast.channelReceive(this.#handle, nextWait());
    if (typeof got === 'number') {
      this.#count();
      const result: ReceiveResult<T> = { value: this.messages.decode(got) as T, done: false };
      return overspent() ? nextTurn(result) : Promise.resolve(result);
    }
    if (got === false)
      return new Promise((resolve, reject) => enter(new ReceiveWait<T>(this, resolve, reject)));
    return this.#received(got);
  }

  async #receiveWith(options: WaitOptions): Promise<ReceiveResult<T>> {
    checkWaitOptions(options);
    const { timeout } = options;
    const signal = signalOf(options.signal);
    signal?.throwIfAborted();
    const id = nextWait();
    const got = fast.channelReceiveWith(this.#handle, id, nativeLimit(timeout), signal !== undefined);
    if (typeof got === 'number') {
      const result: ReceiveResult<T> = { value: this.messages.decode(got) as T, done: false };
      return overspent() ? nextTurn(result) : result;
    }
    if (got !== false) return this.#received(got);
    return new Promise((resolve, reject) => {
      const inner = new ReceiveWait<T>(this, resolve, reject);
      const wait = new SignalWait(
        options,
        this,
        (how, _detail, value) => inner.settle(how, 0, value),
        reject,
      );
      enter(wait);
      wait.listen(id);
    });
  }

  async #received(got: true | undefined): Promise<ReceiveResult<T>> {
    const value = got === undefined ? undefined : this.messages.decode(recordedValue(taskRecord + 2));
    if (overspent()) await nextTurn(undefined);
    if (got === undefined) return closedResult;
    return { value: (await value) as T, done: false };
  }

  /**
   * Sends if that needs no waiting.
   *
   * @returns Whether the message was sent.
   * @throws {@link ChannelClosedError}; `DataCloneError`.
   */
  trySend(value: T): boolean {
    if (typeof value === 'number' && this.#ring?.push(value, false) === true) return true;
    this.messages.encodeAny(value, nothing);
    const [tag, num] = [putTag, putNum];
    const how = fast.channelTrySend(this.#handle, tag, num);
    if (how === sent.done) return true;
    this.messages.forget(tag, num);
    if (how === sent.closed) throw new ChannelClosedError();
    return false;
  }

  /**
   * Receives if that needs no waiting.
   *
   * @returns `undefined` if nothing is there.
   * @throws {@link UnsupportedError} if the next message is one that only the platform can clone; `receive` gets it.
   */
  tryReceive(): ReceiveResult<T> | undefined {
    const number = this.#ring?.pop(false);
    if (number !== undefined) return { value: number as T, done: false };
    const got = fast.channelTryReceive(this.#handle, false);
    if (typeof got === 'number') {
      this.#count();
      return { value: this.messages.decode(got) as T, done: false };
    }
    if (got === false) return undefined;
    if (got === undefined) return closedResult;
    return { value: this.messages.decode(recordedValue(taskRecord + 2)) as T, done: false };
  }

  /**
   * Sends messages one after the other; cheaper than a `send` for each.
   *
   * @param options - The time-out is for each wait.
   * @returns Resolves when all are sent.
   * @throws As `send`; the messages before the one that failed have been sent.
   */
  async sendBatch(values: Iterable<T>, options: WaitOptions = {}): Promise<void> {
    checkWaitOptions(options);
    checkIterable('values', values);
    signalOf(options.signal)?.throwIfAborted();
    const list = Array.isArray(values) ? (values as T[]) : [...values];
    for (let at = 0; at < list.length; ) {
      const count = this.#plain ? sendNumbers(this.#handle, list, at) : 0;
      at += count;
      if (at === list.length) break;
      const value = list[at++] as T;
      if (count > 0 || !this.#trySendOne(value)) await this.#sendWith(value, options);
    }
  }

  #trySendOne(value: T): boolean {
    if (!this.messages.encode(value)) return false;
    const [tag, num] = [putTag, putNum];
    const how = fast.channelTrySend(this.#handle, tag, num);
    if (how === sent.done) return true;
    this.messages.forget(tag, num);
    if (how === sent.closed) throw new ChannelClosedError();
    return false;
  }

  /**
   * Receives up to `max` messages: it waits for one, and takes what else is there.
   *
   * @param max - A whole number from 1.
   * @returns The messages; none if the channel is closed and empty.
   */
  async receiveBatch(max: number, options: WaitOptions = noOptions): Promise<T[]> {
    if (!Number.isInteger(max) || max < 1)
      throw new InvalidArgumentError('max', shown(max), 'a whole number of at least 1');
    if (options !== noOptions) {
      checkWaitOptions(options);
      signalOf(options.signal)?.throwIfAborted();
    }
    const batch: T[] = [];
    collect(this.#handle, this.messages, this.#plain, batch, max);
    if (batch.length > 0) return batch;
    const first = await this.#receiveWith(options);
    if (first.done) return batch;
    batch.push(first.value);
    collect(this.#handle, this.messages, this.#plain, batch, max);
    return batch;
  }

  /** As `send`, and blocks this thread: worker threads only. @throws {@link UnsupportedError} in the main thread. */
  sendSync(value: T, options: SendOptions = noOptions): void {
    if (options === noOptions && typeof value === 'number' && !isMainThread) {
      if (this.#ring?.push(value, true) === true) return;
      this.#count();
    }
    checkWaitOptions(options, ['transfer']);
    const limit = blockingLimit('sendSync', options);
    const { transfer = nothing } = options;
    checkTransfer(transfer);
    this.#encode(value, transfer);
    const [tag, num] = [putTag, putNum];
    try {
      let how = fast.channelSendBlocking(this.#handle, limit, tag, num);
      if (how === sent.waiting) how = block(options).how === status.signal ? sent.done : sent.closed;
      if (how === sent.closed) throw new ChannelClosedError();
    } catch (error) {
      this.messages.forget(tag, num);
      throw error;
    }
  }

  /**
   * As `receive`, and blocks this thread: worker threads only.
   *
   * @throws {@link UnsupportedError} in the main thread, and for a message that only the platform can clone, which stays.
   */
  receiveSync(options: WaitOptions = noOptions): ReceiveResult<T> {
    if (options === noOptions && !isMainThread) {
      const number = this.#ring?.pop(true);
      if (number !== undefined) return { value: number as T, done: false };
    }
    checkWaitOptions(options);
    const limit = blockingLimit('receiveSync', options);
    const got = fast.channelReceiveBlocking(this.#handle, limit);
    if (typeof got === 'number') {
      this.#count();
      return { value: this.messages.decode(got) as T, done: false };
    }
    if (got === undefined) return closedResult;
    if (got) return { value: this.messages.decode(recordedValue(taskRecord + 2)) as T, done: false };
    const ending = block(options);
    if (ending.how === status.ended) return closedResult;
    return { value: this.messages.decode(ending.value) as T, done: false };
  }

  /** Closes the channel: nothing more can be sent; what is in it can still be received. Again does no harm. */
  close(): void {
    fast.channelClose(this.#handle);
    this.unexport();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Receives until the channel is closed and empty. Leaving the loop leaves the channel as it is. */
  [Symbol.asyncIterator](): AsyncIterableIterator<T, undefined> {
    return {
      next: () => this.receive(),
      return: () => Promise.resolve(closedResult),
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  /**
   * Sends everything that comes on to another channel or stream, until this one is closed and empty; then closes that.
   *
   * @param options - `preventClose` leaves the other one open; a signal ends the pipe; the time-out is for each wait: for a message, and
   * for room in a channel.
   * @throws {@link WaitTimeoutError}; the signal's reason: a message that has been taken by then is still sent on.
   * {@link ChannelClosedError} if the other channel is closed; why the stream failed. A stream is aborted if the pipe fails.
   */
  async pipeTo(to: Channel<T> | WritableStream<T>, options: PipeOptions = {}): Promise<void> {
    checkWaitOptions(options, ['preventClose']);
    const { preventClose = false, ...wait } = options;
    if (typeof preventClose !== 'boolean')
      throw new InvalidArgumentError('preventClose', shown(preventClose), 'a boolean');
    if (to instanceof Channel) await pipe(this, to, preventClose, wait);
    else await pipeToStream(this, to, preventClose, wait);
  }

  /** A stream of what is received: it takes a message when its reader wants one. */
  get readable(): ReadableStream<T> {
    return readableOf(this);
  }

  /** A stream whose chunks are sent, with the channel's back-pressure; closing or aborting it closes the channel. */
  get writable(): WritableStream<T> {
    return writableOf(this);
  }
}
