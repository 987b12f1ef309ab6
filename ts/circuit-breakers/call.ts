/** Calls through a circuit breaker: what they take, and what they come to. */
import { InvalidArgumentError } from '../errors.js';
import { type Cancellation, isCancellation, signalOf } from '../signal.js';
import { shown } from '../wait-options.js';
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
  if (typeof options !== 'object' || options === null)
    throw new InvalidArgumentError('options', shown(options), 'an object');
  for (const name of Object.keys(options)) {
    if (name !== 'signal') throw new InvalidArgumentError(name, 'an unknown option', 'signal');
  }
  const { signal } = options;
  if (signal !== undefined && !isCancellation(signal))
    throw new InvalidArgumentError('signal', shown(signal), 'an AbortSignal or a Context');
  return signalOf(signal);
}
