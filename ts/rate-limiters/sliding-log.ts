/** So many in a window, exactly. */

import type { Origin, SharedHandle } from '../shared-object.js';
import type { WaitOptions } from '../wait-options.js';
import type { LimiterOptions } from './limiter.js';
import { reading } from './limiter.js';
import { limiterOrigin, RateLimiter } from './rate-limiter.js';

/** The numbers of a sliding log. */
export interface SlidingLogConfig {
  /** How long the window is, in milliseconds, at least 0.001. */
  windowSize: number;
  /** How many requests may be in it, a whole number from 1 to 2²⁴. */
  maxRequests: number;
}

const own = ['windowSize', 'maxRequests'] as const;

/**
 * A log of requests for all threads of the process: within no span of `windowSize` ms more than `maxRequests` pass, and nothing is refused that would keep to
 * that. It remembers when each request of the window came: 16 bytes for each.
 *
 * @example
 * ```ts
 * const limiter = new SlidingLogRateLimiter({ windowSize: 1000, maxRequests: 5 });
 * await limiter.request();
 * ```
 */
export class SlidingLogRateLimiter extends RateLimiter<'sliding-log', SlidingLogConfig> {
  /** @internal */
  protected readonly configurable = own;

  /**
   * @param config - Its numbers; `name` shares it by name, `maxWaiting` bounds the line.
   * @throws {@link InvalidArgumentError} for what cannot be meant; {@link NameConflictError} if the name is in use with other numbers.
   */
  constructor(config: SlidingLogConfig & LimiterOptions);
  /** @internal */
  constructor(origin: Origin, internal: true);
  constructor(first: (SlidingLogConfig & LimiterOptions) | Origin, internal = false) {
    const config = first as SlidingLogConfig & LimiterOptions;
    super('sliding-log', internal ? (first as Origin) : limiterOrigin(config, own, {}));
  }

  /** Opens the limiter of a name. @throws {@link NotFoundError} if there is none. */
  static open(name: string): SlidingLogRateLimiter {
    return new SlidingLogRateLimiter({ name }, true);
  }

  /** Opens the limiter that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
  static from(handle: SharedHandle<'sliding-log'>): SlidingLogRateLimiter {
    return new SlidingLogRateLimiter({ handle }, true);
  }

  get config(): Readonly<Required<SlidingLogConfig>> {
    const [maxRequests, windowSize] = this.numbers;
    return Object.freeze({ windowSize, maxRequests });
  }

  /** Takes 1 if that needs no waiting. */
  tryRequest(): boolean {
    return this.tryAcquire(1);
  }

  /** Takes 1 as soon as it may. @throws As {@link Limiter.acquire}. */
  request(options?: WaitOptions): Promise<void> {
    return this.acquire(1, options);
  }

  /** Takes `count` requests if that needs no waiting: all or none. */
  tryRequestBatch(count: number): boolean {
    return this.tryAcquire(count);
  }

  /** How many requests count now. */
  getRequestCount(): number {
    return this.read(reading.taken);
  }
}
