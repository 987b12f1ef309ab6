/** A 32-bit integer that all threads share. */
import { checkFunction } from '../arguments.js';
import { InvalidArgumentError } from '../errors.js';
import { fast } from '../isolate.js';
import type { Origin, SharedHandle, SharedOptions } from '../shared-object.js';
import { shown } from '../wait-options.js';
import { originOf, SharedAtomic } from './atomic.js';
import { type Cell, narrowCell } from './buffers.js';

/**
 * A signed 32-bit integer that all threads share, on a cache line of its own. Each method is one step among all threads; adding
 * beyond the range wraps around, as with `Atomics`. Reading and writing are no native calls and take
 * some tens of nanoseconds.
 *
 * @example
 * ```ts
 * const ready = new AtomicI32(0, { name: 'ready' });
 * // one thread                    // another
 * ready.store(1);                  if (ready.load() === 0) await ready.wait(0);
 * ready.notify();
 * ```
 */
export class AtomicI32 extends SharedAtomic<'atomic-i32', number> {
  readonly #cells: Int32Array;
  readonly #at: number;

  /**
   * @param initial - Its value, if it is made by this: one that is there by that name keeps its own. Default 0.
   * @param options - `name` shares it by name.
   */
  constructor(initial?: number, options?: SharedOptions);
  /** @internal */
  constructor(origin: Origin, internal: true);
  constructor(first: number | Origin = 0, second: SharedOptions | true = {}) {
    let origin = first as Origin;
    if (second !== true) {
      fast.atomicBits(checked(first, 'initial') >>> 0, 0);
      origin = originOf(second);
    }
    super('atomic-i32', origin);
    const { cells, at } = narrowCell(this.native);
    this.#cells = cells;
    this.#at = at;
  }

  /** Opens the atomic of a name. @throws {@link NotFoundError} if there is none. */
  static open(name: string): AtomicI32 {
    return new AtomicI32({ name }, true);
  }

  /** Opens the atomic that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
  static from(handle: SharedHandle<'atomic-i32'>): AtomicI32 {
    return new AtomicI32({ handle }, true);
  }

  /** Where its value is, for as long as it is kept. @internal */
  get cell(): Cell<Int32Array> {
    return { cells: this.#cells, at: this.#at };
  }

  /** Its value. */
  load(): number {
    return Atomics.load(this.#cells, this.#at);
  }

  /** Sets its value. @throws {@link InvalidArgumentError} for what is no 32-bit integer, here and in the other methods. */
  store(value: number): void {
    Atomics.store(this.#cells, this.#at, checked(value));
  }

  /** Adds. @returns The value before. */
  add(value: number): number {
    return Atomics.add(this.#cells, this.#at, checked(value));
  }

  /** Subtracts. @returns The value before. */
  sub(value: number): number {
    return Atomics.sub(this.#cells, this.#at, checked(value));
  }

  /** Keeps the bits that both have. @returns The value before. */
  and(value: number): number {
    return Atomics.and(this.#cells, this.#at, checked(value));
  }

  /** Sets the bits that either has. @returns The value before. */
  or(value: number): number {
    return Atomics.or(this.#cells, this.#at, checked(value));
  }

  /** Sets the bits that one of both has. @returns The value before. */
  xor(value: number): number {
    return Atomics.xor(this.#cells, this.#at, checked(value));
  }

  /** Sets its value. @returns The value before. */
  exchange(value: number): number {
    return Atomics.exchange(this.#cells, this.#at, checked(value));
  }

  /** Sets its value if it is `expected`. @returns The value before: it was set if that is `expected`. */
  compareExchange(expected: number, value: number): number {
    return Atomics.compareExchange(this.#cells, this.#at, checked(expected, 'expected'), checked(value));
  }

  /**
   * Replaces the value by what a function makes of it; if somebody else changes it meanwhile, the function is called again.
   *
   * @param fn - Must not depend on being called once.
   * @returns The new value.
   */
  update(fn: (value: number) => number): number {
    checkFunction('fn', fn);
    for (;;) {
      const before = this.load();
      const value = fn(before);
      if (this.compareExchange(before, value) === before) return value;
    }
  }

  /** @internal */
  protected override expect(expected: number, begin: (lower: number, upper: number) => number): number {
    return begin(checked(expected, 'expected') >>> 0, 0);
  }
}

function checked(value: unknown, name = 'value'): number {
  if (typeof value !== 'number' || (value | 0) !== value)
    throw new InvalidArgumentError(name, shown(value), 'a whole number from -2^31 to 2^31 - 1');
  return value;
}
