/** Items in batches, one batch after the other. */

import { checkFunction, checkTime, checkWidth } from '../arguments.js';
import { sleep } from '../channels/timers.js';
import { InvalidArgumentError } from '../errors.js';
import { Crew } from '../fan-patterns/crew.js';
import type { FanContext } from '../fan-patterns/item-context.js';
import type { AnyProcessor } from '../fan-patterns/run.js';
import { checkWaitOptions, shown } from '../wait-options.js';
import { checkCount } from '../worker-pools/submit-options.js';
import { type ConcurrentOptions, listOf, runAll } from './fan-out.js';
import { within } from './within.js';

/** How far it is. */
export interface BatchProgress<R> {
  /** The batch that is done, from 1, and how many there are. */
  batch: number;
  batches: number;
  /** Items that are done, and how many there are. */
  done: number;
  total: number;
  /** The batch's results, in the order of its items. */
  results: readonly R[];
}

/** How batches are processed. */
export interface InBatchesOptions<R> extends ConcurrentOptions {
  /** How long to wait between two batches, in milliseconds. Default 0. */
  pause?: number;
  /** Is called after each batch; the next one begins when what it returns has settled. What it throws ends all. */
  onProgress?: (progress: BatchProgress<R>) => unknown;
}

/**
 * Calls a function with each item, batch by batch: a batch begins when the one before it is done.
 *
 * @param size - How many items a batch has.
 * @param fn - Gets the item, and its number and a signal.
 * @param options - `concurrency`: how many calls run at once, default: a whole batch; `pause`; `onProgress`; `signal`; `timeout` for all.
 * @returns The results in the order of the items.
 * @throws The first error of the function: the rest of the batch is told by its signal, the next batch does not begin; {@link WaitTimeoutError};
 * the signal's reason.
 * @example
 * ```ts
 * await processInBatches(users, 100, notify, { pause: 1_000, onProgress: ({ done, total }) => log(`${done}/${total}`) });
 * ```
 */
export async function processInBatches<T, R>(
  items: Iterable<T>,
  size: number,
  fn: (item: T, context: FanContext) => R | PromiseLike<R>,
  options: InBatchesOptions<R> = {},
): Promise<R[]> {
  const list = listOf('items', items);
  checkCount('size', size);
  checkFunction('fn', fn);
  checkWaitOptions(options, ['concurrency', 'pause', 'onProgress']);
  const { concurrency = size, pause = 0, onProgress, timeout, signal } = options;
  checkWidth('concurrency', concurrency);
  checkPause(pause);
  if (onProgress !== undefined) checkFunction('onProgress', onProgress);
  const crew = new Crew({
    width: Math.max(1, Math.min(concurrency, size, list.length)),
    abortGrace: Infinity,
  });
  return within({ signal, timeout }, async (ends) => {
    const wait = ends === undefined ? {} : { signal: ends };
    const all: R[] = [];
    const batches = Math.ceil(list.length / size);
    for (let batch = 1; batch <= batches; batch++) {
      const first = all.length;
      if (batch > 1 && pause > 0) await sleep(pause, wait);
      ends?.throwIfAborted();
      const part = list.slice(first, first + size);
      const results = (await runAll(crew, fn as AnyProcessor, part, wait, first)) as R[];
      for (const result of results) all.push(result);
      await onProgress?.({ batch, batches, done: all.length, total: list.length, results });
    }
    return all;
  });
}

function checkPause(pause: unknown): void {
  if (pause === Infinity || checkTime('pause', pause) === undefined)
    throw new InvalidArgumentError('pause', shown(pause), 'milliseconds, at least 0');
}
