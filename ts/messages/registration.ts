/** What ends a handler or a subscription. */

/** A handler or subscriber of a message bus, as long as it is not closed. Letting go of it does not end it. */
export class BusRegistration implements Disposable {
  #end: (() => void) | undefined;

  /** @internal */
  constructor(end: () => void) {
    this.#end = end;
  }

  /** Whether it was closed. */
  get closed(): boolean {
    return this.#end === undefined;
  }

  /** Ends it. Again does no harm. */
  close(): void {
    this.#end?.();
    this.#end = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
