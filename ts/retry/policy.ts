/** When to try again, and after how long. */
import { InvalidArgumentError } from '../errors.js';
import { fast } from '../isolate.js';
import { shown } from '../wait-options.js';
import { retryAfterOf } from './retry-after.js';

/** How delays grow: not at all, by the first one, by a factor, as Fibonacci's numbers, or as `delay` says. */
export type BackoffStrategy = 'fixed' | 'linear' | 'exponential' | 'fibonacci' | 'custom';

/**
 * How chance spreads a delay, after `maxDelay` has bounded it, so that callers which failed together do not come back together. `'full'`:
 * between nothing and the delay; `'equal'`: over its upper half; `'decorrelated'`, for `'exponential'` alone: between `initialDelay` and
 * the last delay drawn times `factor` + 1.
 */
export type Jitter = 'none' | 'full' | 'equal' | 'decorrelated';

/** How to try again. Times are in milliseconds. */
export interface RetryPolicyConfig {
  /** How often the function is called at most, the first time included; `Infinity` allowed. Default 3. */
  maxAttempts: number;
  /** How delays grow. Default `'exponential'`. */
  backoffStrategy: BackoffStrategy;
  /** The first delay. Default 100, or `maxDelay` if that is less. */
  initialDelay: number;
  /** No delay is longer. Default 30,000. */
  maxDelay: number;
  /** How chance spreads delays; `true` is `'full'`. Default true. */
  jitter: boolean | Jitter;
  /** Whether an error is to be tried again. Default: each, but for those with `retryable === false`, which are never asked about. */
  retryCondition: (error: Error) => boolean;
  /** By which delays grow, at least 1: for `'exponential'`. Default 2. */
  factor: number;
  /** The delay after so many failed attempts: for `'custom'`. */
  delay: (attempt: number, error: unknown) => number;
  /** From the first call on; who would have to wait beyond it gives up at once. Default: none. */
  maxElapsed: number;
  /** A limit of each attempt: it fails with `CallTimeoutError`, and its `signal` aborts. Default: none. */
  timeout: number;
  /** Whether a result is as bad as an error. The last one is given as it is. Default: none is. */
  retryOnResult: (result: unknown) => boolean;
  /** Whether what failed may say when to come back: `retryAfter` in milliseconds, or a `Retry-After` header. Default true. */
  respectRetryAfter: boolean;
  /** It may say so much at most. Default 60,000. */
  maxRetryAfter: number;
}

/** The numbers of `src/retry.rs`. */
const strategies = { fixed: 0, linear: 1, exponential: 2, fibonacci: 3, custom: -1 } as const;
const jitters = { none: 0, full: 1, equal: 2, decorrelated: 3 } as const;

const longest = 3.2e12;

const known: readonly (keyof RetryPolicyConfig)[] = [
  'maxAttempts',
  'backoffStrategy',
  'initialDelay',
  'maxDelay',
  'jitter',
  'retryCondition',
  'factor',
  'delay',
  'maxElapsed',
  'timeout',
  'retryOnResult',
  'respectRetryAfter',
  'maxRetryAfter',
];

function millis(name: string, value: unknown, above = false): number {
  if (typeof value !== 'number' || !(value <= longest && (above ? value > 0 : value >= 0)))
    throw new InvalidArgumentError(
      name,
      shown(value),
      above ? 'milliseconds above 0' : 'milliseconds, at least 0',
    );
  return value;
}

function oneOf<T extends object>(name: string, value: unknown, words: T): keyof T & string {
  if (typeof value !== 'string' || !Object.hasOwn(words, value))
    throw new InvalidArgumentError(
      name,
      shown(value),
      `one of ${Object.keys(words)
        .map((word) => `'${word}'`)
        .join(', ')}`,
    );
  return value as keyof T & string;
}

function maybeFunction(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function')
    throw new InvalidArgumentError(name, shown(value), 'a function');
}

function attempts(value: unknown): number {
  const whole = Number.isInteger(value) && (value as number) >= 1 && (value as number) < 2 ** 32;
  if (!whole && value !== Infinity)
    throw new InvalidArgumentError('maxAttempts', shown(value), 'a whole number of at least 1, or Infinity');
  return value as number;
}

