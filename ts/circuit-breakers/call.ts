/** Calls through a circuit breaker: what they take, and what they come to. */
import { checkCallOptions } from '../policy/part.js';
import { type Cancellation, signalOf } from '../signal.js';
import type { Rejection } from './errors.js';

/** How a call is made. */
export interface CircuitCallOptions {
  /** Ends the call when it aborts: it rejects with the reason, and counts as nothing. A context will do. */
  signal?: Cancellation | undefined;
}

/** What {@link CircuitBreaker.tryCall} comes to: a value, what was thrown, or why the function was not called. */
export type CircuitCallResult<T> =
  | { ok: true; value: T }
  | { ok: false; error: unknown; rejected?: undefined }
  | { ok: false; rejected: Rejection; error?: undefined };

/** @throws {@link InvalidArgumentError} for an option that cannot be meant. @internal */
export function signalIn(options: CircuitCallOptions): AbortSignal | undefined {
  checkCallOptions(options);
  return signalOf(options.signal);
}
