/** Why a limiter lets nobody pass. */
import { MillraceError, register } from '../errors.js';

/** The limiter is closed: it decides nothing any more. */
export class LimiterClosedError extends MillraceError {
  override name = 'LimiterClosedError';
  /** @internal */
  constructor() {
    super('ERR_LIMITER_CLOSED', 'the limiter is closed');
  }
}

/** Why something may not pass. */
export type RefusalReason = 'limit' | 'blocked' | 'denied' | 'full';

const sentences: Record<RefusalReason, string> = {
  limit: 'it would have to wait longer than its timeout',
  blocked: 'the key is blocked for longer than its timeout',
  denied: 'the key is on the deny list',
  full: 'the limiter has no room for a new key',
};

/** What was asked for cannot be had in time, or never. */
export class RateLimitExceededError extends MillraceError {
  override name = 'RateLimitExceededError';
  /** In how many milliseconds it could be had; `Infinity` if waiting does not help. */
  readonly retryAfter: number;
  /** Why. */
  readonly reason: RefusalReason;
  /** @internal */
  constructor(reason: RefusalReason, retryAfter: number) {
    const when = retryAfter === Infinity ? '' : `: ${Math.ceil(retryAfter)} ms`;
    super('ERR_RATE_LIMIT_EXCEEDED', sentences[reason] + when);
    this.reason = reason;
/** What limiters refuse with. */

/** The limit is reached, and it is not waited for: it could not be in time, or as many wait as may. */
export class RateLimitError extends MillraceError {
  override name = 'RateLimitError';
  /** Milliseconds until it could pass, as it looks now. */
  constructor(message: string, retryAfter: number) {
    super('ERR_RATE_LIMITED', message);
    this.retryAfter = retryAfter;
  }
}

register('ERR_LIMITER_CLOSED', LimiterClosedError);
register('ERR_RATE_LIMIT_EXCEEDED', RateLimitExceededError);
/** The limiter is closed: nobody passes any more. */
export class LimiterClosedError extends MillraceError {
  override name = 'LimiterClosedError';
  /** @internal */
  constructor() {
    super('ERR_LIMITER_CLOSED', 'the limiter is closed: nobody passes any more');
  }
}

register('ERR_RATE_LIMITED', RateLimitError);
