/** What policies are made of: anything that calls the user's function in its own way. */
import { InvalidArgumentError } from '../errors.js';
import { type Cancellation, isCancellation } from '../signal.js';
import { shown } from '../wait-options.js';
import type { CallContext } from './call-context.js';
import { Cancelling } from './cancelling.js';

/** What a call through a policy takes. */
export interface CallOptions {
  /** Ends the call when it aborts: it rejects with the reason. A context will do. */
  signal?: Cancellation | undefined;
}

/** A function to be guarded. */
export type GuardedFunction<T> = (context: CallContext) => T | PromiseLike<T>;

/** Calls a function in its own way: a breaker, a bulkhead, a retry executor, a policy. */
export interface PolicyPart {
  /** Calls `fn`, once, several times, or not at all. */
  call<T>(fn: GuardedFunction<T>, options?: CallOptions): Promise<unknown>;
}

/** A part that wants to know what the wrapped function was called with. @internal */
export const withArguments = Symbol('millrace.withArguments');

/** Such a part. @internal */
export interface KeenPart extends PolicyPart {
  [withArguments]<T>(
    fn: GuardedFunction<T>,
    options: CallOptions | undefined,
    args: readonly unknown[],
  ): Promise<unknown>;
}

/** What a function gets that nothing can end. @internal */
export const endless: CallContext = Object.freeze({ signal: undefined });

/** @throws {@link InvalidArgumentError} for a function that is none, or an option that cannot be meant. @internal */
export function checkCall(fn: unknown, options: CallOptions | undefined): void {
  if (typeof fn !== 'function') throw new InvalidArgumentError('fn', shown(fn), 'a function');
  if (options === undefined || options instanceof Cancelling) return;
  checkCallOptions(options);
}

/** @throws {@link InvalidArgumentError} for an option that cannot be meant. @internal */
export function checkCallOptions(options: CallOptions): void {
  if (typeof options !== 'object' || options === null)
    throw new InvalidArgumentError('options', shown(options), 'an object');
  for (const name of Object.keys(options)) {
    if (name !== 'signal') throw new InvalidArgumentError(name, 'an unknown option', 'signal');
  }
  const { signal } = options;
  if (signal !== undefined && !isCancellation(signal))
    throw new InvalidArgumentError('signal', shown(signal), 'an AbortSignal or a Context');
}

/** Calls a function through a part. @internal */
export function callThrough<T>(
  part: PolicyPart,
  fn: GuardedFunction<T>,
  options: CallOptions | undefined,
  args: readonly unknown[],
): Promise<unknown> {
  const keen = (part as Partial<KeenPart>)[withArguments];
  return keen === undefined ? part.call(fn, options) : keen.call(part, fn, options, args);
}

/** A function that calls another through a part, with its own `this` and arguments. @internal */
export function wrapped<This, Args extends unknown[]>(
  part: PolicyPart,
  fn: (this: This, ...args: Args) => unknown,
): (this: This, ...args: Args) => Promise<unknown> {
  if (typeof fn !== 'function') throw new InvalidArgumentError('fn', shown(fn), 'a function');
  const through = function (this: This, ...args: Args): Promise<unknown> {
    return callThrough(part, () => fn.apply(this, args), undefined, args);
  };
  Object.defineProperty(through, 'name', { value: fn.name, configurable: true });
  Object.defineProperty(through, 'length', { value: fn.length, configurable: true });
  return through;
}
