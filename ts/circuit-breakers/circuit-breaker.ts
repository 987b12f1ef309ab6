/** A circuit breaker that all threads share. */
import { InvalidArgumentError } from '../errors.js';
import { HeardObject } from '../heard-object.js';
import { binding, fast } from '../isolate.js';
import type { CallTimeoutError } from '../policy/errors.js';
import type { GuardedFunction } from '../policy/part.js';
import { enter, failed, hasSteps, left, refused } from '../policy/step.js';
import { nameOf, type Origin, type SharedHandle } from '../shared-object.js';
import { wordAt } from '../sync/words.js';
import { shown } from '../wait-options.js';
import { type CircuitCallOptions, type CircuitCallResult, signalIn } from './call.js';
import {
  type CircuitBreakerConfig,
  type CircuitBreakerLocals,
  circuitOptions,
  localPart,
  ownOptions,
  sharedPart,
} from './config.js';
import { CircuitOpenError, CircuitShutdownError } from './errors.js';
import { type CircuitBreakerEvents, callEvents, eventOf, events, stateEvents } from './events.js';
import { HealthChecks } from './health.js';
import { endless, LimitedCall } from './limited-call.js';
import { type CircuitBreakerMetrics, readMetrics } from './metrics.js';
import { end, force, phase, rejectionOf, states } from './states.js';

/** The hot ones. */
const { breakerEnter, breakerLeave } = fast;
/** Shows no closed state: each call is to be asked for. */
const nowhere = new Int32Array(1);
/** Instead of a permit: there is more to do around the call than a policy's step does. */
const byCall = -0.5;
/** Of calls that come too fast to be timed each, one is after so many. */
const unaskedInARow = 15;

/**
 * A circuit breaker: when what it calls fails too often, it lets nobody in for a while, in any thread of the process, and then tries with a
 * few calls whether it is well again.
 *
 * Closed, it lets all calls in. `failureThreshold` failures in a row, or a rate of failures or slow calls among the last ones, open it. After
 * `recoveryTimeout` it is half-open: at most `halfOpenMaxRequests` calls at once, over all threads, are let in as probes. So many successes of
 * probes close it; one failure opens it again. What a call comes to that was let in before the state changed changes nothing.
 *
 * The state stands in one word that all threads share; no timer runs. A probe whose thread ends, or which does not end for as long as
 * `probeLease`, gives its place to another.
 *
 * @example
 * ```ts
 * const payments = new CircuitBreaker({ name: 'payments', failureThreshold: 5, recoveryTimeout: 30_000, timeout: 2_000 });
 * const receipt = await payments.call(({ signal }) => fetch(url, { signal }));
 * ```
 */
export class CircuitBreaker extends HeardObject<'breaker', CircuitBreakerEvents> implements Disposable {
  /** @internal */
  protected readonly events = events;
  readonly #handle: number;
  readonly #timeout: number;
  readonly #locals: CircuitBreakerLocals;
  readonly #checks: HealthChecks | undefined;
  /** Whether anybody listens to calls. */
  #observed = false;
  /** Whether a call is more than two native calls around the function. */
  #careful: boolean;
  /** So many calls may begin unasked while the word shows that it is closed. */
  #unasked = 0;
  readonly #words: Int32Array;
  readonly #at: number;
  readonly #tally: Int32Array;
  readonly #tallyAt: number;
  #checking: Promise<boolean> | undefined;
  #closed = false;

