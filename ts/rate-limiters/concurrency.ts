/** At most so many at once. */
import type { CallContext } from '../policy/call-context.js';
import type { SharedHandle, SharedOptions } from '../shared-object.js';
import { type Cancellation, signalOf } from '../signal.js';
import type { Guard } from '../sync/guard.js';
import { Semaphore } from '../sync/semaphore.js';
import type { WaitOptions } from '../wait-options.js';
import { checkCount } from './limiter.js';

/**
 * At most so many at once, among all threads of the process: a {@link Semaphore} with a limiter's face. Each who passes gives the place back when it is
 * done; a thread that ends gives back all of its own. First come, first served.
 *
 * @example
 * ```ts
 * const limiter = new ConcurrencyLimiter(10, { name: 'database' });
 * const rows = await limiter.run(() => query(sql));
 * ```
 */
export class ConcurrencyLimiter implements Disposable {
  readonly #places: Semaphore;

  /**
   * @param limit - How many at once, a whole number from 1.
   * @param options - `name` shares it by name, with a semaphore of that name, too.
   * @throws {@link InvalidArgumentError}; {@link NameConflictError} if the name is in use with another limit.
   */
  constructor(limit: number, options?: SharedOptions);
  /** @internal */
  constructor(places: Semaphore);
  constructor(first: number | Semaphore, options?: SharedOptions) {
    if (first instanceof Semaphore) this.#places = first;
    else {
      checkCount(first, 'limit');
      this.#places = new Semaphore(first, options);
    }
  }

  /** Opens the limiter of a name. @throws {@link NotFoundError} if there is none. */
  static open(name: string): ConcurrencyLimiter {
    return new ConcurrencyLimiter(Semaphore.open(name));
  }

  /** Opens the limiter that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
  static from(handle: SharedHandle<'semaphore'>): ConcurrencyLimiter {
    return new ConcurrencyLimiter(Semaphore.from(handle));
  }

  /** A token by which any thread of this process opens the same limiter. */
  toHandle(): SharedHandle<'semaphore'> {
    return this.#places.toHandle();
  }

  /** The limiter's name, if it has one. */
  get name(): string | undefined {
    return this.#places.name;
  }

  /** How many at once. */
  get limit(): number {
    return this.#places.permits;
  }

  /** How many more may pass now. */
  get available(): number {
    return this.#places.available;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#places.waiting;
  }

  /** Whether it is closed. */
  get closed(): boolean {
    return this.#places.closed;
  }

  /** Takes a place if one is free; otherwise gives `undefined`. */
  tryAcquire(): Guard | undefined {
    return this.#places.tryAcquire(1);
  }

  /**
   * Waits for a place.
   *
   * @returns A guard, to be released.
   * @throws {@link WaitTimeoutError}; the signal's reason; {@link LockClosedError}.
   */
  acquire(options?: WaitOptions): Promise<Guard> {
    return this.#places.acquire(1, options);
  }

  /** As {@link acquire}, and blocks this thread: worker threads only. */
  acquireSync(options?: WaitOptions): Guard {
    return this.#places.acquireSync(1, options);
  }

  /** Runs a function while it has a place. */
  run<T>(fn: () => T | PromiseLike<T>, options?: WaitOptions): Promise<T> {
    return this.#places.run(fn, options);
  }

  /** Calls a function while it has a place. `signal` ends the wait, and is the function's signal. */
  call<T>(
    fn: (context: CallContext) => T | PromiseLike<T>,
    options: { signal?: Cancellation } = {},
  ): Promise<T> {
    return this.#places.run(() => fn({ signal: signalOf(options.signal) }), options);
  }

  /** Closes it: those who wait reject with `LockClosedError`, and nobody passes any more. Places can still be given back. */
  close(): void {
    this.#places.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
