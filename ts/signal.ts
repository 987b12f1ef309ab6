/** What can cut a wait short: an AbortSignal, or a context. */

/** Something with a signal: a `Context`. */
export interface HasSignal {
  /** Aborts when it is cancelled. */
  readonly signal: AbortSignal;
}

/** Ends a wait: an `AbortSignal`, or a `Context`. */
export type Cancellation = AbortSignal | HasSignal;

/** Whether it is one that can be meant. @internal */
export function isCancellation(value: unknown): value is Cancellation {
  if (value instanceof AbortSignal) return true;
  return typeof value === 'object' && value !== null && (value as HasSignal).signal instanceof AbortSignal;
}

/** The signal of either. @internal */
export function signalOf(cancellation: Cancellation | undefined): AbortSignal | undefined {
  if (cancellation === undefined || cancellation instanceof AbortSignal) return cancellation;
  return cancellation.signal;
}
