/** Checks of arguments that many methods take. */
import { InvalidArgumentError } from './errors.js';
import { shown } from './wait-options.js';

/** What is to be called. @throws {@link InvalidArgumentError} if it is no function. */
export function checkFunction(fn: unknown): void {
  if (typeof fn !== 'function') throw new InvalidArgumentError('fn', shown(fn), 'a function');
}

/** What is to be gone through. @throws {@link InvalidArgumentError} if it is no iterable. */
export function checkIterable(name: string, values: unknown): void {
  if (typeof (values as Iterable<unknown> | null | undefined)?.[Symbol.iterator] !== 'function')
    throw new InvalidArgumentError(name, shown(values), 'an iterable');
}
