/** One map for all threads, and a cache if it is given limits. */

import { checkFunction, checkIterable } from '../arguments.js';
import { callSync } from '../blocking.js';
import { InvalidArgumentError, StaleHandleError, UnsupportedError } from '../errors.js';
import { binding, fast, taskRecord } from '../isolate.js';
import {
  nameOf,
  type Origin,
  type SharedHandle,
  SharedObject,
  type SharedOptions,
} from '../shared-object.js';
import { flightFor, flightForSync } from '../sync/singleflight.js';
import { put, putNum, putTag, putText, recordedValue } from '../values.js';
import { checkWaitOptions, shown, type WaitOptions } from '../wait-options.js';

/** What can be a key. */
export type MapKey = string | number | bigint | boolean | null | undefined;

/** A map's limits; with any of them it is a cache. */
export interface SharedMapOptions extends SharedOptions {
  /** Entries at most: the one unused for longest makes room. Of large maps each of 16 shards has its part. */
  maxEntries?: number;
  /** Bytes of keys and values at most, as they are encoded. An entry that is larger alone is not kept, nor is what it replaces. */
  maxBytes?: number;
  /** How long an entry lives, in milliseconds. */
  ttl?: number;
}

/** How one entry is set. */
export interface SetOptions {
  /** How long this entry lives, in milliseconds. Default: as the map says. */
  ttl?: number;
}

/** What a map has counted. */
export interface MapStatistics {
  /** Entries, those included whose time is up and that nobody has met since. */
  entries: number;
  /** Bytes of keys and values, as they are encoded. */
  bytes: number;
  /** Reads that found something. */
  hits: number;
  /** Reads that found nothing. */
  misses: number;
  /** Entries that made room for others, or found none. */
  evicted: number;
  /** Entries whose time was up. */
  expired: number;
}

const limits = ['maxEntries', 'maxBytes', 'ttl'] as const;

/**
 * A map that all threads of the process share. Values are cloned in and out; keys are texts, numbers, bigints or booleans.
 *
 * @example
 * ```ts
 * const users = new SharedMap<string, User>({ name: 'users', maxEntries: 10_000, ttl: 60_000 });
 * const user = await users.getOrCompute(id, () => database.load(id));   // once among all threads
 * counts.update('visits', (n = 0) => n + 1);                            // atomic
 * ```
 */
export class SharedMap<K extends MapKey, V> extends SharedObject<'map'> implements Disposable {
  /** 0 once it is closed, which native calls take for nothing. */
  #handle: number;

  /** @param options - The limits; `name` shares it by name. */
  constructor(options?: SharedMapOptions);
  /** @internal */
  constructor(origin: Origin, internal: true);
  constructor(first: SharedMapOptions | Origin = {}, internal = false) {
    if (internal) super('map', first as Origin);
    else {
      const options = first as SharedMapOptions;
      const name = nameOf(options, limits);
      const { maxEntries, maxBytes, ttl } = options;
      const given = Object.entries({ maxEntries, maxBytes, ttl }).filter(([, value]) => value !== undefined);
      super('map', { options: Object.fromEntries(given), name });
    }
    this.#handle = this.native.handle;
  }

  /** Opens the map of a name. @throws {@link NotFoundError} if there is none. */
  static open<K extends MapKey, V>(name: string): SharedMap<K, V> {
    return new SharedMap<K, V>({ name }, true);
  }

