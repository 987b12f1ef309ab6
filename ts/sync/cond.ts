/** Waiting for what a lock guards to change. */
import { isMainThread } from 'node:worker_threads';
import { InvalidArgumentError, NotHeldError } from '../errors.js';
import { fast } from '../isolate.js';
import { nameOf, type Origin, type SharedHandle, type SharedOptions } from '../shared-object.js';
import { checkWaitOptions, shown, type WaitOptions } from '../wait-options.js';
import { Guard } from './guard.js';
import { SharedLock } from './lock.js';
import { Mutex } from './mutex.js';

/**
 * A condition variable. Whoever holds a mutex gives it up, waits to be notified, and takes it again, in that order and with nothing
 * missed in between.
 *
 * @example
 * ```ts
 * let guard = await mutex.lock();
 * while (!ready()) guard = await cond.wait(mutex, guard);
 * guard.release();
 * ```
 */
export class Cond extends SharedLock<'cond'> {
  /** @param options - `name` shares it by name. */
  constructor(options?: SharedOptions);
  /** @internal */
  constructor(origin: Origin, internal: true);
  constructor(first: SharedOptions | Origin = {}, internal = false) {
    super('cond', internal ? (first as Origin) : { options: {}, name: nameOf(first as SharedOptions) });
  }

  /** Opens the condition of a name. @throws {@link NotFoundError} if there is none. */
  static open(name: string): Cond {
    return new Cond({ name }, true);
  }

  /** Opens the condition that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
  static from(handle: SharedHandle<'cond'>): Cond {
    return new Cond({ handle }, true);
  }

  /**
   * Waits to be notified.
   *
   * @param mutex - The lock that guards what is waited for.
   * @param guard - The hold on it, which is released.
   * @returns A new hold on it.
   * @throws {@link WaitTimeoutError}; the signal's reason; {@link LockClosedError}. The mutex is not held then. {@link NotHeldError}
   * if the guard has given it back before.
   */
  async wait(mutex: Mutex, guard: Guard, options?: WaitOptions): Promise<Guard> {
    check(mutex, guard);
    if (options !== undefined) checkWaitOptions(options);
    const again = mutex.relock();
    let notified: number | Promise<number>;
    try {
      // In line before the lock is given up: no notification can come between.
      notified = this.pass(true, 1, options);
    } finally {
      guard.release();
    }
    await notified;
    return again();
  }

  /** As `wait`, and blocks this thread: worker threads only. @throws {@link UnsupportedError} in the main thread. */
  waitSync(mutex: Mutex, guard: Guard, options: WaitOptions = {}): Guard {
    check(mutex, guard);
    checkWaitOptions(options);
    try {
      this.passSync('waitSync', true, 1, options, () => guard.release());
    } catch (error) {
      if (!isMainThread && guard.held) guard.release();
      throw error;
    }
    return mutex.lockSync();
  }

  /** Notifies the one who has waited longest. @returns Whether anybody waited. */
  notifyOne(): boolean {
    return fast.lockGive(this.handle, false, 1) > 0;
  }

  /** Notifies all who wait. @returns How many. */
  notifyAll(): number {
    return fast.lockGive(this.handle, true, 1);
  }
}

function check(mutex: Mutex, guard: Guard): void {
  if (!(mutex instanceof Mutex)) throw new InvalidArgumentError('mutex', shown(mutex), 'a Mutex');
  if (!(guard instanceof Guard))
    throw new InvalidArgumentError('guard', shown(guard), 'what lock() of the mutex gave');
  if (!guard.held) throw new NotHeldError('this guard has given back what it held');
}
