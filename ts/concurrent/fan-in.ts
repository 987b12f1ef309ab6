/** Several sources into one result. */
import { checkFunction } from '../arguments.js';
import type { FanContext } from '../fan-patterns/item-context.js';
import type { ConcurrentOptions } from './fan-out.js';
import { type ResultsOf, runConcurrent } from './run-concurrent.js';

/**
 * Asks all sources at once, and makes one result of what they give.
 *
 * @param sources - Functions; each gets a context with a signal.
 * @param aggregate - Gets what they gave, in their order.
 * @throws The first error of a source, by which the others are told; what `aggregate` throws; {@link WaitTimeoutError}; the signal's reason.
 * @example
 * ```ts
 * const all = await fanIn([fetchHere, fetchThere], (lists) => lists.flat(), { signal: ctx });
 * ```
 */
export async function fanIn<F extends readonly ((context: FanContext) => unknown)[], R>(
  sources: readonly [...F],
  aggregate: (results: ResultsOf<F>) => R | PromiseLike<R>,
  options?: ConcurrentOptions,
): Promise<R> {
  checkFunction('aggregate', aggregate);
  return aggregate(await runConcurrent<F>(sources, options));
}
