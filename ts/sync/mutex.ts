/** Mutual exclusion among all threads. */
import { isMainThread } from 'node:worker_threads';
import { checkFunction } from '../arguments.js';
import { fast } from '../isolate.js';
import type { Origin, SharedHandle } from '../shared-object.js';
import { nextTurn, overspent } from '../turn.js';
import { checkWaitOptions, type WaitOptions } from '../wait-options.js';
import { isAlone, type LockOptions, lockOrigin } from './fair.js';
import { Guard } from './guard.js';
import { passed, reading, SharedLock } from './lock.js';
import { type Holder, Watch, watching } from './watch.js';
import { change, me, wordAt } from './words.js';

const free = 0;

/**
 * A mutex: one holder among all threads of the process. It is handed over in the order in which it was asked for, unless
 * it is made with `fair: false`. A thread that
 * ends gives it back, and the next holder's guard says `poisoned`.
 *
 * @example
 * ```ts
 * const mutex = new Mutex({ name: 'ledger' });
 * {
 *   using guard = await mutex.lock({ timeout: 1000 });
 *   await transfer(from, to);
 * }
 * await mutex.runExclusive(() => transfer(from, to));
 * ```
 */
export class Mutex extends SharedLock<'mutex'> {
  readonly #words: Int32Array;
  readonly #at: number;
  /** No other thread has it. */
  #alone: boolean;
  readonly #give = (): void => {
    if (!change(this.#words, this.#at, me, free, this.#alone)) fast.lockGive(this.handle, true, 1);
  };

  /** @param options - `name` shares it by name; `fair`. */
  constructor(options?: LockOptions);
  /** @internal */
  constructor(origin: Origin, internal: true);
  constructor(first: LockOptions | Origin = {}, internal = false) {
    const origin = internal ? (first as Origin) : lockOrigin(first as LockOptions);
    super('mutex', origin);
    this.#alone = isAlone(origin);
    ({ words: this.#words, at: this.#at } = wordAt(this.native.word as number));
  }

  /** Opens the mutex of a name. @throws {@link NotFoundError} if there is none. */
  static open(name: string): Mutex {
    return new Mutex({ name }, true);
  }

  /** Opens the mutex that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
  static from(handle: SharedHandle<'mutex'>): Mutex {
    return new Mutex({ handle }, true);
  }

  override toHandle(): SharedHandle<'mutex'> {
    this.#alone = false;
    return super.toHandle();
  }

  /** Whether somebody holds it. */
  get locked(): boolean {
    return this.read(reading.value) === 1;
  }

  /** Who holds it; `debugLocks` adds where it was taken. */
  holder(): Holder | undefined {
    return this.holders()[0];
  }

  /**
   * Waits for the lock.
   *
   * @returns A guard, to be released.
   * @throws {@link WaitTimeoutError}; the signal's reason; {@link LockClosedError}.
   */
  lock(options?: WaitOptions): Promise<Guard> {
    if (options === undefined && !watching() && this.#take()) {
      const guard = new Guard(this.#give, false);
      return overspent() ? nextTurn(guard) : Promise.resolve(guard);
    }
    return this.#lockWith(options);
  }

  /** To lock it later, as part of the flow that calls this now. @internal */
  relock(): () => Promise<Guard> {
    if (!watching()) return () => this.lock();
    const watch = new Watch(this.native, true, 1);
    return async () => this.#guard(await this.passWatched(watch, true, 1, undefined), watch);
  }

  async #lockWith(options: WaitOptions | undefined): Promise<Guard> {
    if (options !== undefined) checkWaitOptions(options);
    if (!watching()) return this.#guard(await this.pass(true, 1, options));
    const watch = new Watch(this.native, true, 1);
    return this.#guard(await this.passWatched(watch, true, 1, options), watch);
  }

  #giveWatched(watch: Watch): void {
    watch.letGo();
    this.#give();
  }

  /** Takes the lock if it is free, nobody waits for it to be handed over, and no holder has died. */
  #take(): boolean {
    return change(this.#words, this.#at, free, me, this.#alone);
  }

  #guard(how: number, watch?: Watch): Guard {
    // One who has waited is not told by the hand-over.
    const poisoned = how === passed.waiting ? this.read(reading.poisoned) === 1 : how === passed.poisoned;
    return new Guard(watch === undefined ? this.#give : () => this.#giveWatched(watch), poisoned);
  }

  /** Takes the lock if it is free; otherwise gives `undefined`. */
  tryLock(): Guard | undefined {
    const watch = watching() ? new Watch(this.native, true, 1) : undefined;
    if (watch === undefined && this.#take()) return new Guard(this.#give, false);
    const how = fast.lockTry(this.handle, true, 1);
    if (how === passed.waiting) return undefined;
    watch?.held();
    return this.#guard(how, watch);
  }

  /** As `lock`, and blocks this thread: worker threads only. @throws {@link UnsupportedError} in the main thread. */
  lockSync(options?: WaitOptions): Guard {
    if (options === undefined && !isMainThread && !watching() && this.#take())
      return new Guard(this.#give, false);
    return this.#lockSyncWith(options ?? {});
  }

  #lockSyncWith(options: WaitOptions): Guard {
    if (!watching()) return this.#guard(this.passSync('lockSync', true, 1, options));
    const watch = new Watch(this.native, true, 1);
    return this.#guard(this.passWatchedSync(watch, 'lockSync', true, 1, options), watch);
  }

  /**
   * Runs a function while it holds the lock.
   *
   * @throws What the function throws, and as `lock`; {@link InvalidArgumentError} if it is none.
   */
  async runExclusive<T>(fn: (guard: Guard) => T | PromiseLike<T>, options?: WaitOptions): Promise<T> {
    checkFunction('fn', fn);
    if (watching()) return this.#runWatched(fn, options);
    using guard = await this.lock(options);
    return await fn(guard);
  }

  async #runWatched<T>(
    fn: (guard: Guard) => T | PromiseLike<T>,
    options: WaitOptions | undefined,
  ): Promise<T> {
    if (options !== undefined) checkWaitOptions(options);
    const watch = new Watch(this.native, true, 1, true);
    const guard = this.#guard(await this.passWatched(watch, true, 1, options), watch);
    using _held = guard;
    return await watch.run(() => fn(guard));
  }

  /** Says that what the lock guards is whole again after a holder's death. */
  clearPoison(): void {
    fast.lockClearPoison(this.handle);
  }
}
