/** A call that its caller or its time may end before the function does. */
import type { CallContext } from '../policy/call-context.js';
import { Deadline, startDeadline, stopDeadline } from '../policy/deadlines.js';
import { CallTimeoutError } from '../policy/errors.js';

/** What a function gets that nothing can end. */
export const endless: CallContext = Object.freeze({ signal: undefined });

/** Calls a function; ends when it does, when its signal aborts, or when its time is over. It is the function's context. */
export class LimitedCall<T> extends Deadline implements CallContext {
  readonly #timeout: number;
  readonly #outer: AbortSignal | undefined;
  #controller: AbortController | undefined;
  #reject!: (error: unknown) => void;
  #onAbort: (() => void) | undefined;
  /** Whether its time was over before the function ended. */
  timedOut = false;
  /** Whether its caller gave up before. */
  aborted = false;
  #reason: unknown;

  /** @param timeout - In milliseconds, or 0. */
  constructor(timeout: number, outer: AbortSignal | undefined) {
    super();
    this.#timeout = timeout;
    this.#outer = outer;
  }

  /** Made when the function looks at it: it costs more than the rest of the call. */
  get signal(): AbortSignal | undefined {
    if (this.#timeout === 0) return this.#outer;
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.timedOut || this.aborted) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Calls the function. To be ended by `stop` when the promise has settled. */
  run(fn: (context: CallContext) => T | PromiseLike<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      if (this.#timeout > 0) startDeadline(this, this.#timeout);
      if (this.#outer !== undefined) {
        this.#onAbort = () => {
          this.aborted = true;
          this.#end(this.#outer?.reason);
        };
        this.#outer.addEventListener('abort', this.#onAbort, { once: true });
      }
      const result = fn(this);
      // Not `resolve(result)`: that would take two turns more for a promise.
      if (result instanceof Promise) result.then(resolve, reject);
      else resolve(result);
    });
  }

  overdue(): void {
    this.timedOut = true;
    this.#end(new CallTimeoutError(this.#timeout));
  }

  #end(reason: unknown): void {
    this.stop();
    this.#reason = reason;
    this.#reject(reason);
    this.#controller?.abort(reason);
  }

  /** Watches neither clock nor signal any more. */
  stop(): void {
    stopDeadline(this);
    if (this.#onAbort !== undefined) this.#outer?.removeEventListener('abort', this.#onAbort);
    this.#onAbort = undefined;
  }
}
