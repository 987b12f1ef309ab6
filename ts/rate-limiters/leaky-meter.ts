/** The leaky bucket as a meter. */
import type { Origin, SharedHandle } from '../shared-object.js';
import type { LimiterOptions } from './limiter.js';
import { reading } from './limiter.js';
import { limiterOrigin, RateLimiter } from './rate-limiter.js';

/** The numbers of a leaky bucket that meters. */
export interface LeakyMeterConfig {
  /** How much the bucket holds, a whole number from 1 to 2³²-1. */
  capacity: number;
  /** How much leaks out, a whole number from 1 … */
  leakRate: number;
  /** … every so many milliseconds, at least 0.001, evenly. */
  leakInterval: number;
}

const own = ['capacity', 'leakRate', 'leakInterval'] as const;

/**
 * A leaky bucket as a meter, for all threads of the process: each request pours into the bucket, which leaks at a constant rate, and what
 * would overflow it is refused, or waits. {@link LeakyBucketRateLimiter} is the one that is a queue.
 *
 * @example
 * ```ts
 * const meter = new LeakyBucketMeter({ capacity: 50, leakRate: 5, leakInterval: 100 });
 * if (!meter.tryAcquire(bytes)) drop();
 * ```
 */
export class LeakyBucketMeter extends RateLimiter<'leaky-meter', LeakyMeterConfig> {
  /** @internal */
  protected readonly configurable = own;

  /**
   * @param config - Its numbers; `name` shares it by name, `maxWaiting` bounds the line.
   * @throws {@link InvalidArgumentError} for what cannot be meant; {@link NameConflictError} if the name is in use with other numbers.
   */
  constructor(config: LeakyMeterConfig & LimiterOptions);
  /** @internal */
  constructor(origin: Origin, internal: true);
  constructor(first: (LeakyMeterConfig & LimiterOptions) | Origin, internal = false) {
    const config = first as LeakyMeterConfig & LimiterOptions;
    super('leaky-meter', internal ? (first as Origin) : limiterOrigin(config, own, {}));
  }

  /** Opens the limiter of a name. @throws {@link NotFoundError} if there is none. */
  static open(name: string): LeakyBucketMeter {
    return new LeakyBucketMeter({ name }, true);
  }

  /** Opens the limiter that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
  static from(handle: SharedHandle<'leaky-meter'>): LeakyBucketMeter {
    return new LeakyBucketMeter({ handle }, true);
  }

  get config(): Readonly<Required<LeakyMeterConfig>> {
    const [capacity, leakInterval, leakRate] = this.numbers;
    return Object.freeze({ capacity, leakRate, leakInterval });
  }

  /** How much is in the bucket, a begun unit as a whole one. */
  getLevel(): number {
    return this.read(reading.taken);
  }
}
