/** What limiters refuse with. */
import { MillraceError, register } from '../errors.js';

/** The limit is reached, and it is not waited for: it could not be in time, or as many wait as may. */
export class RateLimitError extends MillraceError {
  override name = 'RateLimitError';
  /** Milliseconds until it could pass, as it looks now. */
  readonly retryAfter: number;
  /** @internal */
  constructor(message: string, retryAfter: number) {
    super('ERR_RATE_LIMITED', message);
    this.retryAfter = retryAfter;
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
