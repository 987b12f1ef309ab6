/** A limiter with a rule of its own. */
import { InvalidArgumentError, rethrow } from '../errors.js';
import { binding } from '../isolate.js';
import { nameOf, type Origin } from '../shared-object.js';
import { shown } from '../wait-options.js';
import { Limiter, type LimiterOptions, reading } from './limiter.js';

/** Takes a limiter's options apart. @internal */
export function limiterOrigin<T extends LimiterOptions>(
  config: T,
  own: readonly (keyof T & string)[],
  defaults: Partial<T> = {},
): Origin {
  const name = nameOf(config, [...own, 'maxWaiting']);
  const options: Record<string, unknown> = { ...defaults };
  for (const key of [...own, 'maxWaiting'] as (keyof T & string)[])
    if (config[key] !== undefined) options[key] = config[key];
  if (options['maxWaiting'] === Infinity) delete options['maxWaiting'];
  return { options, name };
}

/** Refuses what is no configuration. @internal */
export function checkConfig(config: object, known: readonly string[]): void {
  if (typeof config !== 'object' || config === null)
    throw new InvalidArgumentError('config', shown(config), 'an object');
  for (const name of Object.keys(config))
    if (!known.includes(name)) throw new InvalidArgumentError(name, 'an unknown option', known.join(', '));
}

/** A limiter with a rule, `Config` being its numbers. Not made itself. */
export abstract class RateLimiter<Kind extends string, Config extends object> extends Limiter<Kind> {
  /** The numbers it decides by now. */
  abstract get config(): Readonly<Required<Config>>;

  /** What is configured, by name. @internal */
  protected abstract readonly configurable: readonly (keyof Config & string)[];

  /** The configuration's numbers: the most at once, the span in ms, the rate, and whether bursts are allowed. @internal */
  protected get numbers(): [limit: number, span: number, rate: number, burst: boolean] {
    const { limit, span, rate, burst } = reading;
    return [this.read(limit), this.read(span), this.read(rate), this.read(burst) === 1];
  }

  /**
   * Decides by other numbers from here on, in all threads; what is left out stays. Those who wait keep their order; one who waits for more than is
   * ever allowed now rejects with `InvalidArgumentError`.
   *
   * @throws {@link InvalidArgumentError}
   */
  configure(config: Partial<Config>): void {
    checkConfig(config, this.configurable);
    try {
      binding.limiterConfigure(this.native, config);
    } catch (error) {
      rethrow(error);
    }
  }
}
