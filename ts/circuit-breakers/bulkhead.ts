/** So many calls at once among all threads, and a line before them. */
import { checkFunction } from '../arguments.js';
import { InvalidArgumentError, rethrow } from '../errors.js';
import { HeardObject } from '../heard-object.js';
import { binding, fast } from '../isolate.js';
import type { CallContext } from '../policy/call-context.js';
import type { GuardedFunction } from '../policy/part.js';
import { enter, failed, hasSteps, left, refused } from '../policy/step.js';
import { nameOf, type Origin, type SharedHandle } from '../shared-object.js';
import { isThenable } from '../thenable.js';
import { shown } from '../wait-options.js';
import { nextWait } from '../waits.js';
import type { TimeStatistics } from '../worker-pools/metrics.js';
import { BulkheadClosedError, BulkheadFullError, type FullReason } from './bulkhead-errors.js';
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
import { Places } from './places.js';

/** How a bulkhead is made. */
export interface BulkheadConfig {
  /** How many calls may run at once, over all threads: a whole number from 1. */
  readonly maxConcurrentCalls: number;
  /** Milliseconds that a call waits for its turn at most; `Infinity` for no limit, 0 for no waiting. */
  readonly maxWaitTime: number;
  /** Whether calls wait at all when it is full; otherwise they are refused. */
  readonly enableQueue: boolean;
  /** How many calls may wait, over all threads. Default: any number. */
  readonly maxQueue?: number;
  /** The same name in any thread of the process gives the same bulkhead; another configuration of it is an error. */
  readonly name?: string;
}

/** What a bulkhead has counted, in all threads, since it was made. Times are in milliseconds. */
export interface BulkheadMetrics {
  /** Calls that got in. */
  calls: number;
  /** Calls refused because it was full. */
  rejections: number;
  /** Calls that waited until their time was up. */
  timeouts: number;
  /** Calls that gave up waiting because their signal aborted. */
  cancelled: number;
  /** Calls that had to wait. */
  queued: number;
  /** Calls that run now. */
  running: number;
  /** Calls that wait now. */
  waiting: number;
  /** How many ran at once at most. */
  peak: number;
  /** How long those waited who got in after waiting. */
  waitTimes: TimeStatistics;
}

/** A bulkhead's events, with what each listener gets. They are heard in every thread that listens, whichever thread calls. */
export interface BulkheadEvents {
  /** A call found no room, or its time to wait was up. */
  reject: [event: { reason: FullReason }];
  /** A call waits for its turn. */
  queue: [];
  /** It is closed. */
  close: [];
}

const events = ['reject', 'queue', 'close'] as const;
/** What can be read; the numbers of `src/bulkhead.rs`. */
const reading = { most: 0, inside: 1, waiting: 2, hasRoom: 3, closed: 4, maxWait: 5 } as const;

function originOf(config: BulkheadConfig): Origin {
  const name = nameOf(config, ['maxConcurrentCalls', 'maxWaitTime', 'enableQueue', 'maxQueue']);
  const { maxConcurrentCalls, maxWaitTime, enableQueue, maxQueue } = config;
  const wanted = {
    maxConcurrentCalls: 'a whole number from 1',
    maxWaitTime: 'milliseconds, at least 0, or Infinity',
    enableQueue: 'true or false',
  };
  for (const [option, wants] of Object.entries(wanted))
    if (config[option as keyof BulkheadConfig] === undefined)
      throw new InvalidArgumentError(option, 'undefined', wants);
  if (enableQueue === false && maxQueue !== undefined && maxQueue !== 0)
    throw new InvalidArgumentError('maxQueue', shown(maxQueue), 'nothing, as enableQueue is false');
  const endless = (limit: number | undefined): number | undefined => (limit === Infinity ? undefined : limit);
  const options = {
    maxConcurrentCalls,
    maxWaitTime: endless(maxWaitTime),
    enableQueue,
    maxQueue: endless(maxQueue),
  };
  return { options, name };
}

