/** Work shared out among workers. */

import { checkNames, checkTime } from '../arguments.js';
import { InvalidArgumentError } from '../errors.js';
import { signalOf } from '../signal.js';
import { checkWaitOptions, shown, type WaitOptions } from '../wait-options.js';
import type { CloseOptions } from '../worker-pools/pool.js';
import { ArrayRun } from './array-run.js';
import { type BatchSize, ClimbingSize, FixedSize, single, TimedSize } from './batch-size.js';
import { FanClosedError } from './errors.js';
import { type FanCrew, fanCrew, processorFor } from './fan-crew.js';
import {
  type BatchProcessor,
  type FanOutOptions,
  type FanOutTerms,
  type FanProcessor,
  fanOutTerms,
} from './fan-out-config.js';
import { type Dealing, dealingOf, type LoadBalancer } from './load-balancer.js';
import { type FanOutMetrics, metricsOf } from './metrics.js';
import type { RunTerms } from './run.js';
import type { Source } from './source.js';
import { StreamRun, type StreamTerms } from './stream-run.js';

/** Functions whose measured batch sizes are kept. */
const keptSizes = 64;

/**
 * Shares inputs out among workers, which are places in this thread or threads of their own: no more than `workerCount` of them are worked on at
 * once, over all calls; calls share the workers in turn. A call that ends early, by its signal, its time or an error, rejects at once: what has
 * not begun does not begin, and what runs is told by its context's signal.
 *
 * @example
 * ```ts
 * const fan = new FanOut<string, Page>({ workerCount: 8 });
 * const pages = await fan.distribute(urls, (url, { signal }) => load(url, signal));
 *
 * await using threads = new FanOut<number, number>({ workerCount: 4, on: 'workers' });
 * const sums = await threads.distribute(sizes, (n) => { let s = 0; for (let i = 0; i < n; i++) s += i; return s; });
 * ```
 */
export class FanOut<TInput, TOutput> implements AsyncDisposable {
  readonly #terms: FanOutTerms;
  readonly #fan: FanCrew;
  #balancer: LoadBalancer = 'least-loaded';
  readonly #sizes = new Map<unknown, BatchSize>();
  readonly #climbing = new Map<unknown, BatchSize>();
  #closing: Promise<void> | undefined;

  /** @throws {@link InvalidArgumentError} for an option that cannot be meant. */
  constructor(config: FanOutOptions = {}) {
    this.#terms = fanOutTerms(config);
    if (config.abortGrace !== undefined && typeof config.on === 'object')
      throw new InvalidArgumentError('abortGrace', 'a time', "none with a pool: the pool's own counts");
    this.#fan = fanCrew(this.#terms);
  }

  /**
   * Calls the processor with each input.
   *
   * @param processor - Gets the input, and its number, worker and signal. With threads a self-contained function, or a module.
   * @param options - A signal that ends the call; `timeout`, how long all of it may take, in milliseconds.
   * @returns The results in the order of the inputs, or as they came with `ordered: false`.
   * @throws What the processor throws first, or {@link FanOutError} with `onError: 'collect'`; {@link CallTimeoutError} for an input that takes
   * longer than the fan's `timeout`; {@link WaitTimeoutError}; the signal's reason; {@link FanClosedError}.
   */
  async distribute(
    inputs: readonly TInput[],
    processor: FanProcessor<TInput, TOutput>,
    options: WaitOptions = {},
  ): Promise<TOutput[]> {
    return this.#run(inputs, processor, options, false);
  }

  /**
   * Calls the processor with batches of inputs, `batchSize` each; the last may be smaller.
   *
   * @param processor - Gets a batch, and gives an array of results for it.
   * @returns The results of all batches, one after the other.
   * @throws As {@link distribute}; the fan's `timeout` is for a batch.
   */
  async processBatches(
    inputs: readonly TInput[],
    processor: BatchProcessor<TInput, TOutput>,
    options: WaitOptions = {},
  ): Promise<TOutput[]> {
    return this.#run(inputs, processor, options, true);
  }