/** Whether an error says itself that it is not to be tried again. */
function isFinal(error: unknown): boolean {
  return (
    typeof error === 'object' && error !== null && (error as { retryable?: unknown }).retryable === false
  );
}

/**
 * When to try again, and after how long. Its delays are the engine's, and are worked out anew at each call; it holds nothing.
 *
 * @example
 * ```ts
 * const policy = new RetryPolicy({
 *   maxAttempts: 5,
 *   initialDelay: 200,
 *   maxDelay: 5000,
 *   retryCondition: (error) => error.name === 'NetworkError',
 * });
 * ```
 */
export class RetryPolicy {
  #maxAttempts: number;
  #strategy: BackoffStrategy;
  #condition: ((error: Error) => boolean) | undefined;
  readonly #jitter: Jitter;
  readonly #initialDelay: number;
  readonly #maxDelay: number;
  readonly #factor: number;
  readonly #delay: ((attempt: number, error: unknown) => number) | undefined;
  readonly #maxRetryAfter: number | undefined;
  /** From the first call on, in milliseconds, or `undefined`. */
  readonly maxElapsed: number | undefined;
  /** The limit of each attempt, in milliseconds, or `undefined`. */
  readonly timeout: number | undefined;
  /** Whether a result is as bad as an error. */
  readonly retryOnResult: ((result: unknown) => boolean) | undefined;

