/** Items through a function, so many at once. */

import { checkFunction, checkWidth } from '../arguments.js';
import { InvalidArgumentError } from '../errors.js';
import { ArrayRun } from '../fan-patterns/array-run.js';
import { single } from '../fan-patterns/batch-size.js';
import { Crew } from '../fan-patterns/crew.js';
import type { FanContext } from '../fan-patterns/item-context.js';
import type { AnyProcessor } from '../fan-patterns/run.js';
import { signalOf } from '../signal.js';
import { checkWaitOptions, shown, type WaitOptions } from '../wait-options.js';

/** How many at once, and who may end it. */
export interface ConcurrentOptions extends WaitOptions {
  /** How many calls run at once. Default: all. */
  concurrency?: number;
}

/** A list of anything that can be gone through at once. @internal */
export function listOf<T>(name: string, items: Iterable<T>): readonly T[] {
  if (Array.isArray(items)) return items as T[];
  if (typeof items === 'object' && items !== null && typeof items[Symbol.iterator] === 'function')
    return [...items];
  throw new InvalidArgumentError(name, shown(items), 'an iterable');
}

/** Calls a function with each item on a crew of their own. @internal */
export function runAll(
  crew: Crew,
  fn: AnyProcessor,
  items: readonly unknown[],
  options: WaitOptions,
  first = 0,
): Promise<unknown[]> {
  const terms = {
    crew,
    processor: fn,
    text: undefined,
    whole: false,
    goOn: false,
    timeout: undefined,
    first,
  };
  return new ArrayRun({ ...terms, dealing: 'pull', size: single }, items, true).run(options);
}

/**
 * Calls a function with each item, so many at once.
 *
 * @param fn - Gets the item, and its number and a signal.
 * @returns The results in the order of the items.
 * @throws The first error of the function: the calls that run are told by their signal, the others do not begin; {@link WaitTimeoutError}; the
 * signal's reason.
 * @example
 * ```ts
 * const pages = await fanOut((url, { signal }) => load(url, signal), urls, { concurrency: 8, signal: ctx });
 * ```
 */
export async function fanOut<T, R>(
  fn: (item: T, context: FanContext) => R | PromiseLike<R>,
  items: Iterable<T>,
  options: ConcurrentOptions = {},
): Promise<R[]> {
  checkFunction('fn', fn);
  checkWaitOptions(options, ['concurrency']);
  const { concurrency = Infinity, ...wait } = options;
  checkWidth('concurrency', concurrency);
  const list = listOf('items', items);
  signalOf(wait.signal)?.throwIfAborted();
  const width = Math.max(1, Math.min(concurrency, list.length));
  const crew = new Crew({ width, abortGrace: Infinity });
  return (await runAll(crew, fn as AnyProcessor, list, wait)) as R[];
}
