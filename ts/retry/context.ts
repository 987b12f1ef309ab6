/** What a function that is tried again knows of it. */
import type { CallContext } from '../policy/call-context.js';
import { Cancelling, type Ender } from '../policy/cancelling.js';
import type { RetryPolicy } from './policy.js';

/** What a function that is tried again knows of it. */
export interface RetryContext extends CallContext {
  /** Which attempt this is, from 1. */
  readonly attempt: number;
  /** How many there are at most. */
  readonly maxAttempts: number;
  /** Milliseconds since the first attempt began, waits included. */
  readonly elapsed: number;
  /** What the last attempt threw; `undefined` for the first, or if its result was not good enough. */
  readonly lastError: unknown;
}

/** One call and its attempts. Its fields are no keys: it may stand where options are wanted. @internal */
export class Run implements RetryContext {
  readonly #policy: RetryPolicy;
  readonly #began: number;
  readonly ender: Ender;
  #attempt = 1;
  #lastError: unknown;
  #current: CallContext | undefined;
  /** What the attempts have thrown, in order. */
  readonly #errors: unknown[] = [];
  /** The delay drawn last. */
  #lastDelay = 0;

  constructor(policy: RetryPolicy, ender: Ender, began: number) {
    this.#policy = policy;
    this.ender = ender;
    this.#began = began;
  }

  get attempt(): number {
    return this.#attempt;
  }

  get maxAttempts(): number {
    return this.#policy.maxAttempts;
  }

  get elapsed(): number {
    return performance.now() - this.#began;
  }

  get lastError(): unknown {
    return this.#lastError;
  }

  get signal(): AbortSignal | undefined {
    if (this.#current !== undefined) return this.#current.signal;
    return this.ender instanceof Cancelling ? this.ender.signal : this.ender;
  }

  /** An attempt runs in this context. */
  within(context: CallContext): void {
    this.#current = context;
  }

  failed(error: unknown): void {
    this.#lastError = error;
    this.#errors.push(error);
  }

  notGood(): void {
    this.#lastError = undefined;
  }

  /** The next attempt begins. */
  next(): void {
    this.#attempt++;
    this.#current = undefined;
  }

  /** Draws the delay before the next attempt. */
  delay(failure: unknown): number {
    this.#lastDelay = this.#policy.getDelay(this.#attempt, failure, this.#lastDelay);
    return this.#policy.getWait(this.#lastDelay, failure);
  }

  /**
   * Puts the earlier errors on the last one. What is no object, is frozen, or has `errors` of its own stays as it is; what is thrown
   * again and again does not hold itself.
   */
  gather(): void {
    const last = this.#errors.at(-1);
    if (typeof last !== 'object' || last === null || this.#errors.length < 2) return;
    if (Object.hasOwn(last, 'errors') && !gathered.has(last)) return;
    const value = this.#errors.filter((error) => error !== last);
    if (
      Reflect.defineProperty(last, 'errors', { value, writable: true, configurable: true, enumerable: false })
    )
      gathered.add(last);
  }

  /** What the attempts have thrown. */
  get errors(): readonly unknown[] {
    return this.#errors;
  }
}

/** Errors whose `errors` are ours: the same one may be the last of several calls. */
const gathered = new WeakSet<object>();
