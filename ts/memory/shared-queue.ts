/** A queue for many producers and many consumers, in any threads. */
import type { Transferable } from 'node:worker_threads';
import { checkIterable } from '../arguments.js';
import { block, blockingLimit } from '../blocking.js';
import type { SendOptions } from '../channels/channel.js';
import { waitToSend } from '../channels/channel-waits.js';
import { checkTransfer, crossing } from '../channels/messages.js';
import { InvalidArgumentError, QueueClosedError } from '../errors.js';
import { fast, taskRecord } from '../isolate.js';
import {
  nameOf,
  type Origin,
  type SharedHandle,
  SharedObject,
  type SharedOptions,
} from '../shared-object.js';
import { signalOf } from '../signal.js';
import { nextTurn, overspent } from '../turn.js';
import { putNum, putTag, type Received, recordedValue } from '../values.js';
import { checkWaitOptions, nativeLimit, SignalWait, shown, type WaitOptions } from '../wait-options.js';
import { enter, nextWait, status } from '../waits.js';

/** How a queue is made. */
export interface SharedQueueOptions extends SharedOptions {
  /** How many values it holds, a whole number from 1; who pushes more waits. Default: no limit. */
  capacity?: number;
  /** Whether values have priorities. Default false: first in, first out. */
  priority?: boolean;
}

/** How a value is pushed. */
export interface PushOptions extends SendOptions {
  /**
   * How urgent it is: a whole number from -2³¹ to 2³¹-1, the larger the sooner. Default 0. Only for a queue made with
   * `priority: true`.
   */
  priority?: number;
}

/** How pushing went; the numbers of `src/channel.rs`. */
const pushed = { done: 0, waiting: 1, closed: 2 } as const;
/** What can be read of a queue; the numbers of `src/queue.rs`. */
const reading = { length: 0, capacity: 1, closed: 2, byRank: 3, pushers: 4, poppers: 5 } as const;
const done = Promise.resolve();
const nothing: readonly Transferable[] = [];
const own = ['transfer', 'priority'] as const;

/**
 * A queue that all threads of the process fill and empty: each value is popped once.
 *
 * Without `priority` values come in the order in which they were pushed; with it the largest priority comes first, and values of
 * the same one in order. Who waits, for room or for a value, is served in the order of coming, whatever the priority; a value is
 * in the queue, and overtakes others, only once there is room for it. Values are cloned as by `postMessage`, or moved with
 * `transfer`. A value given to a thread that ends before it arrives goes to the next one who pops.
 *
 * @example
 * ```ts
 * const jobs = new SharedQueue<Job>({ name: 'jobs', capacity: 1000, priority: true });
 * await jobs.push(job, { priority: 5 });
 * for await (const job of SharedQueue.open<Job>('jobs')) await work(job);   // in any thread
 * ```
 */
export class SharedQueue<T> extends SharedObject<'queue'> implements AsyncIterable<T>, Disposable {
  readonly #handle: number;
  readonly #capacity: number;
  readonly #byRank: boolean;

  /**
   * @param options - `capacity`, `priority`; `name` shares it by name.
   * @throws {@link InvalidArgumentError} for what cannot be meant; {@link NameConflictError} if the name is in use with other
   * options.
   */
  constructor(options?: SharedQueueOptions);
  /** @internal */
  constructor(origin: Origin, internal: true);
  constructor(first: SharedQueueOptions | Origin = {}, internal = false) {
    if (internal) super('queue', first as Origin);
    else {
      const options = first as SharedQueueOptions;
      const name = nameOf(options, ['capacity', 'priority']);
      const { capacity = Infinity, priority = false } = options;
      super('queue', { options: { ...(capacity !== Infinity && { capacity }), priority }, name });
    }
    this.#handle = this.native.handle;
    const capacity = this.#read(reading.capacity);
    this.#capacity = capacity < 0 ? Infinity : capacity;
    this.#byRank = this.#read(reading.byRank) === 1;
  }

  /** Opens the queue of a name. @throws {@link NotFoundError} if there is none. */
  static open<T>(name: string): SharedQueue<T> {
    return new SharedQueue<T>({ name }, true);
  }

  /** Opens the queue that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
  static from<T>(handle: SharedHandle<'queue'>): SharedQueue<T> {
    return new SharedQueue<T>({ handle }, true);
  }

  #read(what: number): number {
    return fast.queueRead(this.#handle, what);
  }

  /** How many values it holds at most; `Infinity` for no limit. */
  get capacity(): number {
    return this.#capacity;
  }

  /** Whether values have priorities. */
  get priority(): boolean {
    return this.#byRank;
  }

  /** How many values are in it now. */
  get length(): number {
    return this.#read(reading.length);
  }

