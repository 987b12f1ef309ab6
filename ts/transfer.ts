/** Moving instead of copying: what a processor returns, or a stream of it yields. */
import type { Transferable } from 'node:worker_threads';
import { InvalidArgumentError } from './errors.js';

const marker = Symbol.for('millrace.moved');

/** A value whose parts are to be moved. @internal */
export interface Moved {
  [marker]: true;
  value: unknown;
  transfer: readonly Transferable[];
}

/**
 * Marks the result of a processor to be moved to the submitter instead of copied.
 *
 * @param value - The result.
 * @param transfer - What in it is moved, as for `postMessage`; by default the value itself, or the buffer under it.
 * @returns What the processor returns in place of the value.
 * @throws {@link InvalidArgumentError} if nothing is given to move.
 * @example
 * ```ts
 * export default (pixels: Uint8Array) => move(invert(pixels));
 * ```
 */
export function move<T>(value: T, transfer?: readonly Transferable[]): T {
  const list = transfer ?? (ArrayBuffer.isView(value) ? [value.buffer] : [value]);
  if (!Array.isArray(list)) throw new InvalidArgumentError('transfer', typeof list, 'an array');
  const moved: Moved = { [marker]: true, value, transfer: list as readonly Transferable[] };
  return moved as T;
}

/** @internal */
export function isMoved(value: unknown): value is Moved {
  return typeof value === 'object' && value !== null && marker in value;
}
