/** A function over streams. */

import { checkFlag, checkFunction, checkNames, checkTime, checkWidth, checkWord } from '../arguments.js';
import { single } from '../fan-patterns/batch-size.js';
import { Crew } from '../fan-patterns/crew.js';
import type { FanContext } from '../fan-patterns/item-context.js';
import type { AnyProcessor, RunTerms } from '../fan-patterns/run.js';
import { checkSource, type Source } from '../fan-patterns/source.js';
import { StreamRun } from '../fan-patterns/stream-run.js';
import { checkWaitOptions, type WaitOptions } from '../wait-options.js';
import { checkCount } from '../worker-pools/submit-options.js';

/** How a stream is processed. */
export interface StreamProcessorOptions {
  /** How many calls run at once, of each stream. Default 1. */
  concurrency?: number;
  /** Results that may be done before anybody wants them. Default: as many as run at once. */
  bufferSize?: number;
  /** Results in the order of the items; otherwise as they come. Default true. */
  ordered?: boolean;
  /** How long a call may take, in milliseconds; then it has failed with `CallTimeoutError`. Default: no limit. */
  timeout?: number;
  /**
   * When a call fails: `'fail'`, the stream ends with its error; `'collect'`, it goes on, and ends with `FanOutError`, which has all errors. Default
   * `'fail'`.
   */
  onError?: 'fail' | 'collect';
  /** Each outcome, as from `Promise.allSettled`, in place of its result: no error ends the stream. Default false. */
  settle?: boolean;
}

/** Processes streams. */
export interface StreamProcessor<T, R> {
  /**
   * @param source - Async iterable, iterable, channel, Web or Node stream. It is read as fast as results are taken, and ended when their reader
   * leaves.
   * @param options - A signal that ends it; `timeout`, how long the reader waits for a result.
   */
  processStream(
    source: Source<T>,
    options?: WaitOptions,
  ): AsyncIterableIterator<R, undefined> & AsyncDisposable;
}

const names = ['concurrency', 'bufferSize', 'ordered', 'timeout', 'onError', 'settle'];
/** As many as nobody runs at once. */
const unbounded = 1_000_000;

/**
 * Makes a processor of streams out of a function, with back-pressure at both ends.
 *
 * @example
 * ```ts
 * const resize = streamProcessor(resizeImage, { concurrency: 10, bufferSize: 100, settle: true });
 * for await (const outcome of resize.processStream(images, { signal: ctx })) report(outcome);
 * ```
 */
export function streamProcessor<T, R>(
  fn: (item: T, context: FanContext) => R | PromiseLike<R>,
  options: StreamProcessorOptions & { settle: true },
): StreamProcessor<T, PromiseSettledResult<R>>;
export function streamProcessor<T, R>(
  fn: (item: T, context: FanContext) => R | PromiseLike<R>,
  options?: StreamProcessorOptions,
): StreamProcessor<T, R>;
export function streamProcessor<T>(
  fn: (item: T, context: FanContext) => unknown,
  options: StreamProcessorOptions = {},
): StreamProcessor<T, unknown> {
  checkFunction('fn', fn);
  checkNames(options, names);
  const { concurrency = 1, ordered = true, onError = 'fail', settle = false } = options;
  checkWidth('concurrency', concurrency);
  const width = Math.min(concurrency, unbounded);
  const { bufferSize = width } = options;
  checkCount('bufferSize', bufferSize);
  checkFlag('ordered', ordered);
  checkFlag('settle', settle);
  checkWord('onError', onError, ['fail', 'collect']);
  const timeout = checkTime('timeout', options.timeout);
  const processor = fn as AnyProcessor;
  return {
    processStream(source, wait = {}) {
      checkSource('source', source);
      checkWaitOptions(wait);
      const crew = new Crew({ width, abortGrace: 1000 });
      const goOn = onError === 'collect';
      const terms: RunTerms = {
        crew,
        processor,
        text: undefined,
        whole: false,
        goOn,
        dealing: 'pull',
        size: single,
        timeout,
      };
      return new StreamRun<T, unknown>(terms, source, { ordered, bufferSize, settle }, wait).results;
    },
  };
}
