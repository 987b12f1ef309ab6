/**
 * What ends a call from within: an `AbortSignal` that is only made if somebody looks at it, as making one costs more than all the
 * rest of a call.
 */
import { type Cancellation, signalOf } from '../signal.js';
import type { CallContext } from './call-context.js';

/** The context of a function that may be told to end. It may stand where options are wanted. */
export class Cancelling implements CallContext {
  #controller: AbortController | undefined;
  #listeners: Set<() => void> | undefined;
  #aborted = false;
  #reason: unknown;

  /** Whether the function was told to end. */
  get aborted(): boolean {
    return this.#aborted;
  }

  /** Why. */
  get reason(): unknown {
    return this.#reason;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Tells the function to end. Only the first time counts. */
  cancel(reason: unknown): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason;
    const listeners = this.#listeners;
    this.#listeners = undefined;
    if (listeners !== undefined) for (const listener of listeners) listener();
    this.#controller?.abort(reason);
  }

  /** Calls a listener when the function is told to end. */
  listen(listener: () => void): void {
    (this.#listeners ??= new Set()).add(listener);
  }

  /** Calls it no more. */
  unlisten(listener: () => void): void {
    this.#listeners?.delete(listener);
  }
}

/** What a call was given that may end it, without making a signal of what has none yet. */
export type Ender = AbortSignal | Cancelling | undefined;

/** What may end a call with these options. */
export function enderOf(options: { signal?: Cancellation | undefined } | undefined): Ender {
  return options === undefined || options instanceof Cancelling ? options : signalOf(options.signal);
}

/** Calls a listener once the call is to end, which it is not yet. */
export function listenTo(ender: Ender, listener: () => void): void {
  if (ender instanceof Cancelling) ender.listen(listener);
  else ender?.addEventListener('abort', listener, { once: true });
}

/** Calls it no more. */
export function unlistenTo(ender: Ender, listener: () => void): void {
  if (ender instanceof Cancelling) ender.unlisten(listener);
  else ender?.removeEventListener('abort', listener);
}

/** A promise's result, or the reason if the call is to end before; the promise's own failure is then nobody's. */
export function unlessEnded<T>(promise: Promise<T>, ender: Ender): Promise<T> {
  if (ender === undefined) return promise;
  return new Promise((resolve, reject) => {
    const end = (): void => reject(ender.reason);
    listenTo(ender, end);
    promise.then(resolve, reject).finally(() => unlistenTo(ender, end));
  });
}
