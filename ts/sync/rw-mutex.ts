/** Many readers or one writer, among all threads. */
import { fast } from '../isolate.js';
import type { Origin, SharedHandle } from '../shared-object.js';
import { checkWaitOptions, type WaitOptions } from '../wait-options.js';
import { type LockOptions, lockOrigin } from './fair.js';
import { Guard } from './guard.js';
import { passed, reading, SharedLock } from './lock.js';
import { type Holder, Watch, watching } from './watch.js';

/** A write lock in this thread's hands, which can be made a read lock without letting anybody in between. */
export class WriteGuard extends Guard {
  readonly #downgrade: () => Guard;

  /** @internal */
  constructor(release: () => void, poisoned: boolean, downgrade: () => Guard) {
    super(release, poisoned);
    this.#downgrade = downgrade;
  }

  /** Makes it a read lock; this guard holds nothing afterwards. */
  downgrade(): Guard {
    const reader = this.#downgrade();
    this.release();
    return reader;
  }
}

/**
 * A readers-writer lock: any number of readers, or one writer. It is first come, first served: a reader that comes after a writer
 * who waits, waits too, so writers do not starve. With `fair: false` newcomers enter whenever they may.
 *
 * @example
 * ```ts
 * const lock = new RWMutex();
 * { using _ = await lock.readLock(); show(config); }
 * { using _ = await lock.writeLock(); await reload(config); }
 * ```
 */
export class RWMutex extends SharedLock<'rwmutex'> {
  readonly #giveRead = (): void => void fast.lockGive(this.handle, false, 1);

  /** @param options - `name` shares it by name; `fair`. */
  constructor(options?: LockOptions);
  /** @internal */
  constructor(origin: Origin, internal: true);
  constructor(first: LockOptions | Origin = {}, internal = false) {
    super('rwmutex', internal ? (first as Origin) : lockOrigin(first as LockOptions));
  }

  /** Opens the lock of a name. @throws {@link NotFoundError} if there is none. */
  static open(name: string): RWMutex {
    return new RWMutex({ name }, true);
  }

  /** Opens the lock that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
  static from(handle: SharedHandle<'rwmutex'>): RWMutex {
    return new RWMutex({ handle }, true);
  }

  /** How many read. */
  get readers(): number {
    return this.read(reading.value);
  }

  /** Whether somebody writes. */
  get writing(): boolean {
    return this.read(reading.holder) !== 0;
  }

  /** Who reads or writes, thread by thread; `debugLocks` adds where the lock was taken. */
  override holders(): Holder[] {
    return super.holders();
  }

  /** Waits to read. @throws {@link WaitTimeoutError}; the signal's reason; {@link LockClosedError}. */
  async readLock(options?: WaitOptions): Promise<Guard> {
    if (options !== undefined) checkWaitOptions(options);
    if (!watching()) return this.#reader(await this.pass(false, 1, options));
    const watch = new Watch(this.native, false, 1);
    return this.#reader(await this.passWatched(watch, false, 1, options), watch);
  }

  /** Waits to write. @throws {@link WaitTimeoutError}; the signal's reason; {@link LockClosedError}. */
  async writeLock(options?: WaitOptions): Promise<WriteGuard> {
    if (options !== undefined) checkWaitOptions(options);
    if (!watching()) return this.#writer(await this.pass(true, 1, options));
    const watch = new Watch(this.native, true, 1);
    return this.#writer(await this.passWatched(watch, true, 1, options), watch);
  }

  #poisoned(how: number): boolean {
    return how === passed.waiting ? this.read(reading.poisoned) === 1 : how === passed.poisoned;
  }

  #reader(how: number, watch?: Watch): Guard {
    if (watch === undefined) return new Guard(this.#giveRead, this.#poisoned(how));
    const release = (): void => {
      watch.letGo();
      this.#giveRead();
    };
    return new Guard(release, this.#poisoned(how));
  }

  #writer(how: number, watch?: Watch): WriteGuard {
    let downgraded = false;
    const release = (): void => {
      if (downgraded) return;
      watch?.letGo();
      fast.lockGive(this.handle, true, 1);
    };
    const downgrade = (): Guard => {
      watch?.letGo();
      fast.lockGive(this.handle, false, -1);
      downgraded = true;
      const reads = watch === undefined ? undefined : new Watch(this.native, false, 1);
      reads?.held();
      return this.#reader(passed.now, reads);
    };
    return new WriteGuard(release, this.#poisoned(how), downgrade);
  }

  /** Reads if nobody writes or waits to; otherwise gives `undefined`. */
  tryReadLock(): Guard | undefined {
    const watch = watching() ? new Watch(this.native, false, 1) : undefined;
    const how = fast.lockTry(this.handle, false, 1);
    if (how === passed.waiting) return undefined;
    watch?.held();
    return this.#reader(how, watch);
  }

  /** Writes if nobody reads or writes; otherwise gives `undefined`. */
  tryWriteLock(): WriteGuard | undefined {
    const watch = watching() ? new Watch(this.native, true, 1) : undefined;
    const how = fast.lockTry(this.handle, true, 1);
    if (how === passed.waiting) return undefined;
    watch?.held();
    return this.#writer(how, watch);
  }

  /** As `readLock`, and blocks this thread: worker threads only. */
  readLockSync(options: WaitOptions = {}): Guard {
    if (!watching()) return this.#reader(this.passSync('readLockSync', false, 1, options));
    const watch = new Watch(this.native, false, 1);
    return this.#reader(this.passWatchedSync(watch, 'readLockSync', false, 1, options), watch);
  }

  /** As `writeLock`, and blocks this thread: worker threads only. */
  writeLockSync(options: WaitOptions = {}): WriteGuard {
    if (!watching()) return this.#writer(this.passSync('writeLockSync', true, 1, options));
    const watch = new Watch(this.native, true, 1);
    return this.#writer(this.passWatchedSync(watch, 'writeLockSync', true, 1, options), watch);
  }

  /** Says that what the lock guards is whole again after a writer's death. */
  clearPoison(): void {
    fast.lockClearPoison(this.handle);
  }
}
