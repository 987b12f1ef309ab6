/** Functions in a chain. */
import { checkFunction } from '../arguments.js';
import type { FanContext } from '../fan-patterns/item-context.js';
import { checkWaitOptions, type WaitOptions } from '../wait-options.js';
import { fanOut, listOf } from './fan-out.js';

/** A link of a chain. */
export type Stage<I, O> = (input: I, context: FanContext) => O | PromiseLike<O>;

/**
 * Gives each function what the one before it gave. For streams, and for many items at once, there is `Pipeline`.
 *
 * @param stages - Each gets what comes, and a context with a signal.
 * @returns What the last gives.
 * @throws What a stage throws, and those behind it do not run; {@link WaitTimeoutError}; the signal's reason.
 * @example
 * ```ts
 * const saved = await pipeline([fetchPage, parse, (data) => save(data)], url, { signal: ctx });
 * ```
 */
export function pipeline<A, B>(stages: readonly [Stage<A, B>], input: A, options?: WaitOptions): Promise<B>;
export function pipeline<A, B, C>(
  stages: readonly [Stage<A, B>, Stage<B, C>],
  input: A,
  options?: WaitOptions,
): Promise<C>;
export function pipeline<A, B, C, D>(
  stages: readonly [Stage<A, B>, Stage<B, C>, Stage<C, D>],
  input: A,
  options?: WaitOptions,
): Promise<D>;
export function pipeline<A, B, C, D, E>(
  stages: readonly [Stage<A, B>, Stage<B, C>, Stage<C, D>, Stage<D, E>],
  input: A,
  options?: WaitOptions,
): Promise<E>;
export function pipeline<A, B, C, D, E, F>(
  stages: readonly [Stage<A, B>, Stage<B, C>, Stage<C, D>, Stage<D, E>, Stage<E, F>],
  input: A,
  options?: WaitOptions,
): Promise<F>;
export function pipeline<A, B, C, D, E, F, G>(
  stages: readonly [Stage<A, B>, Stage<B, C>, Stage<C, D>, Stage<D, E>, Stage<E, F>, Stage<F, G>],
  input: A,
  options?: WaitOptions,
): Promise<G>;
export function pipeline<T>(stages: readonly Stage<T, T>[], input: T, options?: WaitOptions): Promise<T>;
export async function pipeline(
  stages: readonly Stage<never, unknown>[],
  input: unknown,
  options: WaitOptions = {},
): Promise<unknown> {
  checkWaitOptions(options);
  const list = listOf('stages', stages) as readonly Stage<unknown, unknown>[];
  list.forEach((stage, at) => checkFunction(`stages[${at}]`, stage));
  let value = input;
  // One at a time: each has the value of the one before it when it begins.
  const run = async (stage: Stage<unknown, unknown>, context: FanContext): Promise<void> => {
    value = await stage(value, context);
  };
  await fanOut(run, list, { ...options, concurrency: 1 });
  return value;
}
