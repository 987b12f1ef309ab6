/** The store that all threads share. */
import { InvalidArgumentError } from '../errors.js';
import { KeyedRateLimiter } from '../rate-limiters/keyed.js';
import type { KeyDecision } from '../rate-limiters/keyed-types.js';
import { shown } from '../wait-options.js';
import type { ClientRateLimitInfo, Store } from './types.js';

/** How a store is made. */
export interface MillraceStoreOptions {
  /** Threads that give the same name count together. Default: this store counts for itself. */
  name?: string;
  /** The window, in milliseconds. Default: as the middleware that uses it says. */
  windowMs?: number;
  /** How many clients it remembers at most, a whole number from 1. Default: all that came within a window. */
  maxKeys?: number;
  /**
   * What happens to new clients when it remembers as many as it may: `'refuse'` (default), or `'allow'`, which lets them pass uncounted.
   * No client's count is dropped to make room.
   */
  onFull?: 'refuse' | 'allow';
}

/** More hits than can come: the store only counts. */
const countless = 0xffff_ffff;

/** A hit, and when it was counted. @internal */
export interface Hit extends ClientRateLimitInfo {
  readonly taken?: KeyDecision;
}

/**
 * Counts hits per client in windows that begin with a client's first hit, for all threads that give the same name. A store for
 * {@link rateLimit}, and for express-rate-limit itself.
 *
 * @example
 * ```ts
 * import { rateLimit } from 'express-rate-limit';
 * app.use(rateLimit({ windowMs: 60_000, limit: 100, store: new MillraceStore({ name: 'api' }) }));
 * ```
 */
export class MillraceStore implements Store, Disposable {
  /** Whether it counts for itself. */
  readonly localKeys: boolean;
  /** Tells stores of several names apart. */
  readonly prefix: string;
  readonly #options: MillraceStoreOptions;
  #limiter: KeyedRateLimiter | undefined;

  /**
   * @throws {@link InvalidArgumentError}; {@link NameConflictError} if the name is in use with another window, `maxKeys` or `onFull`.
   */
  constructor(options: MillraceStoreOptions = {}) {
    if (typeof options !== 'object' || options === null)
      throw new InvalidArgumentError('options', shown(options), 'an object');
    const known = ['name', 'windowMs', 'maxKeys', 'onFull'];
    for (const name of Object.keys(options)) {
      if (!known.includes(name)) throw new InvalidArgumentError(name, 'an unknown option', known.join(', '));
    }
    this.#options = { ...options };
    this.localKeys = options.name === undefined;
    this.prefix = options.name === undefined ? '' : `${options.name}:`;
    if (options.windowMs !== undefined) this.#make(options.windowMs);
  }

  #make(windowMs: number): KeyedRateLimiter {
    if (!(typeof windowMs === 'number' && windowMs > 0 && windowMs <= 3.2e12))
      throw new InvalidArgumentError('windowMs', shown(windowMs), 'milliseconds above 0');
    const { windowMs: _own, ...options } = this.#options;
    const limits = { limit: countless, window: windowMs, algorithm: 'fixed-window' } as const;
    this.#limiter = new KeyedRateLimiter({ ...options, limits });
    return this.#limiter;
  }

  get #counts(): KeyedRateLimiter {
    if (this.#limiter !== undefined) return this.#limiter;
    throw new InvalidArgumentError(
      'windowMs',
      'undefined',
      'milliseconds above 0, from whoever uses the store',
    );
  }

  /** Called by the middleware: its window is the store's, if that has none of its own. */
  init(options: { readonly windowMs: number }): void {
    if (this.#limiter === undefined) this.#make(options.windowMs);
  }

  #hit(decision: KeyDecision): ClientRateLimitInfo {
    const totalHits = decision.reason === 'full' ? countless : decision.limit - decision.remaining;
    return { totalHits, resetTime: new Date(decision.resetAt) };
  }

  /** How a client stands; `undefined` if it has not come within its window. */
  get(key: string): ClientRateLimitInfo | undefined {
    const decision = this.#counts.get(key);
    return decision === undefined ? undefined : this.#hit(decision);
  }

  /** Counts a hit. */
  increment(key: string): ClientRateLimitInfo {
    const taken = this.#counts.penalty(key);
    const hit: ClientRateLimitInfo & { taken?: KeyDecision } = this.#hit(taken);
    // Uncounted, as there was no room: it is the client's first, as far as anybody knows.
    if (hit.totalHits === 0) hit.totalHits = 1;
    Object.defineProperty(hit, 'taken', { value: taken });
    return hit;
  }

  /**
   * Takes a hit back, never below none.
   *
   * @param hit - What `increment` gave: a hit of a window that is over is not taken from the next.
   */
  decrement(key: string, hit?: ClientRateLimitInfo): void {
    this.#counts.reward(key, 1, (hit as Hit | undefined)?.taken);
  }

  /** Forgets a client. */
  resetKey(key: string): void {
    this.#counts.delete(key);
  }

  /** Forgets all clients. */
  resetAll(): void {
    this.#counts.clear();
  }

  /** How many clients it remembers. */
  get size(): number {
    return this.#counts.size;
  }

  /** Forgets what it counted for itself; threads that share its name count on. It holds nothing that would have to be stopped. */
  shutdown(): void {
    if (this.localKeys) this.#limiter?.clear();
  }

  [Symbol.dispose](): void {
    this.shutdown();
  }
}
