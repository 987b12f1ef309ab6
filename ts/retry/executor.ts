/** Calls functions until they succeed, or it is no use. */
import { sleep } from '../channels/timers.js';
import { InvalidArgumentError } from '../errors.js';
import { HeardObject } from '../heard-object.js';
import { fast } from '../isolate.js';
import type { CallContext } from '../policy/call-context.js';
import { type Ender, enderOf, listenTo, unlistenTo } from '../policy/cancelling.js';
import {
  type CallOptions,
  checkCall,
  endless,
  type GuardedFunction,
  type PolicyPart,
  wrapped,
} from '../policy/part.js';
import { enter, failed, hasSteps, left, refused } from '../policy/step.js';
import { callWithin } from '../policy/timeout.js';
import { nameOf, type Origin, type SharedHandle, type SharedOptions } from '../shared-object.js';
import { nextTurn } from '../turn.js';
import { shown } from '../wait-options.js';
import { RetryBudget } from './budget.js';
import { type RetryContext, Run } from './context.js';
import { RetryClosedError } from './errors.js';
import { type GiveUpReason, type RetryEvents, type RetryMetrics, reasons, retryMetrics } from './metrics.js';
import { RetryPolicy } from './policy.js';

/** How a retry executor is made. */
export interface RetryExecutorOptions extends SharedOptions {
  /** Bounds the retries of all who use it. */
  budget?: RetryBudget;
}

/** How an attempt went wrong. */
type Failure<T> = { error: unknown } | { result: T };

const events = ['retry', 'giveUp', 'close'] as const;

type Attempt<T> = (context: RetryContext) => T | PromiseLike<T>;

/**
 * Calls functions until they succeed, or a policy says that it is no use. A call that succeeds at once makes no timer, no signal and no
 * promise beside its own. Executors of one name share what they count, in all threads; each makes its own calls, and is closed by itself.
 *
 * When it gives up it throws the last error itself, with the earlier ones as its `errors`; an error that cannot take them (it is
 * frozen, no object, or has `errors` of its own) is thrown as it is, and `giveUp` tells of all. If the last result was not good
 * enough, that is the result. A call whose signal aborts rejects with the reason, at once while it waits.
 *
 * @example
 * ```ts
 * const executor = new RetryExecutor(new RetryPolicy({ maxAttempts: 5 }));
 * const user = await executor.execute(() => fetchUser(id));
 * ```
 */
export class RetryExecutor extends HeardObject<'retry', RetryEvents> implements PolicyPart, Disposable {
  /** @internal */
  protected readonly events = events;
  readonly #policy: RetryPolicy;
  readonly #budget: RetryBudget | undefined;
  readonly #handle: number;
  readonly #waiting = new Set<AbortController>();
  #closed = false;

  /**
   * @param policy - When to try again.
   * @param options - `budget`; `name` shares the metrics by name: executors of one name have one policy, as far as it is no function.
   */
  constructor(policy: RetryPolicy, options?: RetryExecutorOptions);
  /** @internal */
  constructor(policy: RetryPolicy, options: RetryExecutorOptions, origin: Origin);
  constructor(policy: RetryPolicy, options: RetryExecutorOptions = {}, origin?: Origin) {
    if (!(policy instanceof RetryPolicy))
      throw new InvalidArgumentError('policy', shown(policy), 'a RetryPolicy');
    const name = nameOf(options, ['budget']);
    const { budget } = options;
    if (budget !== undefined && !(budget instanceof RetryBudget))
      throw new InvalidArgumentError('budget', shown(budget), 'a RetryBudget');
    super('retry', origin ?? { options: policy.plain, name });
    this.#policy = policy;
    this.#budget = budget;
    this.#handle = this.native.handle;
  }

  /** An executor that counts together with those of a name. @throws {@link NotFoundError} if there is none. */
  static open(
    name: string,
    policy: RetryPolicy,
    options: Omit<RetryExecutorOptions, 'name'> = {},
  ): RetryExecutor {
    return new RetryExecutor(policy, options, { name });
  }

