/** At most so many at once. */
import { checkFunction } from '../arguments.js';
import { block, blockingLimit } from '../blocking.js';
import type { BulkheadMetrics } from '../circuit-breakers/bulkhead.js';
import { entered, told } from '../circuit-breakers/line.js';
import { Places } from '../circuit-breakers/places.js';
import { InvalidArgumentError } from '../errors.js';
import { HeardObject } from '../heard-object.js';
import { binding, fast } from '../isolate.js';
import type { CallContext } from '../policy/call-context.js';
import { nameOf, type Origin, type SharedHandle } from '../shared-object.js';
import { type Cancellation, signalOf } from '../signal.js';
import { Guard } from '../sync/guard.js';
import { nextTurn, overspent } from '../turn.js';
import { checkWaitOptions, nativeLimit, SignalWait, shown, type WaitOptions } from '../wait-options.js';
import { enter, nextWait, status } from '../waits.js';
import { LimiterClosedError, RateLimitError } from './errors.js';
import type { LimiterMetrics, LimiterOptions } from './limiter.js';
import { checkConfig } from './rate-limiter.js';

/** What has happened at a limiter of concurrency so far, in all threads. */
export interface ConcurrencyMetrics extends LimiterMetrics {
  /** How many have a place now. */
  readonly inUse: number;
  /** How many had one at once at most. */
  readonly peak: number;
}

/** The events of a limiter of concurrency, with what each listener gets. */
export interface ConcurrencyEvents {
  /** Somebody was refused, in whichever thread: no place was free and it did not wait, or as many wait as may. */
  limited: [];
  /** It is closed, by whichever thread. */
  close: [];
}

const events = ['limited', 'close'] as const;
/** The numbers of `src/bulkhead.rs`. */
const reading = { most: 0, inside: 1, waiting: 2, closed: 4 } as const;
const most = 1 << 24;

function checkLimit(limit: number): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > most)
    throw new InvalidArgumentError('limit', shown(limit), `a whole number from 1 to ${most}`);
}

function originOf(limit: number, options: LimiterOptions): Origin {
  const name = nameOf(options, ['maxWaiting']);
  checkLimit(limit);
  const { maxWaiting } = options;
  const bounded = maxWaiting !== undefined && maxWaiting !== Infinity;
  return { options: { limit, ...(bounded && { maxWaiting }) }, name };
}

/**
 * At most so many at once, among all threads of the process. Each who passes gives the place back when it is done; a thread that ends gives
 * back all of its own. First come, first served.
 *
 * @example
 * ```ts
 * const limiter = new ConcurrencyLimiter(10, { name: 'database' });
 * const rows = await limiter.run(() => query(sql));
 * ```
 */
