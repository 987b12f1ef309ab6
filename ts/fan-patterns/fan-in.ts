/** Many inputs merged into one. */

import { checkFlag, checkNames } from '../arguments.js';
import { InvalidArgumentError } from '../errors.js';
import { checkWaitOptions, shown, type WaitOptions } from '../wait-options.js';
import { FanClosedError } from './errors.js';
import { checkStrategy, type FanInOptions, fanInTerms } from './fan-in-config.js';
import { type Merged, Merging } from './merge.js';
import { MergeInput } from './merge-input.js';
import {
  ByArrival,
  ByRule,
  InTurn,
  type MergeOrder,
  type MergeStrategy,
  type Picker,
} from './merge-strategy.js';
import { checkSource, type Source } from './source.js';

/** Counts of a fan-in since it was made. */
export interface FanInMetrics {
  /** Inputs there are: those that have not ended. */
  inputs: number;
  /** Inputs that were added. */
  added: number;
  /** Inputs that have ended, or were left. */
  ended: number;
  /** Inputs that were removed. */
  removed: number;
  /** Items read of the inputs. */
  received: number;
  /** Items given out. */
  delivered: number;
  /** Items read and not given out. */
  buffered: number;
  /** Failures of inputs, those out of time among them. */
  errors: number;
  /** How often an input took too long. */
  timedOut: number;
}

/**
 * Merges inputs: async iterables, iterables, channels, Web and Node streams. Each is read no further ahead than `bufferSize`. Inputs come and go
 * also while they are merged; the iteration ends when all have. Leaving it ends each of them: their `return()` is called, a receive from a channel
 * takes no message.
 *
 * @example
 * ```ts
 * const fanIn = new FanIn<Row>({ mergeStrategy: 'priority', onError: 'end-input' });
 * fanIn.addInput(live, { priority: 1 });
 * fanIn.addInput(history);
 * for await (const row of fanIn.merge()) await store(row);
 * ```
 */
export class FanIn<T> implements AsyncDisposable {
  readonly #merged: Merged<T>;
  #added = 0;
  #closed = false;

  /** @throws {@link InvalidArgumentError} for an option that cannot be meant. */
  constructor(config: FanInOptions<T> = {}) {
    this.#merged = {
      inputs: [],
      counts: { ended: 0, removed: 0, received: 0, delivered: 0, errors: 0, timedOut: 0 },
      terms: fanInTerms(config),
      running: undefined,
    };
  }

  /**
   * Adds an input, also while they are merged.
   *
   * @param options - `priority`: a number, higher goes first; default 0.
   * @throws {@link InvalidArgumentError} for what cannot be read, or is there already; {@link FanClosedError}.
   */
  addInput(input: Source<T>, options: { priority?: number } = {}): void {
    checkSource('input', input);
    checkNames(options, ['priority']);
    const { priority = 0 } = options;
    if (typeof priority !== 'number' || Number.isNaN(priority))
      throw new InvalidArgumentError('priority', shown(priority), 'a number');
    if (this.#closed) throw new FanClosedError();
    const { inputs, running } = this.#merged;
    if (inputs.some(({ source }) => source === input))
      throw new InvalidArgumentError('input', 'one that is there already', 'another');
    const added = new MergeInput(input, priority);
    inputs.push(added);
    this.#added++;
    running?.add(added);
  }

  /**
   * Removes an input and ends it, also while they are merged. One that is not there does no harm.
   *
   * @param options - `drain`: what was read of it is still given out; otherwise it is dropped. Default false.
   */
  removeInput(input: Source<T>, options: { drain?: boolean } = {}): void {
    checkNames(options, ['drain']);
    const { drain = false } = options;
    checkFlag('drain', drain);
    const { inputs, counts, running } = this.#merged;
    const at = inputs.findIndex(({ source }) => source === input);
    const removed = inputs[at];
    if (removed === undefined) return;
    counts.removed++;
    const left = removed.leave();
    left.catch((error: unknown) => this.#merged.terms.onInputError?.(error, input));
    if (!drain || removed.buffered === 0) {
      removed.clear();
      inputs.splice(at, 1);
    }
    running?.flush();
  }

  /**
   * The items of all inputs, in the order of the fan-in's `mergeStrategy`. Reading begins with the first `next`.
   *
   * @param options - A signal that ends it; `timeout`, how long its reader waits for an item.
   * @throws By the iteration: what an input throws; {@link WaitTimeoutError}; the signal's reason; {@link FanInBusyError} if another one runs.
   */
  merge(options: WaitOptions = {}): AsyncIterableIterator<T, undefined> & AsyncDisposable {
    const { order, strategy } = this.#merged.terms;
    return this.#merge(order === 'custom' ? strategy : order, options);
  }

  /** The same, in another order. */
  mergeWithStrategy(
    strategy: MergeStrategy<T> | Exclude<MergeOrder, 'custom'>,
    options: WaitOptions = {},
  ): AsyncIterableIterator<T, undefined> & AsyncDisposable {
    return this.#merge(strategy, options);
  }

  #merge(strategy: MergeStrategy<T> | MergeOrder | undefined, options: WaitOptions): Merging<T> {
    checkWaitOptions(options);
    if (this.#closed) throw new FanClosedError();
    return new Merging(this.#merged, pickerOf(strategy), options);
  }

  /** How many inputs there are: those that have not ended. */
  getInputCount(): number {
    return this.#merged.inputs.filter(({ ended, buffered }) => !ended || buffered > 0).length;
  }

  /** Counts. */
  getMetrics(): FanInMetrics {
    const { inputs, counts } = this.#merged;
    const buffered = inputs.reduce((sum, input) => sum + input.buffered, 0);
    return { inputs: this.getInputCount(), added: this.#added, buffered, ...counts };
  }

  /** Takes no more inputs, ends those it has, and the iteration of them. Again does no harm. */
  async close(): Promise<void> {
    this.#closed = true;
    const { inputs, running } = this.#merged;
    if (running !== undefined) await running.return();
    inputs.length = 0;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function pickerOf<T>(strategy: MergeStrategy<T> | MergeOrder | undefined): Picker<T> {
  if (strategy === 'round-robin' || strategy === 'priority') return new InTurn(strategy === 'priority');
  if (strategy === 'arrival') return new ByArrival();
  checkStrategy(strategy);
  return new ByRule(strategy as MergeStrategy<T>, (got, ready) => {
    throw new InvalidArgumentError('pick()', shown(got), `a place below ${ready}`);
  });
}
