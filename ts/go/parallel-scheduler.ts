/** Loops whose rounds run on all cores. */
import { availableParallelism } from 'node:os';
import { checkFunction } from '../arguments.js';
import { InvalidArgumentError } from '../errors.js';
import { type Cancellation, isCancellation, signalOf } from '../signal.js';
import { shown } from '../wait-options.js';
import type { Processor } from '../worker-pools/config.js';
import { FixedWorkerPool } from '../worker-pools/fixed-pool.js';
import { processorText } from '../worker-pools/processor.js';
import type { Chunk, Job, Ran } from './parallel-run.js';

/** Whole numbers from `from` up to, and without, `to`. */
export interface Range {
  /** The first. */
  from: number;
  /** One beyond the last. */
  to: number;
  /** The distance of two. Default 1. */
  step?: number;
}

/** A typed array. */
export type TypedArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;

/** How a scheduler is made. */
export interface ParallelOptions {
  /** How many worker threads. Default: as many as the machine has processors. */
  workers?: number;
}

/** How a loop runs. */
export interface LoopOptions {
  /** Rounds in one chunk. Default: measured, so that a chunk is some milliseconds of work. */
  chunkSize?: number;
  /** Ends the loop: it rejects with the reason. */
  signal?: Cancellation;
}

/** A chunk should be so much work: many times what sending it costs, and short enough to share out evenly. In milliseconds. */
const aim = 8;
/** Chunks that are on their way for each worker: one that runs, and one that follows at once. */
const ahead = 2;

interface Source {
  length: number;
  chunk(first: number, count: number): Chunk;
}

function sourceOf(items: readonly unknown[] | Range | TypedArray): Source {
  if (Array.isArray(items)) {
    const list = items as readonly unknown[];
    return {
      length: list.length,
      chunk: (first, count) => ({ items: list.slice(first, first + count), first }),
    };
  }
  if (ArrayBuffer.isView(items)) {
    const array = items as TypedArray;
    if (array.buffer instanceof SharedArrayBuffer)
      return { length: array.length, chunk: (first, count) => ({ shared: array, first, count }) };
    return {
      length: array.length,
      chunk: (first, count) => ({ items: Array.from(array.subarray(first, first + count)), first }),
    };
  }
  const { from, to, step = 1 } = (items ?? {}) as Range;
  if (![from, to, step].every(Number.isFinite) || step === 0)
    throw new InvalidArgumentError('items', shown(items), 'an array, a typed array, or { from, to, step }');
  return {
    length: Math.max(0, Math.ceil((to - from) / step)),
    chunk: (first, count) => ({ first, count, start: from, step }),
  };
}

/**
 * Runs loops on worker threads. The body is a self-contained function, sent as its source. Arrays are cut into chunks that are cloned;
 * ranges and typed arrays on shared memory are cut without copying.
 *
 * @example
 * ```ts
 * await using scheduler = new ParallelScheduler();
 * const squares = await scheduler.parallelMap([1, 2, 3], (n) => n * n);
 * await scheduler.parallelFor(new Float64Array(new SharedArrayBuffer(8e6)), (_, i, all) => { all[i] = Math.sqrt(i); });
 * const sum = await scheduler.parallelReduce({ from: 0, to: 1e8 }, (a, b) => a + b, 0);
 * ```
 */
export class ParallelScheduler implements AsyncDisposable {
  readonly #pool: FixedWorkerPool<Job, Ran>;
  readonly #workers: number;
  /** What a round takes, by the text of its function, in milliseconds. */
  readonly #measured = new Map<string, number>();

