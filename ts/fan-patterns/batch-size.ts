/** How many inputs go to a worker at once. */

/** A rule for it. */
export interface BatchSize {
  /**
   * @param left - Inputs that no worker has.
   * @param workers - Those that want some.
   * @param all - Inputs there were.
   */
  next(left: number, workers: number, all: number): number;
  /** So many inputs took so many milliseconds. */
  learn(count: number, ms: number): void;
}

/** No more than lets every worker have some. */
const fair = (left: number, workers: number): number => Math.max(1, Math.ceil(left / workers));

/** One at a time. */
export const single: BatchSize = { next: () => 1, learn: () => undefined };

/** As many as one says; no more than an even share if it is `shared`. */
export class FixedSize implements BatchSize {
  readonly #size: number;
  readonly #shared: boolean;

  constructor(size: number, shared: boolean) {
    this.#size = size;
    this.#shared = shared;
  }

  next(_left: number, workers: number, all: number): number {
    return this.#shared ? Math.min(this.#size, fair(all, workers)) : this.#size;
  }

  learn(): void {}
}

/** A batch should be so much work for a thread: many times what sending it costs, and short enough to share out evenly. In milliseconds. */
const aim = 8;
/** Before anything is measured. */
const first = 16;

/** As many as are some milliseconds of work: for batches that are sent to threads. */
export class TimedSize implements BatchSize {
  #each = 0;

  next(left: number, workers: number): number {
    // Half an even share: what is left in the end is shared out in smaller parts.
    const most = fair(left, workers * 2);
    const wanted = this.#each === 0 ? first : Math.max(1, Math.round(aim / this.#each));
    return Math.min(wanted, most);
  }

  learn(count: number, ms: number): void {
    const each = Math.max(ms / count, 1e-6);
    this.#each = this.#each === 0 ? each : this.#each + (each - this.#each) / 4;
  }
}

/** A change of speed below this is chance. */
const notable = 1.05;
/** Batches of one size that are measured before the size changes. */
const sample = 2;
const largest = 65_536;

/**
 * Climbs to the size at which most inputs are done in a millisecond: doubles or halves it as long as that is faster, and turns back when it
 * is not. For batches whose cost is not that of their inputs alone, such as a request each.
 */
export class ClimbingSize implements BatchSize {
  #size = first;
  #up = true;
  #count = 0;
  #ms = 0;
  #batches = 0;
  #before = 0;

  next(left: number, workers: number): number {
    return Math.min(this.#size, fair(left, workers));
  }

  learn(count: number, ms: number): void {
    // The last ones of a call are smaller, and say nothing about this size.
    if (count < this.#size) return;
    this.#count += count;
    this.#ms += ms;
    if (++this.#batches < sample) return;
    const speed = this.#count / Math.max(this.#ms, 1e-6);
    if (speed < this.#before * notable) this.#up = !this.#up;
    this.#before = speed;
    this.#size = this.#up ? Math.min(this.#size * 2, largest) : Math.max(this.#size >> 1, 1);
    this.#count = 0;
    this.#ms = 0;
    this.#batches = 0;
  }
}
