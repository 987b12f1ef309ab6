/** What a circuit breaker tells those who listen, by the names that opossum made known. */
import type { CallTimeoutError } from '../policy/errors.js';
import type { CircuitOpenError } from './errors.js';
import type { CircuitState } from './states.js';

/** A change of state, as listeners are told it. */
export interface CircuitStateChange {
  /** The state before. */
  from: CircuitState;
  /** The state after. The breaker has it already, and may have gone on. */
  to: CircuitState;
  /** Milliseconds until it is tried again; 0 unless it is open. */
  retryAfter: number;
}

/**
 * A breaker's events, with what each listener gets. Those of calls are told in the thread of the call, those of states in every thread that
 * listens, whichever thread caused them, in the order in which they happened. `close` is that of the circuit, as in opossum: the breaker's
 * own end is `shutdown`. What a listener throws is an uncaught exception and changes nothing for the call.
 */
export interface CircuitBreakerEvents {
  /** Somebody calls. */
  fire: [];
  /** A call has not failed; what it gave. */
  success: [result: unknown];
  /** A call has failed, with what it threw; `undefined` if its result was a failure. */
  failure: [error: unknown];
  /** A call took too long. `failure` follows. */
  timeout: [error: CallTimeoutError];
  /** A call was not let in. */
  reject: [error: CircuitOpenError];
  /** A caller got this instead of that. */
  fallback: [result: unknown, error: unknown];
  /** The circuit is open. */
  open: [change: CircuitStateChange];
  /** It is tried. */
  halfOpen: [change: CircuitStateChange];
  /** It is closed. */
  close: [change: CircuitStateChange];
  /** Its state has changed, to whichever. */
  stateChange: [change: CircuitStateChange];
  /** It was shut down by `close()`, in whichever thread. */
  shutdown: [];
}

/** Those of calls. @internal */
export const callEvents = ['fire', 'success', 'failure', 'timeout', 'reject', 'fallback'] as const;
/** Those of states. @internal */
export const stateEvents = ['open', 'halfOpen', 'close', 'stateChange', 'shutdown'] as const;
/** The event of a state, if it has one. @internal */
export const eventOf: Partial<Record<CircuitState, 'open' | 'halfOpen' | 'close'>> = {
  open: 'open',
  isolated: 'open',
  'half-open': 'halfOpen',
  closed: 'close',
};

/** All of them. @internal */
export const events = [...callEvents, ...stateEvents] as const;
