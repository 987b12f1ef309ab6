/** Objects that are costly to make, lent out within one thread. */
import { InvalidArgumentError, LockClosedError, PoolClosedError, WaitTimeoutError } from '../errors.js';
import { hold, release } from '../loop.js';
import { signalOf } from '../signal.js';
import type { Guard } from '../sync/guard.js';
import { Semaphore } from '../sync/semaphore.js';
import { checkWaitOptions, shown, type WaitOptions } from '../wait-options.js';
import { longestTimer, within } from '../within.js';
import { Lease } from './lease.js';
import {
  checkPoolOptions,
  type ObjectPoolOptions,
  type ObjectPoolStatistics,
} from './object-pool-options.js';

interface Entry<T> {
  value: T;
  uses: number;
  /** When it became idle. */
  since: number;
}

/**
 * A pool of objects within one thread, such as connections: it lends each to one at a time, makes them when they are wanted, up to
 * `max`, and uses again the one that came back last. Who waits is served in the order of coming.
 *
 * @example
 * ```ts
 * const pool = new ObjectPool({ create: () => connect(url), destroy: (c) => c.end(), validate: (c) => c.alive, max: 10 });
 * const rows = await pool.use((connection) => connection.query(sql));
 * {
 *   await using lease = await pool.acquire({ timeout: 1000 });
 *   await lease.value.query(sql);
 * }
 * ```
 */
