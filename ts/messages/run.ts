/** One call of a handler. */
import type { CallContext } from '../policy/call-context.js';
import { Cancelling } from '../policy/cancelling.js';
import { Deadline, startDeadline, stopDeadline } from '../policy/deadlines.js';
import { isThenable } from '../thenable.js';
import { HandlerTimeoutError } from './errors.js';
import type { Handler } from './handler.js';

/** What a handler is called with beside the payload. */
export interface CommandContext extends CallContext {
  /** The command's name. */
  readonly command: string;
  /**
   * Aborts when nobody wants the answer any more: the caller gave up or its thread has ended, the handler's time is over, the bus was closed.
   */
  readonly signal: AbortSignal;
}

/** Whom the answer is for. @internal */
export interface Caller {
  succeed(result: unknown): void;
  fail(error: unknown): void;
}

/** Calls a function in the context that was current when it was made, as `AsyncLocalStorage.snapshot` gives it. @internal */
export type Within = <R>(fn: () => R) => R;

/** The time that a handler has for one call. */
class Limit extends Deadline {
  readonly #run: Run;

  constructor(run: Run) {
    super();
    this.#run = run;
  }

  override overdue(): void {
    this.#run.overdue();
  }
}

/**
 * A call that waits for its turn, runs, or has ended, and the context that the handler gets. Its place at the handler is taken until the
 * handler's function is done.
 *
 * @internal
 */
export class Run extends Cancelling implements CommandContext {
  readonly #handler: Handler;
  readonly #payload: unknown;
  /** Until it has been answered, or nobody wants to know any more. */
  #caller: Caller | undefined;
  /** The context to call in; `undefined` for the current one. */
  #within: Within | undefined;
  #limit: Limit | undefined;

  constructor(handler: Handler, payload: unknown, caller: Caller, within: Within | undefined) {
    super();
    this.#handler = handler;
    this.#payload = payload;
    this.#caller = caller;
    this.#within = within;
  }

  get command(): string {
    return this.#handler.command;
  }

  /** Calls the handler. */
  begin(): void {
    const { fn, timeout } = this.#handler;
    if (timeout !== undefined) {
      this.#limit = new Limit(this);
      startDeadline(this.#limit, timeout);
    }
    let result: unknown;
    try {
      const within = this.#within;
      result = within === undefined ? fn(this.#payload, this) : within(() => fn(this.#payload, this));
      if (result instanceof Promise) return this.#follow(result);
      if (isThenable(result)) return this.#follow(Promise.resolve(result));
    } catch (error) {
      return this.#end(false, error);
    }
    this.#end(true, result);
  }

  /** It waits for its turn: it is to be called in this context, unless it has one. */
  queued(within: () => Within): void {
    this.#within ??= within();
  }

  /** Nobody wants the answer any more. One that has not begun never does. */
  abandon(reason: unknown): void {
    this.#caller = undefined;
    if (!this.#handler.drop(this)) this.cancel(reason);
  }

  /** The handler's time is over. */
  overdue(): void {
    const error = new HandlerTimeoutError(this.#handler.command, this.#handler.timeout as number);
    const caller = this.#caller;
    this.#caller = undefined;
    caller?.fail(error);
    this.cancel(error);
  }

  #follow(promise: Promise<unknown>): void {
    promise.then(
      (value) => this.#end(true, value),
      (error) => this.#end(false, error),
    );
  }

  #end(ok: boolean, value: unknown): void {
    if (this.#limit !== undefined) stopDeadline(this.#limit);
    const caller = this.#caller;
    this.#caller = undefined;
    if (ok) caller?.succeed(value);
    else caller?.fail(value);
    this.#handler.ended();
  }
}
