/** What every wait takes, and the check of it. */
import { InvalidArgumentError, WaitTimeoutError } from './errors.js';
import { fast } from './isolate.js';
import { type Cancellation, isCancellation, signalOf } from './signal.js';
import type { Received } from './values.js';
import { status, type Wait } from './waits.js';

/** How long to wait, and who may end the wait. */
export interface WaitOptions {
  /** Ends the wait when it aborts: the wait rejects with its reason. A context will do. */
  signal?: Cancellation;
  /** Milliseconds to wait at most; then the wait rejects with `WaitTimeoutError`. */
  timeout?: number;
}

/** A hundred years: more is a mistake of units. */
const longest = 3.2e12;

/** A value for an error message. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  return value === null || typeof value !== 'object' ? String(value) : typeof value;
}

/**
 * @param also - Options that this wait takes beyond signal and timeout.
 * @throws {@link InvalidArgumentError} for the first option that cannot be meant.
 */
export function checkWaitOptions(options: WaitOptions, also: readonly string[] = []): void {
  if (typeof options !== 'object' || options === null)
    throw new InvalidArgumentError('options', shown(options), 'an object');
  for (const name of Object.keys(options)) {
    if (name !== 'signal' && name !== 'timeout' && !also.includes(name))
      throw new InvalidArgumentError(name, 'an unknown option', ['signal', 'timeout', ...also].join(', '));
  }
  const { signal, timeout } = options;
  if (signal !== undefined && !isCancellation(signal))
    throw new InvalidArgumentError('signal', shown(signal), 'an AbortSignal or a Context');
  const inRange = typeof timeout === 'number' && timeout >= 0 && timeout <= longest;
  if (timeout !== undefined && timeout !== Infinity && !inRange)
    throw new InvalidArgumentError('timeout', shown(timeout), 'milliseconds, at least 0');
}

/** A time limit as native code takes it: 0 is none. */
export function nativeLimit(timeout: number | undefined): number {
  return timeout === undefined || timeout === Infinity ? 0 : Math.max(timeout, 1e-6);
}

/** A wait for something that ends as `end` says, is cut short by a signal, or runs out of time. */
export class SignalWait implements Wait {
  readonly #end: (how: number, detail: number, value: Received) => void;
  readonly #reject: (error: unknown) => void;
  readonly #signal: AbortSignal | undefined;
  readonly #timeout: number | undefined;
  #onAbort: (() => void) | undefined;
  /** Something to keep alive while it waits. */
  readonly keeps: unknown;

  constructor(
    { signal, timeout }: WaitOptions,
    keeps: unknown,
    end: (how: number, detail: number, value: Received) => void,
    reject: (error: unknown) => void,
  ) {
    this.#signal = signalOf(signal);
    this.#timeout = timeout;
    this.keeps = keeps;
    this.#end = end;
    this.#reject = reject;
  }

  /** Listens to its signal, once its number is known. */
  listen(id: number): void {
    if (this.#signal === undefined) return;
    this.#onAbort = () => void fast.waitCancel(id);
    this.#signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  settle(how: number, detail: number, value: Received): void {
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener('abort', this.#onAbort);
    if (how === status.aborted)
      this.#reject(this.#signal?.reason ?? new DOMException('aborted', 'AbortError'));
    else if (how === status.timedOut) this.#reject(new WaitTimeoutError(this.#timeout ?? 0));
    else this.#end(how, detail, value);
  }
}
