/** What all limiters have in common. */
import { block, blockingLimit } from '../blocking.js';
import { InvalidArgumentError } from '../errors.js';
import { HeardObject } from '../heard-object.js';
import { fast, records, taskRecord } from '../isolate.js';
import type { CallContext } from '../policy/call-context.js';
import type { Origin, SharedOptions } from '../shared-object.js';
import { type Cancellation, signalOf } from '../signal.js';
import { nextTurn, overspent } from '../turn.js';
import { checkWaitOptions, nativeLimit, SignalWait, shown, type WaitOptions } from '../wait-options.js';
import { enter, nextWait, status } from '../waits.js';
import { LimiterClosedError, RateLimitError } from './errors.js';
import { Reservation } from './reservation.js';

/** What every limiter takes beside its rule. */
export interface LimiterOptions extends SharedOptions {
  /** How many may wait at once, a whole number from 0 to 2²⁴; more are refused with `RateLimitError`. Default 2²⁴. */
  maxWaiting?: number;
}

/** How a limiter stands, for one who asks for 1. */
export interface LimiterCheck {
  /** Whether 1 could be taken now. */
  readonly allowed: boolean;
  /** The most that can be asked for at once. */
  readonly limit: number;
  /** What could be taken now; 0 while others wait. */
  readonly remaining: number;
  /** Milliseconds until 1 can be taken, behind all who wait; 0 if now. */
  readonly retryAfter: number;
  /** When it stands as if nobody had ever come, if nobody comes: milliseconds since 1970. A jump of the system's clock does not move it. */
  readonly resetAt: number;
}

/** What has happened at a limiter so far, in all threads. */
export interface LimiterMetrics {
  /** Passed, at once or after waiting. */
  readonly allowed: number;
  /** Did not pass and did not wait. */
  readonly refused: number;
  /** Passed after waiting. */
  readonly waited: number;
  /** Gave up waiting: cancelled, or out of time. */
  readonly cancelled: number;
  /** How long those who passed had waited, together, in milliseconds. */
  readonly waitedSum: number;
  /** The longest of these waits, in milliseconds. */
  readonly waitedMax: number;
  /** Wait now. */
  readonly waiting: number;
}

/** The events of a limiter, with what each listener gets. */
export interface LimiterEvents {
  /** A call of this thread was refused: how much it asked for, and how many milliseconds until it could pass (`Infinity`: never). */
  limited: [count: number, retryAfter: number];
  /** It is closed, by whichever thread. */
  close: [];
}

/** How passing went; the numbers of `src/limiter/numbers.rs`. @internal */
export const passed = { waiting: 0, now: 1, closed: 2, tooMuch: 3, full: 2 ** 52 } as const;
/** What can be read of a limiter; the numbers of `src/limiter/numbers.rs`. @internal */
export const reading = {
  closed: 0,
  waiting: 1,
  allowed: 2,
  refused: 3,
  waited: 4,
  cancelled: 5,
  waitedSum: 6,
  waitedMax: 7,
  taken: 8,
  window: 9,
  limit: 10,
  span: 11,
  rate: 12,
  burst: 13,
} as const;
/** The hot one. */
const { limiterTry } = fast;
const change = { penalty: 0, reward: 1, block: 2, reset: 3 } as const;
const done = Promise.resolve();
/** A hundred years: more is a mistake of units. */
const longest = 3.2e12;
const events = ['limited', 'close'] as const;

/** The time that does not jump, as milliseconds since 1970. @internal */
export function epoch(): number {
  return performance.timeOrigin + performance.now();
}

/** @internal */
export function checkCount(count: number, name = 'count'): void {
  if (!Number.isInteger(count) || count < 1 || count > 0xffffffff)
    throw new InvalidArgumentError(name, shown(count), 'a whole number from 1 to 4294967295');
}

