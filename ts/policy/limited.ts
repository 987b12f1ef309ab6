/** A limiter, or a semaphore, as a part of a policy. */
import { InvalidArgumentError } from '../errors.js';
import { Limiter } from '../rate-limiters/limiter.js';
import { checkWaitOptions, shown, type WaitOptions } from '../wait-options.js';
import type { CallContext } from './call-context.js';
import { type Ender, enderOf } from './cancelling.js';
import {
  type CallOptions,
  checkCall,
  endless,
  type GuardedFunction,
  type PolicyPart,
  wrapped,
} from './part.js';
import { enter, failed, hasSteps, left, refused } from './step.js';

/** What lets so many pass: a rate limiter, or a semaphore, whose guard is given back when the call ends. */
export interface Limits {
  /** Waits until so many may pass. */
  acquire(count?: number, options?: WaitOptions): PromiseLike<unknown>;
  /** Lets so many pass if they may at once; otherwise gives `false` or `undefined`. */
  tryAcquire(count?: number): unknown;
}

/** How a limiter stands in a policy. */
export interface LimitedOptions {
  /** Milliseconds to wait for the limiter at most. */
  timeout?: number;
}

function contextOf(ender: Ender): CallContext {
  if (ender === undefined) return endless;
  return ender instanceof AbortSignal ? { signal: ender } : ender;
}

/** A limiter, as a part of a policy. Made by {@link limited}. */
export class Limited implements PolicyPart {
  readonly #limiter: Limits;
  readonly #count: number;
  readonly #timeout: number | undefined;

  /** @internal */
  constructor(limiter: Limits, count: number, options: LimitedOptions) {
    if (typeof limiter?.acquire !== 'function' || typeof limiter.tryAcquire !== 'function')
      throw new InvalidArgumentError('limiter', shown(limiter), 'something with acquire and tryAcquire');
    if (!Number.isInteger(count) || count < 1)
      throw new InvalidArgumentError('count', shown(count), 'a whole number of at least 1');
    checkWaitOptions(options);
    if ('signal' in options)
      throw new InvalidArgumentError(
        'signal',
        'an option of the whole policy',
        'timeout: each call has its own signal',
      );
    this.#limiter = limiter;
    this.#count = count;
    this.#timeout = options.timeout;
  }

  /**
   * Calls a function once the limiter lets it pass.
   *
   * @throws What the limiter refuses with, the function not called; the signal's reason; what the function throws.
   */
  call<T>(fn: GuardedFunction<T>, options?: CallOptions): Promise<T> {
    try {
      checkCall(fn, options);
      const ender = enderOf(options);
      if (ender?.aborted) throw ender.reason;
      const passed = this.#limiter.tryAcquire(this.#count);
      if (passed === true) return Promise.resolve(fn(contextOf(ender)));
      return this.#slowly(fn, ender, passed);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** @internal */
  [hasSteps](): boolean {
    // What gives guards has something to give back.
    return this.#limiter instanceof Limiter;
  }

  /** @internal */
  [enter](): number {
    return this.#limiter.tryAcquire(this.#count) === true ? 0 : -1;
  }

  /** @internal */
  [refused]<T>(_token: number, fn: GuardedFunction<T>): Promise<T> {
    return this.#slowly(fn, undefined, false);
  }

  /** @internal */
  [left](): void {}

  /** @internal */
  [failed](_token: number, error: unknown): never {
    throw error;
  }

  /** A call that waits, or has something to give back. */
  async #slowly<T>(fn: GuardedFunction<T>, ender: Ender, tried: unknown): Promise<T> {
    let passed = tried;
    if (passed === false || passed === undefined) {
      const wait: WaitOptions = {};
      if (ender !== undefined) wait.signal = ender instanceof AbortSignal ? ender : ender.signal;
      if (this.#timeout !== undefined) wait.timeout = this.#timeout;
      passed = await this.#limiter.acquire(this.#count, wait);
    }
    try {
      return await fn(contextOf(ender));
    } finally {
      if (typeof passed === 'object' && passed !== null) (passed as Partial<Disposable>)[Symbol.dispose]?.();
    }
  }

  /** A function that calls another once the limiter lets it pass, with its own `this` and arguments. */
  wrap<This, Args extends unknown[], R>(
    fn: (this: This, ...args: Args) => R,
  ): (this: This, ...args: Args) => Promise<Awaited<R>> {
    return wrapped(this, fn) as (this: This, ...args: Args) => Promise<Awaited<R>>;
  }
}

/**
 * A rate limiter or a semaphore as a part of a policy: each call waits until it may pass, and gives back what is to be given back.
 *
 * @param limiter - Any of ours, or what looks like one.
 * @param count - What one call takes. Default 1.
 * @param options - `timeout` bounds the wait.
 * @example
 * ```ts
 * const api = policy(limited(new TokenBucketRateLimiter({ capacity: 10, refillRate: 10 })), timeout(1000));
 * ```
 */
export function limited(limiter: Limits, count = 1, options: LimitedOptions = {}): Limited {
  return new Limited(limiter, count, options);
}