  /** Whether it is closed. Values may be left to pop. */
  get closed(): boolean {
    return this.#read(reading.closed) === 1;
  }

  /** How many wait to push, and to pop. */
  get waiting(): { pushers: number; poppers: number } {
    return { pushers: this.#read(reading.pushers), poppers: this.#read(reading.poppers) };
  }

  /** Makes a value ready for the next native call, unless something is to be moved and the queue is closed. */
  #encode(value: T, transfer: readonly Transferable[]): void {
    checkTransfer(transfer);
    if (transfer.length > 0 && this.closed) throw new QueueClosedError();
    crossing.encodeAny(value, transfer);
  }

  #rank(priority: number | undefined): number {
    if (priority === undefined) return 0;
    if (!this.#byRank)
      throw new InvalidArgumentError('priority', shown(priority), 'a queue made with priority: true');
    if (!Number.isInteger(priority) || (priority | 0) !== priority)
      throw new InvalidArgumentError(
        'priority',
        shown(priority),
        'a whole number from -2147483648 to 2147483647',
      );
    return priority;
  }

  /**
   * Pushes a value; waits while the queue is full.
   *
   * @returns Resolves when the value is in the queue, or in a popper's hands.
   * @throws {@link QueueClosedError} if the queue is closed, or is while it waits; {@link InvalidArgumentError}; `DataCloneError`
   * for what cannot be cloned; {@link WaitTimeoutError}; the signal's reason. The value has not been pushed then.
   */
  push(value: T, options?: PushOptions): Promise<void> {
    if (options !== undefined) return this.#pushWith(value, options);
    try {
      if (this.tryPush(value)) return overspent() ? nextTurn(undefined) : done;
    } catch (error) {
      return Promise.reject(error as Error);
    }
    return this.#pushWith(value, {});
  }

  async #pushWith(value: T, options: PushOptions): Promise<void> {
    checkWaitOptions(options, own);
    const { timeout, transfer = nothing } = options;
    const rank = this.#rank(options.priority);
    const signal = signalOf(options.signal);
    signal?.throwIfAborted();
    this.#encode(value, transfer);
    const [tag, num] = [putTag, putNum];
    const id = nextWait();
    const how = fast.queuePush(this.#handle, id, tag, num, rank, nativeLimit(timeout), signal !== undefined);
    if (how === pushed.done) {
      if (overspent()) await nextTurn(undefined);
      return;
    }
    if (how === pushed.closed) {
      crossing.forget(tag, num);
      throw new QueueClosedError();
    }
    await waitToSend(options, this, id, [tag, num], crossing, () => new QueueClosedError());
  }