/** A limiter, as this thread sees it. Not made itself. */
export abstract class Limiter<Kind extends string = string>
  extends HeardObject<Kind, LimiterEvents>
  implements Disposable
{
  /** @internal */
  protected readonly handle: number;
  /** @internal */
  protected readonly events = events;

  /** @internal */
  protected constructor(kind: Kind, origin: Origin) {
    super(kind, origin);
    this.handle = this.native.handle;
  }

  /** @internal */
  protected read(what: number): number {
    return fast.limiterRead(this.handle, what);
  }

  /** The number any thread knows it by. @internal */
  get id(): number {
    return this.native.id;
  }

  /** How many wait, in all threads. */
  get waiting(): number {
    return this.read(reading.waiting);
  }

  /** Whether it is closed. */
  get closed(): boolean {
    return this.read(reading.closed) === 1;
  }

  /**
   * Takes `count` if that needs no waiting. Nobody passes those who wait.
   *
   * @param count - A whole number from 1. Default 1.
   * @returns Whether it was taken. Never of a closed limiter, and never more than the limit.
   */
  tryAcquire(count = 1): boolean {
    if (count === 1) {
      if (limiterTry(this.handle)) return true;
    } else {
      if (typeof count !== 'number' || count >>> 0 !== count || count === 0) checkCount(count);
      if (limiterTry(this.handle, count)) return true;
    }
    if (this.emitter !== undefined) this.#limited(count);
    return false;
  }

  /**
   * Asks for each of several counts in order, as {@link tryAcquire} would.
   *
   * @returns For each whether it was taken.
   * @throws {@link InvalidArgumentError} for a count that cannot be meant; then none was taken.
   */
  tryAcquireBatch(counts: readonly number[]): boolean[] {
    if (!Array.isArray(counts))
      throw new InvalidArgumentError('counts', shown(counts), 'an array of numbers');
    for (const count of counts) checkCount(count, 'counts');
    return counts.map((count) => this.tryAcquire(count));
  }

  /**
   * Takes `count` as soon as it may. First come, first served: one who asks for much is not overtaken by others who ask for little.
   *
   * @param count - A whole number from 1. Default 1.
   * @returns Resolves when it has been taken. One who gives up has taken nothing.
   * @throws {@link RateLimitError} at once if it could not be within `timeout`, or as many wait as may; {@link InvalidArgumentError} for more than
   * is ever allowed at once; {@link WaitTimeoutError} if it took longer than it looked at first; the signal's reason;
   * {@link LimiterClosedError}.
   */
  acquire(count = 1, options?: WaitOptions): Promise<void> {
    let how: number;
    const id = nextWait();
    try {
      if (typeof count !== 'number' || count >>> 0 !== count || count === 0) checkCount(count);
      if (options === undefined) how = fast.limiterAcquire(this.handle, id, count, 0, false);
      else {
        checkWaitOptions(options);
        const signal = signalOf(options.signal);
        signal?.throwIfAborted();
        const limit = nativeLimit(options.timeout);
        how = fast.limiterAcquire(this.handle, id, count, limit, signal !== undefined);
      }
      if (how === passed.now) return overspent() ? nextTurn(undefined) : done;
      if (how !== passed.waiting) throw this.#refusal(how, count);
    } catch (error) {
      return Promise.reject(error as Error);
    }
    return new Promise((resolve, reject) => {
      const end = (ended: number): void => {
        if (ended === status.signal) resolve();
        else reject(this.#refusal(this.closed ? passed.closed : passed.tooMuch, count));
      };
      const wait = new SignalWait(options ?? {}, this, end, reject);
      enter(wait);
      wait.listen(id);
    });
  }

  /** As {@link acquire}, and blocks this thread: worker threads only. @throws {@link UnsupportedError} in the main thread. */
  acquireSync(count = 1, options: WaitOptions = {}): void {
    checkCount(count);
    checkWaitOptions(options);
    const limit = blockingLimit('acquireSync', options);
    const how = fast.limiterAcquireBlocking(this.handle, limit, count);
    if (how === passed.now) return;
    if (how !== passed.waiting) throw this.#refusal(how, count);
    if (block(options).how !== status.signal)
      throw this.#refusal(this.closed ? passed.closed : passed.tooMuch, count);
  }

  /**
   * Calls a function once 1 has been taken for it.
   *
   * @param options - `signal` ends the wait, and is the function's signal.
   * @throws As {@link acquire}, and what the function throws.
   */
  async call<T>(
    fn: (context: CallContext) => T | PromiseLike<T>,
    options: { signal?: Cancellation } = {},
  ): Promise<T> {
    if (typeof fn !== 'function') throw new InvalidArgumentError('fn', shown(fn), 'a function');
    await this.acquire(1, options);
    return await fn({ signal: signalOf(options.signal) });
  }

  /**
   * Reserves `count`: a place in line at which nobody waits. It is taken when its time comes.
   *
   * @param count - A whole number from 1. Default 1.
   * @returns When that is, and a way to give it up.
   * @throws {@link InvalidArgumentError} for more than is ever allowed at once; {@link RateLimitError} if as many wait as may;
   * {@link LimiterClosedError}.
   */
  reserve(count = 1): Reservation {
    checkCount(count);
    const how = fast.limiterReserve(this.handle, count);
    if (how === passed.now) return new Reservation(this, this.handle, undefined, 0, epoch());
    if (how !== passed.waiting) throw this.#refusal(how, count);
    const [delay, place] = records.subarray(taskRecord, taskRecord + 2) as unknown as [number, number];
    return new Reservation(this, this.handle, place, delay, epoch());
  }

  /** How it stands, in one call. */
  check(): LimiterCheck {
    fast.limiterCheck(this.handle);
    return {
      allowed: records[taskRecord] === 1,
      limit: records[taskRecord + 1] as number,
      remaining: records[taskRecord + 2] as number,
      retryAfter: records[taskRecord + 3] as number,
      resetAt: epoch() + (records[taskRecord + 4] as number),
    };
  }

  /** Takes `count`, allowed or not: all others wait until that has come back too. */
  penalty(count = 1): void {
    checkCount(count);
    fast.limiterChange(this.handle, change.penalty, count);
  }

  /** Gives `count` back, no more than has been taken; those who wait may pass. */
  reward(count = 1): void {
    checkCount(count);
    fast.limiterChange(this.handle, change.reward, count);
  }

  /** Lets nobody pass for so many milliseconds; those who wait keep their places. 0 ends it. */
  block(ms: number): void {
    if (typeof ms !== 'number' || !(ms >= 0 && ms <= longest))
      throw new InvalidArgumentError('ms', shown(ms), 'milliseconds, at least 0');
    fast.limiterChange(this.handle, change.block, ms);
  }

  /** Forgets what was taken, and a block. */
  reset(): void {
    fast.limiterChange(this.handle, change.reset, 0);
  }

  /** What has happened so far, in all threads. */
  getMetrics(): LimiterMetrics {
    return {
      allowed: this.read(reading.allowed),
      refused: this.read(reading.refused),
      waited: this.read(reading.waited),
      cancelled: this.read(reading.cancelled),
      waitedSum: this.read(reading.waitedSum),
      waitedMax: this.read(reading.waitedMax),
      waiting: this.read(reading.waiting),
    };
  }

  #limited(count: number, retryAfter = this.until(count)): void {
    this.emitter?.emit('limited', count, retryAfter);
  }

  /** Milliseconds until `count` can be taken; `Infinity` for never. @internal */
  protected until(count: number): number {
    const ms = fast.limiterUntil(this.handle, count);
    return ms < 0 ? Infinity : ms;
  }

  #refusal(how: number, count: number): Error {
    if (how === passed.closed) return new LimiterClosedError();
    if (how === passed.tooMuch) {
      const limit = this.read(reading.limit);
      return new InvalidArgumentError('count', String(count), `at most ${limit}, which is the most at once`);
    }
    const full = how < -passed.full;
    const retryAfter = full ? -how - passed.full - 1 : -how - 1;
    if (this.emitter !== undefined) this.#limited(count, retryAfter);
    const why = full ? 'as many wait as may' : 'it cannot be in time';
    const message = `${why}: it could pass in ${Math.ceil(retryAfter)} ms`;
    return new RateLimitError(message, retryAfter, full ? 'queue' : 'limit');
  }

  /** Closes it for all threads: those who wait reject with `LimiterClosedError`, and nobody passes any more. Again does no harm. */
  close(): void {
    fast.limiterClose(this.handle);
    this.unexport();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