  /** An executor that counts together with the one that `toHandle` names. @throws {@link NotFoundError} if it is gone. */
  static from(
    handle: SharedHandle<'retry'>,
    policy: RetryPolicy,
    options: Omit<RetryExecutorOptions, 'name'> = {},
  ): RetryExecutor {
    return new RetryExecutor(policy, options, { handle });
  }

  /** Its policy. */
  get policy(): RetryPolicy {
    return this.#policy;
  }

  /**
   * Calls a function, without arguments, until it succeeds.
   *
   * @param fn - The function.
   * @param options - `signal` ends it.
   * @throws The last error; the signal's reason; {@link RetryClosedError}.
   */
  async execute<T>(fn: () => T | PromiseLike<T>, options?: CallOptions): Promise<T> {
    const ender = this.#begin(fn, options);
    // Written out here and in `call`: a function between would cost as much as all the rest.
    if (this.#policy.timeout !== undefined || this.#policy.maxElapsed !== undefined)
      return this.#run(fn, new Run(this.#policy, ender, performance.now()));
    let failure: Failure<T>;
    try {
      const result = await fn();
      if (this.#isGood(result)) {
        fast.retrySucceeded(this.#handle, 1);
        return result;
      }
      failure = { result };
    } catch (error) {
      failure = { error };
    }
    return this.#again(fn, new Run(this.#policy, ender, 0), failure);
  }

  /** The same for a function that knows of its attempts. */
  async executeWithContext<T>(
    fn: (context: RetryContext) => T | PromiseLike<T>,
    options?: CallOptions,
  ): Promise<T> {
    const ender = this.#begin(fn, options);
    return this.#run(fn, new Run(this.#policy, ender, performance.now()));
  }

  /** The same for a function that wants its signal alone: as a part of a policy. */
  async call<T>(fn: (context: CallContext) => T | PromiseLike<T>, options?: CallOptions): Promise<T> {
    const ender = this.#begin(fn, options);
    if (ender !== undefined || this.#policy.timeout !== undefined || this.#policy.maxElapsed !== undefined)
      return this.#run(fn, new Run(this.#policy, ender, performance.now()));
    let failure: Failure<T>;
    try {
      const result = await fn(endless);
      if (this.#isGood(result)) {
        fast.retrySucceeded(this.#handle, 1);
        return result;
      }
      failure = { result };
    } catch (error) {
      failure = { error };
    }
    return this.#again(fn, new Run(this.#policy, undefined, 0), failure);
  }

  /** @internal */
  [hasSteps](): boolean {
    const { timeout, maxElapsed, retryOnResult } = this.#policy;
    return timeout === undefined && maxElapsed === undefined && retryOnResult === undefined;
  }

  /** @internal */
  [enter](): number {
    if (this.#closed) return -1;
    this.#budget?.deposit();
    return 0;
  }

  /** @internal */
  [refused]<T>(_token: number, fn: GuardedFunction<T>): Promise<T> {
    return this.call(fn);
  }

  /** @internal */
  [left](): void {
    fast.retrySucceeded(this.#handle, 1);
  }

  /** @internal */
  [failed]<T>(_token: number, error: unknown, again: Attempt<T>): Promise<T> {
    return this.#again(again, new Run(this.#policy, undefined, 0), { error });
  }

  /** A function that calls another until it succeeds, with its own `this` and arguments. */
  wrap<This, Args extends unknown[], R>(
    fn: (this: This, ...args: Args) => R,
  ): (this: This, ...args: Args) => Promise<Awaited<R>> {
    return wrapped(this, fn) as (this: This, ...args: Args) => Promise<Awaited<R>>;
  }

  #begin(fn: unknown, options: CallOptions | undefined): Ender {
    checkCall(fn, options);
    if (this.#closed) throw new RetryClosedError();
    const ender = enderOf(options);
    if (ender?.aborted) throw ender.reason;
    this.#budget?.deposit();
    return ender;
  }

  async #run<T>(fn: Attempt<T>, run: Run): Promise<T> {
    const failure = await this.#attempt(fn, run);
    return 'done' in failure ? failure.done : this.#again(fn, run, failure);
  }

  async #attempt<T>(fn: Attempt<T>, run: Run): Promise<Failure<T> | { done: T }> {
    try {
      const { timeout } = this.#policy;
      const within = (context: CallContext): T | PromiseLike<T> => {
        run.within(context);
        return fn(run);
      };
      const result = await (timeout === undefined ? fn(run) : callWithin(within, timeout, run.ender));
      if (!this.#isGood(result)) return { result };
      fast.retrySucceeded(this.#handle, run.attempt);
      return { done: result };
    } catch (error) {
      return { error };
    }
  }

  #isGood(result: unknown): boolean {
    const { retryOnResult } = this.#policy;
    return retryOnResult === undefined || !retryOnResult(result);
  }

  async #again<T>(fn: Attempt<T>, run: Run, first: Failure<T>): Promise<T> {
    for (let failure = first; ; ) {
      if ('error' in failure) run.failed(failure.error);
      else run.notGood();
      const wait = this.#judge(run, failure);
      if (typeof wait !== 'number') return this.#giveUp(run, failure, wait);
      const { attempt, lastError: error } = run;
      this.emitter?.emit('retry', { attempt, delay: wait, error });
      const ended = await this.#wait(wait, run.ender);
      if (ended !== undefined) {
        this.#budget?.giveBack();
        return this.#giveUp(run, failure, ended);
      }
      fast.retryWaited(this.#handle, wait);
      run.next();
      const outcome = await this.#attempt(fn, run);
      if ('done' in outcome) return outcome.done;
      failure = outcome;
    }
  }

  /** How long to wait, or why not to. What the user's functions throw is thrown, after it was counted. */
  #judge(run: Run, failure: Failure<unknown>): number | GiveUpReason {
    if (run.ender?.aborted) return 'aborted';
    if (this.#closed) return 'closed';
    const policy = this.#policy;
    const what = 'error' in failure ? failure.error : failure.result;
    try {
      if (run.attempt >= policy.maxAttempts) return 'attempts';
      if ('error' in failure && !policy.shouldRetry(failure.error, run.attempt)) return 'notRetryable';
      const wait = run.delay(what);
      if (policy.maxElapsed !== undefined && run.elapsed + wait > policy.maxElapsed) return 'elapsed';
      // Last, as a token that is taken must be used or given back.
      return this.#budget === undefined || this.#budget.withdraw() ? wait : 'budget';
    } catch (error) {
      fast.retryGaveUp(this.#handle, reasons.indexOf('notRetryable'), run.attempt);
      throw error;
    }
  }

  /** Waits, and says what has ended the wait before its time. */
  async #wait(ms: number, ender: Ender): Promise<'aborted' | 'closed' | undefined> {
    if (ms === 0) await nextTurn(undefined);
    else {
      const waiting = new AbortController();
      const end = (): void => waiting.abort();
      this.#waiting.add(waiting);
      listenTo(ender, end);
      try {
        await sleep(ms, { signal: waiting.signal });
      } catch (error) {
        if (!waiting.signal.aborted) throw error;
      } finally {
        unlistenTo(ender, end);
        this.#waiting.delete(waiting);
      }
    }
    return ender?.aborted ? 'aborted' : this.#closed ? 'closed' : undefined;
  }

  #giveUp<T>(run: Run, failure: Failure<T>, reason: GiveUpReason): T {
    fast.retryGaveUp(this.#handle, reasons.indexOf(reason), run.attempt);
    this.emitter?.emit('giveUp', { attempts: run.attempt, reason, errors: run.errors });
    if (reason === 'aborted') throw run.ender?.reason;
    if (!('error' in failure)) return failure.result;
    run.gather();
    throw failure.error;
  }

  /** What it has counted: with a name, what all executors of that name have, in all threads. */
  getMetrics(): RetryMetrics {
    return retryMetrics(this.native);
  }

  /** Counts anew. */
  resetMetrics(): void {
    fast.retryReset(this.#handle);
  }

  /** What it tells is of this executor alone: other threads have nothing to say. @internal */
  protected override listened(): void {}

  /** Whether it is closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Calls nothing any more: calls that wait give up with what they have, new ones reject with {@link RetryClosedError}. Others of its name go
   * on. Again does no harm.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const waiting of this.#waiting) waiting.abort();
    this.unexport();
    this.ended();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
