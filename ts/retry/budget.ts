/** How much extra load retries may make, all threads together. */
import { HeardObject } from '../heard-object.js';
import { binding, fast } from '../isolate.js';
import { nameOf, type Origin, type SharedHandle, type SharedOptions } from '../shared-object.js';

/** What a retry budget allows. */
export interface RetryBudgetConfig {
  /** Retries that each call earns: 0.2 allows a fifth of extra load. From 0 to 1000. Default 0.2. */
  ratio: number;
  /** Retries a second that are free, so that a service with few calls can retry; never more than one second's at once. Default 10. */
  minPerSecond: number;
  /** Milliseconds in which what was earned fades to a third; at least 1000. Default 10,000. */
  ttl: number;
}

/** How a budget stands. */
export interface RetryBudgetStanding {
  /** Retries that calls have earned and nobody has used. */
  earned: number;
  /** Retries that are free at this moment. */
  free: number;
}

/** How a budget stands, and what has come of it so far, in all threads. */
export interface RetryBudgetMetrics extends RetryBudgetStanding {
  /** Retries that had a token. */
  retries: number;
  /** Retries that had none. */
  refused: number;
  /** Tokens of retries that were cancelled while they waited. */
  givenBack: number;
}

/** The events of a retry budget, with what each listener gets. */
export interface RetryBudgetEvents {
  /** A retry of this thread had no token. */
  limited: [];
  /** It is closed, by whichever thread. */
  close: [];
}

const events = ['limited', 'close'] as const;

/**
 * A budget of retries that all threads share. A retry takes its token before it begins to wait, so those that wait are counted; who finds
 * none gives up with the error it has. In memory it is two words.
 *
 * @example
 * ```ts
 * const budget = new RetryBudget({ ratio: 0.1 }, { name: 'payments' });
 * const executor = new RetryExecutor(new RetryPolicy(), { budget });
 * ```
 */
export class RetryBudget extends HeardObject<'retry-budget', RetryBudgetEvents> implements Disposable {
  readonly #handle: number;
  /** @internal */
  protected readonly events = events;

  /**
   * @param config - What it allows.
   * @param options - `name` shares it by name.
   */
  constructor(config?: Partial<RetryBudgetConfig>, options?: SharedOptions);
  /** @internal */
  constructor(origin: Origin, internal: true);
  constructor(first: Partial<RetryBudgetConfig> | Origin = {}, second: SharedOptions | true = {}) {
    if (second === true) super('retry-budget', first as Origin);
    else {
      nameOf(first as object, ['ratio', 'minPerSecond', 'ttl']);
      const { ratio, minPerSecond, ttl } = first as Partial<RetryBudgetConfig>;
      const given = Object.entries({ ratio, minPerSecond, ttl }).filter(([, value]) => value !== undefined);
      super('retry-budget', { options: Object.fromEntries(given), name: nameOf(second) });
    }
    this.#handle = this.native.handle;
  }

  /** Opens the budget of a name. @throws {@link NotFoundError} if there is none. */
  static open(name: string): RetryBudget {
    return new RetryBudget({ name }, true);
  }

  /** Opens the budget that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
  static from(handle: SharedHandle<'retry-budget'>): RetryBudget {
    return new RetryBudget({ handle }, true);
  }

  /** A call that is none tried again: it earns a share of a retry. Executors do this by themselves. */
  deposit(): void {
    fast.budgetDeposit(this.#handle);
  }

  /** Takes the token of a retry, before it waits. @returns Whether there was one. */
  withdraw(): boolean {
    const taken = fast.budgetWithdraw(this.#handle);
    if (!taken) this.emitter?.emit('limited');
    return taken;
  }

  /** Gives back the token of a retry that was cancelled while it waited. */
  giveBack(): void {
    fast.budgetGiveBack(this.#handle);
  }

  /** How it stands at this moment. */
  get standing(): RetryBudgetStanding {
    const { earned, free } = this.getMetrics();
    return { earned, free };
  }

  /** How it stands, and what has come of it so far, in all threads. */
  getMetrics(): RetryBudgetMetrics {
    return binding.budgetCounts(this.native);
  }

  /** Whether it is closed. */
  get closed(): boolean {
    return fast.budgetClosed(this.#handle);
  }

  /** Closes it for all threads: no retry has a token any more, so calls that fail give up. Again does no harm. */
  close(): void {
    fast.budgetClose(this.#handle);
    this.unexport();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
