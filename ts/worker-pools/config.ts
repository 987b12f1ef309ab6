/** What a pool can be told. */

import type { ResourceLimits, WorkerOptions } from 'node:worker_threads';
import type { Cancellation } from '../signal.js';
import type { Context as AbortContext } from './task-context.js';

/**
 * What every task may know of itself.
 *
 * @example
 * ```ts
 * export default async (url: string, { signal }: TaskContext) => (await fetch(url, { signal })).text();
 * ```
 */
export type TaskContext = AbortContext;

/** A module that workers load: a path, a `file:` URL, or either with the name of the export to call. */
export type ProcessorModule = string | URL | { module: string | URL; export?: string };

/** A function that workers run. A function must be self-contained: it is shipped as its source text. */
export type Processor<TInput, TOutput> =
  | ProcessorModule
  | ((
      input: TInput,
      context: TaskContext,
    ) => TOutput | Promise<TOutput> | AsyncIterable<TOutput> | Iterable<TOutput>);

/** What a scaling policy sees. Times are in milliseconds, shares between 0 and 1. */
export interface ScalingSample {
  /** Workers, those that start included. */
  workers: number;
  /** Workers that start. */
  starting: number;
  /** Workers that run as many tasks as they may. */
  busy: number;
  /** Tasks that no worker has begun. */
  waiting: number;
  /** How long the first of them has waited. */
  oldestWait: number;
  /** The mean share of time that the workers' event loops are busy; `null` before the first heartbeat. */
  eventLoopUtilization: number | null;
  /** How busy the machine's processors are; `null` before the first measurement. */
  machineLoad: number | null;
  /** The recent mean run time of a task; 0 before the first has ended. */
  meanRun: number;
}

/** The configuration of a worker pool. Times are in milliseconds. */
export interface WorkerPoolConfig {
  /** Workers there are always. Default 1. */
  minWorkers: number;
  /** Workers there are at most. Default: the processors of the machine. */
  maxWorkers: number;
  /** A worker beyond `minWorkers` that has idled so long is retired. Default 30 000; `Infinity` for never. */
  idleTimeout: number;
  /** How long a task may run. Its promise rejects with `TaskTimeoutError`. Default `Infinity`. */
  taskTimeout: number;
  /** Whether the pool grows with its queue and shrinks by `idleTimeout`. Default true. */
  enableAutoScaling: boolean;
  /** The share of busy workers from which the pool grows. Default 0.8. */
  scalingThreshold: number;
}

/** What a pool can be told beyond {@link WorkerPoolConfig}. Times are in milliseconds. */
export interface WorkerPoolOptions<TInput, TOutput> extends Partial<WorkerPoolConfig> {
  /** What workers run for each task: a module, or a self-contained function. */
  processor?: Processor<TInput, TOutput>;
  /** Shares the pool with every thread of the process that opens this name. */
  name?: string;
  /** Decides how many workers there should be, in place of the built-in rule. Called in the thread that owns the pool. */
  scalingPolicy?: (sample: ScalingSample) => number;
  /** Tasks that may wait. Default: no limit. */
  maxQueue?: number;
  /** What happens to a task beyond `maxQueue`: it rejects with `QueueFullError`, or waits for room. Default `'reject'`. */
  onFull?: 'reject' | 'wait';
  /** Tasks that one worker may run at once; above 1 for tasks that wait for input or output. Default 1. */
  concurrentTasksPerWorker?: number;
  /** How long a cancelled task may take to end before its worker is replaced. Default 1 000. */
  abortGrace?: number;
  /** How often a busy worker is asked for a sign of life. Default 1 000. */
  heartbeatInterval?: number;
  /** A busy worker without a sign of life for so long is unresponsive. Default 30 000. */
  heartbeatTimeout?: number;
  /** Replace unresponsive workers unasked. Default false: a long computation is no defect. */
  autoRestart?: boolean;
  /**
   * How tasks find workers: `'work-stealing'` from one queue, idle workers stealing what others have taken and not begun;
   * `'round-robin'` in strict turn; `'adaptive'` to the worker expected to be done first, by its measured speed.
   * Default `'work-stealing'`.
   */
  balancing?: 'work-stealing' | 'round-robin' | 'adaptive';
  /** Workers that may die at start in a row before the waiting tasks fail with `PoolBrokenError`. Default 3. */
  maxStartFailures?: number;
  /** The wait before the second replacement of a dying worker in a row; it doubles up to 30 s. Default 100. */
  restartBackoff?: number;
  /** Limits of each worker's memory, as for `new Worker`. */
  resourceLimits?: ResourceLimits;
  /** The workers' `process.env`, as for `new Worker`. */
  env?: WorkerOptions['env'];
  /** The workers' `process.argv` beyond the first two, as for `new Worker`. */
  argv?: unknown[];
  /** Options of the runtime for the workers, as for `new Worker`, such as `['--import', 'tsx']`. */
  execArgv?: string[];
  /** What `workerData` of `node:worker_threads` is in the workers. */
  workerData?: unknown;
  /** Keep the workers' standard output from the process's; it is then given by the `output` event. Default false. */
  stdout?: boolean;
  /** The same for standard error. */
  stderr?: boolean;
  /** Keep what each task writes, for the error of a task whose worker dies. Default false. */
  captureOutput?: boolean;
}

/** How one task is to be treated. */
export interface SubmitOptions<TInput = unknown, TOutput = unknown> {
  /** Cancels the task; its promise rejects with the signal's reason. */
  signal?: Cancellation;
  /** How long the submitter waits, in milliseconds, the time in the queue included. Rejects with `TaskTimeoutError`. */
  timeout?: number;
  /** A whole number from -128 to 127; higher goes first. Default 0. */
  priority?: number;
  /** What in the input is moved and not copied, as for `postMessage`. */
  transfer?: readonly import('node:worker_threads').Transferable[];
  /** What to run in place of the pool's processor. */
  processor?: Processor<TInput, TOutput>;
  /** The task may run again, up to three times, if its worker is lost. Default false. */
  idempotent?: boolean;
}
