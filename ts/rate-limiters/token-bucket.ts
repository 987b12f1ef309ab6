/** Tokens that come back at a rate. */
import type { Origin, SharedHandle } from '../shared-object.js';
import type { LimiterOptions } from './limiter.js';

import { limiterOrigin, RateLimiter } from './rate-limiter.js';

/** The numbers of a token bucket. */
export interface TokenBucketConfig {
  /** How many tokens the bucket holds, a whole number from 1 to 2³²-1; so many may be taken at once. */
  capacity: number;
  /** How many tokens come back, a whole number from 1 … */
  refillRate: number;
  /** … every so many milliseconds, at least 0.001. They come back evenly: a rate of 10 in 1000 ms is one each 100 ms. */
  refillInterval: number;
  /** Whether tokens that were saved up may be taken at once. `false`: each request comes only after what the last one took has come back, so
   * that they are spaced evenly; those who wait get somewhat less than the rate, as a timer rings up to about a millisecond late. Default true. */
  enableBurst?: boolean;
}

const own = ['capacity', 'refillRate', 'refillInterval', 'enableBurst'] as const;

/**
 * A token bucket for all threads of the process: it begins full, each request takes tokens, and they come back at a constant rate. Within any span of
 * `w` ms it allows at most `capacity + refillRate × w ÷ refillInterval`.
 *
 * @example
 * ```ts
 * const limiter = new TokenBucketRateLimiter({ name: 'api', capacity: 100, refillRate: 10, refillInterval: 1000 });
 * if (!limiter.tryAcquire(1)) await limiter.acquire(1, { timeout: 5000 });
 * ```
 */
export class TokenBucketRateLimiter extends RateLimiter<'token-bucket', TokenBucketConfig> {
  /** @internal */
  protected readonly configurable = own;

  /**
   * @param config - Its numbers; `name` shares it by name, `maxWaiting` bounds the line.
   * @throws {@link InvalidArgumentError} for what cannot be meant; {@link NameConflictError} if the name is in use with other numbers.
   */
  constructor(config: TokenBucketConfig & LimiterOptions);
  /** @internal */
  constructor(origin: Origin, internal: true);
  constructor(first: (TokenBucketConfig & LimiterOptions) | Origin, internal = false) {
    const config = first as TokenBucketConfig & LimiterOptions;
    super('token-bucket', internal ? (first as Origin) : limiterOrigin(config, own, { enableBurst: true }));
  }

  /** Opens the limiter of a name. @throws {@link NotFoundError} if there is none. */
  static open(name: string): TokenBucketRateLimiter {
    return new TokenBucketRateLimiter({ name }, true);
  }

  /** Opens the limiter that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
  static from(handle: SharedHandle<'token-bucket'>): TokenBucketRateLimiter {
    return new TokenBucketRateLimiter({ handle }, true);
  }

  get config(): Readonly<Required<TokenBucketConfig>> {
    const [capacity, refillInterval, refillRate, enableBurst] = this.numbers;
    return Object.freeze({ capacity, refillRate, refillInterval, enableBurst });
  }

  /** How many tokens could be taken now; 0 while others wait. */
  getAvailableTokens(): number {
    return this.check().remaining;
  }

  /** Milliseconds until one token can be taken, behind all who wait; 0 if one can be now. */
  getRefillTime(): number {
    return this.until(1);
  }
}
