/** A 64-bit floating-point number that all threads share. */
import { checkFunction } from '../arguments.js';
import { InvalidArgumentError } from '../errors.js';
import { fast } from '../isolate.js';
import type { Origin, SharedHandle, SharedOptions } from '../shared-object.js';
import { shown } from '../wait-options.js';
import { originOf, SharedAtomic } from './atomic.js';
import { wideCell } from './buffers.js';

/** One number, and its bits. */
const number = new Float64Array(1);
const bits = new BigInt64Array(number.buffer);
const halves = new Uint32Array(number.buffer);

/**
 * A number that all threads share, on a cache line of its own. Each method is one step among all threads. Values are told apart as
 * `Object.is` does: NaN is NaN, whichever bits it has, and 0 is not -0.
 *
 * @example
 * ```ts
 * const total = new AtomicF64(0, { name: 'total' });
 * total.add(0.25);
 * total.update((value) => Math.max(value, sample));
 * ```
 */
export class AtomicF64 extends SharedAtomic<'atomic-f64', number> {
  readonly #cells: BigInt64Array;
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
      toBits(first, 'initial');
      fast.atomicBits(halves[0] as number, halves[1] as number);
      origin = originOf(second);
    }
    super('atomic-f64', origin);
    const { cells, at } = wideCell(this.native);
    this.#cells = cells;
    this.#at = at;
  }

  /** Opens the atomic of a name. @throws {@link NotFoundError} if there is none. */
  static open(name: string): AtomicF64 {
    return new AtomicF64({ name }, true);
  }

  /** Opens the atomic that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
  static from(handle: SharedHandle<'atomic-f64'>): AtomicF64 {
    return new AtomicF64({ handle }, true);
  }

  /** Its value. */
  load(): number {
    return toNumber(Atomics.load(this.#cells, this.#at));
  }

  /** Sets its value. @throws {@link InvalidArgumentError} for what is no number, here and in the other methods. */
  store(value: number): void {
    Atomics.store(this.#cells, this.#at, toBits(value));
  }

  /** Adds. @returns The value before. */
  add(value: number): number {
    toBits(value);
    return this.#change((before) => before + value);
  }

  /** Subtracts. @returns The value before. */
  sub(value: number): number {
    toBits(value);
    return this.#change((before) => before - value);
  }

  /** Sets its value. @returns The value before. */
  exchange(value: number): number {
    return toNumber(Atomics.exchange(this.#cells, this.#at, toBits(value)));
  }

  /** Sets its value if it is `expected`. @returns The value before: it was set if `Object.is` says that it is `expected`. */
  compareExchange(expected: number, value: number): number {
    const seen = toBits(expected, 'expected');
    return toNumber(Atomics.compareExchange(this.#cells, this.#at, seen, toBits(value)));
  }

  /**
   * Replaces the value by what a function makes of it; if somebody else changes it meanwhile, the function is called again.
   *
   * @param fn - Must not depend on being called once.
   * @returns The new value.
   */
  update(fn: (value: number) => number): number {
    checkFunction('fn', fn);
    let value = 0;
    this.#change((before) => {
      value = fn(before);
      return value;
    });
    return value;
  }

  #change(fn: (before: number) => number): number {
    for (;;) {
      const seen = Atomics.load(this.#cells, this.#at);
      const before = toNumber(seen);
      const value = toBits(fn(before));
      if (Atomics.compareExchange(this.#cells, this.#at, seen, value) === seen) return before;
    }
  }

  /** @internal */
  protected override expect(expected: number, begin: (lower: number, upper: number) => number): number {
    toBits(expected, 'expected');
    return begin(halves[0] as number, halves[1] as number);
  }
}

/** Leaves the bits in `halves` as well. NaN has always the same. */
function toBits(value: unknown, name = 'value'): bigint {
  if (typeof value !== 'number') throw new InvalidArgumentError(name, shown(value), 'a number');
  if (Number.isNaN(value)) bits[0] = 0x7ff8_0000_0000_0000n;
  else number[0] = value;
  return bits[0] as bigint;
}

function toNumber(value: bigint): number {
  bits[0] = value;
  return number[0] as number;
}
