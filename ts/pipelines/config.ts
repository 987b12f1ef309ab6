/** What pipelines and their stages can be told. Times are in milliseconds. */
import type { Channel } from '../channels/channel.js';
import type { LimiterLike } from '../concurrent/rate-limited.js';
import type { CallContext } from '../policy/call-context.js';
import type { Cancellation } from '../signal.js';
import type { ProcessorModule } from '../worker-pools/config.js';
import type { WorkerPool } from '../worker-pools/pool.js';

/**
 * What happens when an item fails: `'fail'` ends what the item belongs to with its error, when the item's turn comes; `'skip'` leaves the
 * item out; `'dead-letter'` leaves it out and sends it to the pipeline's dead letters.
 */
export type OnError = 'fail' | 'skip' | 'dead-letter';

/** An item that failed, as it came to the stage where it did. */
export interface DeadLetter<T = unknown> {
  /** What the stage was given. */
  item: T;
  /** The stage's name. */
  stage: string;
  /** What it threw in the end. */
  error: unknown;
  /** How often it was called for the item, replays included. */
  attempts: number;
}

/** What retries: a `RetryExecutor`, or anything with one of its methods. */
export type Retrying =
  | { call(fn: (context: CallContext) => Promise<unknown>, options?: { signal?: Cancellation }): unknown }
  | { execute(fn: () => Promise<unknown>, options?: { signal?: Cancellation }): unknown };

/** How a stage treats its items. */
export interface StageOptions {
  /** Calls that may run at once. Default: the pipeline's `concurrency`. */
  concurrency?: number;
  /** Items that may wait in the stage beyond those: for their call, or to be passed on. Default: the pipeline's `bufferSize`. */
  bufferSize?: number;
  /** Whether items leave in the order in which they came. Default: the pipeline's `ordered`. */
  ordered?: boolean;
  /** What happens when an item fails. Default: the pipeline's `onError`. */
  onError?: OnError;
  /** How long one call may take: it fails with `StageTimeoutError`, and its `signal` aborts. Its place is free when it has ended. */
  timeout?: number;
  /** Calls again what fails. */
  retry?: Retrying;
  /** Asked before each call, retries included. */
  limiter?: LimiterLike;
}

/** The same with a name; without one it is that of what was called, such as `map`, with a number from the second on. */
export interface NamedStageOptions extends StageOptions {
  /** The stage's name, which no other stage of the pipeline has. */
  name?: string;
}

/** What a stage does with an item. The function's second argument has the `signal` that aborts when nobody wants the result any more. */
export type StageProcessor<TInput, TOutput> = (
  input: TInput,
  context: CallContext,
) => Promise<TOutput> | TOutput;

/** A stage. */
export interface PipelineStageConfig<TInput, TOutput> extends StageOptions {
  /** Its name, which no other stage of the pipeline has. */
  name: string;
  /** What it does with an item. With `on` it is sent to workers: a self-contained function, or a module. */
  processor?: StageProcessor<TInput, TOutput> | ProcessorModule;
  /**
   * Where the processor runs: in a pool, in which `processor` is not needed if the pool has one, or in worker threads of the stage's own.
   * Default: in this thread.
   */
  on?: WorkerPool<TInput, TOutput> | WorkerPool<never, unknown> | 'workers';
}

/** A pipeline's configuration. */
export interface PipelineConfig {
  /** What it is called in `getMetrics`. */
  name: string;
  /** What stages have that say nothing else. Default 1. */
  concurrency: number;
  /** What stages have that say nothing else, and results that wait for a stream's reader. Default 64. */
  bufferSize: number;
  /** What stages have that say nothing else. Default true. */
  ordered: boolean;
  /** What stages have that say nothing else. Default `'fail'`. */
  onError: OnError;
  /** Where dead letters go. While it is full, items that failed wait. Default: a channel within this thread, without a bound. */
  deadLetters: Channel<DeadLetter>;
}

/** How lists are cut out of a stream: by number, by time, or both. */
export interface WindowOptions {
  /** Items of a full list. */
  size?: number;
  /** Items by which the next list begins after this one: less than `size` for lists that overlap. Default `size`. */
  slide?: number;
  /** Milliseconds after its first item that a list is passed on as it is. */
  ms?: number;
}

/** How long `close` waits. */
export interface PipelineCloseOptions {
  /** Milliseconds after which what still runs is aborted. Default: no limit. */
  timeout?: number;
}
