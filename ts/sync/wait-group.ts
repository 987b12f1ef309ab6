/** Waiting until a number of things are done, whichever threads do them. */
import { checkFunction } from '../arguments.js';
import { InvalidArgumentError } from '../errors.js';
import { fast } from '../isolate.js';
import { nameOf, type Origin, type SharedHandle, type SharedOptions } from '../shared-object.js';
import { checkWaitOptions, shown, type WaitOptions } from '../wait-options.js';
import { reading, SharedLock } from './lock.js';

/**
 * Go's WaitGroup: a counter, and those who wait for it to be zero.
 *
 * @example
 * ```ts
 * const group = new WaitGroup();
 * group.add(threads.length);      // each thread: WaitGroup.from(handle).done()
 * await group.wait();
 * ```
 */
export class WaitGroup extends SharedLock<'waitgroup'> {
  /** @param options - `name` shares it by name. */
  constructor(options?: SharedOptions);
  /** @internal */
  constructor(origin: Origin, internal: true);
  constructor(first: SharedOptions | Origin = {}, internal = false) {
    super('waitgroup', internal ? (first as Origin) : { options: {}, name: nameOf(first as SharedOptions) });
  }

  /** Opens the group of a name. @throws {@link NotFoundError} if there is none. */
  static open(name: string): WaitGroup {
    return new WaitGroup({ name }, true);
  }

  /** Opens the group that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
  static from(handle: SharedHandle<'waitgroup'>): WaitGroup {
    return new WaitGroup({ handle }, true);
  }

  /** What is left to do. */
  get count(): number {
    return this.read(reading.value);
  }

  /** Changes the counter. @throws {@link NotHeldError} if it would fall below zero. */
  add(delta: number): void {
    if (!Number.isSafeInteger(delta)) throw new InvalidArgumentError('delta', shown(delta), 'a whole number');
    fast.lockGive(this.handle, true, delta);
  }

  /** One thing is done. @throws {@link NotHeldError} if there is nothing left to do. */
  done(): void {
    this.add(-1);
  }

  /** Waits until the counter is zero. @throws {@link WaitTimeoutError}; the signal's reason; {@link LockClosedError}. */
  async wait(options?: WaitOptions): Promise<void> {
    if (options !== undefined) checkWaitOptions(options);
    await this.pass(true, 1, options);
  }

  /** As `wait`, and blocks this thread: worker threads only. */
  waitSync(options: WaitOptions = {}): void {
    this.passSync('waitSync', true, 1, options);
  }

  /** Counts a function's run: adds one, and takes it away when it has ended, however that may be. */
  async go<T>(fn: () => T | PromiseLike<T>): Promise<T> {
    checkFunction('fn', fn);
    this.add(1);
    try {
      return await fn();
    } finally {
      this.done();
    }
  }
}
