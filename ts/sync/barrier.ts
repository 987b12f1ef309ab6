/** A place where so many meet, again and again. */
import { BarrierBrokenError } from '../errors.js';
import { fast } from '../isolate.js';
import { mustBeGiven, nameOf, type Origin, type SharedHandle, type SharedOptions } from '../shared-object.js';
import { checkWaitOptions, type WaitOptions } from '../wait-options.js';
import { passed, reading, SharedLock } from './lock.js';

/**
 * A cyclic barrier: whoever arrives waits until all parties have; then all go on, and it begins anew. If one of them gives up, or
 * its thread ends, the barrier is broken for all until it is reset.
 *
 * @example
 * ```ts
 * const barrier = new Barrier(4);
 * for (const step of steps) {
 *   compute(step);
 *   if ((await barrier.arrive()).leader) publish(step);
 * }
 * ```
 */
export class Barrier extends SharedLock<'barrier'> {
  /**
   * @param parties - How many meet, a whole number from 1.
   * @param options - `name` shares it by name.
   */
  constructor(parties: number, options?: SharedOptions);
  /** @internal */
  constructor(origin: Origin, internal: true);
  constructor(first: number | Origin, second: SharedOptions | true = {}) {
    if (second === true) super('barrier', first as Origin);
    else super('barrier', { options: { parties: mustBeGiven('parties', first) }, name: nameOf(second) });
  }

  /** Opens the barrier of a name. @throws {@link NotFoundError} if there is none. */
  static open(name: string): Barrier {
    return new Barrier({ name }, true);
  }

  /** Opens the barrier that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
  static from(handle: SharedHandle<'barrier'>): Barrier {
    return new Barrier({ handle }, true);
  }

  /** How many meet. */
  get parties(): number {
    return this.read(reading.size);
  }

  /** Whether somebody has given up since the last reset. */
  get broken(): boolean {
    return this.read(reading.value) === 1;
  }

  /**
   * Waits for the others.
   *
   * @returns `leader` is true for one of each meeting: the last to arrive.
   * @throws {@link BarrierBrokenError}; {@link WaitTimeoutError} and the signal's reason, which break it for the others.
   */
  async arrive(options?: WaitOptions): Promise<{ leader: boolean }> {
    if (options !== undefined) checkWaitOptions(options);
    return this.#met(await this.pass(true, 1, options));
  }

  /** As `arrive`, and blocks this thread: worker threads only. */
  arriveSync(options: WaitOptions = {}): { leader: boolean } {
    return this.#met(this.passSync('arriveSync', true, 1, options));
  }

  #met(how: number): { leader: boolean } {
    if (how === passed.broken) throw new BarrierBrokenError();
    return { leader: how === passed.first };
  }

  /** @internal */
  protected override refusal(): Error {
    return this.closed ? super.refusal() : new BarrierBrokenError();
  }

  /** Mends it: those who wait reject with {@link BarrierBrokenError}, and it begins anew. */
  reset(): void {
    fast.lockGive(this.handle, true, 1);
  }
}
