/** Checks of arguments and options that many methods take. Each throws {@link InvalidArgumentError}. */
import { InvalidArgumentError } from './errors.js';
import { shown } from './wait-options.js';

/** A hundred years: more is a mistake of units. */
const longest = 3.2e12;

/** An object without names that are not known. */
export function checkNames(options: unknown, known: readonly string[], what = 'options'): void {
  if (typeof options !== 'object' || options === null)
    throw new InvalidArgumentError(what, shown(options), 'an object');
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw new InvalidArgumentError(name, 'an unknown option', known.join(', '));
  }
}

/** What is to be called. */
export function checkFunction(name: string, fn: unknown): void {
  if (typeof fn !== 'function') throw new InvalidArgumentError(name, shown(fn), 'a function');
}

/** What is to be gone through. */
export function checkIterable(name: string, values: unknown): void {
  if (typeof (values as Iterable<unknown> | null | undefined)?.[Symbol.iterator] !== 'function')
    throw new InvalidArgumentError(name, shown(values), 'an iterable');
}

/** A whole number, if there is any. */
export function checkWhole(name: string, value: unknown, least: number): void {
  if (value !== undefined && !(Number.isSafeInteger(value) && (value as number) >= least))
    throw new InvalidArgumentError(name, shown(value), `a whole number of at least ${least}`);
}

/** A time in milliseconds. `Infinity` is as none. */
export function checkTime(name: string, value: unknown): number | undefined {
  if (value === undefined || value === Infinity) return undefined;
  if (!(typeof value === 'number' && value >= 0 && value <= longest))
    throw new InvalidArgumentError(name, shown(value), 'milliseconds, at least 0');
  return value;
}

/** One of some words. */
export function checkWord(name: string, value: unknown, words: readonly string[]): void {
  if (typeof value !== 'string' || !words.includes(value))
    throw new InvalidArgumentError(
      name,
      shown(value),
      `one of ${words.map((word) => `'${word}'`).join(', ')}`,
    );
}

/** Yes or no. */
export function checkFlag(name: string, value: unknown): void {
  if (typeof value !== 'boolean') throw new InvalidArgumentError(name, shown(value), 'a boolean');
}

/** As many as one likes, or `Infinity`. */
export function checkWidth(name: string, value: unknown): void {
  if (value !== Infinity && !(Number.isInteger(value) && (value as number) >= 1))
    throw new InvalidArgumentError(name, shown(value), 'a whole number of at least 1, or Infinity');
}
