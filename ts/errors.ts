/**
 * Every error the package throws: one class per failure, each with a `code` that never changes.
 *
 * Match on `code`, or with {@link isMillraceError}, which also knows errors of another copy of the package.
 */

const brand = Symbol.for('millrace.error');

/** What every error of the package is. */
export class MillraceError extends Error {
  override name = 'MillraceError';
  /** Stable and machine-readable, such as `'ERR_TASK_TIMEOUT'`. */
  readonly code: string;

  /** @internal */
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    Object.defineProperty(this, brand, { value: true });
  }
}

/**
 * Whether a value is an error of this package, whichever copy of it threw.
 *
 * @param value - Anything.
 * @example
 * ```ts
 * if (isMillraceError(error) && error.code === 'ERR_QUEUE_FULL') response.sendStatus(503);
 * ```
 */
export function isMillraceError(value: unknown): value is MillraceError {
  return typeof value === 'object' && value !== null && brand in value;
}

/** An argument or option that cannot be meant. The message names it, what it got and what it wants. */
export class InvalidArgumentError extends MillraceError {
  override name = 'InvalidArgumentError';
  /** @internal */
  constructor(name: string, got: string, want: string) {
    super('ERR_INVALID_ARGUMENT', `${name}: got ${got}, wants ${want}`);
  }
}

/** A handle whose object is gone, or which another thread gave out. */
export class StaleHandleError extends MillraceError {
  override name = 'StaleHandleError';
}

/** A name in use with another configuration. The message says both. */
export class NameConflictError extends MillraceError {
  override name = 'NameConflictError';
}

/** No object of that name or token in this process. */
export class NotFoundError extends MillraceError {
  override name = 'NotFoundError';
}

/** A defect of the package itself. */
export class InternalError extends MillraceError {
  override name = 'InternalError';
}

/** What was asked for cannot be done by this runtime. */
export class UnsupportedError extends MillraceError {
  override name = 'UnsupportedError';
  /** @internal */
  constructor(message: string) {
    super('ERR_UNSUPPORTED', message);
  }
}

/** A wait took longer than its `timeout`. */
export class WaitTimeoutError extends MillraceError {
  override name = 'WaitTimeoutError';
  /** The limit, in milliseconds. */
  readonly timeout: number;
  /** @internal */
  constructor(timeout: number) {
    super('ERR_TIMEOUT', `it took longer than ${timeout} ms`);
    this.timeout = timeout;
  }
}

/** The channel is closed: nothing can be sent to it. */
export class ChannelClosedError extends MillraceError {
  override name = 'ChannelClosedError';
  /** @internal */
  constructor() {
    super('ERR_CHANNEL_CLOSED', 'the channel is closed: nothing can be sent to it');
  }
}

/** The queue is closed: nothing can be pushed to it, and nothing is left to pop. */
export class QueueClosedError extends MillraceError {
  override name = 'QueueClosedError';
  /** @internal */
  constructor() {
    super('ERR_QUEUE_CLOSED', 'the queue is closed');
  }
}

/** The ring buffer is closed: nothing can be written to it. */
export class RingBufferClosedError extends MillraceError {
  override name = 'RingBufferClosedError';
  /** @internal */
  constructor() {
    super('ERR_RING_CLOSED', 'the ring buffer is closed: nothing can be written to it');
  }
}

/** This end of the ring buffer belongs to another thread, or has an operation under way. */
export class RingBufferBusyError extends MillraceError {
  override name = 'RingBufferBusyError';
  /** @internal */
  constructor(message: string) {
    super('ERR_RING_BUSY', message);
  }
}

/** The context was cancelled; its `cause` is what whoever cancelled it gave. */
export class ContextCanceledError extends MillraceError {
  override name = 'ContextCanceledError';
  /** @internal */
  constructor(cause: unknown) {
    super('ERR_CONTEXT_CANCELED', 'the context was cancelled', cause === undefined ? undefined : { cause });
  }
}

