/** How many calls of a stage run at once, whichever runs they belong to: first come, first served. */
import { Deque } from './deque.js';

/** One who waits for a slot. */
export interface SlotWaiter {
  /** The run it belongs to; a slot that this run itself gives back comes without a detour. */
  readonly run: object;
  /** Has a slot now, and gives it back. `direct` in a call of its own run. */
  granted(direct: boolean): void;
}

/** A stage's slots. */
export class Slots {
  readonly limit: number;
  running = 0;
  readonly #waiting = new Deque<SlotWaiter>();
  #granting = false;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Calls that wait for a slot, beyond the items in buffers. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Takes one if it is free and nobody waits. */
  take(): boolean {
    if (this.running >= this.limit || this.#waiting.length > 0) return false;
    this.running++;
    return true;
  }

  wait(waiter: SlotWaiter): void {
    this.#waiting.push(waiter);
  }

  /** Gives one back, which the next in line gets. */
  give(by: object | undefined): void {
    this.running--;
    if (this.#waiting.length > 0) this.#grant(by);
  }

  #grant(by: object | undefined): void {
    // Whoever gets a slot may give it back at once: the loop goes on then, not a deeper call.
    if (this.#granting) return;
    this.#granting = true;
    try {
      while (this.#waiting.length > 0 && this.running < this.limit) {
        const waiter = this.#waiting.shift() as SlotWaiter;
        this.running++;
        waiter.granted(waiter.run === by);
      }
    } finally {
      this.#granting = false;
    }
  }
}
