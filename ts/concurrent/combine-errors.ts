/** Many errors in one. */
import { InvalidArgumentError } from '../errors.js';
import { shown } from '../wait-options.js';
import { CombinedError } from './errors.js';

/**
 * Makes one error of several; `undefined` and `null` among them are passed over.
 *
 * @returns `undefined` if there is none, the error itself if there is one, otherwise a {@link CombinedError} of all.
 * @example
 * ```ts
 * const error = combineErrors(outcomes.map((outcome) => outcome.reason));
 * if (error !== undefined) throw error;
 * ```
 */
export function combineErrors(errors: Iterable<unknown>): unknown {
  if (typeof errors !== 'object' || errors === null || typeof errors[Symbol.iterator] !== 'function')
    throw new InvalidArgumentError('errors', shown(errors), 'an iterable');
  const all = [...errors].filter((error) => error !== undefined && error !== null);
  return all.length > 1 ? new CombinedError(all) : all[0];
}