/** The context's deadline has passed. */
export class DeadlineExceededError extends MillraceError {
  override name = 'DeadlineExceededError';
  /** @internal */
  constructor() {
    super('ERR_DEADLINE_EXCEEDED', "the context's deadline has passed");
  }
}

/** Subscribers of a broadcast had no room for a message and have missed it; the others have it. */
export class SubscriberSlowError extends MillraceError {
  override name = 'SubscriberSlowError';
  /** Who they are. */
  readonly subscribers: readonly string[];
  /** @internal */
  constructor(subscribers: readonly string[]) {
    super('ERR_SUBSCRIBER_SLOW', `these subscribers had no room for the message: ${subscribers.join(', ')}`);
    this.subscribers = subscribers;
  }
}

/** The lock, or meeting point, is closed: nobody passes any more. */
export class LockClosedError extends MillraceError {
  override name = 'LockClosedError';
  /** @internal */
  constructor() {
    super('ERR_LOCK_CLOSED', 'it is closed: nobody passes any more');
  }
}

/** One step of a deadlock: this thread waits for that one. */
export interface DeadlockLink {
  /** The thread that waits: its `threadId`. */
  readonly thread: number;
  /** Where in the code it asked for the lock. */
  readonly place: string;
  /** The lock: its kind, and its name or number. */
  readonly lock: string;
  /** The thread that holds the lock. */
  readonly holder: number;
  /** Where in the code it took the lock. */
  readonly taken: string;
}

/** A wait for a lock would never end: those who hold it wait, in the end, for the one who asked. Thrown while `debugLocks` is on. */
export class DeadlockError extends MillraceError {
  override name = 'DeadlockError';
  /** Who waits for whom, from the one who asked on. */
  readonly cycle: readonly DeadlockLink[];

  /** @internal */
  constructor(cycle: readonly DeadlockLink[]) {
    const steps = cycle.map(
      ({ thread, place, lock, holder, taken }) =>
        `thread ${thread} at ${place} waits for ${lock}, which thread ${holder} holds since ${taken}`,
    );
    super('ERR_DEADLOCK', `this wait would never end: ${steps.join('; ')}`);
    this.cycle = cycle;
  }
}

/** The shared memory, or atomic, is closed: this object has no bytes any more, and nobody waits. */
export class MemoryClosedError extends MillraceError {
  override name = 'MemoryClosedError';
  /** @internal */
  constructor() {
    super('ERR_MEMORY_CLOSED', 'it is closed: it has no bytes here any more, and nobody waits');
  }
}

/** The system has no memory to give. */
export class OutOfMemoryError extends MillraceError {
  override name = 'OutOfMemoryError';
}

/** A 64-bit integer is, or would be, beyond what a number holds exactly, which is ±(2^53 - 1). Nothing was changed. */
export class UnsafeIntegerError extends MillraceError {
  override name = 'UnsafeIntegerError';
  /** The integer. */
  readonly value: bigint;
  /** @internal */
  constructor(value: bigint) {
    super('ERR_UNSAFE_INTEGER', `${value} is no safe integer: use the bigint form`);
    this.value = value;
  }
}

/** Something is given back that is not held, or counted below zero. */
export class NotHeldError extends MillraceError {
  override name = 'NotHeldError';
  /** @internal */
  constructor(message: string) {
    super('ERR_NOT_HELD', message);
  }
}

/** Somebody at the barrier has given up, or its thread has ended. */
export class BarrierBrokenError extends MillraceError {
  override name = 'BarrierBrokenError';
  /** @internal */
  constructor() {
    super('ERR_BARRIER_BROKEN', 'the barrier is broken: somebody who was to meet here has given up');
  }
}

/** The thread that sent a value ended before it could be fetched from it: only the platform can clone such a value. */
export class SenderGoneError extends MillraceError {
  override name = 'SenderGoneError';
  /** @internal */
  constructor() {
    super('ERR_SENDER_GONE', 'the thread that sent this value has ended, and with it the value');
  }
}

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