export class ConcurrencyLimiter
  extends HeardObject<'concurrency-limiter', ConcurrencyEvents>
  implements Disposable
{
  readonly #handle: number;
  readonly #places: Places;
  /** @internal */
  protected readonly events = events;
  readonly #leave = (): void => {
    if (!this.#places.exit()) fast.bulkheadExit(this.#handle);
  };

  /**
   * @param limit - How many at once, a whole number from 1 to 2²⁴.
   * @param options - `name` shares it by name, `maxWaiting` bounds the line.
   * @throws {@link InvalidArgumentError}; {@link NameConflictError} if the name is in use with another limit or `maxWaiting`.
   */
  constructor(limit: number, options?: LimiterOptions);
  /** @internal */
  constructor(origin: Origin, internal: true);
  constructor(first: number | Origin, second: LimiterOptions | true = {}) {
    super('concurrency-limiter', second === true ? (first as Origin) : originOf(first as number, second));
    this.#handle = this.native.handle;
    this.#places = new Places(this.native.word as number, this.native.purse as number);
  }

  /** Opens the limiter of a name. @throws {@link NotFoundError} if there is none. */
  static open(name: string): ConcurrencyLimiter {
    return new ConcurrencyLimiter({ name }, true);
  }

  /** Opens the limiter that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
  static from(handle: SharedHandle<'concurrency-limiter'>): ConcurrencyLimiter {
    return new ConcurrencyLimiter({ handle }, true);
  }

  /** @internal */
  protected override tell(what: number, late: number): void {
    // One who has waited in vain was not refused.
    if (what === told.reject && late === 0) this.emitter?.emit('limited');
  }

  #read(what: number): number {
    return fast.bulkheadRead(this.#handle, what);
  }

  /** How many at once. */
  get limit(): number {
    return this.#read(reading.most);
  }

  /** How many more may pass now. */
  get available(): number {
    return Math.max(0, this.limit - this.#read(reading.inside));
  }

  /** How many wait. */
  get waiting(): number {
    return this.#read(reading.waiting);
  }

  /** Whether it is closed. */
  get closed(): boolean {
    return this.#read(reading.closed) === 1;
  }

  /** Takes a place if one is free; otherwise, and of a closed limiter, gives `undefined`. */
  tryAcquire(): Guard | undefined {
    const free = this.#places.enter() || fast.bulkheadTry(this.#handle) === entered.now;
    return free ? new Guard(this.#leave, false) : undefined;
  }

  /**
   * Waits for a place.
   *
   * @returns A guard, to be released.
   * @throws {@link RateLimitError} if as many wait as may; its `retryAfter` is `Infinity`, as nobody knows when one is done.
   * {@link WaitTimeoutError}; the signal's reason; {@link LimiterClosedError}.
   */
  acquire(options?: WaitOptions): Promise<Guard> {
    if (options === undefined && this.#places.enter()) {
      const guard = new Guard(this.#leave, false);
      return overspent() ? nextTurn(guard) : Promise.resolve(guard);
    }
    return this.#acquireWith(options ?? {});
  }

  async #acquireWith(options: WaitOptions): Promise<Guard> {
    checkWaitOptions(options);
    const signal = signalOf(options.signal);
    signal?.throwIfAborted();
    const id = nextWait();
    const limit = nativeLimit(options.timeout);
    const how = fast.bulkheadEnter(this.#handle, id, 0, limit, signal !== undefined);
    if (how === entered.now) return new Guard(this.#leave, false);
    if (how !== entered.waiting) throw refusal(how);
    await new Promise<void>((resolve, reject) => {
      const end = (ended: number): void => {
        if (ended === status.signal) resolve();
        else reject(new LimiterClosedError());
      };
      const wait = new SignalWait(options, this, end, reject);
      enter(wait);
      wait.listen(id);
    });
    return new Guard(this.#leave, false);
  }

  /** As {@link acquire}, and blocks this thread: worker threads only. @throws As `acquire`; {@link UnsupportedError} in the main thread. */
  acquireSync(options: WaitOptions = {}): Guard {
    checkWaitOptions(options);
    const limit = blockingLimit('acquireSync', options);
    const how = fast.bulkheadEnterBlocking(this.#handle, limit);
    if (how === entered.waiting) {
      if (block(options).how !== status.signal) throw new LimiterClosedError();
    } else if (how !== entered.now) throw refusal(how);
    return new Guard(this.#leave, false);
  }

  /** Runs a function while it has a place. @throws As {@link acquire}, and what the function throws. */
  async run<T>(fn: () => T | PromiseLike<T>, options?: WaitOptions): Promise<T> {
    checkFunction('fn', fn);
    using _place = await this.acquire(options);
    return await fn();
  }

  /** Calls a function while it has a place. `signal` ends the wait, and is the function's signal. */
  call<T>(
    fn: (context: CallContext) => T | PromiseLike<T>,
    options: { signal?: Cancellation } = {},
  ): Promise<T> {
    return this.run(() => fn({ signal: signalOf(options.signal) }), options);
  }

  /**
   * Lets so many at once from here on, in all threads. Those who are too many keep their places until they give them back; those who wait
   * pass if they may now. The name's configuration stays the one it was made with.
   *
   * @param config - `limit`, as the constructor takes it.
   * @throws {@link InvalidArgumentError}
   */
  configure(config: { limit: number }): void {
    checkConfig(config, ['limit']);
    checkLimit(config.limit);
    fast.bulkheadSetMost(this.#handle, config.limit);
  }

  /** What has happened so far, in all threads. */
  getMetrics(): ConcurrencyMetrics {
    const figures = binding.bulkheadMetrics(this.native) as BulkheadMetrics;
    const { calls, rejections, timeouts, cancelled, running, waiting, peak, waitTimes } = figures;
    return {
      allowed: calls,
      refused: rejections,
      waited: waitTimes.count,
      cancelled: cancelled + timeouts,
      waitedSum: waitTimes.mean * waitTimes.count,
      waitedMax: waitTimes.max,
      waiting,
      inUse: running,
      peak,
    };
  }

  /**
   * Closes it for all threads: those who wait reject with `LimiterClosedError`, and nobody passes any more. Places can still be given back.
   * Again does no harm.
   */
  close(): void {
    fast.bulkheadClose(this.#handle);
    this.unexport();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Why there is neither a place nor a wait. */
function refusal(how: number): Error {
  if (how === entered.closed) return new LimiterClosedError();
  return new RateLimitError('as many wait as may', Infinity, 'queue');
}
