/** Work shared out and its results brought together, over lists and streams. */

import { checkNames } from '../arguments.js';
import { InvalidArgumentError } from '../errors.js';
import { checkWaitOptions, shown, type WaitOptions } from '../wait-options.js';
import type { CloseOptions } from '../worker-pools/pool.js';
import { checkCount } from '../worker-pools/submit-options.js';
import { FanOut } from './fan-out.js';
import { type FanOutOptions, type FanProcessor, fanOutNames } from './fan-out-config.js';
import type { LoadBalancer } from './load-balancer.js';
import type { FanOutMetrics } from './metrics.js';
import { checkSource, type Source } from './source.js';

/** The configuration of a fan pattern: that of its fan-out, and of its stream. */
export interface FanPatternConfig extends FanOutOptions {
  /** Results of a stream that may be done before anybody wants them. Default: as many as there are workers. */
  bufferSize?: number;
}

/** How a stream is processed. */
export interface FanStreamOptions extends WaitOptions {
  /** Each outcome, as from `Promise.allSettled`, in place of its result: no input's error ends the stream. */
  settle?: boolean;
}

/**
 * Fan-out and fan-in in one: inputs go to workers, as in {@link FanOut}, and their results come back as one list or one stream.
 *
 * @example
 * ```ts
 * const fan = new FanPattern<string, Page>({ workerCount: 8, ordered: false });
 * for await (const page of fan.processStream(urls, (url, { signal }) => load(url, signal))) index(page);
 * ```
 */
export class FanPattern<TInput, TOutput> implements AsyncDisposable {
  readonly #fanOut: FanOut<TInput, TOutput>;
  readonly #bufferSize: number;

  /** @throws {@link InvalidArgumentError} for an option that cannot be meant. */
  constructor(config: FanPatternConfig = {}) {
    checkNames(config, [...fanOutNames, 'bufferSize']);
    const { bufferSize, ...fanOut } = config;
    this.#fanOut = new FanOut(fanOut);
    this.#bufferSize =
      bufferSize === undefined ? this.#fanOut.getWorkerLoads().size : checkCount('bufferSize', bufferSize);
  }

  /** Calls the processor with each input, as {@link FanOut.distribute}. */
  process(
    inputs: readonly TInput[],
    processor: FanProcessor<TInput, TOutput>,
    options?: WaitOptions,
  ): Promise<TOutput[]> {
    return this.#fanOut.distribute(inputs, processor, options);
  }

  /**
   * Calls the processor with each of any number of inputs, in constant memory. An input is read when a worker or the buffer has room for it:
   * with a reader that is slow, or workers that are, the source is read no faster.
   *
   * An input's error comes in its place, after the results before it, and ends the stream; with `ordered: false` at once. With
   * `onError: 'collect'` the stream goes on without it, and ends with {@link FanOutError}. Leaving the iteration ends the source.
   *
   * @param options - A signal that ends it; `timeout`, how long its reader waits for a result; `settle`, see {@link FanStreamOptions}.
   * @throws By the iteration: what the processor or the source throws; {@link WaitTimeoutError}; the signal's reason.
   */
  processStream(
    inputs: Source<TInput>,
    processor: FanProcessor<TInput, TOutput>,
    options: FanStreamOptions & { settle: true },
  ): AsyncIterableIterator<PromiseSettledResult<TOutput>, undefined> & AsyncDisposable;
  processStream(
    inputs: Source<TInput>,
    processor: FanProcessor<TInput, TOutput>,
    options?: FanStreamOptions,
  ): AsyncIterableIterator<TOutput, undefined> & AsyncDisposable;
  processStream(
    inputs: Source<TInput>,
    processor: FanProcessor<TInput, TOutput>,
    options: FanStreamOptions = {},
  ): AsyncIterableIterator<unknown, undefined> & AsyncDisposable {
    checkSource('inputs', inputs);
    checkWaitOptions(options, ['settle']);
    const { settle = false, ...wait } = options;
    if (typeof settle !== 'boolean') throw new InvalidArgumentError('settle', shown(settle), 'a boolean');
    return this.#fanOut.stream(inputs, processor, wait, { bufferSize: this.#bufferSize, settle });
  }

  /** As {@link FanOut.setLoadBalancer}. */
  setLoadBalancer(balancer: LoadBalancer): void {
    this.#fanOut.setLoadBalancer(balancer);
  }

  /** As {@link FanOut.getWorkerLoads}. */
  getWorkerLoads(): Map<number, number> {
    return this.#fanOut.getWorkerLoads();
  }

  /** Counts and times. */
  getMetrics(): FanOutMetrics {
    return this.#fanOut.getMetrics();
  }

  /** As {@link FanOut.close}. A stream that nobody reads to its end has to be left first. */
  close(options?: CloseOptions): Promise<void> {
    return this.#fanOut.close(options);
  }

  /** As {@link FanOut.terminate}. */
  terminate(): Promise<void> {
    return this.#fanOut.terminate();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
