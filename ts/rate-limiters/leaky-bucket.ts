/** The leaky bucket as a queue. */
import { rethrow, WaitTimeoutError } from '../errors.js';
import { HeardObject } from '../heard-object.js';
import { afterDrain, binding, fast } from '../isolate.js';
import { nameOf, type Origin, type SharedHandle, type SharedOptions } from '../shared-object.js';
import { signalOf } from '../signal.js';
import { checkWaitOptions, nativeLimit, type WaitOptions } from '../wait-options.js';
import { enter, nextWait, status, type Wait } from '../waits.js';
import { LimiterClosedError, RateLimitError } from './errors.js';
import { checkConfig } from './rate-limiter.js';

/** The numbers of a leaky bucket. */
export interface LeakyBucketConfig {
  /** How many items the bucket holds, in all threads, a whole number from 1 to 2²⁴. */
  capacity: number;
  /** How many items leave, a whole number from 1 … */
  leakRate: number;
  /** … every so many milliseconds, at least 0.001. They are spaced evenly: a rate of 5 in 100 ms is one each 20 ms. */
  leakInterval: number;
}

/** What has happened at a leaky bucket so far, in all threads. */
export interface LeakyBucketMetrics {
  /** Items that have left in their turn. */
  readonly left: number;
  /** Items that found it full. */
  readonly refused: number;
  /** Items that were taken out before their turn, by `dequeue` or because they gave up. */
  readonly takenOut: number;
  /** Items that are in it now. */
  readonly length: number;
}

/**
 * The events of a leaky bucket, with what each listener gets. Those of items are told in the item's own thread, and not of items that `dequeue`
 * takes out.
 */
export interface LeakyBucketEvents<T> {
  /** A call of this thread was refused: one item, and after how many milliseconds there is room for it, or it could leave. */
  limited: [count: number, retryAfter: number];
  /** An item has left in its turn. */
  left: [item: T];
  /** An item was taken out before its turn, and why: its `timeout`, its signal, or the bucket was closed. */
  lost: [item: T, error: unknown];
  /** It is closed, by whichever thread. */
  close: [];
}

const events = ['limited', 'left', 'lost', 'close'] as const;
const own = ['capacity', 'leakRate', 'leakInterval'] as const;
/** How putting in went; the numbers of `src/leaky_bucket.rs`. */
const put = { waiting: 0, closed: 2, full: 2 ** 52 } as const;
/** What can be read; the numbers of `src/leaky_bucket.rs`. */
const reading = { closed: 0, length: 1, capacity: 2, left: 3, refused: 4, takenOut: 5 } as const;

/** An item in the bucket, and whoever waits for it to leave. */
class Drop<T> implements Wait {
  readonly thing: T;
  id = -1;
  /** `dequeue` has it. */
  taken = false;
  /** Nobody waits for it: it keeps no process alive. */
  declare readonly idle?: true;
  /** Kept, so that its handle stays. */
  readonly bucket: LeakyBucketRateLimiter<T>;
  readonly #options: WaitOptions;
  readonly #left: (() => void) | undefined;
  readonly #failed: ((error: unknown) => void) | undefined;
  #onAbort: (() => void) | undefined;

  constructor(
    thing: T,
    bucket: LeakyBucketRateLimiter<T>,
    options: WaitOptions,
    left: (() => void) | undefined,
    failed: ((error: unknown) => void) | undefined,
  ) {
    this.thing = thing;
    this.bucket = bucket;
    this.#options = options;
    this.#left = left;
    this.#failed = failed;
    if (left === undefined) this.idle = true;
  }

