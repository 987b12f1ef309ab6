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
import { enter, failed, leadingSteps, left, refused, type SteppingPart } from './step.js';

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
  readonly #parts: readonly PolicyPart[];
  readonly #links: readonly Link[];
  readonly #steps: readonly SteppingPart[];

  /** @internal */
  constructor(parts: readonly PolicyPart[]) {
    for (const part of parts.length === 0 ? [undefined] : parts) {
      if (typeof part?.call !== 'function' || typeof part === 'function')
        throw new InvalidArgumentError('part', shown(part), 'a policy, or what has call(fn, { signal })');
    }
    this.#parts = parts.flatMap((part) => (part instanceof Policy ? part.#parts : [part]));
    this.#links = this.#parts.map(link);
    this.#steps = leadingSteps(this.#parts);
  }

  /**
   * Calls a function through all parts.
   *
   * @param fn - Gets the context of the innermost part: its `signal` aborts when any of them gives up.
   * @throws What the outermost part throws.
   */
  call<T>(fn: GuardedFunction<T>, options?: CallOptions): Promise<T | E> {
    return this[withArguments](fn, options, none);
  }

  /** @internal */
  [withArguments]<T>(
    fn: GuardedFunction<T>,
    options: CallOptions | undefined,
    args: readonly unknown[],
  ): Promise<T | E> {
    if (options === undefined && typeof fn === 'function' && this.#steps.length > 1)
      return this.#swiftly(fn, args) as Promise<T | E>;
    try {
      checkCall(fn, options);
    } catch (error) {
      return Promise.reject(error);
    }
    const first = this.#parts[0] as PolicyPart;
    return callThrough(first, this.#inside(1, fn, args), options, args) as Promise<T | E>;
  }

  /** The function, through the parts from one on. */
  #inside<T>(from: number, fn: GuardedFunction<T>, args: readonly unknown[]): GuardedFunction<T> {
    let next = fn;
    for (let at = this.#links.length - 1; at >= from; at--) next = (this.#links[at] as Link)(next, args);
    return next;
  }

  /** A promise and a function of each part would cost more than the parts do: one call goes through all their steps. */
  async #swiftly<T>(fn: GuardedFunction<T>, args: readonly unknown[]): Promise<unknown> {
    const steps = this.#steps;
    // Room for as many parts as most policies have: an array that grows costs more than a part.
    const tokens = [0, 0, 0, 0];
    let count = 0;
    let value: unknown;
    try {
      let onward: Promise<unknown> | undefined;
      for (let at = 0; at < steps.length; at++) {
        const step = steps[at] as SteppingPart;
        const token = step[enter]();
        if (!(token >= 0)) {
          onward = step[refused](token, this.#inside(at + 1, fn, args));
          break;
        }
        tokens[count++] = token;
      }
      value = await (onward ?? this.#inside(steps.length, fn, args)(endless));
    } catch (error) {
      return this.#mend(fn, args, tokens.slice(0, count), error);
    }
    for (let at = count - 1; at >= 0; at--) (steps[at] as SteppingPart)[left](tokens[at] as number);
    return value;
  }

  /** A call has failed within the parts that let it in. */
  async #mend<T>(
    fn: GuardedFunction<T>,
    args: readonly unknown[],
    tokens: readonly number[],
    thrown: unknown,
  ): Promise<unknown> {
    const steps = this.#steps;
    let outcome: { value: unknown } | undefined;
    let error = thrown;
    for (let at = tokens.length - 1; at >= 0; at--) {
      const [step, token] = [steps[at] as SteppingPart, tokens[at] as number];
      if (outcome !== undefined) {
        step[left](token);
        continue;
      }
      try {
        outcome = { value: await step[failed](token, error, this.#inside(at + 1, fn, args)) };
      } catch (instead) {
        error = instead;
      }
    }
    if (outcome === undefined) throw error;
    return outcome.value;
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