/** Makes the errors of a code that another thread threw instances of their class here. @internal */
export function register(code: string, known: { readonly prototype: MillraceError }): void {
  classes[code] = known;
}

const classes: Record<string, { readonly prototype: MillraceError }> = {
  ERR_INVALID_ARGUMENT: InvalidArgumentError,
  ERR_STALE_HANDLE: StaleHandleError,
  ERR_NAME_CONFLICT: NameConflictError,
  ERR_NOT_FOUND: NotFoundError,
  ERR_INTERNAL: InternalError,
  ERR_UNSUPPORTED: UnsupportedError,
  ERR_TIMEOUT: WaitTimeoutError,
  ERR_CHANNEL_CLOSED: ChannelClosedError,
  ERR_SENDER_GONE: SenderGoneError,
  ERR_CONTEXT_CANCELED: ContextCanceledError,
  ERR_DEADLINE_EXCEEDED: DeadlineExceededError,
  ERR_SUBSCRIBER_SLOW: SubscriberSlowError,
  ERR_LOCK_CLOSED: LockClosedError,
  ERR_NOT_HELD: NotHeldError,
  ERR_DEADLOCK: DeadlockError,
  ERR_QUEUE_CLOSED: QueueClosedError,
  ERR_BARRIER_BROKEN: BarrierBrokenError,
  ERR_POOL_CLOSED: PoolClosedError,
  ERR_QUEUE_FULL: QueueFullError,
  ERR_TASK_TIMEOUT: TaskTimeoutError,
  ERR_WORKER_CRASHED: WorkerCrashedError,
  ERR_WORKER_REPLACED: WorkerReplacedError,
  ERR_POOL_BROKEN: PoolBrokenError,
  ERR_PROCESSOR: ProcessorError,
  ERR_MEMORY_CLOSED: MemoryClosedError,
  ERR_OUT_OF_MEMORY: OutOfMemoryError,
  ERR_UNSAFE_INTEGER: UnsafeIntegerError,
  ERR_RING_CLOSED: RingBufferClosedError,
  ERR_RING_BUSY: RingBufferBusyError,
};

/** An error of ours that another thread threw; its own properties are for the caller to set. @internal */
export function errorFrom(code: string, message: string): MillraceError {
  const error = new MillraceError(code, message);
  const known = classes[code];
  if (known !== undefined) Object.setPrototypeOf(error, known.prototype);
  return error;
}

/** Those that only native code makes, which gives code and message. */
const native: Record<string, new (code: string, message: string) => MillraceError> = {
  ERR_STALE_HANDLE: StaleHandleError,
  ERR_NAME_CONFLICT: NameConflictError,
  ERR_NOT_FOUND: NotFoundError,
  ERR_OUT_OF_MEMORY: OutOfMemoryError,
};

/** Makes the error of a code that native code gave. @internal */
export function errorOf(code: string, message: string): MillraceError {
  if (code === 'ERR_INVALID_ARGUMENT') {
    const error = new InvalidArgumentError('', '', '');
    error.message = message;
    Error.captureStackTrace?.(error, errorOf);
    return error;
  }
  if (code === 'ERR_UNSUPPORTED') return new UnsupportedError(message);
  if (code === 'ERR_CHANNEL_CLOSED') return new ChannelClosedError();
  if (code === 'ERR_NOT_HELD') return new NotHeldError(message);
  return new (native[code] ?? InternalError)(code, message);
}

/** Turns what a `#[napi]` method threw, `"CODE\nmessage"`, into an error of ours. @internal */
export function rethrow(error: unknown): never {
  if (error instanceof Error) {
    const at = error.message.indexOf('\n');
    const code = error.message.slice(0, at);
    if (at > 0 && code.startsWith('ERR_')) throw errorOf(code, error.message.slice(at + 1));
  }
  throw error;
}
