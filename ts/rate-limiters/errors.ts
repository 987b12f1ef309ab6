/** What limiters refuse with. */
import { MillraceError, register } from '../errors.js';

/** Why something may not pass. */
export type RefusalReason = 'limit' | 'queue' | 'blocked' | 'denied' | 'full';

/** It may not pass, and it is not waited for: it could not be in time, as many wait as may, or waiting does not help. */
export class RateLimitError extends MillraceError {
  override name = 'RateLimitError';
  /** Milliseconds until it could pass, as it looks now; `Infinity` if waiting does not help. */
  readonly retryAfter: number;
  /**
   * `'limit'`: the limit is reached for longer than the wait may take. `'queue'`: as many wait as may. Of keys also `'blocked'` and `'denied'`,
   * and `'full'`: there is no room for a new one.
   */
  readonly reason: RefusalReason;
  /** @internal */
  constructor(message: string, retryAfter: number, reason: RefusalReason) {
    super('ERR_RATE_LIMITED', message);
    this.retryAfter = retryAfter;
    this.reason = reason;
  }
}

/** The limiter is closed: nobody passes any more. */
export class LimiterClosedError extends MillraceError {
  override name = 'LimiterClosedError';
  /** @internal */
  constructor() {
    super('ERR_LIMITER_CLOSED', 'the limiter is closed: nobody passes any more');
  }
}

register('ERR_RATE_LIMITED', RateLimitError);
register('ERR_LIMITER_CLOSED', LimiterClosedError);
