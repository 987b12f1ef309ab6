/** Something else in place of a failure. */
import { InvalidArgumentError } from '../errors.js';
import { shown } from '../wait-options.js';
import type { CallContext } from './call-context.js';
import { enderOf } from './cancelling.js';
import {
  type CallOptions,
  checkCall,
  endless,
  type GuardedFunction,
  type PolicyPart,
  wrapped,
} from './part.js';
import { enter, failed, hasSteps, left, refused } from './step.js';

/** When a fallback stands in. */
export interface FallbackOptions {
  /** Whether it stands in for this failure. Default: for any. */
  when?: (error: unknown) => boolean;
}

/** A fallback, as a part of a policy. Made by {@link fallback}. */
export class Fallback<F> implements PolicyPart {
  readonly #instead: (error: unknown, context: CallContext) => F | PromiseLike<F>;
  readonly #when: ((error: unknown) => boolean) | undefined;

  /** @internal */
  constructor(
    instead: F | ((error: unknown, context: CallContext) => F | PromiseLike<F>),
    options: FallbackOptions,
  ) {
    if (typeof options !== 'object' || options === null)
      throw new InvalidArgumentError('options', shown(options), 'an object');
    for (const name of Object.keys(options)) {
      if (name !== 'when') throw new InvalidArgumentError(name, 'an unknown option', 'when');
    }
    const { when } = options;
    if (when !== undefined && typeof when !== 'function')
      throw new InvalidArgumentError('when', shown(when), 'a function');
    this.#instead =
      typeof instead === 'function'
        ? (instead as (error: unknown, context: CallContext) => F | PromiseLike<F>)
        : () => instead;
    this.#when = when;
  }

  /**
   * Calls a function. That the caller gave up is no failure to stand in for.
   *
   * @throws What the function throws and `when` leaves out; what the fallback throws; the signal's reason.
   */
  async call<T>(fn: GuardedFunction<T>, options?: CallOptions): Promise<T | F> {
    checkCall(fn, options);
    const ender = enderOf(options);
    if (ender?.aborted) throw ender.reason;
    const context = ender === undefined ? endless : ender instanceof AbortSignal ? { signal: ender } : ender;
    try {
      return await fn(context);
    } catch (error) {
      if (ender?.aborted || this.#when?.(error) === false) throw error;
      return await this.#instead(error, context);
    }
  }

  /** @internal */
  [hasSteps](): boolean {
    return true;
  }

  /** @internal */
  [enter](): number {
    return 0;
  }

  /** @internal */
  [refused]<T>(_token: number, fn: GuardedFunction<T>): Promise<T | F> {
    return this.call(fn);
  }

  /** @internal */
  [left](): void {}

  /** @internal */
  [failed](_token: number, error: unknown): F | PromiseLike<F> {
    if (this.#when?.(error) === false) throw error;
    return this.#instead(error, endless);
  }

  /** A function that calls another with this fallback, with its own `this` and arguments. */
  wrap<This, Args extends unknown[], R>(
    fn: (this: This, ...args: Args) => R,
  ): (this: This, ...args: Args) => Promise<Awaited<R> | F> {
    return wrapped(this, fn) as (this: This, ...args: Args) => Promise<Awaited<R> | F>;
  }
}

/**
 * Something else in place of a failure, as a part of a policy.
 *
 * @param instead - The value, or a function that gets the error and the call's context and makes it.
 * @param options - `when` says for which failures.
 * @example
 * ```ts
 * const prices = policy(fallback(() => lastKnown, { when: (error) => error instanceof CircuitOpenError }), breaker);
 * ```
 */
export function fallback<F>(
  instead: (error: unknown, context: CallContext) => F | PromiseLike<F>,
  options?: FallbackOptions,
): Fallback<F>;
export function fallback<F>(instead: F, options?: FallbackOptions): Fallback<F>;
export function fallback<F>(instead: F, options: FallbackOptions = {}): Fallback<F> {
  return new Fallback<F>(instead, options);
}
