/** The keys that a limiter always, or never, lets pass. */
import { InvalidArgumentError } from '../errors.js';
import { fast } from '../isolate.js';
import { put, putNum, putTag, putText } from '../values.js';
import { shown } from '../wait-options.js';

/** What can be a limiter's key. `1` and `'1'` are two. */
export type LimiterKey = string | number | bigint;

/** Makes a key ready for the next native call. @internal */
export function putLimiterKey(key: LimiterKey): void {
  if (putText(key)) return;
  const fits = typeof key === 'string' || typeof key === 'bigint' || Number.isFinite(key);
  if (!fits) throw new InvalidArgumentError('key', shown(key), 'a text, a finite number or a bigint');
  put(key);
}

/** The numbers of `src/keyed.rs`. @internal */
export const lists = { none: 0, allow: 1, deny: 2, look: 3 } as const;

/** A list of keys, the same for all threads. A key stands on one of a limiter's two lists at most: to add it here takes it from the other. */
export class KeyList {
  readonly #handle: number;
  readonly #list: number;
  /** The limiter, which it keeps. @internal */
  readonly limiter: object;

  /** @internal */
  constructor(limiter: object, handle: number, list: number) {
    this.limiter = limiter;
    this.#handle = handle;
    this.#list = list;
  }

  #set(key: LimiterKey, list: number): number {
    putLimiterKey(key);
    return fast.keyedList(this.#handle, putTag, putNum, list);
  }

  /** Adds a key. @returns Whether it was not on this list. */
  add(key: LimiterKey): boolean {
    return this.#set(key, this.#list) !== this.#list;
  }

  /** Whether a key is on this list. */
  has(key: LimiterKey): boolean {
    return this.#set(key, lists.look) === this.#list;
  }

  /** Removes a key. @returns Whether it was on this list. */
  delete(key: LimiterKey): boolean {
    return this.has(key) && this.#set(key, lists.none) === this.#list;
  }
}