export class ObjectPool<T> implements AsyncDisposable {
  readonly #options: ObjectPoolOptions<T>;
  readonly #min: number;
  readonly #idleTimeout: number;
  readonly #maxUses: number;
  readonly #permits: Semaphore;
  /** The one that came back last is the last. */
  readonly #idle: Entry<T>[] = [];
  readonly #stats: ObjectPoolStatistics = {
    created: 0,
    destroyed: 0,
    reused: 0,
    validationFailures: 0,
    createFailures: 0,
    resetFailures: 0,
    destroyFailures: 0,
    waits: 0,
  };
  #size = 0;
  #borrowed = 0;
  /** Loans, those included that are about to begin or to end. */
  #busy = 0;
  #quiet: (() => void)[] = [];
  #state: 'open' | 'draining' | 'closed' = 'open';
  #closing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @throws {@link InvalidArgumentError} for what cannot be meant. */
  constructor(options: ObjectPoolOptions<T>) {
    checkPoolOptions(options);
    this.#options = { ...options };
    this.#min = options.min ?? 0;
    this.#idleTimeout = options.idleTimeout ?? Infinity;
    this.#maxUses = options.maxUses ?? Infinity;
    this.#permits = new Semaphore(options.max);
  }

  /** How many objects there are: idle, lent, being made and being destroyed. */
  get size(): number {
    return this.#size;
  }

  /** How many are idle. */
  get available(): number {
    return this.#idle.length;
  }

  /** How many are lent. */
  get borrowed(): number {
    return this.#borrowed;
  }

  /** How many wait because `max` objects are in use. */
  get pending(): number {
    return this.#permits.waiting;
  }

  /** Whether it lends nothing any more. */
  get closed(): boolean {
    return this.#state !== 'open';
  }

  /** What it has counted. */
  get stats(): ObjectPoolStatistics {
    return { ...this.#stats };
  }

  /**
   * Borrows an object; waits while `max` are in use.
   *
   * @param options - They also end a wait for `create` and `validate`; an object that is ready too late becomes idle.
   * @throws What `create` throws; {@link PoolClosedError}; {@link WaitTimeoutError}; the signal's reason.
   */
  async acquire(options: WaitOptions = {}): Promise<Lease<T>> {
    checkWaitOptions(options);
    signalOf(options.signal)?.throwIfAborted();
    if (this.closed) throw new PoolClosedError();
    const began = performance.now();
    this.#busy++;
    let permit = this.#permits.tryAcquire();
    if (permit === undefined) {
      this.#stats.waits++;
      try {
        permit = await this.#permits.acquire(1, options);
      } catch (error) {
        this.#done();
        throw error instanceof LockClosedError ? new PoolClosedError() : error;
      }
    }
    return this.#lend(permit, options, began);
  }

  /**
   * Borrows an object that is idle; makes none and waits for nothing.
   *
   * @returns `undefined` if there is none, if the one that was used last is no good, or if `validate` is asynchronous: then the
   * check goes on in the background, for the next one.
   */
  tryAcquire(): Lease<T> | undefined {
    if (this.closed || this.#idle.length === 0) return undefined;
    const permit = this.#permits.tryAcquire();
    if (permit === undefined) return undefined;
    this.#busy++;
    const entry = this.#idle.pop() as Entry<T>;
    const good = this.#good(entry);
    if (good === true) {
      this.#stats.reused++;
      return this.#lease(entry, permit);
    }
    void this.#later(entry, good, permit);
    return undefined;
  }

  async #later(entry: Entry<T>, good: boolean | Promise<boolean>, permit: Guard): Promise<void> {
    if (await good) await this.#shelve(entry);
    else await this.#destroy(entry);
    this.#end(permit);
  }

  /** Gets an object to whoever has a permit, or gives that back. */
  async #lend(permit: Guard, options: WaitOptions, began: number): Promise<Lease<T>> {
    const ready = this.#ready();
    let entry: Entry<T>;
    try {
      entry = await within(ready, options, began);
    } catch (error) {
      // Nobody waits for it any more: until it is ready it still counts as in use.
      ready.then(
        async (late) => {
          await this.#shelve(late);
          this.#end(permit);
        },
        () => this.#end(permit),
      );
      throw error;
    }
    if (this.#state === 'closed') {
      await this.#destroy(entry);
      this.#end(permit);
      throw new PoolClosedError();
    }
    return this.#lease(entry, permit);
  }

  /** The idle object that was used last and is good, or a new one. */
  async #ready(): Promise<Entry<T>> {
    for (let entry = this.#idle.pop(); entry !== undefined; entry = this.#idle.pop()) {
      if (await this.#good(entry)) {
        this.#stats.reused++;
        return entry;
      }
      await this.#destroy(entry);
    }
    return this.#create();
  }

  async #create(): Promise<Entry<T>> {
    this.#size++;
    try {
      const value = await this.#options.create();
      this.#stats.created++;
      return { value, uses: 0, since: 0 };
    } catch (error) {
      this.#size--;
      this.#stats.createFailures++;
      throw error;
    }
  }

  #good(entry: Entry<T>): boolean | Promise<boolean> {
    const { validate } = this.#options;
    if (validate === undefined) return true;
    const bad = (): false => {
      this.#stats.validationFailures++;
      return false;
    };
    const failed = (error: unknown): false => {
      this.#tell(error, 'validate');
      return bad();
    };
    try {
      const good = validate(entry.value);
      if (typeof good !== 'object') return good ? true : bad();
      return Promise.resolve(good).then((late) => (late ? true : bad()), failed);
    } catch (error) {
      return failed(error);
    }
  }

  #lease(entry: Entry<T>, permit: Guard): Lease<T> {
    entry.uses++;
    this.#borrowed++;
    return new Lease(entry.value, async (broken) => {
      this.#borrowed--;
      if (this.#options.reset === undefined && !broken && this.#keeps(entry)) this.#rest(entry);
      else await this.#settle(entry, broken);
      this.#end(permit);
    });
  }

  #keeps(entry: Entry<T>): boolean {
    return this.#state !== 'closed' && entry.uses < this.#maxUses;
  }

  /** An object has come back: it becomes idle, or it is destroyed. */
  async #settle(entry: Entry<T>, broken: boolean): Promise<void> {
    if (broken || !this.#keeps(entry)) return this.#destroy(entry);
    try {
      await this.#options.reset?.(entry.value);
    } catch (error) {
      this.#stats.resetFailures++;
      this.#tell(error, 'reset');
      return this.#destroy(entry);
    }
    return this.#shelve(entry);
  }

  /** A good object that nobody has: it becomes idle, unless the pool has closed meanwhile. */
  async #shelve(entry: Entry<T>): Promise<void> {
    if (this.#keeps(entry)) this.#rest(entry);
    else await this.#destroy(entry);
  }

  #rest(entry: Entry<T>): void {
    entry.since = performance.now();
    this.#idle.push(entry);
    this.#watch();
  }

  async #destroy(entry: Entry<T>): Promise<void> {
    try {
      await this.#options.destroy?.(entry.value);
    } catch (error) {
      this.#stats.destroyFailures++;
      this.#tell(error, 'destroy');
    }
    this.#stats.destroyed++;
    this.#size--;
  }

  #tell(error: unknown, during: 'destroy' | 'reset' | 'validate'): void {
    try {
      this.#options.onError?.(error, during);
    } catch (thrown) {
      // As in any callback: it is nobody's here.
      queueMicrotask(() => {
        throw thrown;
      });
    }
  }

  #end(permit: Guard): void {
    permit.release();
    this.#done();
  }

  #done(): void {
    this.#busy--;
    if (this.#busy === 0) for (const quiet of this.#quiet.splice(0)) quiet();
  }

  /** Sets the one timer for the object that has been idle for longest. */
  #watch(): void {
    const [oldest] = this.#idle;
    if (this.#timer !== undefined || oldest === undefined || this.#idleTimeout === Infinity) return;
    if (this.#size <= this.#min) return;
    const left = oldest.since + this.#idleTimeout - performance.now();
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        void this.#evict().then(() => this.#watch());
      },
      Math.min(Math.max(Math.ceil(left), 1), longestTimer),
    ).unref();
  }

  /** Destroys what has been idle for too long. */
  async #evict(): Promise<void> {
    while (this.#size > this.#min) {
      const [oldest] = this.#idle;
      if (oldest === undefined || performance.now() < oldest.since + this.#idleTimeout) return;
      // While it is destroyed it is one of `max`, as all are.
      const permit = this.#permits.tryAcquire();
      if (permit === undefined) return;
      this.#idle.shift();
      this.#busy++;
      await this.#destroy(oldest);
      this.#end(permit);
    }
  }

  /**
   * Makes idle objects until there are `min` in all.
   *
   * @throws What `create` throws; what has been made stays. {@link PoolClosedError}.
   */
  async fill(): Promise<void> {
    while (this.#size < this.#min) {
      if (this.closed) throw new PoolClosedError();
      const permit = this.#permits.tryAcquire();
      // All that may be in use are, or are about to be: there are enough.
      if (permit === undefined) return;
      this.#busy++;
      try {
        await this.#shelve(await this.#create());
      } finally {
        this.#end(permit);
      }
    }
  }

  /**
   * Runs a function with a borrowed object, and gives that back whether or not the function throws. The function may
   * `discard` the loan, which it gets too.
   */
  async use<R>(fn: (value: T, lease: Lease<T>) => R | PromiseLike<R>, options?: WaitOptions): Promise<R> {
    if (typeof fn !== 'function') throw new InvalidArgumentError('fn', shown(fn), 'a function');
    await using lease = await this.acquire(options);
    return await fn(lease.value, lease);
  }

  /** Lends to those who wait and to nobody else, then closes. Resolves when all is destroyed. */
  async drain(): Promise<void> {
    if (this.#state === 'open') this.#state = 'draining';
    await this.#whenQuiet();
    await this.close();
  }

  /**
   * Closes the pool: those who wait reject with {@link PoolClosedError}, idle objects are destroyed, and those lent are when they
   * come back. Again does no harm.
   *
   * @returns Resolves when all is destroyed.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#state = 'closed';
    clearTimeout(this.#timer);
    this.#permits.close();
    await Promise.all(this.#idle.splice(0).map((entry) => this.#destroy(entry)));
    await this.#whenQuiet();
  }

  /** Resolves when nothing is lent, and nothing is about to be or to come back. */
  async #whenQuiet(): Promise<void> {
    if (this.#busy === 0) return;
    hold();
    await new Promise<void>((resolve) => this.#quiet.push(resolve));
    release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
