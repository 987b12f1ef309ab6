/** Why bulkheads, adaptive limiters and load shedding refuse a call. */
import { MillraceError, register } from '../errors.js';

/** Why there was no room: `'full'`: neither inside nor in the line; `'timeout'`: the wait in the line ran out. */
export type FullReason = 'full' | 'timeout';

/** The bulkhead has no room for the call. */
export class BulkheadFullError extends MillraceError {
  override name = 'BulkheadFullError';
  /** `'full'`: neither inside nor in the line; `'timeout'`: the call waited for `maxWaitTime`. */
  readonly reason: FullReason;
  /** @internal */
  constructor(reason: FullReason, maxWaitTime: number) {
    const why = reason === 'full' ? 'it is full' : `no place came free in ${maxWaitTime} ms`;
    super('ERR_BULKHEAD_FULL', `the bulkhead has no room for this call: ${why}`);
    this.reason = reason;
  }
}

/** The bulkhead is closed: no call enters any more. */
export class BulkheadClosedError extends MillraceError {
  override name = 'BulkheadClosedError';
  /** @internal */
  constructor() {
    super('ERR_BULKHEAD_CLOSED', 'the bulkhead is closed: no call enters any more');
  }
}

/** As many calls are in flight as the adaptive limit allows. */
export class AdaptiveLimitError extends MillraceError {
  override name = 'AdaptiveLimitError';
  /** `'full'`: neither within the limit nor in the line; `'timeout'`: the call waited for `maxWaitTime`. */
  readonly reason: FullReason;
  /** The limit at that moment. */
  readonly limit: number;
  /** @internal */
  constructor(reason: FullReason, maxWaitTime: number, limit: number) {
    const why = reason === 'full' ? 'and the line is full' : `and none ended in ${maxWaitTime} ms`;
    super('ERR_ADAPTIVE_LIMIT', `${limit} calls are in flight, which is the limit now, ${why}`);
    this.reason = reason;
    this.limit = limit;
  }
}

/** The adaptive limiter is closed: it gives no permits any more. */
export class AdaptiveLimiterClosedError extends MillraceError {
  override name = 'AdaptiveLimiterClosedError';
  /** @internal */
  constructor() {
    super('ERR_ADAPTIVE_LIMITER_CLOSED', 'the adaptive limiter is closed: it gives no permits any more');
  }
}

/** The event loop is too late for calls of this priority. */
export class LoadShedError extends MillraceError {
  override name = 'LoadShedError';
  /** Milliseconds after which such a call is admitted again, if the load falls now. */
  readonly retryAfter: number;
  /** The call's priority. */
  readonly priority: number;
  /** @internal */
  constructor(priority: number, retryAfter: number) {
    super('ERR_LOAD_SHED', `the event loop is too late for calls of priority ${priority}`);
    this.priority = priority;
    this.retryAfter = retryAfter;
  }
}

register('ERR_BULKHEAD_FULL', BulkheadFullError);
register('ERR_BULKHEAD_CLOSED', BulkheadClosedError);
register('ERR_ADAPTIVE_LIMIT', AdaptiveLimitError);
register('ERR_ADAPTIVE_LIMITER_CLOSED', AdaptiveLimiterClosedError);
register('ERR_LOAD_SHED', LoadShedError);