  /** @throws {@link InvalidArgumentError} for what cannot be meant. */
  constructor(options: ParallelOptions = {}) {
    if (typeof options !== 'object' || options === null)
      throw new InvalidArgumentError('options', shown(options), 'an object');
    for (const name of Object.keys(options)) {
      if (name !== 'workers') throw new InvalidArgumentError(name, 'an unknown option', 'workers');
    }
    const { workers = availableParallelism() } = options;
    this.#workers = workers;
    this.#pool = new FixedWorkerPool<Job, Ran>(this.#workers, {
      processor: new URL('./parallel-run.js', import.meta.url),
    });
  }

  /**
   * Calls a function with each item and its index, and gives the results in order.
   *
   * @throws What the function throws, the first time it does; the rest is cancelled.
   */
  parallelMap<R>(
    items: Range | TypedArray,
    fn: (item: number, index: number) => R,
    options?: LoopOptions,
  ): Promise<Awaited<R>[]>;
  parallelMap<T, R>(
    items: readonly T[],
    fn: (item: T, index: number) => R,
    options?: LoopOptions,
  ): Promise<Awaited<R>[]>;
  async parallelMap<R>(
    items: readonly unknown[] | Range | TypedArray,
    fn: (item: never, index: number) => R,
    options?: LoopOptions,
  ): Promise<Awaited<R>[]> {
    const parts = await this.#loop(items, fn as never, 'map', options);
    return parts.flat() as Awaited<R>[];
  }

  /** Calls a function with each item and its index; for a typed array on shared memory also with that, to be written to. */
  parallelFor(
    items: Range | TypedArray,
    fn: (item: number, index: number, shared: TypedArray) => unknown,
    options?: LoopOptions,
  ): Promise<void>;
  parallelFor<T>(
    items: readonly T[],
    fn: (item: T, index: number) => unknown,
    options?: LoopOptions,
  ): Promise<void>;
  async parallelFor(
    items: readonly unknown[] | Range | TypedArray,
    fn: (item: never, index: number, shared: TypedArray) => unknown,
    options?: LoopOptions,
  ): Promise<void> {
    await this.#loop(items, fn as never, 'for', options);
  }

  /**
   * Folds all items into one. The function must be associative: chunks are folded apart, and their results in order.
   *
   * @param initial - What the fold begins with, once.
   */
  parallelReduce(
    items: Range | TypedArray,
    fn: (left: number, right: number) => number,
    initial: number,
    options?: LoopOptions,
  ): Promise<number>;
  parallelReduce<T>(
    items: readonly T[],
    fn: (left: T, right: T) => T,
    initial: T,
    options?: LoopOptions,
  ): Promise<T>;
  async parallelReduce<T>(
    items: readonly unknown[] | Range | TypedArray,
    fn: (left: T, right: T) => T,
    initial: T,
    options?: LoopOptions,
  ): Promise<T> {
    const parts = await this.#loop(items, fn as never, 'reduce', options);
    return parts.flat().reduce<T>((left, right) => fn(left, right as T), initial);
  }

  async #loop(
    items: readonly unknown[] | Range | TypedArray,
    fn: Processor<never, unknown>,
    how: Job['how'],
    options: LoopOptions = {},
  ): Promise<unknown[][]> {
    checkFunction('fn', fn);
    if (typeof options !== 'object' || options === null)
      throw new InvalidArgumentError('options', shown(options), 'an object');
    for (const name of Object.keys(options)) {
      if (name !== 'chunkSize' && name !== 'signal')
        throw new InvalidArgumentError(name, 'an unknown option', 'chunkSize, signal');
    }
    const { chunkSize, signal } = options;
    if (chunkSize !== undefined && (!Number.isInteger(chunkSize) || chunkSize < 1))
      throw new InvalidArgumentError('chunkSize', shown(chunkSize), 'a whole number of at least 1');
    if (signal !== undefined && !isCancellation(signal))
      throw new InvalidArgumentError('signal', shown(signal), 'an AbortSignal or a Context');
    const source = sourceOf(items);
    const text = processorText(fn);
    const stop = new AbortController();
    const outer = signalOf(signal);
    outer?.throwIfAborted();
    const onAbort = (): void => stop.abort(outer?.reason);
    outer?.addEventListener('abort', onAbort, { once: true });
    const parts: unknown[][] = [];
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < source.length) {
        const first = next;
        const count = Math.min(chunkSize ?? this.#size(text, source.length), source.length - first);
        next += count;
        const part = parts.push([]) - 1;
        const job: Job = { text, how, chunk: source.chunk(first, count) };
        const { results, ms } = await this.#pool.submit(job, { signal: stop.signal });
        parts[part] = results;
        this.#learn(text, ms / count);
      }
    };
    try {
      await Promise.all(Array.from({ length: this.#workers * ahead }, lane));
    } catch (error) {
      stop.abort(error);
      throw error;
    } finally {
      outer?.removeEventListener('abort', onAbort);
    }
    return parts;
  }

  /** How many rounds make a chunk: as many as are measured to take the time aimed at, and few enough that every worker gets some. */
  #size(text: string, length: number): number {
    const each = this.#measured.get(text);
    const fair = Math.max(1, Math.ceil(length / (this.#workers * ahead * 2)));
    if (each === undefined) return Math.min(fair, 16);
    return Math.min(fair, Math.max(1, Math.round(aim / Math.max(each, 1e-6))));
  }

  #learn(text: string, each: number): void {
    const known = this.#measured.get(text);
    this.#measured.set(text, known === undefined ? each : known + (each - known) / 4);
  }

  /** Ends the workers, when what they run has ended. */
  async close(): Promise<void> {
    await this.#pool.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
