/** What a processor may know of the call it is in. */
import type { CallContext } from '../policy/call-context.js';

/** The second argument of a processor. */
export interface FanContext extends CallContext {
  /** Aborts when the result is not wanted any more: its caller gave up, another input failed, or its time is over. */
  readonly signal: AbortSignal;
  /** The input's number, from 0; that of a batch's first. */
  readonly index: number;
  /** The worker's number, from 0. */
  readonly worker: number;
}

/** The context of one call. Its signal is made when it is first asked for: most never ask. */
export class ItemContext implements FanContext {
  readonly index: number;
  readonly worker: number;
  #controller: AbortController | undefined;
  #ended: { reason: unknown } | undefined;

  constructor(index: number, worker: number) {
    this.index = index;
    this.worker = worker;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#ended !== undefined) this.#controller.abort(this.#ended.reason);
    }
    return this.#controller.signal;
  }

  /** Its result is not wanted any more. */
  abort(reason: unknown): void {
    if (this.#ended !== undefined) return;
    this.#ended = { reason };
    this.#controller?.abort(reason);
  }
}
