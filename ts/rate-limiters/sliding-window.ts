/** So many in a window that slides in steps. */

import type { Origin, SharedHandle } from '../shared-object.js';
import type { WaitOptions } from '../wait-options.js';
import type { LimiterOptions } from './limiter.js';
import { reading } from './limiter.js';
import { limiterOrigin, RateLimiter } from './rate-limiter.js';

/** The numbers of a sliding window. */
export interface SlidingWindowConfig {
  /** How long the window is, in milliseconds, at least 0.001. */
  windowSize: number;
  /** How many requests may be in it, a whole number from 1 to 2³²-1. */
  maxRequests: number;
  /** How many sub-windows it has, a whole number from 1 to 10000. Default 10. */
  precision?: number;
}

const own = ['windowSize', 'maxRequests', 'precision'] as const;

/**
 * A sliding window for all threads of the process: within no span of `windowSize` ms more than `maxRequests` pass. A request counts until its whole
 * sub-window has left, so it refuses as if the window were up to `windowSize ÷ precision` ms longer. It keeps two numbers for each sub-window.
 *
 * @example
 * ```ts
 * const limiter = new SlidingWindowRateLimiter({ windowSize: 60_000, maxRequests: 100, precision: 60 });
 * if (!limiter.tryRequest()) throw new Error('slow down');
 * ```
 */
export class SlidingWindowRateLimiter extends RateLimiter<'sliding-window', SlidingWindowConfig> {
  /** @internal */
  protected readonly configurable = own;

  /**
   * @param config - Its numbers; `name` shares it by name, `maxWaiting` bounds the line.
   * @throws {@link InvalidArgumentError} for what cannot be meant; {@link NameConflictError} if the name is in use with other numbers.
   */
  constructor(config: SlidingWindowConfig & LimiterOptions);
  /** @internal */
  constructor(origin: Origin, internal: true);
  constructor(first: (SlidingWindowConfig & LimiterOptions) | Origin, internal = false) {
    const config = first as SlidingWindowConfig & LimiterOptions;
    super('sliding-window', internal ? (first as Origin) : limiterOrigin(config, own, { precision: 10 }));
  }

  /** Opens the limiter of a name. @throws {@link NotFoundError} if there is none. */
  static open(name: string): SlidingWindowRateLimiter {
    return new SlidingWindowRateLimiter({ name }, true);
  }

  /** Opens the limiter that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
  static from(handle: SharedHandle<'sliding-window'>): SlidingWindowRateLimiter {
    return new SlidingWindowRateLimiter({ handle }, true);
  }

  get config(): Readonly<Required<SlidingWindowConfig>> {
    const [maxRequests, windowSize, precision] = this.numbers;
    return Object.freeze({ windowSize, maxRequests, precision });
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

  /** The number of the sub-window of now: one more each `windowSize ÷ precision` ms. */
  getCurrentWindow(): number {
    return this.read(reading.window);
  }

  /** How many requests count now. */
  getRequestCount(): number {
    return this.read(reading.taken);
  }
}