/**
 * A bulkhead: so many calls at once among all threads of the process. The others wait in a line, first come first served within a
 * priority, or are refused. A call's place is free again when its function has really ended: not when its caller has given up. A thread that
 * ends frees the places of its calls.
 *
 * @example
 * ```ts
 * const bulkhead = new BulkheadCircuitBreaker({
 *   maxConcurrentCalls: 10, maxWaitTime: 5000, enableQueue: true, name: 'database',
 * });
 * const rows = await bulkhead.call(({ signal }) => database.query('…', { signal }));
 * ```
 */
export class BulkheadCircuitBreaker extends HeardObject<'bulkhead', BulkheadEvents> implements Disposable {
  readonly #handle: number;
  readonly #places: Places;
  readonly #entrance: Entrance;
  /** @internal */
  protected readonly events = events;

  /** @param config - `maxConcurrentCalls`, `maxWaitTime` and `enableQueue`; `maxQueue`; `name` shares it by name. */
  constructor(config: BulkheadConfig);
  /** @internal */
  constructor(origin: Origin, internal: true);
  constructor(first: BulkheadConfig | Origin, internal = false) {
    super('bulkhead', internal ? (first as Origin) : originOf(first as BulkheadConfig));
    this.#handle = this.native.handle;
    this.#places = new Places(this.native.word as number, this.native.purse as number);
    const limit = this.#read(reading.maxWait);
    const maxWait = limit < 0 ? Infinity : limit;
    const refusal = (how: number): Error =>
      how === entered.closed
        ? new BulkheadClosedError()
        : new BulkheadFullError(how === entered.late ? 'timeout' : 'full', maxWait);
    this.#entrance = { maxWait, refusal };
  }

  /** Opens the bulkhead of a name. @throws {@link NotFoundError} if there is none. */
  static open(name: string): BulkheadCircuitBreaker {
    return new BulkheadCircuitBreaker({ name }, true);
  }

  /** Opens the bulkhead that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
  static from(handle: SharedHandle<'bulkhead'>): BulkheadCircuitBreaker {
    return new BulkheadCircuitBreaker({ handle }, true);
  }

  /** @internal */
  protected override tell(what: number, reason: number): void {
    if (what === told.queue) this.emitter?.emit('queue');
    else this.emitter?.emit('reject', { reason: reason === 0 ? 'full' : 'timeout' });
  }

  #read(what: number): number {
    return fast.bulkheadRead(this.#handle, what);
  }

  /**
   * Calls a function when it is its turn.
   *
   * @param fn - Gets a context with the call's signal, if there is one.
   * @param options - `signal` ends the wait and is handed to the function; `timeout` is the longest wait in milliseconds; `priority`.
   * @returns What the function returns.
   * @throws {@link BulkheadFullError} if there is no room, or `maxWaitTime` is over; {@link WaitTimeoutError} if `timeout` is; the
   * signal's reason; {@link BulkheadClosedError}; what the function throws.
   */
  call<T>(fn: (context: CallContext) => T | PromiseLike<T>, options?: QueuedCallOptions): Promise<T> {
    if (options === undefined && typeof fn === 'function' && this.#places.enter())
      return this.#run(fn, unending);
    return this.#callWith(fn, options === undefined ? {} : options);
  }

  async #callWith<T>(
    fn: (context: CallContext) => T | PromiseLike<T>,
    options: QueuedCallOptions,
  ): Promise<T> {
    checkFunction('fn', fn);
    checkQueuedCall(options);
    const context = contextOf(options);
    if (!this.#places.enter()) {
      const turn = this.#enter(options);
      if (turn !== undefined) await turn;
      // It may have aborted since the place was handed over.
      if (context.signal?.aborted === true) {
        this.#exit();
        throw context.signal.reason;
      }
    }
    return this.#run(fn, context);
  }

  /** @internal */
  [hasSteps](): boolean {
    return true;
  }

  /** @internal */
  [enter](): number {
    return this.#places.enter() ? 0 : -1;
  }

  /** @internal */
  [refused]<T>(_token: number, fn: GuardedFunction<T>): Promise<T> {
    return this.#callWith(fn, {});
  }

  /** @internal */
  [left](): void {
    this.#exit();
  }

