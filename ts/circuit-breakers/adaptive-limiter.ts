/** A concurrency limit that finds itself from latency. */
import { checkFunction } from '../arguments.js';
import { InvalidArgumentError, NotHeldError, rethrow } from '../errors.js';
import { HeardObject } from '../heard-object.js';
import { binding, fast } from '../isolate.js';
import type { CallContext } from '../policy/call-context.js';
import { nameOf, type Origin, type SharedHandle } from '../shared-object.js';
import { nextTurn, overspent } from '../turn.js';
import { shown } from '../wait-options.js';
import { nextWait } from '../waits.js';
import type { BulkheadMetrics } from './bulkhead.js';
import { AdaptiveLimitError, AdaptiveLimiterClosedError, type FullReason } from './bulkhead-errors.js';
import { isDropByDefault } from './drops.js';
import {
  checkQueuedCall,
  contextOf,
  type Entrance,
  entered,
  limitOf,
  type QueuedCallOptions,
  standInLine,
  told,
  unending,
} from './line.js';

/** What an adaptive limiter takes that is of this thread alone. */
export interface DropOptions {
  /**
   * Whether an error of a call says that the server has too much to do. Other errors are ignored: a call that fails quickly says nothing.
   * Default: time-outs, refused connections, refusals of this package, and errors whose `status` is 429, 503 or 504.
   */
  readonly isDrop?: (error: unknown) => boolean;
}

/** How an adaptive limiter is made. */
export interface AdaptiveLimiterConfig extends DropOptions {
  /**
   * `'gradient'` compares latency with that of a server without load, which it measures now and then with fewer calls; `'aimd'` adds one per
   * round of calls that went well. Default `'gradient'`.
   */
  readonly algorithm?: 'gradient' | 'aimd';
  /** The limit to begin with. Default 20, or what is nearest to it between `minLimit` and `maxLimit`. */
  readonly initialLimit?: number;
  /** The limit is never less. Default 1. */
  readonly minLimit?: number;
  /** The limit is never more. Default 200. */
  readonly maxLimit?: number;
  /** What a drop leaves of the limit: above 0 and below 1. Default 0.9. */
  readonly backoff?: number;
  /** `'gradient'`: how much of each change takes place, above 0 and up to 1. Default 0.2. */
  readonly smoothing?: number;
  /** `'gradient'`: so many times the latency without load is no load yet, at least 1. Default 1.5. */
  readonly rttTolerance?: number;
  /** `'aimd'`: a call that takes longer counts as dropped, in milliseconds. Default 5000. */
  readonly timeout?: number;
  /** How many calls may wait, over all threads; 0 for none. Default: any number. */
  readonly maxQueue?: number;
  /** Milliseconds that a call waits at most; `Infinity`, the default, for no limit, 0 for no waiting. */
  readonly maxWaitTime?: number;
  /** The same name in any thread of the process gives the same limiter; another configuration of it is an error. */
  readonly name?: string;
}

/** What an adaptive limiter has counted, in all threads, since it was made. */
export interface AdaptiveLimiterMetrics extends BulkheadMetrics {
  /** The limit now. */
  limit: number;
  /** Calls that ended in a drop. */
  dropped: number;
  /** Calls that said nothing about the server. */
  ignored: number;
}

/** An adaptive limiter's events, with what each listener gets. They are heard in every thread that listens, whichever thread calls. */
export interface AdaptiveLimiterEvents {
  /** The limit has changed. */
  limit: [event: { from: number; to: number }];
  /** A call found no room, or its time to wait was up. */
  reject: [event: { reason: FullReason }];
  /** A call waits for its turn. */
  queue: [];
  /** It is closed. */
  close: [];
}

/** How a call ended, and what can be read; the numbers of `src/adaptive.rs`. */
const outcome = { served: 0, dropped: 1, ignored: 2 } as const;
const reading = { limit: 0, inFlight: 1, waiting: 2, closed: 3, maxWait: 4 } as const;

/** Which options are one algorithm's alone. */
const only = { smoothing: 'gradient', rttTolerance: 'gradient', timeout: 'aimd' } as const;

function dropsBy({ isDrop }: DropOptions): (error: unknown) => boolean {
  if (isDrop !== undefined && typeof isDrop !== 'function')
    throw new InvalidArgumentError('isDrop', shown(isDrop), 'a function');
  return isDrop ?? isDropByDefault;
}

