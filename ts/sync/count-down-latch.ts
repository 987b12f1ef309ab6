/** A gate that opens once, when it has been counted down. */
import { InvalidArgumentError } from '../errors.js';
import { fast } from '../isolate.js';
import { mustBeGiven, nameOf, type Origin, type SharedHandle, type SharedOptions } from '../shared-object.js';
import { checkWaitOptions, shown, type WaitOptions } from '../wait-options.js';
import { reading, SharedLock } from './lock.js';

/**
 * A latch: opens for good when it has been counted down to zero.
 *
 * @example
 * ```ts
 * const ready = new CountDownLatch(4);   // each of four threads: CountDownLatch.from(handle).countDown()
 * await ready.wait();
 * ```
 */
export class CountDownLatch extends SharedLock<'latch'> {
  /**
   * @param count - How often it must be counted down, a whole number from 0.
   * @param options - `name` shares it by name.
   */
  constructor(count: number, options?: SharedOptions);
  /** @internal */
  constructor(origin: Origin, internal: true);
  constructor(first: number | Origin, second: SharedOptions | true = {}) {
    if (second === true) super('latch', first as Origin);
    else super('latch', { options: { count: mustBeGiven('count', first) }, name: nameOf(second) });
  }

  /** Opens the latch of a name. @throws {@link NotFoundError} if there is none. */
  static open(name: string): CountDownLatch {
    return new CountDownLatch({ name }, true);
  }

  /** Opens the latch that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
  static from(handle: SharedHandle<'latch'>): CountDownLatch {
    return new CountDownLatch({ handle }, true);
  }

  /** What is left to count. */
  get count(): number {
    return this.read(reading.value);
  }

  /** Counts down; at zero it stays. @returns What is left. */
  countDown(count = 1): number {
    if (!Number.isInteger(count) || count < 1 || count > 0xffffffff)
      throw new InvalidArgumentError('count', shown(count), 'a whole number of at least 1');
    return fast.lockGive(this.handle, true, count);
  }

  /** Waits until it is open. @throws {@link WaitTimeoutError}; the signal's reason; {@link LockClosedError}. */
  async wait(options?: WaitOptions): Promise<void> {
    if (options !== undefined) checkWaitOptions(options);
    await this.pass(true, 1, options);
  }

  /** As `wait`, and blocks this thread: worker threads only. */
  waitSync(options: WaitOptions = {}): void {
    this.passSync('waitSync', true, 1, options);
  }
}
