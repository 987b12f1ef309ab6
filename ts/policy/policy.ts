/** Policies: parts that call one another, in the order written. */
import { InvalidArgumentError } from '../errors.js';
import { shown } from '../wait-options.js';
import type { CallContext } from './call-context.js';
import { Cancelling } from './cancelling.js';
import type { Fallback } from './fallback.js';
import {
  type CallOptions,
  callThrough,
  checkCall,
  endless,
  type GuardedFunction,
  type PolicyPart,
  withArguments,
  wrapped,
} from './part.js';

/** What fallbacks among the parts may give beside the function's own result. */
export type Instead<P> = P extends Fallback<infer F> ? F : P extends Policy<infer E> ? E : never;

/** What the next part inside is given of what the one outside gave. */
function inwards(context: CallContext | undefined): CallOptions | undefined {
  if (context === endless || context === undefined) return undefined;
  if (context instanceof Cancelling) return context;
  const { signal } = context;
  return signal === undefined ? undefined : { signal };
}

const none: readonly unknown[] = [];

/** Makes a function that goes through one part more. */
type Link = <T>(fn: GuardedFunction<T>, args: readonly unknown[]) => GuardedFunction<T>;

function link(part: PolicyPart): Link {
  if (withArguments in part)
    return <T>(fn: GuardedFunction<T>, args: readonly unknown[]) =>
      (context: CallContext) =>
        callThrough(part, fn, inwards(context), args) as Promise<T>;
  return <T>(fn: GuardedFunction<T>) =>
    (context: CallContext) =>
      part.call(fn, context === endless ? undefined : inwards(context)) as Promise<T>;
}

/** Parts that call one another, the first of them outermost. Made by {@link policy}. */
export class Policy<E = never> implements PolicyPart {
  readonly #first: PolicyPart;
  /** Whether any part wants to know what the wrapped function was called with. */
  readonly #keen: boolean;
  readonly #inner: readonly Link[];

  /** @internal */
  constructor([first, ...inner]: readonly PolicyPart[]) {
    for (const part of [first, ...inner]) {
      if (typeof part?.call !== 'function' || typeof part === 'function')
        throw new InvalidArgumentError('part', shown(part), 'a policy, or what has call(fn, { signal })');
    }
    this.#first = first as PolicyPart;
    this.#keen = [first, ...inner].some((part) => withArguments in (part as PolicyPart));
    this.#inner = inner.reverse().map(link);
  }

  /**
   * Calls a function through all parts.
   *
   * @param fn - Gets the context of the innermost part: its `signal` aborts when any of them gives up.
   * @throws What the outermost part throws.
   */
  call<T>(fn: GuardedFunction<T>, options?: CallOptions): Promise<T | E> {
    if (this.#keen || options !== undefined || typeof fn !== 'function')
      return this[withArguments](fn, options, none);
    let next = fn;
    for (const link of this.#inner) next = link(next, none);
    return this.#first.call(next) as Promise<T | E>;
  }

  /** @internal */
  [withArguments]<T>(
    fn: GuardedFunction<T>,
    options: CallOptions | undefined,
    args: readonly unknown[],
  ): Promise<T | E> {
    try {
      checkCall(fn, options);
    } catch (error) {
      return Promise.reject(error);
    }
    let next = fn;
    for (const link of this.#inner) next = link(next, args);
    return callThrough(this.#first, next, options, args) as Promise<T | E>;
  }

  /** A function that calls another through all parts, with its own `this` and arguments. */
  wrap<This, Args extends unknown[], R>(
    fn: (this: This, ...args: Args) => R,
  ): (this: This, ...args: Args) => Promise<Awaited<R> | E> {
    return wrapped(this, fn) as (this: This, ...args: Args) => Promise<Awaited<R> | E>;
  }
}

/**
 * Composes parts: breakers, bulkheads, retry executors, `timeout`, `fallback`, `limited`, `cache`, other policies, or anything with
 * `call(fn, { signal })`.
 *
 * @param parts - In the order in which a call passes them: the first is outermost.
 * @example
 * ```ts
 * const guarded = policy(fallback([]), new RetryExecutor(retries), breaker, timeout(500));
 * const users = await guarded.call(({ signal }) => fetchUsers({ signal }));
 * ```
 */
export function policy<P extends readonly [PolicyPart, ...PolicyPart[]]>(
  ...parts: P
): Policy<Instead<P[number]>> {
  return new Policy(parts);
}

/**
 * A method decorator (TC39's): each call of the method goes through a policy, which all instances share.
 *
 * @param part - A policy, or a part of one.
 * @example
 * ```ts
 * class Users {
 *   @guarded(policy(new RetryExecutor(retries), timeout(500)))
 *   async load(id: string): Promise<User> { … }
 * }
 * ```
 */
export function guarded(
  part: PolicyPart,
): <This, Args extends unknown[], R>(
  method: (this: This, ...args: Args) => Promise<R>,
  context: ClassMethodDecoratorContext<This, (this: This, ...args: Args) => Promise<R>>,
) => (this: This, ...args: Args) => Promise<R> {
  const whole = new Policy([part]);
  return (method, context) => {
    if (context?.kind !== 'method')
      throw new InvalidArgumentError('guarded', shown(context?.kind), 'to stand before a method');
    return wrapped(whole, method) as never;
  };
}
