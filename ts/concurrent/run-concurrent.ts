/** Different functions at once. */
import { checkFunction } from '../arguments.js';
import type { FanContext } from '../fan-patterns/item-context.js';
import { type ConcurrentOptions, fanOut, listOf } from './fan-out.js';

/** What functions give, each in its place. */
export type ResultsOf<F extends readonly ((context: FanContext) => unknown)[]> = {
  -readonly [K in keyof F]: Awaited<ReturnType<F[K]>>;
};

/**
 * Runs functions at once.
 *
 * @param fns - Each gets a context with a signal.
 * @returns What each gives, in their order.
 * @throws The first error: the others are told by their signal; {@link WaitTimeoutError}; the signal's reason.
 * @example
 * ```ts
 * const [stock, payment] = await runConcurrent([() => checkStock(order), ({ signal }) => charge(order, signal)], { timeout: 2_000 });
 * ```
 */
export async function runConcurrent<F extends readonly ((context: FanContext) => unknown)[]>(
  fns: readonly [...F],
  options?: ConcurrentOptions,
): Promise<ResultsOf<F>> {
  const list = listOf('fns', fns as Iterable<(context: FanContext) => unknown>);
  list.forEach((fn, at) => checkFunction(`fns[${at}]`, fn));
  return (await fanOut((fn, context) => fn(context), list, options)) as ResultsOf<F>;
}