  /** @internal */
  [failed](_token: number, error: unknown): never {
    return this.#threw(error);
  }

  #enter(options: QueuedCallOptions): Promise<void> | undefined {
    const id = nextWait();
    const limit = limitOf(options, this.#entrance);
    const how = fast.bulkheadEnter(
      this.#handle,
      id,
      options.priority ?? 0,
      limit,
      options.signal !== undefined,
    );
    if (how === entered.now) return undefined;
    if (how !== entered.waiting) throw this.#entrance.refusal(how);
    return standInLine(id, options, this.#entrance);
  }

  #exit(): void {
    if (!this.#places.exit()) fast.bulkheadExit(this.#handle);
  }

  readonly #returned = <T>(result: T): T => {
    this.#exit();
    return result;
  };

  readonly #threw = (error: unknown): never => {
    this.#exit();
    throw error;
  };

  /** Calls the function, and exits when it has ended. */
  #run<T>(fn: (context: CallContext) => T | PromiseLike<T>, context: CallContext): Promise<T> {
    let result: T | PromiseLike<T>;
    try {
      result = fn(context);
    } catch (error) {
      this.#exit();
      return Promise.reject(error);
    }
    if (result instanceof Promise) return result.then(this.#returned, this.#threw);
    if (isThenable(result)) return Promise.resolve(result as T).then(this.#returned, this.#threw);
    this.#exit();
    return Promise.resolve(result);
  }

  /**
   * Calls a function if there is a place at once.
   *
   * @returns What the function returns; `undefined`, and it is not called, if the bulkhead is full.
   * @throws {@link BulkheadClosedError}; what the function throws.
   */
  async tryCall<T>(fn: (context: CallContext) => T | PromiseLike<T>): Promise<T | undefined> {
    checkFunction('fn', fn);
    if (!this.#places.enter()) {
      const how = fast.bulkheadTry(this.#handle);
      if (how === entered.full) return undefined;
      if (how === entered.closed) throw new BulkheadClosedError();
    }
    return this.#run(fn, unending);
  }

  /** A function that does the same when it is its turn; see {@link BulkheadCircuitBreaker.call}. */
  wrap<A extends unknown[], T>(fn: (...args: A) => T | PromiseLike<T>): (...args: A) => Promise<T> {
    checkFunction('fn', fn);
    const bulkhead = this;
    return function (this: unknown, ...args: A): Promise<T> {
      return bulkhead.call(() => fn.apply(this, args));
    };
  }

  /** How many calls may run at once. */
  get maxConcurrentCalls(): number {
    return this.#read(reading.most);
  }

  /**
   * Changes how many calls may run at once, for all threads. Calls that run go on; those that wait begin if they may now. The name's
   * configuration stays the one it was made with.
   *
   * @param count - A whole number from 1.
   */
  setMaxConcurrentCalls(count: number): void {
    if (!Number.isInteger(count) || count < 1 || count > 1 << 24)
      throw new InvalidArgumentError('count', shown(count), 'a whole number from 1 to 16777216');
    fast.bulkheadSetMost(this.#handle, count);
  }

  /** How many more calls may begin now. */
  getAvailablePermits(): number {
    return Math.max(0, this.#read(reading.most) - this.#read(reading.inside));
  }

  /** How many calls wait. */
  getQueueLength(): number {
    return this.#read(reading.waiting);
  }

  /** Whether a call that came now would not be refused: there is a place, or room in the line, and it is not closed. */
  isHealthy(): boolean {
    return this.#read(reading.hasRoom) === 1;
  }

  /** What it has counted, in all threads. */
  getMetrics(): BulkheadMetrics {
    try {
      return binding.bulkheadMetrics(this.native) as BulkheadMetrics;
    } catch (error) {
      rethrow(error);
    }
  }

  /** Whether it is closed. */
  get closed(): boolean {
    return this.#read(reading.closed) === 1;
  }

  /** Closes it for all threads: calls that wait reject with `BulkheadClosedError`, and none begins any more. Those that run go on. */
  close(): void {
    fast.bulkheadClose(this.#handle);
    this.unexport();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
