/** What trying again is refused with. */
import { MillraceError, register } from '../errors.js';

/**
 * A failure that is not to be tried again: throw it, with what failed as its `cause`. Any error with `retryable === false` is as good.
 *
 * @example
 * ```ts
 * if (response.status === 404) throw new NonRetryableError('no such user');
 * ```
 */
export class NonRetryableError extends MillraceError {
  override name = 'NonRetryableError';
  /** Not to be tried again. */
  readonly retryable = false;

  /**
   * @param reason - What failed, or a text that says so.
   * @param options - `cause`, beside a text.
   */
  constructor(reason: unknown, options?: ErrorOptions) {
    const message = reason instanceof Error ? reason.message : String(reason);
    super(
      'ERR_NON_RETRYABLE',
      message,
      options ?? (typeof reason === 'string' ? undefined : { cause: reason }),
    );
  }
}

/** The executor is closed: it calls nothing any more. */
export class RetryClosedError extends MillraceError {
  override name = 'RetryClosedError';
  /** @internal */
  constructor() {
    super('ERR_RETRY_CLOSED', 'the retry executor is closed: it calls nothing any more');
  }
}

/** All requests of a hedged call have failed. */
export class HedgeError extends MillraceError {
  override name = 'HedgeError';
  /** What each threw, in the order in which they were sent. */
  readonly errors: readonly unknown[];
  /** @internal */
  constructor(errors: readonly unknown[]) {
    super('ERR_HEDGE_FAILED', `all ${errors.length} requests have failed`, { cause: errors[0] });
    this.errors = errors;
  }
}

/** The hedge is closed: it calls nothing any more. */
export class HedgeClosedError extends MillraceError {
  override name = 'HedgeClosedError';
  /** @internal */
  constructor() {
    super('ERR_HEDGE_CLOSED', 'the hedge is closed: it calls nothing any more');
  }
}

register('ERR_NON_RETRYABLE', NonRetryableError);
register('ERR_RETRY_CLOSED', RetryClosedError);
register('ERR_HEDGE_FAILED', HedgeError);
register('ERR_HEDGE_CLOSED', HedgeClosedError);