  /**
   * @param config - What differs from the defaults.
   * @throws {@link InvalidArgumentError} for what cannot be meant.
   */
  constructor(config: Partial<RetryPolicyConfig> = {}) {
    if (typeof config !== 'object' || config === null)
      throw new InvalidArgumentError('config', shown(config), 'an object');
    for (const name of Object.keys(config)) {
      if (!(known as readonly string[]).includes(name))
        throw new InvalidArgumentError(name, 'an unknown option', known.join(', '));
    }
    const { maxAttempts = 3, backoffStrategy = 'exponential', maxDelay = 30_000, jitter = true } = config;
    const { factor, delay, maxElapsed, timeout, retryOnResult, respectRetryAfter = true } = config;
    this.#maxAttempts = attempts(maxAttempts);
    this.#maxDelay = millis('maxDelay', maxDelay);
    this.#initialDelay = millis('initialDelay', config.initialDelay ?? Math.min(100, maxDelay));
    if (this.#initialDelay > maxDelay)
      throw new InvalidArgumentError(
        'initialDelay',
        String(config.initialDelay),
        `at most maxDelay, ${maxDelay}`,
      );
    this.#jitter =
      typeof jitter === 'boolean' ? (jitter ? 'full' : 'none') : oneOf('jitter', jitter, jitters);
    maybeFunction('delay', delay);
    this.#delay = delay;
    this.#strategy = this.#checked(backoffStrategy);
    if (delay !== undefined && this.#strategy !== 'custom')
      throw new InvalidArgumentError('delay', 'a function', "backoffStrategy: 'custom'");
    if (factor !== undefined && !(typeof factor === 'number' && factor >= 1 && factor < Infinity))
      throw new InvalidArgumentError('factor', shown(factor), 'a number of at least 1');
    if (factor !== undefined && this.#strategy !== 'exponential')
      throw new InvalidArgumentError('factor', String(factor), "backoffStrategy: 'exponential'");
    this.#factor = factor ?? 2;
    maybeFunction('retryCondition', config.retryCondition);
    this.#condition = config.retryCondition;
    maybeFunction('retryOnResult', retryOnResult);
    this.retryOnResult = retryOnResult;
    this.maxElapsed = maxElapsed === undefined ? undefined : millis('maxElapsed', maxElapsed, true);
    this.timeout = timeout === undefined ? undefined : millis('timeout', timeout, true);
    if (typeof respectRetryAfter !== 'boolean')
      throw new InvalidArgumentError('respectRetryAfter', shown(respectRetryAfter), 'a boolean');
    if (config.maxRetryAfter !== undefined && !respectRetryAfter)
      throw new InvalidArgumentError('maxRetryAfter', shown(config.maxRetryAfter), 'respectRetryAfter: true');
    const maxRetryAfter = millis('maxRetryAfter', config.maxRetryAfter ?? 60_000);
    this.#maxRetryAfter = respectRetryAfter ? maxRetryAfter : undefined;
  }

  #checked(strategy: unknown): BackoffStrategy {
    const checked = oneOf('backoffStrategy', strategy, strategies);
    if (checked === 'custom' && this.#delay === undefined)
      throw new InvalidArgumentError('backoffStrategy', "'custom'", 'the function `delay` beside it');
    if (checked !== 'exponential' && this.#jitter === 'decorrelated')
      throw new InvalidArgumentError(
        'backoffStrategy',
        `'${checked}'`,
        "'exponential' with decorrelated jitter",
      );
    return checked;
  }

  /** How often the function is called at most. */
  get maxAttempts(): number {
    return this.#maxAttempts;
  }

  /** What two policies differ by, as plain data. @internal */
  get plain(): object {
    const { maxElapsed, timeout } = this;
    return {
      maxAttempts: this.#maxAttempts,
      backoffStrategy: this.#strategy,
      initialDelay: this.#initialDelay,
      maxDelay: this.#maxDelay,
      jitter: this.#jitter,
      factor: this.#factor,
      maxElapsed,
      timeout,
      maxRetryAfter: this.#maxRetryAfter,
    };
  }

  /** Changes how often the function is called at most, for calls under way too. */
  setMaxAttempts(count: number): void {
    this.#maxAttempts = attempts(count);
  }

  /** Changes how delays grow. @throws {@link InvalidArgumentError} for `'custom'` without `delay`. */
  setBackoffStrategy(strategy: BackoffStrategy | (string & {})): void {
    this.#strategy = this.#checked(strategy);
  }

  /** Changes which errors are to be tried again. */
  setRetryCondition(condition: (error: Error) => boolean): void {
    if (typeof condition !== 'function')
      throw new InvalidArgumentError('condition', shown(condition), 'a function');
    this.#condition = condition;
  }

  /**
   * Whether to try again.
   *
   * @param error - What failed.
   * @param attempt - How many attempts have failed, this one included.
   * @throws What `retryCondition` throws.
   */
  shouldRetry(error: unknown, attempt: number): boolean {
    return attempt < this.#maxAttempts && this.allows(error);
  }

  /** Whether an error is one to be tried again, whatever the number of attempts. */
  allows(error: unknown): boolean {
    return !isFinal(error) && (this.#condition === undefined || this.#condition(error as Error) === true);
  }

  /**
   * How long to wait before the next attempt, in milliseconds. With jitter each call draws anew.
   *
   * @param attempt - How many attempts have failed, at least 1.
   * @param failure - What failed: for `'custom'`. What it says of when to come back is not looked at here, see `getWait`.
   * @param last - The delay drawn before, if there was one: for decorrelated jitter.
   * @throws {@link InvalidArgumentError} if `delay` gives no time.
   */
  getDelay(attempt: number, failure?: unknown, last = 0): number {
    if (!(Number.isInteger(attempt) && attempt >= 1 && attempt < 2 ** 32))
      throw new InvalidArgumentError('attempt', shown(attempt), 'a whole number of at least 1');
    const jitter = jitters[this.#jitter];
    const random = Math.random();
    if (this.#strategy === 'custom') {
      const delay: unknown = this.#delay?.(attempt, failure);
      // Infinity is as long as can be: maxDelay bounds it.
      const own = delay === Infinity ? longest : millis('delay', delay);
      return fast.backoffSpread(jitter, this.#maxDelay, own, random);
    }
    const strategy = strategies[this.#strategy];
    const [initial, most] = [this.#initialDelay, this.#maxDelay];
    return fast.backoffDelay(strategy, this.#factor, jitter, initial, most, attempt, random, last);
  }

  /** The delay that `getDelay` gave, or longer if what failed says when to come back. */
  getWait(delay: number, failure: unknown): number {
    if (this.#maxRetryAfter === undefined) return delay;
    const after = retryAfterOf(failure);
    if (after === undefined) return delay;
    return fast.backoffNotBefore(jitters[this.#jitter], delay, Math.min(after, this.#maxRetryAfter));
  }
}
