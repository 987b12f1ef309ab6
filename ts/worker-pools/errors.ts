/** Errors of pools, and of the tasks and workers in them. */
import { MillraceError, register } from '../errors/base.js';

/** The pool was closed or terminated. */
export class PoolClosedError extends MillraceError {
  override name = 'PoolClosedError';
  /** @internal */
  constructor() {
    super('ERR_POOL_CLOSED', 'the pool is closed');
  }
}

/** The queue has as many tasks as `maxQueue` allows. */
export class QueueFullError extends MillraceError {
  override name = 'QueueFullError';
  /** The pool's `maxQueue`. */
  readonly limit: number;
  /** @internal */
  constructor(limit: number) {
    super('ERR_QUEUE_FULL', `the queue is full: maxQueue is ${limit}`);
    this.limit = limit;
  }
}

/** A task took longer than its submitter's `timeout` or the pool's `taskTimeout` allows. */
export class TaskTimeoutError extends MillraceError {
  override name = 'TaskTimeoutError';
  /** The limit, in milliseconds. */
  readonly timeout: number;
  /** Whether a worker had begun it. */
  readonly running: boolean;
  /** @internal */
  constructor(timeout: number, running: boolean) {
    super('ERR_TASK_TIMEOUT', `the task ${running ? 'ran' : 'waited'} longer than ${timeout} ms`);
    this.timeout = timeout;
    this.running = running;
  }
}

/** What tasks wrote while their worker died; present with `captureOutput`. */
export interface CapturedOutput {
  /** What went to standard output. */
  stdout: string;
  /** What went to standard error. */
  stderr: string;
}

/** The worker died under the task: it threw outside a task, exited, or ran out of memory. `cause` is what killed it. */
export class WorkerCrashedError extends MillraceError {
  override name = 'WorkerCrashedError';
  /** Which worker. */
  readonly workerId: number;
  /** The thread's exit code, where the runtime told it. */
  readonly exitCode: number | undefined;
  /** What the dying worker's tasks had written; `undefined` without `captureOutput`. */
  output?: CapturedOutput;
  /** @internal */
  constructor(workerId: number, exitCode: number | undefined, options?: ErrorOptions) {
    const how = exitCode === undefined ? 'died' : `exited with code ${exitCode}`;
    super('ERR_WORKER_CRASHED', `worker ${workerId} ${how} while it ran this task`, options);
    this.workerId = workerId;
    this.exitCode = exitCode;
  }
}

/** Why a worker was replaced under a task. */
export type ReplacedReason = 'overdue' | 'unresponsive' | 'requested';

/** The worker was replaced under the task, for no fault of the task's own. */
export class WorkerReplacedError extends MillraceError {
  override name = 'WorkerReplacedError';
  /** Which worker. */
  readonly workerId: number;
  /**
   * `'overdue'`: another task there did not end after it was cancelled; `'unresponsive'`: its event loop stood still;
   * `'requested'`: somebody asked.
   */
  readonly reason: ReplacedReason;
  /** @internal */
  constructor(workerId: number, reason: ReplacedReason) {
    super('ERR_WORKER_REPLACED', `worker ${workerId} was replaced while it ran this task (${reason})`);
    this.workerId = workerId;
    this.reason = reason;
  }
}

/** Workers die at every start. `cause` is what killed the last one. */
export class PoolBrokenError extends MillraceError {
  override name = 'PoolBrokenError';
  /** The last worker's exit code, where the runtime told it. */
  readonly exitCode: number | undefined;
  /** @internal */
  constructor(exitCode: number | undefined, options?: ErrorOptions) {
    super('ERR_POOL_BROKEN', 'the pool cannot run tasks: its workers die as they start', options);
    this.exitCode = exitCode;
  }
}

/** There is no processor, it cannot be shipped to a worker, or it cannot be loaded there. `cause` says what went wrong. */
export class ProcessorError extends MillraceError {
  override name = 'ProcessorError';
  /** @internal */
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_PROCESSOR', message, options);
  }
}

register('ERR_POOL_CLOSED', PoolClosedError);
register('ERR_QUEUE_FULL', QueueFullError);
register('ERR_TASK_TIMEOUT', TaskTimeoutError);
register('ERR_WORKER_CRASHED', WorkerCrashedError);
register('ERR_WORKER_REPLACED', WorkerReplacedError);
register('ERR_POOL_BROKEN', PoolBrokenError);
register('ERR_PROCESSOR', ProcessorError);
