/** How a pool of objects is made, and what it has counted. */
import { InvalidArgumentError } from '../errors.js';
import { shown } from '../wait-options.js';

/** How a pool makes, checks and ends its objects. */
export interface ObjectPoolOptions<T> {
  /** Makes an object. What it throws, `acquire` rejects with. */
  create: () => T | PromiseLike<T>;
  /** Ends an object. Until it has, the object counts as one of `max`. */
  destroy?: (value: T) => unknown;
  /** Makes an object that comes back fit for the next one. If it throws, the object is destroyed. */
  reset?: (value: T) => unknown;
  /** Says whether an object that has been idle is still good. If it says no, or throws, the object is destroyed and the next is tried. */
  validate?: (value: T) => boolean | PromiseLike<boolean>;
  /** How many objects `idleTimeout` leaves, and {@link ObjectPool.fill} makes; a whole number from 0. Default 0. */
  min?: number;
  /** How many objects there are at most, a whole number from 1. */
  max: number;
  /** After so many milliseconds without use an object is destroyed. Default: never. */
  idleTimeout?: number;
  /** After so many loans an object is destroyed; a whole number from 1. Default: never. */
  maxUses?: number;
  /** Is told what `destroy`, `reset` and `validate` throw. Default: {@link ObjectPoolStatistics} counts it alone. */
  onError?: (error: unknown, during: 'destroy' | 'reset' | 'validate') => void;
}

/** What a pool has counted. */
export interface ObjectPoolStatistics {
  /** Objects made. */
  created: number;
  /** Objects destroyed. */
  destroyed: number;
  /** Loans of an object that had been lent before or was idle. */
  reused: number;
  /** Objects that were no good any more, or whose `validate` threw. */
  validationFailures: number;
  /** Calls of `create` that threw. */
  createFailures: number;
  /** Calls of `reset` that threw. */
  resetFailures: number;
  /** Calls of `destroy` that threw. */
  destroyFailures: number;
  /** Calls of `acquire` that had to wait because `max` objects were in use. */
  waits: number;
}

const known = [
  'create',
  'destroy',
  'reset',
  'validate',
  'min',
  'max',
  'idleTimeout',
  'maxUses',
  'onError',
] as const;

/** @throws {@link InvalidArgumentError} for the first option that cannot be meant. */
export function checkPoolOptions<T>(options: ObjectPoolOptions<T>): void {
  if (typeof options !== 'object' || options === null)
    throw new InvalidArgumentError('options', shown(options), 'an object');
  for (const name of Object.keys(options)) {
    if (!(known as readonly string[]).includes(name))
      throw new InvalidArgumentError(name, 'an unknown option', known.join(', '));
  }
  if (typeof options.create !== 'function')
    throw new InvalidArgumentError('create', shown(options.create), 'a function');
  for (const name of ['destroy', 'reset', 'validate', 'onError'] as const) {
    if (options[name] !== undefined && typeof options[name] !== 'function')
      throw new InvalidArgumentError(name, shown(options[name]), 'a function');
  }
  const { max, min = 0, idleTimeout = Infinity, maxUses = Infinity } = options;
  if (!Number.isInteger(max) || max < 1 || max > 0xffffffff)
    throw new InvalidArgumentError('max', shown(max), 'a whole number from 1 to 4294967295');
  if (!Number.isInteger(min) || min < 0 || min > max)
    throw new InvalidArgumentError('min', shown(min), 'a whole number from 0 to max');
  if (typeof idleTimeout !== 'number' || !(idleTimeout > 0))
    throw new InvalidArgumentError('idleTimeout', shown(idleTimeout), 'milliseconds above 0, or Infinity');
  if (maxUses !== Infinity && (!Number.isInteger(maxUses) || maxUses < 1))
    throw new InvalidArgumentError('maxUses', shown(maxUses), 'a whole number of at least 1, or Infinity');
}
