/** A time limit for each call. */
import { InvalidArgumentError } from '../errors.js';
import { shown } from '../wait-options.js';
import type { CallContext } from './call-context.js';
import { Cancelling, type Ender, enderOf, listenTo, unlistenTo } from './cancelling.js';
import { Deadline, startDeadline, stopDeadline } from './deadlines.js';
import { CallTimeoutError } from './errors.js';
import { type CallOptions, checkCall, type GuardedFunction, type PolicyPart, wrapped } from './part.js';

/**
 * What happens when a call's time is over. `'aggressive'`: it rejects at once, and the function, whose `signal` aborts, ends when it likes.
 * `'cooperative'`: the function's `signal` aborts, and the call ends when the function does.
 */
export type TimeoutMode = 'aggressive' | 'cooperative';

/** A hundred years: more is a mistake of units. */
const longest = 3.2e12;

/** @throws {@link InvalidArgumentError} for what is no time limit. @internal */
export function checkLimit(name: string, ms: unknown): number {
  if (typeof ms !== 'number' || !(ms > 0 && ms <= longest))
    throw new InvalidArgumentError(name, shown(ms), 'milliseconds above 0');
  return ms;
}

/** One call that ends with its function, its time or its caller's patience, whichever is first. */
class AggressiveCall<T> extends Deadline {
  readonly #ms: number;
  readonly #ender: Ender;
  readonly #context = new Cancelling();
  readonly #ended: (() => void) | undefined;
  #resolve!: (value: T) => void;
  #reject!: (error: unknown) => void;
  readonly promise: Promise<T>;

  constructor(ms: number, ender: Ender) {
    super();
    this.#ms = ms;
    this.#ender = ender;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (ender !== undefined) {
      this.#ended = () => this.#give(ender.reason);
      listenTo(ender, this.#ended);
    }
  }

  readonly #succeeded = (value: T): void => {
    this.#done();
    this.#resolve(value);
  };

  readonly #failed = (error: unknown): void => {
    this.#done();
    this.#reject(error);
  };

  run(fn: GuardedFunction<T>): Promise<T> {
    startDeadline(this, this.#ms);
    let result: T | PromiseLike<T>;
    try {
      result = fn(this.#context);
    } catch (error) {
      this.#failed(error);
      return this.promise;
    }
    Promise.resolve(result).then(this.#succeeded, this.#failed);
    return this.promise;
  }

  overdue(): void {
    this.#give(new CallTimeoutError(this.#ms));
  }

  #give(reason: unknown): void {
    this.#done();
    this.#reject(reason);
    this.#context.cancel(reason);
  }

  #done(): void {
    stopDeadline(this);
    if (this.#ended !== undefined) unlistenTo(this.#ender, this.#ended);
  }
}

/** The time of a call whose function is waited for. */
class CooperativeLimit extends Deadline {
  readonly context = new Cancelling();
  readonly #ms: number;
  error: CallTimeoutError | undefined;

  constructor(ms: number) {
    super();
    this.#ms = ms;
  }

  overdue(): void {
    this.error = new CallTimeoutError(this.#ms);
    this.context.cancel(this.error);
  }

  /** What the call rejects with when the function has: what it threw stands behind the time-out, unless it is that. */
  failure(thrown: unknown): unknown {
    const { error } = this;
    if (error === undefined || thrown === error) return thrown;
    const late = new CallTimeoutError(this.#ms, { cause: thrown });
    if (error.stack !== undefined) late.stack = error.stack;
    return late;
  }
}

/** Calls a function that must end in time; rejects at once if it does not. `ms` is checked by the caller. @internal */
export function callWithin<T>(
  fn: (context: CallContext) => T | PromiseLike<T>,
  ms: number,
  ender: Ender,
): Promise<T> {
  return new AggressiveCall<T>(ms, ender).run(fn);
}

/** A time limit for each call, as a part of a policy. Made by {@link timeout}. */
export class Timeout implements PolicyPart {
  readonly #ms: number;
  readonly #mode: TimeoutMode;

  /** @internal */
  constructor(ms: number, mode: TimeoutMode) {
    this.#ms = checkLimit('ms', ms);
    if (mode !== 'aggressive' && mode !== 'cooperative')
      throw new InvalidArgumentError('mode', shown(mode), "'aggressive' or 'cooperative'");
    this.#mode = mode;
  }

  /**
   * Calls a function.
   *
   * @throws {@link CallTimeoutError} if it takes too long; the signal's reason; what the function throws.
   */
  call<T>(fn: GuardedFunction<T>, options?: CallOptions): Promise<T> {
    let ender: Ender;
    try {
      checkCall(fn, options);
      ender = enderOf(options);
    } catch (error) {
      return Promise.reject(error);
    }
    if (ender?.aborted) return Promise.reject(ender.reason);
    return this.#mode === 'aggressive' ? callWithin(fn, this.#ms, ender) : this.#cooperate(fn, ender);
  }

  async #cooperate<T>(fn: GuardedFunction<T>, ender: Ender): Promise<T> {
    const limit = new CooperativeLimit(this.#ms);
    const onEnd = (): void => limit.context.cancel(ender?.reason);
    listenTo(ender, onEnd);
    startDeadline(limit, this.#ms);
    try {
      return await fn(limit.context);
    } catch (error) {
      throw limit.failure(error);
    } finally {
      stopDeadline(limit);
      unlistenTo(ender, onEnd);
    }
  }

  /** A function that calls another within the limit, with its own `this` and arguments. */
  wrap<This, Args extends unknown[], R>(
    fn: (this: This, ...args: Args) => R,
  ): (this: This, ...args: Args) => Promise<Awaited<R>> {
    return wrapped(this, fn) as (this: This, ...args: Args) => Promise<Awaited<R>>;
  }
}

/**
 * A time limit for each call, as a part of a policy. All calls of a thread share one timer. While a call runs within its limit, the
 * process lives.
 *
 * @param ms - The limit, above 0; never early, and late by what is left of the event loop's turn in which the call began.
 * @param mode - `'aggressive'`, the default, rejects at once; `'cooperative'` waits for the function, whose `signal` has aborted: what it
 * returns even so is the result, and what it throws is the `cause` of the {@link CallTimeoutError}.
 * @example
 * ```ts
 * const user = await timeout(500).call(({ signal }) => fetch(url, { signal }));
 * ```
 */
export function timeout(ms: number, mode: TimeoutMode = 'aggressive'): Timeout {
  return new Timeout(ms, mode);
}
