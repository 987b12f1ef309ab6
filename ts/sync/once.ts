/** Something that one thread of all does once. */
import { checkFunction } from '../arguments.js';
import { callSync } from '../blocking.js';
import { UnsupportedError } from '../errors.js';
import { fast, taskRecord } from '../isolate.js';
import { nameOf, type Origin, type SharedHandle, type SharedOptions } from '../shared-object.js';
import { put, putNum, putTag, recordedValue } from '../values.js';
import { checkWaitOptions, type WaitOptions } from '../wait-options.js';
import { nextWait } from '../waits.js';
import { passed, reading, SharedLock } from './lock.js';

/**
 * Once: one thread of all runs the function, and everybody gets its result. If it throws, or its thread ends, the next one who asked
 * runs it.
 *
 * @example
 * ```ts
 * const config = await new Once<Config>({ name: 'config' }).do(() => loadConfig());
 * ```
 */
export class Once<T = unknown> extends SharedLock<'once'> {
  /** @param options - `name` shares it by name. */
  constructor(options?: SharedOptions);
  /** @internal */
  constructor(origin: Origin, internal: true);
  constructor(first: SharedOptions | Origin = {}, internal = false) {
    super('once', internal ? (first as Origin) : { options: {}, name: nameOf(first as SharedOptions) });
  }

  /** Opens the once of a name. @throws {@link NotFoundError} if there is none. */
  static open<T>(name: string): Once<T> {
    return new Once<T>({ name }, true);
  }

  /** Opens the once that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
  static from<T>(handle: SharedHandle<'once'>): Once<T> {
    return new Once<T>({ handle }, true);
  }

  /** Whether it has been done. */
  get done(): boolean {
    return this.read(reading.value) === 1;
  }

  /** Its result, once it is done. @internal */
  result(): T | undefined {
    return this.done ? this.#got() : undefined;
  }

  /** Makes it done with this result, unless somebody is at it. @internal */
  set(result: T): void {
    const how = fast.lockPass(this.handle, nextWait(), true, 1);
    if (how !== passed.first) return;
    if (put(result)) fast.onceFinish(this.handle, putTag, putNum);
    else fast.lockGive(this.handle, true, 0);
  }

  /**
   * Runs the function, unless somebody has, and gives the result.
   *
   * @returns A clone of what the function returned, wherever it ran; the value itself for the one who ran it.
   * @throws What the function throws, for the one who ran it; {@link WaitTimeoutError}; the signal's reason.
   */
  async do(fn: () => T | PromiseLike<T>, options?: WaitOptions): Promise<T> {
    checkFunction('fn', fn);
    if (options !== undefined) checkWaitOptions(options);
    if (!this.#runs(await this.pass(true, 1, options))) return this.#got();
    try {
      const result = await fn();
      this.#finish(result);
      return result;
    } catch (error) {
      fast.lockGive(this.handle, true, 0);
      throw error;
    }
  }

  /**
   * As `do`, with a function that is done when it returns, and blocks this thread while another is at it: worker threads only. A thread
   * that is at it itself, in `do`, would wait for what it keeps from ending.
   *
   * @throws What the function throws, for the one who ran it; {@link InvalidArgumentError} if it returns a promise, and then it counts
   * as failed; {@link WaitTimeoutError}; the signal's reason; {@link UnsupportedError} in the main thread.
   */
  doSync(fn: () => T, options: WaitOptions = {}): T {
    checkFunction('fn', fn);
    if (!this.#runs(this.passSync('doSync', true, 1, options))) return this.#got();
    try {
      const result = callSync(fn);
      this.#finish(result);
      return result;
    } catch (error) {
      fast.lockGive(this.handle, true, 0);
      throw error;
    }
  }

  /** Whether it is for this one to run the function, after passing in this way. */
  #runs(how: number): boolean {
    return how === passed.first || (how === passed.waiting && !this.done);
  }

  #got(): T {
    fast.onceResult(this.handle);
    return recordedValue(taskRecord + 2) as T;
  }

  #finish(result: T): void {
    if (!put(result))
      throw new UnsupportedError(
        'the result of a Once must be one that every thread can get: the platform alone can clone this one',
      );
    fast.onceFinish(this.handle, putTag, putNum);
  }
}
