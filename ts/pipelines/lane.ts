/**
 * The way of a run's items: a lane for each stage, and one at the end. Items are pushed on as far as there is room, without a promise
 * between two stages. A lane that has no room is not pushed to; when it has some again it calls those who feed it.
 */

import type { Origin } from './origin.js';
import type { Part } from './ticket.js';

/** Who pushes items into a lane. */
export interface Feeder {
  /** There is room again. */
  resume(): void;
}

/** A stage of one run, or the run's end. */
export abstract class Lane implements Feeder {
  /** What comes after it. The end has none. */
  next: Lane = this;
  readonly feeders: Feeder[] = [];
  /** Somebody has found no room. */
  protected wanted = false;

  /** Whether it takes an item now. Whoever is told no is called when it does. */
  abstract admits(): boolean;
  /** An item comes. Only if it admits one. In a sub-pipeline it comes of something, and holds that. */
  abstract take(value: unknown, origin?: Origin): void;
  /** What comes next in order is the error that ends the run, or that of what it comes of. */
  abstract takeError(error: unknown, origin?: Origin): void;
  /** Nothing more comes. */
  abstract finish(): void;
  /** What comes after it has room again. */
  abstract resume(): void;
  /** The run has ended: it forgets what it has. */
  abstract stop(reason: unknown): void;

  /** In a sub-pipeline: the places of its lists that are not complete. */
  get open(): readonly Part[] {
    return [];
  }

  /** The run begins. */
  begin(): void {}

  /** A failed item comes again. */
  takeAgain(value: unknown, _attempts: number): void {
    this.take(value);
  }

  protected wake(): void {
    if (!this.wanted) return;
    this.wanted = false;
    for (const feeder of this.feeders) feeder.resume();
  }
}
