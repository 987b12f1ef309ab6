/** What is lent, until it is given back. */
import { NotHeldError } from '../errors.js';

/** An object of a pool in somebody's hands. `using` and `await using` give it back at the end of the block. */
export class Lease<T> implements Disposable, AsyncDisposable {
  readonly #value: T;
  #giveBack: ((broken: boolean) => Promise<void>) | undefined;

  /** @internal */
  constructor(value: T, giveBack: (broken: boolean) => Promise<void>) {
    this.#value = value;
    this.#giveBack = giveBack;
  }

  /** The object. @throws {@link NotHeldError} once it has been given back. */
  get value(): T {
    if (this.#giveBack === undefined) throw new NotHeldError('this object has been given back to its pool');
    return this.#value;
  }

  /** Whether it is still lent. */
  get held(): boolean {
    return this.#giveBack !== undefined;
  }

  /**
   * Gives the object back.
   *
   * @returns Resolves when it is idle, or destroyed.
   * @throws {@link NotHeldError} if that was done before.
   */
  release(): Promise<void> {
    return this.#end(false);
  }

  /**
   * Gives the object back as one that is broken: it is destroyed.
   *
   * @returns Resolves when it is destroyed.
   * @throws {@link NotHeldError} if it was given back before.
   */
  discard(): Promise<void> {
    return this.#end(true);
  }

  async #end(broken: boolean): Promise<void> {
    const giveBack = this.#giveBack;
    if (giveBack === undefined) throw new NotHeldError('this object has been given back to its pool');
    this.#giveBack = undefined;
    await giveBack(broken);
  }

  [Symbol.dispose](): void {
    if (this.held) void this.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.held) await this.release();
  }
}