  enter(id: number): void {
    this.id = id;
    enter(this);
    const signal = signalOf(this.#options.signal);
    if (signal === undefined) return;
    this.#onAbort = () => void fast.waitCancel(id);
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  settle(how: number): void {
    const signal = signalOf(this.#options.signal);
    if (this.#onAbort !== undefined) signal?.removeEventListener('abort', this.#onAbort);
    const left = how === status.signal;
    const error = left || this.taken ? undefined : this.#error(how, signal);
    if (error === undefined) this.#left?.();
    else this.#failed?.(error);
    if (!this.taken) this.bucket.gone(this, error);
  }

  /** Why it has not left. */
  #error(how: number, signal: AbortSignal | undefined): unknown {
    if (how === status.aborted) return signal?.reason ?? new DOMException('aborted', 'AbortError');
    if (how === status.timedOut) return new WaitTimeoutError(this.#options.timeout ?? 0);
    return new LimiterClosedError();
  }
}

/**
 * A leaky bucket for all threads of the process: what is put in leaves one after the other, evenly spaced, the first one drop's time after it came. What
 * does not fit is refused. {@link LeakyBucketMeter} is the one that only counts.
 *
 * The places in line are of all threads; an item itself stays in the thread that put it in, as it is, without a copy. So `dequeue` gives the items of its own
 * thread, and the lengths are those of all. A thread that ends takes its items with it, and those behind them move up.
 *
 * @example
 * ```ts
 * const bucket = new LeakyBucketRateLimiter<Job>({ capacity: 50, leakRate: 5, leakInterval: 100 });
 * await bucket.enqueue(job);   // its turn
 *
 * bucket.on('left', (job) => run(job));   // or without waiting
 * bucket.tryEnqueue(job);
 * ```
 */
// biome-ignore lint/suspicious/noExplicitAny: an item is whatever the user says
export class LeakyBucketRateLimiter<T = any>
  extends HeardObject<'leaky-bucket', LeakyBucketEvents<T>>
  implements Disposable
{
  readonly #handle: number;
  /** @internal */
  protected readonly events = events;
  /** The oldest first. */
  readonly #drops = new Set<Drop<T>>();

  /**
   * @param config - Its numbers; `name` shares it by name.
   * @throws {@link InvalidArgumentError} for what cannot be meant; {@link NameConflictError} if the name is in use with other numbers.
   */
  constructor(config: LeakyBucketConfig & SharedOptions);
  /** @internal */
  constructor(origin: Origin, internal: true);
  constructor(first: (LeakyBucketConfig & SharedOptions) | Origin, internal = false) {
    if (internal) super('leaky-bucket', first as Origin);
    else {
      const config = first as LeakyBucketConfig & SharedOptions;
      const name = nameOf(config, own);
      const { capacity, leakRate, leakInterval } = config;
      super('leaky-bucket', { options: { capacity, leakRate, leakInterval }, name });
    }
    this.#handle = this.native.handle;
  }

  /** Opens the bucket of a name. @throws {@link NotFoundError} if there is none. */
  static open<T>(name: string): LeakyBucketRateLimiter<T> {
    return new LeakyBucketRateLimiter<T>({ name }, true);
  }

  /** Opens the bucket that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
  static from<T>(handle: SharedHandle<'leaky-bucket'>): LeakyBucketRateLimiter<T> {
    return new LeakyBucketRateLimiter<T>({ handle }, true);
  }

  #put(item: T, options: WaitOptions, left?: () => void, failed?: (error: unknown) => void): number {
    const id = nextWait();
    const limit = nativeLimit(options.timeout);
    const how = fast.leakyEnqueue(this.#handle, id, limit, options.signal !== undefined);
    if (how === put.waiting) {
      const drop = new Drop(item, this, options, left, failed);
      this.#drops.add(drop);
      drop.enter(id);
    }
    return how;
  }

  /** An item has left, or was taken out because of this. @internal */
  gone(drop: Drop<T>, error: unknown): void {
    this.#drops.delete(drop);
    const { emitter } = this;
    if (emitter === undefined) return;
    // This is read from the page, which a listener may need.
    afterDrain(() => {
      if (error === undefined) emitter.emit('left', drop.thing);
      else emitter.emit('lost', drop.thing, error);
    });
  }

  /** Says that one was refused. @returns After how long it could be otherwise, and whether the bucket is full. */
  #refused(how: number): [retryAfter: number, full: boolean] {
    const full = how < -put.full;
    const retryAfter = full ? -how - put.full - 1 : -how - 1;
    this.emitter?.emit('limited', 1, retryAfter);
    return [retryAfter, full];
  }

  /**
   * Puts an item in, to leave in its turn, for which nobody waits: it keeps no process alive.
   *
   * @returns Whether there was room.
   * @throws {@link LimiterClosedError}
   */
  tryEnqueue(item: T): boolean {
    const how = this.#put(item, {});
    if (how === put.closed) throw new LimiterClosedError();
    if (how < 0) this.#refused(how);
    return how === put.waiting;
  }

  /**
   * Puts an item in.
   *
   * @returns Resolves when the item leaves: in its turn, or with {@link dequeue}.
   * @throws {@link RateLimitError} at once if the bucket is full, or the item could not leave within `timeout`; {@link WaitTimeoutError} and the signal's reason, and then the item has been
   * taken out; {@link LimiterClosedError}.
   */
  async enqueue(item: T, options: WaitOptions = {}): Promise<void> {
    checkWaitOptions(options);
    signalOf(options.signal)?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const how = this.#put(item, options, resolve, reject);
      if (how === put.closed) reject(new LimiterClosedError());
      else if (how < 0) {
        const [retryAfter, full] = this.#refused(how);
        const why = full ? 'the bucket is full for' : 'it would leave only in';
        const message = `${why} ${Math.ceil(retryAfter)} ms`;
        reject(new RateLimitError(message, retryAfter, full ? 'queue' : 'limit'));
      }
    });
  }

  /** Takes out the oldest item of this thread that has not left yet; `undefined` if there is none. Its `enqueue` resolves. */
  dequeue(): T | undefined {
    for (const drop of this.#drops) {
      this.#drops.delete(drop);
      drop.taken = fast.waitCancel(drop.id);
      // Otherwise it has left, and word of that is on its way.
      if (drop.taken) return drop.thing;
    }
    return undefined;
  }

  /** How many items are in the bucket, in all threads. */
  getQueueLength(): number {
    return fast.leakyRead(this.#handle, reading.length);
  }

  /** How many items it holds. */
  getCapacity(): number {
    return fast.leakyRead(this.#handle, reading.capacity);
  }

  /** Whether there is no room. */
  isFull(): boolean {
    return this.getQueueLength() >= this.getCapacity();
  }

  /** Whether it is closed. */
  get closed(): boolean {
    return fast.leakyRead(this.#handle, reading.closed) === 1;
  }

  /** What has happened so far, in all threads. */
  getMetrics(): LeakyBucketMetrics {
    const read = (what: number): number => fast.leakyRead(this.#handle, what);
    const { left, refused, takenOut, length } = reading;
    return { left: read(left), refused: read(refused), takenOut: read(takenOut), length: read(length) };
  }

  /**
   * Leaks by other numbers from here on, in all threads. What is in the bucket stays in it, even if it holds less now.
   *
   * @throws {@link InvalidArgumentError}
   */
  configure(config: LeakyBucketConfig): void {
    checkConfig(config, own);
    try {
      binding.leakyConfigure(this.native, config);
    } catch (error) {
      rethrow(error);
    }
  }

  /** Closes it for all threads: `enqueue` rejects with `LimiterClosedError`, also for what is in it. Again does no harm. */
  close(): void {
    fast.leakyClose(this.#handle);
    this.unexport();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
