/** Checks of options that several of these take. */
import { InvalidArgumentError } from '../errors.js';
import { shown } from '../wait-options.js';

/** A hundred years: more is a mistake of units. */
const longest = 3.2e12;

/** @throws {@link InvalidArgumentError} for the first name that is not among `known`. */
export function checkNames(options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null)
    throw new InvalidArgumentError('options', shown(options), 'an object');
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw new InvalidArgumentError(name, 'an unknown option', known.join(', '));
  }
}

/** A function. */
export function checkFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') throw new InvalidArgumentError(name, shown(value), 'a function');
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
