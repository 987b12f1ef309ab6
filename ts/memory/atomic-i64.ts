/** A 64-bit integer that all threads share. */
import { checkFunction } from '../arguments.js';
import { InvalidArgumentError, UnsafeIntegerError } from '../errors.js';
import { fast } from '../isolate.js';
import type { Origin, SharedHandle, SharedOptions } from '../shared-object.js';
import { shown } from '../wait-options.js';
import { originOf, SharedAtomic } from './atomic.js';
import { wideCell } from './buffers.js';

const half = 0xffff_ffffn;

/**
 * A signed 64-bit integer that all threads share, on a cache line of its own. Each method is one step among all threads; adding
 * beyond the range wraps around, as with `Atomics`.
 *
 * The methods take and give bigints. Their forms with `Number` take and give numbers, and never lose a bit: where the value is, or
 * would be, no safe integer they throw `UnsafeIntegerError` and change nothing.
 *
 * @example
 * ```ts
 * const sequence = new AtomicI64(0n, { name: 'sequence' });
 * const id = sequence.add(1n);
 * const count = sequence.addNumber(1);
 * ```
 */
export class AtomicI64 extends SharedAtomic<'atomic-i64', bigint | number> {
  readonly #cells: BigInt64Array;
  readonly #at: number;

  /**
   * @param initial - Its value, a bigint or a safe integer, if it is made by this: one that is there by that name keeps its own.
   * Default 0.
   * @param options - `name` shares it by name.
   */
  constructor(initial?: bigint | number, options?: SharedOptions);
  /** @internal */
  constructor(origin: Origin, internal: true);
  constructor(first: bigint | number | Origin = 0n, second: SharedOptions | true = {}) {
    let origin = first as Origin;
    if (second !== true) {
      const bits = either(first, 'initial');
      fast.atomicBits(Number(bits & half), Number((bits >> 32n) & half));
      origin = originOf(second);
    }
    super('atomic-i64', origin);
    const { cells, at } = wideCell(this.native);
    this.#cells = cells;
    this.#at = at;
  }

  /** Opens the atomic of a name. @throws {@link NotFoundError} if there is none. */
  static open(name: string): AtomicI64 {
    return new AtomicI64({ name }, true);
  }

  /** Opens the atomic that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
  static from(handle: SharedHandle<'atomic-i64'>): AtomicI64 {
    return new AtomicI64({ handle }, true);
  }

  /** Its value. */
  load(): bigint {
    return Atomics.load(this.#cells, this.#at);
  }

  /** Sets its value. @throws {@link InvalidArgumentError} for what is no 64-bit bigint, here and in the other methods. */
  store(value: bigint): void {
    Atomics.store(this.#cells, this.#at, checked(value));
  }

  /** Adds. @returns The value before. */
  add(value: bigint): bigint {
    return Atomics.add(this.#cells, this.#at, checked(value));
  }

  /** Subtracts. @returns The value before. */
  sub(value: bigint): bigint {
    return Atomics.sub(this.#cells, this.#at, checked(value));
  }

  /** Keeps the bits that both have. @returns The value before. */
  and(value: bigint): bigint {
    return Atomics.and(this.#cells, this.#at, checked(value));
  }

  /** Sets the bits that either has. @returns The value before. */
  or(value: bigint): bigint {
    return Atomics.or(this.#cells, this.#at, checked(value));
  }

  /** Sets the bits that one of both has. @returns The value before. */
  xor(value: bigint): bigint {
    return Atomics.xor(this.#cells, this.#at, checked(value));
  }

  /** Sets its value. @returns The value before. */
  exchange(value: bigint): bigint {
    return Atomics.exchange(this.#cells, this.#at, checked(value));
  }

  /** Sets its value if it is `expected`. @returns The value before: it was set if that is `expected`. */
  compareExchange(expected: bigint, value: bigint): bigint {
    return Atomics.compareExchange(this.#cells, this.#at, checked(expected, 'expected'), checked(value));
  }

  /**
   * Replaces the value by what a function makes of it; if somebody else changes it meanwhile, the function is called again.
   *
   * @param fn - Must not depend on being called once.
   * @returns The new value.
   */
  update(fn: (value: bigint) => bigint): bigint {
    checkFunction('fn', fn);
    for (;;) {
      const before = this.load();
      const value = fn(before);
      if (this.compareExchange(before, value) === before) return value;
    }
  }

  /** Its value as a number. @throws {@link UnsafeIntegerError} if it is no safe integer, here and in the other `Number` methods. */
  loadNumber(): number {
    return safe(this.load());
  }

  /** Sets its value, a safe integer. */
  storeNumber(value: number): void {
    this.store(whole(value));
  }

  /** Adds a safe integer. @returns The value before. */
  addNumber(value: number): number {
    const more = whole(value);
    return this.#change((before) => before + more);
  }

  /** Subtracts a safe integer. @returns The value before. */
  subNumber(value: number): number {
    const less = whole(value);
    return this.#change((before) => before - less);
  }

  /** Sets its value, a safe integer. @returns The value before. */
  exchangeNumber(value: number): number {
    const next = whole(value);
    return this.#change(() => next);
  }

  /**
   * Sets its value if it is `expected`; both are safe integers.
   *
   * @returns The value before: it was set if that is `expected`.
   */
  compareExchangeNumber(expected: number, value: number): number {
    return safe(this.compareExchange(whole(expected, 'expected'), whole(value)));
  }

  /** As `update`, with safe integers. @returns The new value. */
  updateNumber(fn: (value: number) => number): number {
    checkFunction('fn', fn);
    return safe(this.update((before) => whole(fn(safe(before)))));
  }

  /** @returns The value before; it and the new one are safe. */
  #change(fn: (before: bigint) => bigint): number {
    for (;;) {
      const before = this.load();
      const number = safe(before);
      const value = fn(before);
      safe(value);
      if (this.compareExchange(before, value) === before) return number;
    }
  }

  /** @internal */
  protected override expect(
    expected: bigint | number,
    begin: (lower: number, upper: number) => number,
  ): number {
    const bits = either(expected, 'expected');
    return begin(Number(bits & half), Number((bits >> 32n) & half));
  }
}

function checked(value: unknown, name = 'value'): bigint {
  if (typeof value !== 'bigint' || BigInt.asIntN(64, value) !== value)
    throw new InvalidArgumentError(name, shown(value), 'a bigint from -2^63 to 2^63 - 1');
  return value;
}

function whole(value: unknown, name = 'value'): bigint {
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError(name, shown(value), 'a safe integer');
  return BigInt(value as number);
}

function either(value: unknown, name: string): bigint {
  return typeof value === 'number' ? whole(value, name) : checked(value, name);
}

function safe(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new UnsafeIntegerError(value);
  return number;
}
