/** A counter that begins anew with each window. */

import type { Origin, SharedHandle } from '../shared-object.js';
import type { WaitOptions } from '../wait-options.js';
import type { LimiterOptions } from './limiter.js';
import { reading } from './limiter.js';
import { limiterOrigin, RateLimiter } from './rate-limiter.js';

/** The numbers of a fixed window. */
export interface FixedWindowConfig {
  /** How long each window is, in milliseconds, at least 0.001. */
  windowSize: number;
  /** How many requests may pass in each, a whole number from 1 to 2²⁷-1. */
  maxRequests: number;
}

const own = ['windowSize', 'maxRequests'] as const;

/**
 * A fixed window for all threads of the process: at most `maxRequests` in each window, one window after the other. The cheapest rule, and the coarsest: around
 * the edge of two windows up to twice as many pass within `windowSize` ms.
 *
 * @example
 * ```ts
 * const limiter = new FixedWindowRateLimiter({ windowSize: 60_000, maxRequests: 1000 });
 * if (!limiter.tryRequest()) throw new Error('slow down');
 * ```
 */
export class FixedWindowRateLimiter extends RateLimiter<'fixed-window', FixedWindowConfig> {
  /** @internal */
  protected readonly configurable = own;

  /**
   * @param config - Its numbers; `name` shares it by name, `maxWaiting` bounds the line.
   * @throws {@link InvalidArgumentError} for what cannot be meant; {@link NameConflictError} if the name is in use with other numbers.
   */
  constructor(config: FixedWindowConfig & LimiterOptions);
  /** @internal */
  constructor(origin: Origin, internal: true);
  constructor(first: (FixedWindowConfig & LimiterOptions) | Origin, internal = false) {
    const config = first as FixedWindowConfig & LimiterOptions;
    super('fixed-window', internal ? (first as Origin) : limiterOrigin(config, own, {}));
  }

  /** Opens the limiter of a name. @throws {@link NotFoundError} if there is none. */
  static open(name: string): FixedWindowRateLimiter {
    return new FixedWindowRateLimiter({ name }, true);
  }

  /** Opens the limiter that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
  static from(handle: SharedHandle<'fixed-window'>): FixedWindowRateLimiter {
    return new FixedWindowRateLimiter({ handle }, true);
  }

  get config(): Readonly<Required<FixedWindowConfig>> {
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

  /** The number of the window of now: one more each `windowSize` ms. */
  getCurrentWindow(): number {
    return this.read(reading.window);
  }

  /** How many requests count now. */
  getRequestCount(): number {
    return this.read(reading.taken);
  }
}
