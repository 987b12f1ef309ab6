/** Waits that block their thread: in worker threads alone. */

import { isMainThread } from 'node:worker_threads';
import { InvalidArgumentError, UnsupportedError, WaitTimeoutError } from './errors.js';
import { fast, records, taskRecord } from './isolate.js';
import { signalOf } from './signal.js';
import { isThenable } from './thenable.js';
import { type Received, recordedValue } from './values.js';
import { nativeLimit, type WaitOptions } from './wait-options.js';
import { status } from './waits.js';

/** A thread blocks no longer than this at a time: one that blocks in native code cannot be terminated. In milliseconds. */
const slice = 5;

/** How a blocked wait ended. */
export interface Ending {
  how: number;
  case: number;
  value: Received;
}

/**
 * Prepares a wait that blocks, and gives its limit for native code.
 *
 * @throws {@link UnsupportedError} in the main thread, which never blocks; the signal's reason if it has aborted.
 */
export function blockingLimit(method: string, options: WaitOptions): number {
  if (isMainThread)
    throw new UnsupportedError(
      `${method} blocks its thread: it works in worker threads only, not in the main one`,
    );
  signalOf(options.signal)?.throwIfAborted();
  return nativeLimit(options.timeout);
}

/** Blocks until the wait that a native call has begun has ended. Throws when it is aborted or out of time. */
export function block(options: WaitOptions): Ending {
  const signal = signalOf(options.signal);
  while (!fast.blockedPark(slice)) if (signal?.aborted === true) fast.blockedCancel();
  const how = records[taskRecord] as number;
  if (how === status.aborted)
    throw (signal?.reason as Error | undefined) ?? new DOMException('aborted', 'AbortError');
  if (how === status.timedOut) throw new WaitTimeoutError(options.timeout ?? 0);
  return { how, case: records[taskRecord + 1] as number, value: recordedValue(taskRecord + 2) };
}

/** Calls a function that must be done when it returns. @throws {@link InvalidArgumentError} if it is not. */
export function callSync<T>(fn: () => T): T {
  const result = fn();
  if (isThenable(result))
    throw new InvalidArgumentError(
      'fn',
      'a function that returns a promise',
      'a function that is done when it returns: a thread that blocks settles no promise',
    );
  return result;
}
