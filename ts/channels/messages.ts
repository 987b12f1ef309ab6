/** A channel's messages, in and out of native calls. */
import type { Transferable } from 'node:worker_threads';
import { kind } from '../codec/index.js';
import { InvalidArgumentError } from '../errors.js';
import { nextSideId, stageSide, unstageSide } from '../links.js';
import { put, putSide, type Received } from '../values.js';
import { shown } from '../wait-options.js';

/** Messages between threads: the codec's, or left here for their receivers to ask for. */
export class Messages {
  /** Makes a message ready for a native call. `false` if only the platform can clone it. */
  encode(value: unknown): boolean {
    return put(value);
  }

  /** The same for any message; what only the platform can clone, or is moved, stays here until its receiver asks. */
  encodeAny(value: unknown, transfer: readonly Transferable[]): void {
    if (transfer.length === 0 && this.encode(value)) return;
    const id = nextSideId();
    stageSide(id, value, transfer, true);
    putSide(id);
  }

  /** What a message stands for that has come. */
  decode(value: Received): Received {
    return value;
  }

  /** A message was not sent after all. */
  forget(tag: number, num: number): void {
    if (tag === kind.side) unstageSide(num);
  }
}

/** Messages within one thread: they wait here, and a number travels in the place of each. */
export class LocalMessages extends Messages {
  readonly #values = new Map<number, unknown>();
  #last = 0;

  override encode(value: unknown): boolean {
    this.#values.set(++this.#last, value);
    return put(this.#last);
  }

  override encodeAny(value: unknown): void {
    this.encode(value);
  }

  override decode(id: Received): Received {
    const value = this.#values.get(id as number);
    this.#values.delete(id as number);
    return value;
  }

  override forget(_tag: number, num: number): void {
    this.#values.delete(num);
  }
}

/** Messages that cross: no state, so one will do. */
export const crossing = new Messages();

/** What is to be moved with a message. @throws {@link InvalidArgumentError} if it is no list. */
export function checkTransfer(transfer: unknown): void {
  if (!Array.isArray(transfer)) throw new InvalidArgumentError('transfer', shown(transfer), 'an array');
}