function originOf(config: AdaptiveLimiterConfig): Origin {
  const own = ['initialLimit', 'minLimit', 'maxLimit', 'backoff', 'maxQueue', 'maxWaitTime'] as const;
  const name = nameOf(config, ['algorithm', ...own, ...Object.keys(only), 'isDrop']);
  const { algorithm = 'gradient', maxQueue, maxWaitTime } = config;
  for (const [option, whose] of Object.entries(only))
    if (config[option as keyof typeof only] !== undefined && algorithm !== whose)
      throw new InvalidArgumentError(option, `it for '${algorithm}'`, `algorithm: '${whose}'`);
  const { isDrop: _, name: __, ...rest } = config;
  const endless = (limit: number | undefined): number | undefined => (limit === Infinity ? undefined : limit);
  const order = ['algorithm', ...own, ...Object.keys(only)] as (keyof typeof rest)[];
  const given = { ...rest, algorithm, maxQueue: endless(maxQueue), maxWaitTime: endless(maxWaitTime) };
  // In one order, as two with the same options are the same.
  return { options: Object.fromEntries(order.map((option) => [option, given[option]])), name };
}

/** A call's permit. One that is disposed of without a word is ignored. */
export class AdaptivePermit implements Disposable {
  #end: ((how: number) => void) | undefined;

  /** @internal */
  constructor(end: (how: number) => void) {
    this.#end = end;
  }

  /** Whether it is held. */
  get held(): boolean {
    return this.#end !== undefined;
  }

  #release(how: number): void {
    const end = this.#end;
    if (end === undefined) throw new NotHeldError('this permit was given back before');
    this.#end = undefined;
    end(how);
  }

  /** The call was served: its latency counts. @throws {@link NotHeldError} if it was given back before. */
  success(): void {
    this.#release(outcome.served);
  }

  /** The call was refused by the server, or timed out: the limit backs off. @throws {@link NotHeldError} if it was given back before. */
  drop(): void {
    this.#release(outcome.dropped);
  }

  /** The call says nothing about the server. @throws {@link NotHeldError} if it was given back before. */
  ignore(): void {
    this.#release(outcome.ignored);
  }

  [Symbol.dispose](): void {
    if (this.#end !== undefined) this.ignore();
  }
}

const events = ['limit', 'reject', 'queue', 'close'] as const;

/**
 * An adaptive concurrency limit, shared by all threads of the process: as many calls at once as a server takes without becoming slower. It
 * needs no figure to begin with, and follows when the server's capacity changes. The others wait in a line, or are refused.
 *
 * It does not grow while less than half of it is in use, and backs off at drops, whatever their latency. Permits of a thread that ends are
 * given back.
 *
 * @example
 * ```ts
 * const limiter = new AdaptiveLimiter({ name: 'search', maxQueue: 50, maxWaitTime: 200 });
 * limiter.on('limit', ({ to }) => console.log(`search takes ${to} calls at once`));
 * const hits = await limiter.call(({ signal }) => search(query, { signal }));
 *
 * using permit = await limiter.acquire();
 * const response = await fetch(url);
 * if (response.status === 503) permit.drop();
 * else permit.success();
 * ```
 */
export class AdaptiveLimiter extends HeardObject<'adaptive', AdaptiveLimiterEvents> implements Disposable {
  readonly #handle: number;
  readonly #entrance: Entrance;
  /** @internal */
  protected readonly events = events;
  readonly #isDrop: (error: unknown) => boolean;

  /** @param config - See {@link AdaptiveLimiterConfig}; `name` shares it by name. */
  constructor(config?: AdaptiveLimiterConfig);
  /** @internal */
  constructor(origin: Origin, drops: DropOptions);
  constructor(first: AdaptiveLimiterConfig | Origin = {}, drops?: DropOptions) {
    super('adaptive', drops === undefined ? originOf(first as AdaptiveLimiterConfig) : (first as Origin));
    this.#isDrop = dropsBy(drops ?? (first as AdaptiveLimiterConfig));
    this.#handle = this.native.handle;
    const longest = this.#read(reading.maxWait);
    const maxWait = longest < 0 ? Infinity : longest;
    const refusal = (how: number): Error =>
      how === entered.closed
        ? new AdaptiveLimiterClosedError()
        : new AdaptiveLimitError(how === entered.late ? 'timeout' : 'full', maxWait, this.limit);
    this.#entrance = { maxWait, refusal };
  }

  /** Opens the limiter of a name. @throws {@link NotFoundError} if there is none. */
  static open(name: string, options: DropOptions = {}): AdaptiveLimiter {
    return new AdaptiveLimiter({ name }, options);
  }

  /** Opens the limiter that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
  static from(handle: SharedHandle<'adaptive'>, options: DropOptions = {}): AdaptiveLimiter {
    return new AdaptiveLimiter({ handle }, options);
  }

  /** @internal */
  protected override tell(what: number, a: number, b: number): void {
    if (what === told.limit) this.emitter?.emit('limit', { from: a, to: b });
    else if (what === told.queue) this.emitter?.emit('queue');
    else this.emitter?.emit('reject', { reason: a === 0 ? 'full' : 'timeout' });
  }

  #read(what: number): number {
    return fast.adaptiveRead(this.#handle, what);
  }

