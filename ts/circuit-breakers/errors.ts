/** What circuit breakers refuse with. */
import { MillraceError, register } from '../errors.js';

/** Why a breaker lets nobody in, and when to ask again. */
export interface Rejection {
  /** `'half-open'`: as many probes are in flight as may be. */
  readonly state: 'open' | 'half-open' | 'isolated';
  /**
   * Milliseconds after which to ask again; rounded up. Of a half-open breaker: at the latest then a probe's place is free. `Infinity` if it
   * is isolated.
   */
  readonly retryAfter: number;
}

/** The circuit is open: the function was not called. */
export class CircuitOpenError extends MillraceError implements Rejection {
  override name = 'CircuitOpenError';
  readonly state: Rejection['state'];
  readonly retryAfter: number;
  /** The breaker's name, if it has one. */
  readonly breaker: string | undefined;
  /** @internal */
  constructor({ state, retryAfter }: Rejection, breaker: string | undefined) {
    const which = breaker === undefined ? 'the circuit' : `the circuit '${breaker}'`;
    const when = retryAfter === Infinity ? 'until somebody closes it' : `ask again in ${retryAfter} ms`;
    super('ERR_CIRCUIT_OPEN', `${which} is ${state}: ${when}`);
    this.state = state;
    this.retryAfter = retryAfter;
    this.breaker = breaker;
  }
}

/** The breaker was closed by `close()`: it calls nothing any more. */
export class CircuitShutdownError extends MillraceError {
  override name = 'CircuitShutdownError';
  /** @internal */
  constructor() {
    super('ERR_CIRCUIT_SHUTDOWN', 'the breaker was shut down by close(): it calls nothing any more');
  }
}

register('ERR_CIRCUIT_OPEN', CircuitOpenError);
register('ERR_CIRCUIT_SHUTDOWN', CircuitShutdownError);
