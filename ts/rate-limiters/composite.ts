/** Several limiters at once. */
import { InvalidArgumentError } from '../errors.js';
import { nameOf, type Origin, type SharedHandle } from '../shared-object.js';
import { shown } from '../wait-options.js';
import { checkCount, Limiter, type LimiterOptions } from './limiter.js';

/** One limiter of several. */
export interface CompositePart {
  /** The limiter. */
  readonly limiter: Limiter;
  /** How much is taken from it for each 1 that is asked for, a whole number from 1. Default 1. */
  readonly weight?: number;
}

/**
 * Several limiters, all or nothing: one passes if all of them allow it, and otherwise none of them counts it. Those who wait here are served in the order of
 * their coming; whoever waits at one of the limiters directly stands before them, so one that always has a line of its own lets nobody of
 * this one pass, and makes what is reserved here later, as its `pending` says. One who waits here learns that a limiter was reset, or has other numbers, when it would have looked again.
 * What concerns the rules (`penalty`, `reward`, `block`, `reset`) is done to each. Closing it leaves its limiters open; one of them
 * that is closed closes it.
 *
 * @example
 * ```ts
 * const both = new CompositeRateLimiter([{ limiter: perSecond }, { limiter: perHour }, { limiter: cost, weight: 5 }]);
 * await both.acquire();
 * ```
 */
export class CompositeRateLimiter extends Limiter<'composite-limiter'> {
  /**
   * @param parts - The limiters, at least one. One that is named twice counts with the sum of its weights.
   * @param options - `name` shares it by name, `maxWaiting` bounds its line.
   * @throws {@link InvalidArgumentError}; {@link NameConflictError} if the name is in use with other limiters.
   */
  constructor(parts: readonly CompositePart[], options?: LimiterOptions);
  /** @internal */
  constructor(origin: Origin, internal: true);
  constructor(first: readonly CompositePart[] | Origin, second: LimiterOptions | true = {}) {
    super(
      'composite-limiter',
      second === true ? (first as Origin) : origin(first as CompositePart[], second),
    );
  }

  /** Opens the limiter of a name. @throws {@link NotFoundError} if there is none. */
  static open(name: string): CompositeRateLimiter {
    return new CompositeRateLimiter({ name }, true);
  }

  /** Opens the limiter that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
  static from(handle: SharedHandle<'composite-limiter'>): CompositeRateLimiter {
    return new CompositeRateLimiter({ handle }, true);
  }
}

function origin(parts: readonly CompositePart[], options: LimiterOptions): Origin {
  const name = nameOf(options, ['maxWaiting']);
  if (!Array.isArray(parts) || parts.length === 0)
    throw new InvalidArgumentError('parts', shown(parts), 'an array of at least one limiter');
  const members = parts.map((part: CompositePart) => {
    const { limiter, weight = 1 } = (part ?? {}) as Partial<CompositePart>;
    if (!(limiter instanceof Limiter)) throw new InvalidArgumentError('limiter', shown(limiter), 'a limiter');
    checkCount(weight, 'weight');
    return `${limiter.id}:${weight}`;
  });
  const { maxWaiting } = options;
  const bounded = maxWaiting !== undefined && maxWaiting !== Infinity;
  return { options: { members: members.join(','), ...(bounded && { maxWaiting }) }, name };
}
