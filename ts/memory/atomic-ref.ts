/** A whole value that all threads share. */
import { checkFunction } from '../arguments.js';
import { UnsupportedError } from '../errors.js';
import { fast, taskRecord } from '../isolate.js';
import type { Origin, SharedHandle, SharedOptions } from '../shared-object.js';
import { put, putNum, putTag, recordedValue } from '../values.js';
import { originOf, SharedAtomic } from './atomic.js';

/**
 * A value that all threads share and that is replaced as a whole. Values are cloned in and out, as by `postMessage`. Each method is
 * one step among all threads.
 *
 * Values are compared by their encodings: two are the same if they have the same structure, with the properties in the same order.
 * NaN is itself, 0 is not -0.
 *
 * @example
 * ```ts
 * const config = new AtomicRef<Config>(defaults, { name: 'config' });
 * config.update((old) => ({ ...old, verbose: true }));       // nobody's change is lost
 * ```
 */
export class AtomicRef<T> extends SharedAtomic<'atomic-ref', T> {
  /**
   * @param initial - Its value, if it is made by this: one that is there by that name keeps its own.
   * @param options - `name` shares it by name.
   * @throws `DataCloneError` for what cannot be cloned; {@link UnsupportedError} for what the platform alone can clone. So do the
   * other methods.
   */
  constructor(initial: T, options?: SharedOptions);
  /** @internal */
  constructor(origin: Origin, internal: true);
  constructor(first: T | Origin, second: SharedOptions | true = {}) {
    let origin = first as Origin;
    if (second !== true) {
      origin = originOf(second);
      putWhole(first);
      fast.atomicWhole(putTag, putNum);
    }
    super('atomic-ref', origin);
  }

  /** Opens the atomic of a name. @throws {@link NotFoundError} if there is none. */
  static open<T>(name: string): AtomicRef<T> {
    return new AtomicRef<T>({ name }, true);
  }

  /** Opens the atomic that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
  static from<T>(handle: SharedHandle<'atomic-ref'>): AtomicRef<T> {
    return new AtomicRef<T>({ handle }, true);
  }

  /** A clone of its value. */
  load(): T {
    return given(fast.referenceLoad(this.handle));
  }

  /** Sets its value. */
  store(value: T): void {
    putWhole(value);
    fast.referenceStore(this.handle, putTag, putNum);
  }

  /** Sets its value. @returns The value before. */
  exchange(value: T): T {
    putWhole(value);
    return given(fast.referenceExchange(this.handle, putTag, putNum));
  }

  /**
   * Sets its value if it is the same as `expected`.
   *
   * @returns Whether it did. Unlike the value before, which is a clone, that can be told.
   */
  compareExchange(expected: T, value: T): boolean {
    putWhole(expected);
    fast.referenceExpect(putTag, putNum);
    try {
      putWhole(value);
    } catch (error) {
      fast.referenceUnexpect();
      throw error;
    }
    return fast.referenceCompareExchange(this.handle, putTag, putNum);
  }

  /**
   * Replaces the value by what a function makes of it; if somebody else sets it meanwhile, the function is called again.
   *
   * @param fn - Must not depend on being called once.
   * @returns The new value.
   */
  update(fn: (value: T) => T): T {
    checkFunction('fn', fn);
    for (;;) {
      const version = fast.referenceLook(this.handle);
      const value = fn(recordedValue(taskRecord + 2) as T);
      putWhole(value);
      if (fast.referenceSetIf(this.handle, putTag, putNum, version)) return value;
    }
  }

  /** @internal */
  protected override expect(expected: T, begin: (lower: number, upper: number) => number): number {
    putWhole(expected);
    fast.atomicWhole(putTag, putNum);
    return begin(0, 0);
  }
}

/** Makes a value ready for the next native call. */
function putWhole(value: unknown): void {
  if (!put(value))
    throw new UnsupportedError(
      'the platform alone can clone this value, and an atomic must give it to any thread',
    );
}

/** The value that a native call has answered with. */
function given<T>(got: number | boolean): T {
  return (got === true ? recordedValue(taskRecord + 2) : got) as T;
}
