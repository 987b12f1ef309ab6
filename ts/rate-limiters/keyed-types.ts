/** What a limiter of many keys takes, answers, counts and tells. */
import type { SharedOptions } from '../shared-object.js';
import type { RefusalReason } from './errors.js';
import type { KeyLimit } from './key-limit.js';
import type { LimiterKey } from './key-list.js';

/** How a limiter of many keys is made. */
export interface KeyedRateLimiterOptions extends SharedOptions {
  /** What each key is limited to: one limit, or up to four that hold all at once, such as 10 per second and 1000 per hour. */
  limits: KeyLimit | readonly KeyLimit[];
  /** How many keys it remembers at most, a whole number from 1; only those count whose limits have not all come back. Default: no limit. */
  maxKeys?: number;
  /**
   * What happens to a new key when there are `maxKeys` that still owe something: `'refuse'` (default) refuses it, `'allow'` lets it pass
   * uncounted. Nobody's count is ever dropped to make room.
   */
  onFull?: 'refuse' | 'allow';
  /** How many may wait at once, whatever their keys, a whole number from 0 to 2²⁴; more are refused with `RateLimitError`. Default 2²⁴. */
  maxWaiting?: number;
  /** Keys for the allow list; they are added to what others have added. */
  allow?: Iterable<LimiterKey>;
  /** Keys for the deny list; they are added to what others have added. */
  deny?: Iterable<LimiterKey>;
}

/** What was decided about a request, and how its key stands. */
export interface KeyDecision {
  /** Whether it may pass. */
  readonly allowed: boolean;
  /** Why not: a limit, a block, the deny list, or no room for a new key. `undefined` if it may. */
  readonly reason: RefusalReason | undefined;
  /** The most that can be taken at once: of several limits, of the one of which the least remains. */
  readonly limit: number;
  /** What is left of it. */
  readonly remaining: number;
  /** In how many milliseconds it could pass; 0 if it may now, `Infinity` if never. */
  readonly retryAfter: number;
  /** When all has come back if nothing more is taken: milliseconds since 1970, as `Date.now()`. */
  readonly resetAt: number;
  /** When it was decided, on a clock of the process: for {@link KeyedRateLimiter.reward}. */
  readonly at: number;
}

/** What a limiter of many keys has counted, over all threads. */
export interface KeyedStatistics {
  /** Keys that it remembers, those included whose limits have come back and that nobody has met since. */
  keys: number;
  /** Bytes of its tables. */
  bytes: number;
  /** Who waits. */
  waiting: number;
  /** Requests that passed. */
  allowed: number;
  /** Requests that did not. */
  refused: number;
  /** Requests of new keys for which there was no room. */
  turnedAway: number;
  /** Keys that were forgotten as their limits had come back. */
  dropped: number;
}

/** A limiter's events, with what each listener gets. */
export interface KeyedLimiterEvents {
  /**
   * A call of this thread was refused: its key, how much it asked for, how many milliseconds until it could pass (`Infinity`: never, or
   * waiting does not help), and why.
   */
  limited: [key: LimiterKey, count: number, retryAfter: number, reason: RefusalReason];
  /** The limiter is closed, by whichever thread. */
  close: [];
}
