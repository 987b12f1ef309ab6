/** An item that stands in a stage. */
import type { GuardedCall } from './guarded-call.js';
import type { Origin } from './origin.js';

/** How far it is. `more`: a value that others of the same item come after. */
export const state = { waiting: 0, done: 1, dropped: 2, failed: 3, more: 4 } as const;

export type AnyIterator = Iterator<unknown> | AsyncIterator<unknown>;

/** An item in a stage. */
export class Entry {
  readonly item: unknown;
  /** Calls for it in earlier runs. */
  readonly prior: number;
  /** What it comes of, in a sub-pipeline. */
  readonly origin: Origin | undefined;
  state: number = state.waiting;
  value: unknown;
  call: GuardedCall | undefined;
  iterator: AnyIterator | undefined;
  /** Its slot is held until its iterator has ended. */
  holds = false;
  pulling = false;

  constructor(item: unknown, prior: number, origin: Origin | undefined) {
    this.item = item;
    this.prior = prior;
    this.origin = origin;
  }
}
