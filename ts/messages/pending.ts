/** Commands that wait for their answers. */
import { hold, release } from '../loop.js';
import type { Command } from './command.js';
import type { Counts } from './metrics.js';

/** The commands of a thread that have no answer yet. While there are any the process is kept alive. @internal */
export class Pending {
  readonly counts: Counts;
  /** This thread's number. */
  readonly thread: number;
  readonly #idle: () => void;
  #first: Command | undefined;
  #held = false;

  /** `idle` is called when nothing has been under way for a turn of the event loop. */
  constructor(counts: Counts, thread: number, idle: () => void) {
    this.counts = counts;
    this.thread = thread;
    this.#idle = idle;
  }

  get empty(): boolean {
    return this.#first === undefined;
  }

  add(command: Command): void {
    command.after = this.#first;
    if (this.#first !== undefined) this.#first.before = command;
    this.#first = command;
    if (this.#held) return;
    this.#held = true;
    hold();
  }

  remove({ before, after, far }: Command): void {
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after !== undefined) after.before = before;
    if (this.#first !== undefined) return;
    if (far) this.letGo();
    else if (!letting.has(this)) {
      // Not at once: whoever awaits one after the other would hold and release for each.
      if (letting.size === 0) setImmediate(letGo);
      letting.add(this);
    }
  }

  letGo(): void {
    if (this.#first !== undefined || !this.#held) return;
    this.#held = false;
    release();
    this.#idle();
  }

  /** Ends them all. */
  fail(error: unknown): void {
    for (let command = this.#first; command !== undefined; command = this.#first) command.end(error);
  }
}

const letting = new Set<Pending>();

function letGo(): void {
  for (const pending of letting) pending.letGo();
  letting.clear();
}
