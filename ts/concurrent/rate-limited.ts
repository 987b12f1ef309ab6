/** A function behind a limiter. */

import { checkFunction, checkNames } from '../arguments.js';
import { InvalidArgumentError } from '../errors.js';
import type { CallContext } from '../policy/call-context.js';
import { type Cancellation, isCancellation } from '../signal.js';
import { shown } from '../wait-options.js';
import { checkCount } from '../worker-pools/submit-options.js';

/** What lets so many through: a rate limiter, a semaphore. */
export interface LimiterLike {
  /** Waits until `count` may pass. What it gives is given back when the call has ended, if it can be disposed of: a semaphore's permits. */
  acquire(count: number, options?: { signal?: Cancellation }): PromiseLike<unknown>;
}

/**
 * Makes a function that waits for a limiter before each call. Goes wherever the function does: `fanOut`, `processInBatches`, a pipeline's stage.
 *
 * @param limiter - Anything with `acquire(count, { signal })`.
 * @param options - `count`: how many a call takes, default 1; or what says so for its input.
 * @returns The function. Its second argument may have a `signal`, which ends the wait for the limiter.
 * @example
 * ```ts
 * const limited = rateLimited(process, new TokenBucketRateLimiter({ capacity: 1, refillRate: 10, refillInterval: 1000, enableBurst: true }));
 * const results = await fanOut(limited, items, { signal: ctx });
 * ```
 */
export function rateLimited<T, C extends Partial<CallContext>, R>(
  processor: (input: T, context: C) => R | PromiseLike<R>,
  limiter: LimiterLike,
  options: { count?: number | ((input: T) => number) } = {},
): (input: T, context?: C) => Promise<R> {
  checkFunction('processor', processor);
  if (typeof (limiter as LimiterLike | null)?.acquire !== 'function')
    throw new InvalidArgumentError('limiter', shown(limiter), '{ acquire(count, { signal }) }');
  checkNames(options, ['count']);
  const { count = 1 } = options;
  if (typeof count !== 'function') checkCount('count', count);
  return async (input, context = {} as C) => {
    const { signal } = context;
    const many = typeof count === 'function' ? checkCount('count', count(input)) : count;
    const permit = await limiter.acquire(many, isCancellation(signal) ? { signal } : {});
    try {
      return await processor(input, context);
    } finally {
      (permit as Partial<Disposable> | undefined)?.[Symbol.dispose]?.();
    }
  };
}
