/** Permits that all threads share. */
import { checkFunction } from '../arguments.js';
import { InvalidArgumentError } from '../errors.js';
import { fast } from '../isolate.js';
import { mustBeGiven, nameOf, type Origin, type SharedHandle, type SharedOptions } from '../shared-object.js';
import { nextTurn, overspent } from '../turn.js';
import { checkWaitOptions, shown, type WaitOptions } from '../wait-options.js';
import { isAlone } from './fair.js';
import { Guard } from './guard.js';
import { passed, reading, SharedLock } from './lock.js';
import { Permits } from './permits.js';
import { type Holder, Watch, watching } from './watch.js';

/** How a semaphore is made. */
export interface SemaphoreOptions extends SharedOptions {
  /** First come, first served. `false` lets a newcomer take permits that are free although others wait. Default true. */
  fair?: boolean;
}

function semaphoreOrigin(permits: unknown, options: SemaphoreOptions): Origin {
  const name = nameOf(options, ['fair']);
  mustBeGiven('permits', permits);
  const { fair = true } = options;
  return { options: { permits, fair }, name };
}

/**
 * A weighted semaphore: so many permits among all threads of the process. A request for many is not overtaken by small ones. A
 * thread that ends gives its permits back.
 *
 * @example
 * ```ts
 * const connections = new Semaphore(10, { name: 'database' });
 * using permit = await connections.acquire();
 * ```
 */
export class Semaphore extends SharedLock<'semaphore'> {
  readonly #permits: Permits;
  readonly #giveOne = (): void => {
    if (!this.#permits.give(1)) fast.lockGive(this.handle, true, 1);
  };

  /**
   * @param permits - How many there are, a whole number from 0.
   * @param options - `name` shares it by name; `fair`.
   */
  constructor(permits: number, options?: SemaphoreOptions);
  /** @internal */
  constructor(origin: Origin, internal: true);
  constructor(first: number | Origin, second: SemaphoreOptions | true = {}) {
    const origin = second === true ? (first as Origin) : semaphoreOrigin(first, second);
    super('semaphore', origin);
    this.#permits = new Permits(this.native.word as number, this.native.purse as number, isAlone(origin));
  }

  /** Opens the semaphore of a name. @throws {@link NotFoundError} if there is none. */
  static open(name: string): Semaphore {
    return new Semaphore({ name }, true);
  }

  /** Opens the semaphore that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
  static from(handle: SharedHandle<'semaphore'>): Semaphore {
    return new Semaphore({ handle }, true);
  }

  override toHandle(): SharedHandle<'semaphore'> {
    this.#permits.share();
    return super.toHandle();
  }

  /** How many permits there are. */
  get permits(): number {
    return this.read(reading.size);
  }

  /** How many are free. */
  get available(): number {
    return this.read(reading.value);
  }

  /** Who holds how many permits, thread by thread; `debugLocks` adds where they were taken. */
  override holders(): Holder[] {
    return super.holders();
  }

  /**
   * Waits for permits.
   *
   * @param count - How many, at least 1. Default 1.
   * @returns A guard, to be released.
   * @throws {@link InvalidArgumentError} if there are not so many; {@link WaitTimeoutError}; the signal's reason;
   * {@link LockClosedError}.
   */
  acquire(count = 1, options?: WaitOptions): Promise<Guard> {
    if (options === undefined && count === 1 && !watching() && this.#permits.take(1)) {
      const guard = new Guard(this.#giveOne, false);
      return overspent() ? nextTurn(guard) : Promise.resolve(guard);
    }
    return this.#acquireWith(count, options);
  }

  async #acquireWith(count: number, options: WaitOptions | undefined): Promise<Guard> {
    this.#check(count);
    if (options !== undefined) checkWaitOptions(options);
    if (!watching()) return this.#guard(await this.pass(true, count, options), count);
    const watch = new Watch(this.native, true, count);
    return this.#guard(await this.passWatched(watch, true, count, options), count, watch);
  }

  #give(count: number): void {
    if (!this.#permits.give(count)) fast.lockGive(this.handle, true, count);
  }

  #check(count: number): void {
    if (!Number.isInteger(count) || count < 1 || count > 0xffffffff)
      throw new InvalidArgumentError('count', shown(count), 'a whole number of at least 1');
  }

  #guard(how: number, count: number, watch?: Watch): Guard {
    if (how === passed.tooMany)
      throw new InvalidArgumentError(
        'count',
        String(count),
        `at most ${this.permits}, which is all there are`,
      );
    const poisoned = how === passed.waiting ? this.read(reading.poisoned) === 1 : how === passed.poisoned;
    if (watch === undefined)
      return new Guard(count === 1 ? this.#giveOne : () => this.#give(count), poisoned);
    const give = (): void => {
      watch.letGo();
      this.#give(count);
    };
    return new Guard(give, poisoned);
  }

  /** Takes permits if they are free; otherwise, also if there never are so many, gives `undefined`. */
  tryAcquire(count = 1): Guard | undefined {
    this.#check(count);
    const watch = watching() ? new Watch(this.native, true, count) : undefined;
    if (watch === undefined && this.#permits.take(count))
      return new Guard(count === 1 ? this.#giveOne : () => this.#give(count), false);
    const how = fast.lockTry(this.handle, true, count);
    if (how === passed.waiting) return undefined;
    watch?.held();
    return this.#guard(how, count, watch);
  }

  /** As `acquire`, and blocks this thread: worker threads only. */
  acquireSync(count = 1, options: WaitOptions = {}): Guard {
    this.#check(count);
    if (!watching()) return this.#guard(this.passSync('acquireSync', true, count, options), count);
    const watch = new Watch(this.native, true, count);
    return this.#guard(this.passWatchedSync(watch, 'acquireSync', true, count, options), count, watch);
  }

  /** Gives back permits without their guard. @throws {@link NotHeldError} if this thread holds fewer. */
  release(count = 1): void {
    this.#check(count);
    if (watching()) Watch.letGoOf(this.native, count);
    this.#give(count);
  }

  /**
   * Runs a function while it holds permits.
   *
   * @param options - `count`: how many, at least 1; default 1.
   * @throws What the function throws, and as `acquire`; {@link InvalidArgumentError} if it is none.
   */
  async run<T>(fn: () => T | PromiseLike<T>, options?: WaitOptions & { count?: number }): Promise<T> {
    checkFunction('fn', fn);
    if (options !== undefined) checkWaitOptions(options, ['count']);
    const { count = 1, ...wait } = options ?? {};
    if (watching()) return this.#runWatched(fn, count, wait);
    using _permits = await this.acquire(count, options === undefined ? undefined : wait);
    return await fn();
  }

  async #runWatched<T>(fn: () => T | PromiseLike<T>, count: number, options: WaitOptions): Promise<T> {
    this.#check(count);
    checkWaitOptions(options);
    const watch = new Watch(this.native, true, count, true);
    using _permits = this.#guard(await this.passWatched(watch, true, count, options), count, watch);
    return await watch.run(fn);
  }

  /** Says that what the permits stand for is whole again after a holder's death. */
  clearPoison(): void {
    fast.lockClearPoison(this.handle);
  }
}
