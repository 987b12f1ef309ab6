/** What is held, until it is given back. */
import { NotHeldError } from '../errors.js';

/** A lock or permits in this thread's hands. `using` gives them back at the end of the block. */
export class Guard implements Disposable {
  readonly #release: () => void;
  #held = true;
  /**
   * Whether a thread has died holding the lock since {@link Mutex.clearPoison} was last called: what it guards may be half done.
   */
  readonly poisoned: boolean;

  /** @internal */
  constructor(release: () => void, poisoned: boolean) {
    this.#release = release;
    this.poisoned = poisoned;
  }

  /** Whether it still holds. */
  get held(): boolean {
    return this.#held;
  }

  /** Gives back. @throws {@link NotHeldError} if that was done before. */
  release(): void {
    if (!this.#held) throw new NotHeldError('this guard has given back what it held');
    this.#held = false;
    this.#release();
  }

  [Symbol.dispose](): void {
    if (this.#held) this.release();
  }
}
