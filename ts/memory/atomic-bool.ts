/** A boolean that all threads share. */
import { checkFunction } from '../arguments.js';
import { InvalidArgumentError } from '../errors.js';
import { fast } from '../isolate.js';
import type { Origin, SharedHandle, SharedOptions } from '../shared-object.js';
import { shown } from '../wait-options.js';
import { originOf, SharedAtomic } from './atomic.js';
import { narrowCell } from './buffers.js';

/**
 * A boolean that all threads share, on a cache line of its own. Each method is one step among all threads.
 *
 * @example
 * ```ts
 * const started = new AtomicBool(false, { name: 'started' });
 * if (!started.exchange(true)) start();          // one thread alone
 * ```
 */
export class AtomicBool extends SharedAtomic<'atomic-bool', boolean> {
  readonly #cells: Int32Array;
  readonly #at: number;

  /**
   * @param initial - Its value, if it is made by this: one that is there by that name keeps its own. Default false.
   * @param options - `name` shares it by name.
   */
  constructor(initial?: boolean, options?: SharedOptions);
  /** @internal */
  constructor(origin: Origin, internal: true);
  constructor(first: boolean | Origin = false, second: SharedOptions | true = {}) {
    let origin = first as Origin;
    if (second !== true) {
      fast.atomicBits(bit(first, 'initial'), 0);
      origin = originOf(second);
    }
    super('atomic-bool', origin);
    const { cells, at } = narrowCell(this.native);
    this.#cells = cells;
    this.#at = at;
  }

  /** Opens the atomic of a name. @throws {@link NotFoundError} if there is none. */
  static open(name: string): AtomicBool {
    return new AtomicBool({ name }, true);
  }

  /** Opens the atomic that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
  static from(handle: SharedHandle<'atomic-bool'>): AtomicBool {
    return new AtomicBool({ handle }, true);
  }

  /** Its value. */
  load(): boolean {
    return Atomics.load(this.#cells, this.#at) !== 0;
  }

  /** Sets its value. @throws {@link InvalidArgumentError} for what is no boolean, here and in the other methods. */
  store(value: boolean): void {
    Atomics.store(this.#cells, this.#at, bit(value));
  }

  /** Sets its value. @returns The value before. */
  exchange(value: boolean): boolean {
    return Atomics.exchange(this.#cells, this.#at, bit(value)) !== 0;
  }

  /** Sets its value if it is `expected`. @returns The value before: it was set if that is `expected`. */
  compareExchange(expected: boolean, value: boolean): boolean {
    return Atomics.compareExchange(this.#cells, this.#at, bit(expected, 'expected'), bit(value)) !== 0;
  }

  /** Makes true of false and false of true. @returns The value before. */
  toggle(): boolean {
    return Atomics.xor(this.#cells, this.#at, 1) !== 0;
  }

  /**
   * Replaces the value by what a function makes of it; if somebody else changes it meanwhile, the function is called again.
   *
   * @param fn - Must not depend on being called once.
   * @returns The new value.
   */
  update(fn: (value: boolean) => boolean): boolean {
    checkFunction('fn', fn);
    for (;;) {
      const before = this.load();
      const value = fn(before);
      if (this.compareExchange(before, value) === before) return value;
    }
  }

  /** @internal */
  protected override expect(expected: boolean, begin: (lower: number, upper: number) => number): number {
    return begin(bit(expected, 'expected'), 0);
  }
}

function bit(value: unknown, name = 'value'): number {
  if (typeof value !== 'boolean') throw new InvalidArgumentError(name, shown(value), 'a boolean');
  return value ? 1 : 0;
}