  /**
   * Pushes if there is room.
   *
   * @returns Whether the value was pushed.
   * @throws {@link QueueClosedError}; {@link InvalidArgumentError}; `DataCloneError`.
   */
  tryPush(value: T, options: Pick<PushOptions, 'priority' | 'transfer'> = {}): boolean {
    if (typeof options !== 'object' || options === null)
      throw new InvalidArgumentError('options', shown(options), 'an object');
    for (const name of Object.keys(options)) {
      if (!(own as readonly string[]).includes(name))
        throw new InvalidArgumentError(name, 'an unknown option', own.join(', '));
    }
    const { priority, transfer = nothing } = options;
    const rank = this.#rank(priority);
    checkTransfer(transfer);
    // What is moved is gone when the queue turns out to be full: so that is asked first.
    if (transfer.length > 0 && !this.closed && this.length >= this.#capacity) return false;
    this.#encode(value, transfer);
    const [tag, num] = [putTag, putNum];
    const how = fast.queueTryPush(this.#handle, tag, num, rank);
    if (how === pushed.done) return true;
    crossing.forget(tag, num);
    if (how === pushed.closed) throw new QueueClosedError();
    return false;
  }

  /**
   * Pushes values one after the other, in order.
   *
   * @param options - As for `push`, for each of them; the time-out is for each wait.
   * @returns Resolves when all are pushed.
   * @throws As `push`; the values before the one that failed have been pushed.
   */
  async pushBatch(values: Iterable<T>, options: Omit<PushOptions, 'transfer'> = {}): Promise<void> {
    checkWaitOptions(options, ['priority']);
    checkIterable('values', values);
    const { priority } = options;
    this.#rank(priority);
    const rank = priority === undefined ? {} : { priority };
    signalOf(options.signal)?.throwIfAborted();
    for (const value of values) if (!this.tryPush(value, rank)) await this.#pushWith(value, options);
  }

  /**
   * Pops the next value; waits while there is none.
   *
   * @throws {@link QueueClosedError} once the queue is closed and empty; {@link WaitTimeoutError}; the signal's reason. Nothing has
   * been taken then.
   */
  async pop(options: WaitOptions = {}): Promise<T> {
    checkWaitOptions(options);
    const signal = signalOf(options.signal);
    signal?.throwIfAborted();
    const id = nextWait();
    const got = fast.queuePop(this.#handle, id, nativeLimit(options.timeout), signal !== undefined);
    if (got === undefined) throw new QueueClosedError();
    if (got !== false) {
      const value = (got === true ? recordedValue(taskRecord + 2) : got) as T;
      if (overspent()) await nextTurn(undefined);
      return value;
    }
    return new Promise<T>((resolve, reject) => {
      const end = (how: number, _detail: number, value: Received): void => {
        if (how === status.fulfilled) resolve(value as T);
        else reject(new QueueClosedError());
      };
      const wait = new SignalWait(options, this, end, reject);
      enter(wait);
      wait.listen(id);
    });
  }

  /**
   * Pops the next value if there is one.
   *
   * @returns `undefined` if there is none, closed or not.
   * @throws {@link UnsupportedError} if the next value is one that only the platform can clone; `pop` gets it.
   */
  tryPop(): T | undefined {
    return this.#value(fast.queueTryPop(this.#handle, false));
  }

  /**
   * A copy of the next value, which stays; somebody else may pop it at once.
   *
   * @returns `undefined` if there is none.
   * @throws {@link UnsupportedError} if the next value is one that only the platform can clone.
   */
  peek(): T | undefined {
    return this.#value(fast.queuePeek(this.#handle));
  }

  #value(got: number | boolean | undefined): T | undefined {
    if (typeof got === 'number') return got as T;
    return got === true ? (recordedValue(taskRecord + 2) as T) : undefined;
  }

  /**
   * Pops up to `max` values: it waits for one, and takes what else is there.
   *
   * @param max - A whole number from 1.
   * @returns The values; none if the queue is closed and empty.
   * @throws {@link WaitTimeoutError}; the signal's reason.
   */
  async popBatch(max: number, options: WaitOptions = {}): Promise<T[]> {
    if (!Number.isInteger(max) || max < 1)
      throw new InvalidArgumentError('max', shown(max), 'a whole number of at least 1');
    const batch: T[] = [];
    try {
      batch.push(await this.pop(options));
    } catch (error) {
      if (error instanceof QueueClosedError) return batch;
      throw error;
    }
    while (batch.length < max) {
      const got = fast.queueTryPop(this.#handle, true);
      if (got === undefined || got === false) break;
      batch.push(this.#value(got) as T);
    }
    return batch;
  }

  /** As `push`, and blocks this thread: worker threads only. @throws {@link UnsupportedError} in the main thread. */
  pushSync(value: T, options: PushOptions = {}): void {
    checkWaitOptions(options, own);
    const rank = this.#rank(options.priority);
    const limit = blockingLimit('pushSync', options);
    const { transfer = nothing } = options;
    this.#encode(value, transfer);
    const [tag, num] = [putTag, putNum];
    try {
      let how = fast.queuePushBlocking(this.#handle, limit, tag, num, rank);
      if (how === pushed.waiting) how = block(options).how === status.signal ? pushed.done : pushed.closed;
      if (how === pushed.closed) throw new QueueClosedError();
    } catch (error) {
      crossing.forget(tag, num);
      throw error;
    }
  }

  /**
   * As `pop`, and blocks this thread: worker threads only.
   *
   * @throws {@link UnsupportedError} in the main thread, and for a value that only the platform can clone, which stays.
   */
  popSync(options: WaitOptions = {}): T {
    checkWaitOptions(options);
    const limit = blockingLimit('popSync', options);
    const got = fast.queuePopBlocking(this.#handle, limit);
    if (got === undefined) throw new QueueClosedError();
    if (got !== false) return this.#value(got) as T;
    const ending = block(options);
    if (ending.how === status.ended) throw new QueueClosedError();
    return ending.value as T;
  }

  /** Removes all values that are in the queue; those who wait to push come in. @returns How many were removed. */
  clear(): number {
    return fast.queueClear(this.#handle);
  }

  /** Closes the queue: nothing more can be pushed; what is in it can still be popped. Again does no harm. */
  close(): void {
    fast.queueClose(this.#handle);
    this.unexport();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Pops until the queue is closed and empty. Leaving the loop leaves the queue as it is. */
  [Symbol.asyncIterator](): AsyncIterableIterator<T, undefined> {
    const end = { value: undefined, done: true } as const;
    return {
      next: async () => {
        try {
          return { value: await this.pop(), done: false };
        } catch (error) {
          if (error instanceof QueueClosedError) return end;
          throw error;
        }
      },
      return: () => Promise.resolve(end),
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }
}
