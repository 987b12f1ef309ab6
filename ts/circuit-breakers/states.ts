/** A breaker's states, as native code numbers them. */
import type { Rejection } from './errors.js';

/** Where a breaker stands. `'shutdown'`: it was closed by `close()`. */
export type CircuitState = 'closed' | 'open' | 'half-open' | 'isolated' | 'shutdown';

/** By the numbers of `core/src/breaker/state.rs`. @internal */
export const states: readonly CircuitState[] = ['closed', 'open', 'half-open', 'isolated', 'shutdown'];
/** The same numbers by name. @internal */
export const phase = { closed: 0, open: 1, halfOpen: 2, isolated: 3, shutdown: 4 } as const;
/** What a call came to; the numbers of `src/breaker.rs`. @internal */
export const end = { success: 0, failure: 1, timedOut: 2, ignored: 3 } as const;
/** What is done by hand; the numbers of `src/breaker.rs`. @internal */
export const force = { open: 0, close: 1, isolate: 2, recover: 3, reset: 4, shut: 5 } as const;

const halfOpen = -1e15;

/** What a refusal's number says: `undefined` that the breaker was shut down. @internal */
export function rejectionOf(refused: number): Rejection | undefined {
  if (refused === -Infinity) return { state: 'isolated', retryAfter: Infinity };
  if (refused <= halfOpen) return { state: 'half-open', retryAfter: halfOpen - refused };
  return refused < 0 ? { state: 'open', retryAfter: -1 - refused } : undefined;
}