  /** Opens the map that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
  static from<K extends MapKey, V>(handle: SharedHandle<'map'>): SharedMap<K, V> {
    return new SharedMap<K, V>({ handle }, true);
  }

  /** How many keys have a value. Counts them: it takes time in proportion. */
  get size(): number {
    return fast.mapSize(this.#handle);
  }

  /** The value of a key, or `undefined`. */
  get(key: K): V | undefined {
    putKey(key);
    const got = fast.mapGet(this.#handle, putTag, putNum);
    return (got === true ? recordedValue(taskRecord + 2) : got) as V | undefined;
  }

  /** Whether a key has a value. */
  has(key: K): boolean {
    putKey(key);
    return fast.mapHas(this.#handle, putTag, putNum);
  }

  /** Sets the value of a key. @throws `DataCloneError` for what cannot be cloned. */
  set(key: K, value: V, options?: SetOptions): this {
    const ttl = options === undefined ? 0 : ttlOf(options);
    if (typeof value === 'number') {
      putKey(key);
      fast.mapSetNumber(this.#handle, putTag, putNum, ttl, value);
      return this;
    }
    checkKey(key);
    putValue(value);
    putKey(key);
    fast.mapSet(this.#handle, putTag, putNum, ttl);
    return this;
  }

  /** Removes a key. @returns Whether it had a value. */
  delete(key: K): boolean {
    putKey(key);
    return fast.mapDelete(this.#handle, putTag, putNum);
  }

  /** Removes everything. */
  clear(): void {
    fast.mapClear(this.#handle);
  }

  /** The values of several keys, in order. */
  getAll(keys: Iterable<K>): (V | undefined)[] {
    checkIterable('keys', keys);
    return Array.from(keys, (key) => this.get(key));
  }

  /** Sets several entries. */
  setAll(entries: Iterable<readonly [K, V]>, options: SetOptions = {}): this {
    checkIterable('entries', entries);
    ttlOf(options);
    for (const [key, value] of entries) this.set(key, value, options);
    return this;
  }

  /**
   * Replaces the value of a key by what a function makes of it, as one step among all threads: if somebody else sets it meanwhile, the
   * function is called again with the new value.
   *
   * @param fn - Gets the value or `undefined`; must not depend on being called once.
   * @returns The new value.
   */
  update(key: K, fn: (value: V | undefined) => V, options: SetOptions = {}): V {
    checkFunction('fn', fn);
    const ttl = ttlOf(options);
    for (;;) {
      putKey(key);
      const version = fast.mapLook(this.#handle, putTag, putNum);
      const value = fn(version === 0 ? undefined : (recordedValue(taskRecord + 2) as V));
      putValue(value);
      putKey(key);
      if (fast.mapSetIf(this.#handle, putTag, putNum, ttl, version)) return value;
    }
  }

  /**
   * The value of a key; if it has none, what a function computes, once among all threads that ask meanwhile.
   *
   * @param options - `ttl`: how long what is computed lives; `signal` and `timeout` end the wait for another who computes.
   * @throws What the function throws, for all who wait; {@link WaitTimeoutError} and the signal's reason, for one who waits.
   */
  async getOrCompute(
    key: K,
    fn: () => V | PromiseLike<V>,
    options: SetOptions & WaitOptions = {},
  ): Promise<V> {
    checkFunction('fn', fn);
    const { set, wait } = parted(options);
    const known = this.get(key);
    if (known !== undefined) return known;
    const compute = async (): Promise<V> => {
      // Somebody may have been done just before. It counts as a read only if that is so.
      const found = this.has(key) ? this.get(key) : undefined;
      if (found !== undefined) return found;
      const value = await fn();
      this.set(key, value, set);
      return value;
    };
    return flightFor(this.native, this, flightOf(key), compute, wait);
  }

  /**
   * As `getOrCompute`, with a function that is done when it returns, and blocks this thread while another computes: worker threads only.
   *
   * @throws As `getOrCompute`; {@link InvalidArgumentError} for all if the function returns a promise; {@link UnsupportedError} in the
   * main thread, if the key has no value.
   */
  getOrComputeSync(key: K, fn: () => V, options: SetOptions & WaitOptions = {}): V {
    checkFunction('fn', fn);
    const { set, wait } = parted(options);
    const known = this.get(key);
    if (known !== undefined) return known;
    const compute = (): V => {
      const found = this.has(key) ? this.get(key) : undefined;
      if (found !== undefined) return found;
      const value = callSync(fn);
      this.set(key, value, set);
      return value;
    };
    return flightForSync(this.native, 'getOrComputeSync', flightOf(key), compute, wait);
  }

  /** The entries at the moment of the call; what changes meanwhile does not change them. */
  *entries(): Generator<[K, V], void, undefined> {
    const snapshot = fast.mapSnapshot(this.#handle);
    try {
      while (fast.mapNext(snapshot)) {
        const key = recordedValue(taskRecord + 2) as K;
        fast.mapNextValue();
        yield [key, recordedValue(taskRecord + 2) as V];
      }
    } finally {
      fast.mapLetGo(snapshot);
    }
  }

  [Symbol.iterator](): Generator<[K, V], void, undefined> {
    return this.entries();
  }

  /** The keys at the moment of the call. */
  *keys(): Generator<K, void, undefined> {
    for (const [key] of this.entries()) yield key;
  }

  /** The values at the moment of the call. */
  *values(): Generator<V, void, undefined> {
    for (const [, value] of this.entries()) yield value;
  }

  /** Calls a function for each entry there is at the moment of the call. */
  forEach(fn: (value: V, key: K, map: this) => void): void {
    checkFunction('fn', fn);
    for (const [key, value] of this.entries()) fn(value, key, this);
  }

  /** What it has counted, over all threads. */
  get stats(): MapStatistics {
    this.#checkOpen();
    return binding.mapStats(this.native);
  }

  /** Whether this object is closed. Others of the same map may be open. */
  get closed(): boolean {
    return this.#handle === 0;
  }

  override toHandle(): SharedHandle<'map'> {
    this.#checkOpen();
    return super.toHandle();
  }

  #checkOpen(): void {
    if (this.closed) throw new StaleHandleError('ERR_STALE_HANDLE', 'this map is closed here');
  }

  /**
   * Lets go of the map: all else that this object is asked throws {@link StaleHandleError}, and what its `toHandle` told is kept no longer. Other
   * objects of the same map, in any thread, go on; its entries are gone when nobody has it. Again does no harm.
   */
  close(): void {
    this.#handle = 0;
    this.unexport();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** The name of the flight that computes a key. */
function flightOf(key: unknown): string {
  return `${typeof key} ${String(key)}`;
}

function checkKey(key: unknown): void {
  if ((typeof key === 'object' && key !== null) || typeof key === 'function' || typeof key === 'symbol')
    throw new InvalidArgumentError('key', shown(key), 'a text, number, bigint or boolean');
}

/** Makes a key ready for the next native call. */
function putKey(key: unknown): void {
  if (putText(key)) return;
  checkKey(key);
  put(key);
}

/** Hands over the value of the next entry. Before its key: the value's getters may themselves use a map. */
function putValue(value: unknown): void {
  if (!put(value))
    throw new UnsupportedError(
      'the platform alone can clone this value, and a map must give it to any thread',
    );
  fast.mapValue(putTag, putNum);
}

/** The options of a computation: how its value is set, and how it is waited for. */
function parted(options: SetOptions & WaitOptions): { set?: SetOptions; wait: WaitOptions } {
  checkWaitOptions(options, ['ttl']);
  const { ttl, ...wait } = options;
  if (ttl === undefined) return { wait };
  ttlOf({ ttl });
  return { set: { ttl }, wait };
}

function ttlOf(options: SetOptions): number {
  if (typeof options !== 'object' || options === null)
    throw new InvalidArgumentError('options', shown(options), 'an object');
  for (const name of Object.keys(options)) {
    if (name !== 'ttl') throw new InvalidArgumentError(name, 'an unknown option', 'ttl');
  }
  const { ttl } = options;
  if (ttl !== undefined && !(typeof ttl === 'number' && ttl > 0 && ttl <= 3.2e12))
    throw new InvalidArgumentError('ttl', shown(ttl), 'milliseconds above 0');
  return ttl ?? 0;
}
