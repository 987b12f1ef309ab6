/** Checks how a task is to be treated. */

import { InvalidArgumentError } from '../errors.js';
import { isCancellation } from '../signal.js';
import type { SubmitOptions } from './config.js';

const known = new Set(['signal', 'timeout', 'priority', 'transfer', 'processor', 'idempotent']);
/** A hundred years: more is a mistake of units. */
const longest = 3.2e12;

function shown(value: unknown): string {
  return typeof value === 'string'
    ? `'${value}'`
    : value === null || typeof value !== 'object'
      ? String(value)
      : typeof value;
}

/**
 * @param also - Names that this method takes beyond those of `submit`.
 * @throws {@link InvalidArgumentError} for the first option that cannot be meant.
 */
export function checkSubmitOptions(options: SubmitOptions, also: readonly string[] = []): void {
  if (typeof options !== 'object' || options === null) {
    throw new InvalidArgumentError('options', shown(options), 'an object');
  }
  for (const name of Object.keys(options)) {
    if (!known.has(name) && !also.includes(name)) {
      throw new InvalidArgumentError(name, 'an unknown option', `one of ${[...known, ...also].join(', ')}`);
    }
  }
  const { signal, timeout, priority, transfer, idempotent } = options;
  if (signal !== undefined && !isCancellation(signal)) {
    throw new InvalidArgumentError('signal', shown(signal), 'an AbortSignal or a Context');
  }
  if (
    timeout !== undefined &&
    timeout !== Infinity &&
    !(typeof timeout === 'number' && timeout >= 0 && timeout <= longest)
  ) {
    throw new InvalidArgumentError('timeout', shown(timeout), 'milliseconds, at least 0');
  }
  if (priority !== undefined && !(Number.isInteger(priority) && priority >= -128 && priority <= 127)) {
    throw new InvalidArgumentError('priority', shown(priority), 'a whole number from -128 to 127');
  }
  if (transfer !== undefined && !Array.isArray(transfer)) {
    throw new InvalidArgumentError('transfer', shown(transfer), 'an array');
  }
  if (idempotent !== undefined && typeof idempotent !== 'boolean') {
    throw new InvalidArgumentError('idempotent', shown(idempotent), 'a boolean');
  }
}

/** A whole number of something, at least one. */
export function checkCount(name: string, value: unknown, least = 1): number {
  if (!Number.isInteger(value) || (value as number) < least) {
    throw new InvalidArgumentError(name, shown(value), `a whole number of at least ${least}`);
  }
  return value as number;
}
