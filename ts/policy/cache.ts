/** Results that are kept for all threads, in place of calls. */
import { InvalidArgumentError } from '../errors.js';
import { type MapKey, SharedMap, type SharedMapOptions } from '../memory/shared-map.js';
import { shown } from '../wait-options.js';
import { enderOf, unlessEnded } from './cancelling.js';
import {
  type CallOptions,
  checkCall,
  endless,
  type GuardedFunction,
  type PolicyPart,
  withArguments,
  wrapped,
} from './part.js';

/** How results are kept: the limits are those of the `SharedMap` they are kept in. */
export interface CacheOptions extends SharedMapOptions {
  /** The key of a result, or what makes it of the arguments of a wrapped function; `call` has none. */
  // biome-ignore lint/suspicious/noExplicitAny: the arguments are those of whichever function is wrapped.
  key: MapKey | ((...args: any[]) => MapKey);
}

/** A cache, as a part of a policy. Made by {@link cache}. */
export class Cache implements PolicyPart {
  readonly #key: (...args: unknown[]) => MapKey;
  /** What is kept, by key. */
  readonly entries: SharedMap<MapKey, unknown>;

  /** @internal */
  constructor({ key, ...limits }: CacheOptions) {
    if (typeof key === 'function') this.#key = key;
    else if (typeof key === 'object' || typeof key === 'symbol' || key === undefined)
      throw new InvalidArgumentError('key', shown(key), 'a text, number, bigint or boolean, or a function');
    else this.#key = () => key;
    this.entries = new SharedMap(limits);
  }

  /**
   * The result that is kept, or that of the function, which is called once among all threads that ask meanwhile. As the result is for
   * all of them, no caller can end the function, only his own wait.
   *
   * @throws What the function throws, which is not kept; `DataCloneError` and {@link UnsupportedError} for results that no other thread can
   * get; the signal's reason.
   */
  call<T>(fn: GuardedFunction<T>, options?: CallOptions): Promise<T> {
    return this[withArguments](fn, options, []);
  }

  /** @internal */
  async [withArguments]<T>(
    fn: GuardedFunction<T>,
    options: CallOptions | undefined,
    args: readonly unknown[],
  ): Promise<T> {
    checkCall(fn, options);
    const ender = enderOf(options);
    if (ender?.aborted) throw ender.reason;
    // Not the map's own wait: whoever computes would wait for the function.
    const result = this.entries.getOrCompute(this.#key(...args), () => fn(endless));
    return (await unlessEnded(result, ender)) as T;
  }

  /** A function whose results are kept by its arguments. */
  wrap<This, Args extends unknown[], R>(
    fn: (this: This, ...args: Args) => R,
  ): (this: This, ...args: Args) => Promise<Awaited<R>> {
    return wrapped(this, fn) as (this: This, ...args: Args) => Promise<Awaited<R>>;
  }
}

/**
 * Keeps results for all threads, as a part of a policy. What is kept are clones; `undefined` is not kept.
 *
 * @param options - `key`, and the limits of a `SharedMap`: `ttl`, `maxEntries`, `maxBytes`; `name` shares it by name.
 * @example
 * ```ts
 * const user = policy(cache({ name: 'users', ttl: 60_000, maxEntries: 10_000, key: (id) => id }), retry).wrap(load);
 * ```
 */
export function cache(options: CacheOptions): Cache {
  if (typeof options !== 'object' || options === null)
    throw new InvalidArgumentError('options', shown(options), 'an object');
  return new Cache(options);
}