  /** A permit's number, at once or later. */
  #take(options: QueuedCallOptions): number | Promise<number> {
    const id = nextWait();
    const limit = limitOf(options, this.#entrance);
    const cancellable = options.signal !== undefined;
    const permit = fast.adaptiveAcquire(this.#handle, id, options.priority ?? 0, limit, cancellable);
    if (permit > 0) return permit;
    if (permit < 0) throw this.#entrance.refusal(-permit);
    return standInLine(id, options, this.#entrance).then(() => fast.adaptiveClaim(this.#handle));
  }

  #permit(number: number): AdaptivePermit {
    return new AdaptivePermit((how) => fast.adaptiveEnd(this.#handle, number, how));
  }

  /**
   * Waits for a permit, which is to be told how the call went.
   *
   * @param options - `signal` and `timeout` end the wait; `priority`.
   * @throws {@link AdaptiveLimitError} if there is no room, or `maxWaitTime` is over; {@link WaitTimeoutError} if `timeout` is; the
   * signal's reason; {@link AdaptiveLimiterClosedError}.
   */
  async acquire(options: QueuedCallOptions = {}): Promise<AdaptivePermit> {
    checkQueuedCall(options);
    const permit = this.#permit(await this.#take(options));
    return overspent() ? nextTurn(permit) : permit;
  }

  /** Takes a permit if there is one at once; otherwise gives `undefined`. @throws {@link AdaptiveLimiterClosedError}. */
  tryAcquire(): AdaptivePermit | undefined {
    const number = this.#try();
    return number === undefined ? undefined : this.#permit(number);
  }

  #try(): number | undefined {
    const number = fast.adaptiveTry(this.#handle);
    if (number > 0) return number;
    if (number === -entered.closed) throw new AdaptiveLimiterClosedError();
    return undefined;
  }

  /**
   * Calls a function when it is its turn, and learns from how long it takes. An error is a drop if `isDrop` says so, and ignored otherwise.
   *
   * @param fn - Gets a context with the call's signal, if there is one.
   * @param options - `signal` ends the wait and is handed to the function; `timeout` is the longest wait in milliseconds; `priority`.
   * @returns What the function returns.
   * @throws As `acquire`; what the function throws.
   */
  async call<T>(
    fn: (context: CallContext) => T | PromiseLike<T>,
    options: QueuedCallOptions = {},
  ): Promise<T> {
    checkFunction('fn', fn);
    checkQueuedCall(options);
    const context = contextOf(options);
    const taken = this.#take(options);
    const number = typeof taken === 'number' ? taken : await taken;
    if (context.signal?.aborted === true) {
      fast.adaptiveEnd(this.#handle, number, outcome.ignored);
      throw context.signal.reason;
    }
    return this.#run(fn, context, number);
  }

  async #run<T>(
    fn: (context: CallContext) => T | PromiseLike<T>,
    context: CallContext,
    number: number,
  ): Promise<T> {
    // Whatever is thrown below, by `isDrop` too, the permit is given back.
    let how: number = outcome.ignored;
    try {
      const result = await fn(context);
      how = outcome.served;
      return result;
    } catch (error) {
      if (this.#isDrop(error)) how = outcome.dropped;
      throw error;
    } finally {
      fast.adaptiveEnd(this.#handle, number, how);
    }
  }

  /** Calls a function if there is a permit at once; otherwise gives `undefined`. @throws As `call`. */
  async tryCall<T>(fn: (context: CallContext) => T | PromiseLike<T>): Promise<T | undefined> {
    checkFunction('fn', fn);
    const number = this.#try();
    return number === undefined ? undefined : this.#run(fn, unending, number);
  }

  /** A function that does the same when it is its turn; see {@link AdaptiveLimiter.call}. */
  wrap<A extends unknown[], T>(fn: (...args: A) => T | PromiseLike<T>): (...args: A) => Promise<T> {
    checkFunction('fn', fn);
    const limiter = this;
    return function (this: unknown, ...args: A): Promise<T> {
      return limiter.call(() => fn.apply(this, args));
    };
  }

  /** The limit now. */
  get limit(): number {
    return this.#read(reading.limit);
  }

  /** How many permits are held. */
  get inFlight(): number {
    return this.#read(reading.inFlight);
  }

  /** How many wait. */
  get waiting(): number {
    return this.#read(reading.waiting);
  }

  /** What it has counted, in all threads. */
  getMetrics(): AdaptiveLimiterMetrics {
    try {
      return binding.adaptiveMetrics(this.native) as AdaptiveLimiterMetrics;
    } catch (error) {
      rethrow(error);
    }
  }

  /** Whether it is closed. */
  get closed(): boolean {
    return this.#read(reading.closed) === 1;
  }

  /** Closes it for all threads: those who wait reject with `AdaptiveLimiterClosedError`, and there are no permits any more. */
  close(): void {
    fast.adaptiveClose(this.#handle);
    this.unexport();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