  #run(
    inputs: readonly TInput[],
    processor: unknown,
    options: WaitOptions,
    whole: boolean,
  ): Promise<TOutput[]> {
    if (!Array.isArray(inputs)) throw new InvalidArgumentError('inputs', shown(inputs), 'an array');
    const terms = this.#termsOf(processor, options, whole);
    signalOf(options.signal)?.throwIfAborted();
    return new ArrayRun(terms, inputs, this.#terms.ordered).run(options) as Promise<TOutput[]>;
  }

  /** The results of a stream of inputs. @internal */
  stream(
    source: Source<TInput>,
    processor: unknown,
    options: WaitOptions,
    stream: Omit<StreamTerms, 'ordered'>,
  ): AsyncIterableIterator<TOutput, undefined> & AsyncDisposable {
    const terms = this.#termsOf(processor, options, false);
    const { ordered } = this.#terms;
    return new StreamRun<TInput, TOutput>(terms, source, { ...stream, ordered }, options).results;
  }

  #termsOf(processor: unknown, options: WaitOptions, whole: boolean): RunTerms {
    if (this.#closing !== undefined) throw new FanClosedError();
    checkWaitOptions(options);
    const { timeout, goOn, balances } = this.#terms;
    const dealing: Dealing = balances ? dealingOf(this.#balancer) : 'shares';
    const where = processorFor(processor, this.#fan.threads);
    const size = this.#sizeOf(processor, whole);
    return { ...where, crew: this.#fan.crew, whole, goOn, dealing, size, timeout };
  }

  #sizeOf(processor: unknown, whole: boolean): BatchSize {
    const { batchSize, timeout } = this.#terms;
    const { threads } = this.#fan;
    if (!whole && threads && timeout !== undefined) return single;
    if (batchSize !== 'adaptive') return new FixedSize(batchSize, !whole);
    if (!whole && !threads) return single;
    const sizes = whole ? this.#climbing : this.#sizes;
    let size = sizes.get(processor);
    if (size === undefined) {
      size = whole ? new ClimbingSize() : new TimedSize();
      sizes.set(processor, size);
      if (sizes.size > keptSizes) sizes.delete(sizes.keys().next().value);
    }
    return size;
  }

  /**
   * Chooses how inputs find workers, for calls that begin after. At first it is `'least-loaded'`.
   *
   * @throws {@link InvalidArgumentError} for what is none, or if the fan was made with `enableLoadBalancing: false`.
   */
  setLoadBalancer(balancer: LoadBalancer): void {
    dealingOf(balancer);
    if (!this.#terms.balances)
      throw new InvalidArgumentError('balancer', 'one', 'enableLoadBalancing: true, which this fan has not');
    this.#balancer = balancer;
  }

  /** How many inputs each worker has been given and has not done, by its number. */
  getWorkerLoads(): Map<number, number> {
    return new Map(this.#fan.crew.loads().map(({ id, pending }) => [id, pending]));
  }

  /** Counts and times. */
  getMetrics(): FanOutMetrics {
    return metricsOf(this.#fan.crew);
  }

  /** Begins counting anew. */
  resetMetrics(): void {
    this.#fan.crew.resetCounts();
  }

  /** Whether it takes no more calls. */
  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /**
   * Takes no more calls, waits for those it has, and ends its threads. A second call waits for the first.
   *
   * @param options - `timeout`: how long that may take, in milliseconds, before it is as {@link terminate}.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    checkNames(options, ['timeout']);
    const timeout = checkTime('timeout', options.timeout);
    return (this.#closing ??= this.#close(timeout));
  }

  async #close(timeout: number | undefined): Promise<void> {
    const ended = Promise.all(this.#fan.crew.runs.map(({ over }) => over));
    if (timeout === undefined) await ended;
    else await this.#within(ended, timeout);
    await Promise.all(this.#fan.pools.map((pool) => pool.close()));
  }

  async #within(ended: Promise<unknown>, timeout: number): Promise<void> {
    const timer = setTimeout(() => this.#abandon(), Math.min(timeout, 2 ** 31 - 1));
    await ended;
    clearTimeout(timer);
  }

  #abandon(): void {
    for (const run of this.#fan.crew.runs) run.abandon(new FanClosedError());
  }

  /** Ends everything at once: calls that run reject with {@link FanClosedError}. */
  async terminate(): Promise<void> {
    this.#closing ??= Promise.resolve();
    this.#abandon();
    await Promise.all(this.#fan.pools.map((pool) => pool.terminate()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
