/** What the nodes of a graph know together. */

import { checkFunction } from '../arguments.js';
import { InvalidArgumentError } from '../errors.js';
import { type SetOptions, SharedMap, type SharedMapOptions } from '../memory/shared-map.js';
import type { SharedHandle } from '../shared-object.js';
import { shown } from '../wait-options.js';

/** A store's limits, which its scopes share: `maxEntries`, `maxBytes`, `ttl`. With a `name` it is one store in all threads. */
export type StoreOptions = SharedMapOptions;

/** A store to be read: what `prep` gets. */
export interface StoreReader<S extends object = Record<string, unknown>> {
  /** The value of a key, or `undefined`. */
  get<K extends keyof S & string>(key: K): S[K] | undefined;
  /** Whether a key has a value. */
  has(key: keyof S & string): boolean;
  /** The part of the store that has a name of its own. */
  scope<T extends object = Record<string, unknown>>(name: string): StoreReader<T>;
}

/** @throws {@link InvalidArgumentError} for what is no store. @internal */
export function checkStore(store: unknown): asserts store is Store<object> | undefined {
  if (store !== undefined && !(store instanceof Store))
    throw new InvalidArgumentError('store', shown(store), 'a Store');
}

/** A name as a part of a key, which '/' separates. */
function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

function unescaped(name: string): string {
  return name.replaceAll('~1', '/').replaceAll('~0', '~');
}

/**
 * What the nodes of a graph know together: a `SharedMap` with scopes, typed by its keys. Values are cloned in and out, so that branches which run at
 * once do not change what others have read; `update` changes one in a single step. What cannot be cloned, such as a connection, is for the nodes'
 * functions to close over.
 *
 * @example
 * ```ts
 * const store = new Store<{ user: User; visits: number }>({ maxEntries: 1000, ttl: 30 * 60_000 });
 * store.set('user', user).update('visits', (n = 0) => n + 1);
 * const cart = store.scope<{ items: Item[] }>('cart');
 * ```
 */
export class Store<S extends object = Record<string, unknown>> implements StoreReader<S> {
  readonly #map: SharedMap<string, unknown>;
  /** What its keys begin with in the map. */
  readonly #prefix: string;

  /**
   * @param options - The limits; `name` shares it by name.
   * @throws {@link InvalidArgumentError} for an option that cannot be meant; {@link NameConflictError}.
   */
  constructor(options?: StoreOptions);
  /** @internal */
  constructor(map: SharedMap<string, unknown>, prefix?: string);
  constructor(first: StoreOptions | SharedMap<string, unknown> = {}, prefix = '') {
    this.#map = first instanceof SharedMap ? first : new SharedMap(first);
    this.#prefix = prefix;
  }

  /** Opens the store of a name. @throws {@link NotFoundError} if there is none. */
  static open<S extends object = Record<string, unknown>>(name: string): Store<S> {
    return new Store<S>(SharedMap.open<string, unknown>(name));
  }

  /** Opens the store that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
  static from<S extends object = Record<string, unknown>>(handle: SharedHandle<'map'>): Store<S> {
    return new Store<S>(SharedMap.from<string, unknown>(handle));
  }

  /** A token by which another thread opens the same store, as a whole: `scope` leads to its parts there. */
  toHandle(): SharedHandle<'map'> {
    return this.#map.toHandle();
  }

  /** The value of a key, or `undefined`. */
  get<K extends keyof S & string>(key: K): S[K] | undefined {
    return this.#map.get(this.#keyOf('key', key)) as S[K] | undefined;
  }

  /** Whether a key has a value. */
  has(key: keyof S & string): boolean {
    return this.#map.has(this.#keyOf('key', key));
  }

  /**
   * Sets the value of a key.
   *
   * @param options - `ttl`: how long this value lives, in milliseconds, in place of what the store says.
   * @throws `DataCloneError` for what cannot be cloned.
   */
  set<K extends keyof S & string>(key: K, value: S[K], options?: SetOptions): this {
    this.#map.set(this.#keyOf('key', key), value, options);
    return this;
  }

  /** Removes a key. @returns Whether it had a value. */
  delete(key: keyof S & string): boolean {
    return this.#map.delete(this.#keyOf('key', key));
  }

  /**
   * Replaces the value of a key by what a function makes of it, as one step among all who use the store.
   *
   * @param fn - Gets the value or `undefined`; it is called again if another was quicker.
   * @returns The new value.
   */
  update<K extends keyof S & string>(
    key: K,
    fn: (value: S[K] | undefined) => S[K],
    options?: SetOptions,
  ): S[K] {
    checkFunction('fn', fn);
    return this.#map.update(this.#keyOf('key', key), fn as (value: unknown) => unknown, options) as S[K];
  }

  /**
   * The part of the store that has a name of its own: the keys there are others than those here. All parts share the store's limits.
   *
   * @param name - Any text that is not empty.
   */
  scope<T extends object = Record<string, unknown>>(name: string): Store<T> {
    return new Store<T>(this.#map, `${this.#keyOf('name', name)}/`);
  }

  /** The keys here that have a value, without those of its scopes, as they are at the moment of the call. */
  keys(): (keyof S & string)[] {
    const own: string[] = [];
    for (const key of this.#map.keys()) {
      const rest = key.startsWith(this.#prefix) ? key.slice(this.#prefix.length) : '/';
      if (!rest.includes('/')) own.push(unescaped(rest));
    }
    return own as (keyof S & string)[];
  }

  /** Removes everything here and in its scopes. */
  clear(): void {
    if (this.#prefix === '') this.#map.clear();
    else for (const key of this.#map.keys()) if (key.startsWith(this.#prefix)) this.#map.delete(key);
  }

  #keyOf(what: string, name: string): string {
    if (typeof name !== 'string' || name === '')
      throw new InvalidArgumentError(what, shown(name), 'a text that is not empty');
    return this.#prefix + escaped(name);
  }
}
