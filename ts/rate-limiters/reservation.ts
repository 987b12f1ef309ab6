/** A place in a limiter's line at which nobody waits. */
import { fast } from '../isolate.js';

/** What was reserved: it is taken when its time comes, whoever looks, unless it is cancelled before. */
export class Reservation {
  readonly #handle: number;
  /** Undefined: it was granted at once. */
  readonly #place: number | undefined;
  /** Kept, so that its handle stays. */
  readonly #limiter: object;
  /** Milliseconds from when it was made until it may be acted upon; 0 for at once. Less if somebody before it leaves the line. */
  readonly delay: number;
  /** The same as a time: milliseconds since 1970. */
  readonly retryAt: number;

  /** @internal */
  constructor(limiter: object, handle: number, place: number | undefined, delay: number, now: number) {
    this.#limiter = limiter;
    this.#handle = handle;
    this.#place = place;
    this.delay = delay;
    this.retryAt = now + delay;
  }

  /**
   * Whether it still waits for its time. Not if it was granted at once, has been taken or cancelled, or the limiter was closed or configured so
   * that it will never be.
   */
  get pending(): boolean {
    return this.#place !== undefined && fast.limiterReserved(this.#handle, this.#place);
  }

  /**
   * Gives it up: what it would have taken is others', and those behind it move up.
   *
   * @returns False if its time has come and it has been taken, or it was cancelled before.
   */
  cancel(): boolean {
    void this.#limiter;
    return this.#place !== undefined && fast.limiterGiveUp(this.#handle, this.#place);
  }
}
