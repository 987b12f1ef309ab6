/** What is held, until it is given back. */
import { NotHeldError } from '../errors.js';

/** A lock or permits in this thread's hands. `using` gives them back at the end of the block. */
export class Guard implements Disposable {
  /** Nothing once it has given back. */
  #release: (() => void) | undefined;
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
    return this.#release !== undefined;
  }

  /** Gives back. @throws {@link NotHeldError} if that was done before. */
  release(): void {
    const release = this.#release;
    if (release === undefined) throw new NotHeldError('this guard has given back what it held');
    this.#release = undefined;
    release();
  }

  [Symbol.dispose](): void {
    if (this.#release !== undefined) this.release();
  }
}

// Whatever a promise is resolved with is asked for its `then`. V8 looks it up each time, so it is to be found at once: that saves an
// eighth of an uncontended `lock()`. JavaScriptCore knows that there is none anywhere, until somebody defines one.
if (process.versions['bun'] === undefined)
  Object.defineProperty(Guard.prototype, 'then', { value: undefined });