  /**
   * @param config - See {@link CircuitBreakerConfig}; `name` shares it by name.
   * @throws {@link InvalidArgumentError} for what cannot be meant; {@link NameConflictError} if the name is in use with another
   * configuration. Functions and `healthCheckInterval` are each thread's own.
   */
  constructor(config?: Partial<CircuitBreakerConfig>);
  /** @internal */
  constructor(origin: Origin, locals: CircuitBreakerLocals);
  constructor(first: Partial<CircuitBreakerConfig> | Origin = {}, given?: CircuitBreakerLocals) {
    let locals: CircuitBreakerLocals;
    if (given === undefined) {
      const config = first as Partial<CircuitBreakerConfig>;
      const name = nameOf(config as object, circuitOptions);
      locals = localPart(config, undefined);
      super('breaker', { options: sharedPart(config), name });
    } else {
      locals = localPart(given, ownOptions);
      super('breaker', first as Origin);
    }
    const { isFailure, fallback, healthCheckInterval } = locals;
    this.#locals = locals;
    this.#handle = this.native.handle;
    this.#timeout = binding.breakerTimeout(this.native);
    const place = binding.breakerWord(this.native);
    ({ words: this.#words, at: this.#at } = place === null ? { words: nowhere, at: 0 } : wordAt(place));
    const tally = binding.breakerTally(this.native);
    ({ words: this.#tally, at: this.#tallyAt } = tally === null ? { words: nowhere, at: 0 } : wordAt(tally));
    this.#careful = this.#timeout > 0 || isFailure !== undefined || fallback !== undefined;
    if (healthCheckInterval !== undefined) {
      this.#checks = new HealthChecks(() => void this.checkHealth(), healthCheckInterval);
      this.#checks.entered(fast.breakerPhase(this.#handle));
      this.listened();
    }
  }

  /**
   * Opens the breaker of a name.
   *
   * @param locals - What this thread brings of its own.
   * @throws {@link NotFoundError} if there is none.
   */
  static open(name: string, locals: CircuitBreakerLocals = {}): CircuitBreaker {
    return new CircuitBreaker({ name }, locals);
  }

  /**
   * Opens the breaker that another thread's `toHandle` names.
   *
   * @param locals - What this thread brings of its own.
   * @throws {@link NotFoundError} if it is gone.
   */
  static from(handle: SharedHandle<'breaker'>, locals: CircuitBreakerLocals = {}): CircuitBreaker {
    return new CircuitBreaker({ handle }, locals);
  }

  /**
   * Calls a function if the circuit lets it.
   *
   * @param fn - Gets a context whose `signal` aborts when the call takes too long or its caller gives up.
   * @returns What the function returns; or what `fallback` gives.
   * @throws {@link CircuitOpenError} if it was not let in; {@link CallTimeoutError}; the signal's reason; {@link CircuitShutdownError} after
   * `close`; what the function throws.
   */
  call<T>(fn: GuardedFunction<T>, options?: CircuitCallOptions): Promise<T> {
    if (options === undefined && !this.#careful && typeof fn === 'function') return this.#callPlainly(fn);
    try {
      const signal = this.#begin(fn, options);
      const permit = this.#enter();
      return permit >= 0 ? this.#run(permit, fn, signal) : (this.#refuse(permit) as Promise<T>);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async #callPlainly<T>(fn: GuardedFunction<T>): Promise<T> {
    // As `#enter` and `#leave`, written out: that is a fifth of the whole call.
    let permit: number;
    const shown = this.#unasked > 0 ? (this.#words[this.#at] as number) : 0;
    if ((shown & 1) === 1) {
      this.#unasked--;
      permit = shown >>> 2;
    } else permit = breakerEnter(this.#handle);
    if (!(permit >= 0)) return this.#refuse(permit) as Promise<T>;
    let value: T;
    try {
      value = await fn(endless);
    } catch (error) {
      breakerLeave(this.#handle, permit, end.failure);
      throw error;
    }
    if (this.#words[this.#at] === permit * 4 + 1 && this.#tally !== nowhere) this.#count();
    else if (breakerLeave(this.#handle, permit, end.success)) this.#unasked = unaskedInARow;
    return value;
  }

  /** A permit, from 0, or a number that says why there is none. The protocol of the word is that of `core/src/breaker/mirror.rs`. */
  #enter(): number {
    const shown = this.#unasked > 0 ? (this.#words[this.#at] as number) : 0;
    if ((shown & 1) === 0) return breakerEnter(this.#handle);
    this.#unasked--;
    return shown >>> 2;
  }

  /** A permit of a call that began unasked is the generation: so the word is the same as then, and shows no failures in a row. */
  #leave(permit: number, how: number): void {
    if (how === end.success && this.#words[this.#at] === permit * 4 + 1 && this.#tally !== nowhere)
      this.#count();
    else if (breakerLeave(this.#handle, permit, how)) this.#unasked = unaskedInARow;
  }

  /** A success that changes nothing, in this thread's own word. */
  #count(): void {
    const count = (this.#tally[this.#tallyAt] as number) + 1;
    this.#tally[this.#tallyAt] = count;
    if ((count & 0xffffff) === 0) fast.breakerTallied(this.#handle);
  }

  /** @internal */
  [hasSteps](): boolean {
    return true;
  }

  /** @internal */
  [enter](): number {
    return this.#careful ? byCall : this.#enter();
  }

  /** @internal */
  [refused]<T>(token: number, fn: GuardedFunction<T>): Promise<unknown> {
    return token === byCall ? this.call(fn) : this.#refuse(token);
  }

  /** @internal */
  [left](permit: number): void {
    this.#leave(permit, end.success);
  }

  /** @internal */
  [failed](permit: number, error: unknown): Promise<unknown> {
    return this.#fail(permit, error, false);
  }

  /** Checks what a call is given, and says that it begins. Nothing is held yet. */
  #begin(fn: unknown, options: CircuitCallOptions | undefined): AbortSignal | undefined {
    if (typeof fn !== 'function') throw new InvalidArgumentError('fn', shown(fn), 'a function');
    const signal = options === undefined ? undefined : signalIn(options);
    signal?.throwIfAborted();
    if (this.#observed) this.emitter?.emit('fire');
    return signal;
  }

  /** A call that was let in. */
  async #run<T>(permit: number, fn: GuardedFunction<T>, signal: AbortSignal | undefined): Promise<T> {
    let limited: LimitedCall<T> | undefined;
    let value: T;
    try {
      if (this.#timeout === 0 && signal === undefined) value = await fn(endless);
      else {
        limited = new LimitedCall<T>(this.#timeout, signal);
        value = await limited.run(fn);
        limited.stop();
      }
    } catch (error) {
      limited?.stop();
      if (limited?.aborted === true) {
        this.#leave(permit, end.ignored);
        throw error;
      }
      return (await this.#fail(permit, error, limited?.timedOut === true)) as T;
    }
    this.#succeed(permit, value);
    return value;
  }

  #succeed(permit: number, value: unknown): void {
    if (this.#locals.isFailure === undefined) this.#leave(permit, end.success);
    else {
      const how = this.#judge(permit, undefined, value);
      this.#leave(permit, how);
      if (how === end.failure) this.emitter?.emit('failure', undefined);
      if (how !== end.success) return;
    }
    if (this.#observed) this.emitter?.emit('success', value);
  }

  async #fail(permit: number, error: unknown, timedOut: boolean): Promise<unknown> {
    const how = timedOut ? end.timedOut : this.#judge(permit, error, undefined);
    this.#leave(permit, how);
    if (how !== end.failure && how !== end.timedOut) throw error;
    if (timedOut) this.emitter?.emit('timeout', error as CallTimeoutError);
    this.emitter?.emit('failure', error);
    return this.#instead(error);
  }

  /** What a call came to, as the user sees it. If that throws, or is no answer, it has failed and its permit is given back. */
  #judge(permit: number, error: unknown, value: unknown): number {
    const { isFailure } = this.#locals;
    if (isFailure === undefined) return end.failure;
    try {
      const answer: unknown = isFailure(error, value);
      if (answer === 'ignore') return end.ignored;
      if (typeof answer === 'boolean') return answer ? end.failure : end.success;
      throw new InvalidArgumentError('isFailure', shown(answer), "to give true, false or 'ignore'");
    } catch (thrown) {
      this.#leave(permit, end.failure);
      throw thrown;
    }
  }

  /** A call that was not let in. */
  async #refuse(refused: number): Promise<unknown> {
    const rejection = rejectionOf(refused);
    if (rejection === undefined) throw new CircuitShutdownError();
    const error = new CircuitOpenError(rejection, this.name);
    this.emitter?.emit('reject', error);
    return this.#instead(error);
  }

  async #instead(error: unknown): Promise<unknown> {
    const { fallback } = this.#locals;
    if (fallback === undefined) throw error;
    const value = await fallback(error);
    fast.breakerFallback(this.#handle);
    this.emitter?.emit('fallback', value, error);
    return value;
  }

  /**
   * As `call`, without throwing: a refusal costs no error. With a `fallback` its value is the value.
   *
   * @returns `{ ok: true, value }`, `{ ok: false, error }` with what `call` would have thrown, or `{ ok: false, rejected }` if the circuit did
   * not let it in.
   * @throws {@link InvalidArgumentError} if `fn` is no function, or for an option that cannot be meant.
   */
  async tryCall<T>(fn: GuardedFunction<T>, options?: CircuitCallOptions): Promise<CircuitCallResult<T>> {
    if (options !== undefined) signalIn(options);
    if (typeof fn !== 'function') throw new InvalidArgumentError('fn', shown(fn), 'a function');
    try {
      const signal = this.#begin(fn, options);
      const permit = this.#enter();
      if (permit >= 0) return { ok: true, value: await this.#run(permit, fn, signal) };
      const rejected = rejectionOf(permit);
      if (rejected === undefined || this.#locals.fallback !== undefined)
        return { ok: true, value: (await this.#refuse(permit)) as T };
      if (this.emitter?.listens('reject') === true)
        this.emitter.emit('reject', new CircuitOpenError(rejected, this.name));
      return { ok: false, rejected };
    } catch (error) {
      return { ok: false, error };
    }
  }

  /** A function that calls another through the breaker, with its own `this` and arguments. */
  wrap<This, Args extends unknown[], R>(
    fn: (this: This, ...args: Args) => R,
  ): (this: This, ...args: Args) => Promise<Awaited<R>> {
    if (typeof fn !== 'function') throw new InvalidArgumentError('fn', shown(fn), 'a function');
    const breaker = this;
    const through = function (this: This, ...args: Args): Promise<Awaited<R>> {
      return breaker.call(() => fn.apply(this, args)) as Promise<Awaited<R>>;
    };
    Object.defineProperty(through, 'name', { value: fn.name, configurable: true });
    Object.defineProperty(through, 'length', { value: fn.length, configurable: true });
    return through;
  }

  /** Whether nobody is let in: it is open or isolated. */
  isOpen(): boolean {
    const now = fast.breakerPhase(this.#handle);
    return now === phase.open || now === phase.isolated;
  }

  /** Whether it is tried. */
  isHalfOpen(): boolean {
    return fast.breakerPhase(this.#handle) === phase.halfOpen;
  }

  /** Whether all are let in. */
  isClosed(): boolean {
    return fast.breakerPhase(this.#handle) === phase.closed;
  }

  /** Where it stands: `'closed'`, `'open'`, `'half-open'`, `'isolated'` or, after `close`, `'shutdown'`. */
  getState(): string {
    return states[fast.breakerPhase(this.#handle)] as string;
  }

  /** Opens it as too many failures do: after `recoveryTimeout` it is tried. */
  forceOpen(): void {
    fast.breakerForce(this.#handle, force.open);
  }

  /** Closes it, whatever it was; failures count from here on. */
  forceClose(): void {
    fast.breakerForce(this.#handle, force.close);
  }

  /** Opens it until `reset` or `forceClose`: no time ends that. */
  isolate(): void {
    fast.breakerForce(this.#handle, force.isolate);
  }

  /** Closes it, and forgets all that was counted. */
  reset(): void {
    fast.breakerForce(this.#handle, force.reset);
  }

  /** What it has counted, over all threads. */
  getMetrics(): CircuitBreakerMetrics {
    return readMetrics(this.native);
  }

  /**
   * Runs `healthCheck`. If all is well while the circuit is open, its recovery time is over: the next calls are probes. An isolated one stays
   * so, and a closed one is not opened. Who asks while a check runs gets its answer.
   *
   * @returns Whether all is well.
   * @throws {@link InvalidArgumentError} without a `healthCheck`.
   */
  checkHealth(): Promise<boolean> {
    const { healthCheck } = this.#locals;
    if (healthCheck === undefined)
      return Promise.reject(new InvalidArgumentError('healthCheck', 'undefined', 'a function, to be run'));
    this.#checking ??= this.#check(healthCheck).finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  async #check(healthCheck: () => unknown): Promise<boolean> {
    try {
      if ((await healthCheck()) === false) return false;
    } catch {
      return false;
    }
    if (!this.#closed) fast.breakerForce(this.#handle, force.recover);
    return true;
  }

  /** Hears of the state while anybody wants to know. @internal */
  protected override listened(): void {
    const { isFailure, fallback } = this.#locals;
    const listens = (name: keyof CircuitBreakerEvents): boolean => this.emitter?.listens(name) === true;
    this.#observed = callEvents.some(listens);
    this.#careful = this.#observed || this.#timeout > 0 || isFailure !== undefined || fallback !== undefined;
    this.hear(this.#checks !== undefined || stateEvents.some(listens));
  }

  /** @internal */
  protected override tell(_what: number, from: number, to: number, retryAfter: number): void {
    const [before, after] = [states[from], states[to]];
    if (before === undefined || after === undefined) return;
    this.#checks?.entered(to);
    const change = { from: before, to: after, retryAfter };
    const event = eventOf[after];
    if (event !== undefined) this.emitter?.emit(event, change);
    this.emitter?.emit('stateChange', change);
  }

  /** @internal */
  protected override ended(): void {
    this.#closed = true;
    this.emitter?.emit('shutdown');
  }

  /**
   * Shuts it down for all threads: it calls nothing any more. Functions that run go on, and what they come to is the caller's. Again does no
   * harm.
   */
  close(): void {
    this.#closed = true;
    this.#checks?.stop();
    fast.breakerForce(this.#handle, force.shut);
    this.unexport();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
