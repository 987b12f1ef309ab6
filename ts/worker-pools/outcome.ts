/** How the end of a task becomes a value or an error. */
import {
  InternalError,
  PoolBrokenError,
  PoolClosedError,
  QueueFullError,
  type ReplacedReason,
  TaskTimeoutError,
  WorkerCrashedError,
  WorkerReplacedError,
} from '../errors.js';
import { type Packed, unpack } from '../thrown.js';
import { onFailure, status } from '../waits.js';

/** Where the package's own functions are. */
const ownFolder = new URL('..', import.meta.url).href;
const reasons: readonly ReplacedReason[] = ['overdue', 'unresponsive', 'requested'];
const abandoned = (): DOMException => new DOMException('the task was aborted', 'AbortError');

/** A crash as native code describes it: the worker and its exit code in one number, and the packed cause. */
export function crashOf(detail: number, packed: unknown): WorkerCrashedError {
  const { exitCode, options } = exitOf(detail, packed);
  const error = new WorkerCrashedError(Math.floor(detail / 65_536), exitCode, options);
  const output = (packed as Packed | undefined)?.output;
  if (output !== undefined) error.output = output;
  return error;
}

function exitOf(detail: number, packed: unknown): { exitCode: number | undefined; options: ErrorOptions } {
  const code = detail % 65_536;
  const cause = packed === undefined ? undefined : unpack(packed as Packed);
  return { exitCode: code === 0 ? undefined : code - 1, options: cause === undefined ? {} : { cause } };
}

/** Adds to a worker's stack the functions of this thread that await the task. */
function withSubmitter(error: unknown): unknown {
  if (!(error instanceof Error) || typeof error.stack !== 'string') return error;
  const here: { stack?: unknown } = {};
  Error.captureStackTrace(here);
  if (typeof here.stack !== 'string') return error;
  const waiting = here.stack
    .split('\n')
    .filter((line) => line.startsWith('    at async ') && !line.includes(ownFolder));
  if (waiting.length > 0) error.stack += `\n${waiting.join('\n')}`;
  return error;
}

/** The error of a task that did not return. */
export function failure(how: number, detail: number, value: unknown): unknown {
  switch (how) {
    case status.rejected:
      return withSubmitter(unpack(value as Packed));
    case status.aborted:
      return abandoned();
    case status.timedOutWaiting:
      return new TaskTimeoutError(detail, false);
    case status.timedOutRunning:
      return new TaskTimeoutError(detail, true);
    case status.crashed:
      return crashOf(detail, value);
    case status.replaced:
      return new WorkerReplacedError(Math.floor(detail / 4), reasons[detail % 4] ?? 'requested');
    case status.closed:
      return new PoolClosedError();
    case status.broken: {
      const { exitCode, options } = exitOf(detail, value);
      return new PoolBrokenError(exitCode, options);
    }
    case status.full:
      return new QueueFullError(detail);
    default:
      return new InternalError('ERR_INTERNAL', `a task ended in no known way: ${how}`);
  }
}

onFailure(failure);
