/** What a pattern is: it starts, it stops, it guards its calls and counts them. */
import { Times } from '../pipelines/times.js';
import type { CallContext } from '../policy/call-context.js';
import { type Limited, limited } from '../policy/limited.js';
import { type CallOptions, checkCall } from '../policy/part.js';
import { RetryExecutor } from '../retry/executor.js';
import { RetryPolicy } from '../retry/policy.js';
import { Semaphore } from '../sync/semaphore.js';
import { completed, type ErrorHandler, type PatternConfig } from './config.js';
import { counted } from './counted.js';
import { nothingCounted, type PatternMetrics } from './metrics.js';

/**
 * The base of patterns of your own: something with a life that a {@link PatternRegistry} can end in its turn. The classes of this package
 * have bases of their own; a registry takes them as they are.
 *
 * @example
 * ```ts
 * class Poller extends BasePattern {
 *   #timer: NodeJS.Timeout | undefined;
 *   async start() {
 *     const poll = () => this.retry(({ signal }) => fetch(url, { signal })).catch((error) => this.handleError(error));
 *     this.#timer = setInterval(poll, 1000);
 *   }
 *   async stop() {
 *     clearInterval(this.#timer);
 *     this.#timer = undefined;
 *   }
 *   isRunning() {
 *     return this.#timer !== undefined;
 *   }
 * }
 * const poller = new Poller({ name: 'poller', timeout: 5_000, retryAttempts: 3 });
 * registry.register(poller);
 * ```
 */
export abstract class BasePattern implements AsyncDisposable {
  /** How it was made, complete. Frozen. */
  protected config: PatternConfig;
  /** What it counts; `latency` is worked out by {@link getMetrics}. */
  protected metrics: PatternMetrics = nothingCounted();
  /** Takes what {@link handleError} is given. */
  protected errorHandler: ErrorHandler;
  readonly #times = new Times();
  #executor: RetryExecutor | undefined;
  #gate: Limited | undefined;

  /** @throws {@link InvalidArgumentError} for what cannot be meant. */
  constructor(config: Partial<PatternConfig> = {}) {
    this.config = completed(config, new.target.name);
    this.errorHandler = this.config.errorHandler;
  }

  /** Its name. */
  get name(): string {
    return this.config.name;
  }

  /** Starts it. */
  abstract start(): Promise<void>;
  /** Stops it. A registry also stops what does not run: that must do no harm. */
  abstract stop(): Promise<void>;
  /** Whether it runs. */
  abstract isRunning(): boolean;
  /** Ends it at once, if it can be: called when `stop` takes longer than a shutdown may. */
  terminate?(): Promise<unknown> | void;

  /** Counts an error that nobody awaits, and gives it to the `errorHandler`. What that throws is uncaught, and nobody's failure here. */
  protected handleError(error: Error): void {
    if (this.config.enableMetrics) this.metrics.errors++;
    try {
      this.errorHandler(error);
    } catch (thrown) {
      process.nextTick(() => {
        throw thrown;
      });
    }
    counted(this);
  }

  /**
   * Calls a function as the configuration says: when its turn has come (`maxConcurrency`), each attempt within `timeout`, again after a
   * growing pause while it fails (`retryAttempts`). It keeps its place during the pauses.
   *
   * @param fn - Its context's `signal` aborts when its time is over or its caller gives up.
   * @param options - `signal` ends the call, also while it waits.
   * @throws The last error; `CallTimeoutError`; the signal's reason.
   */
  protected async retry<T>(fn: (context: CallContext) => Promise<T>, options?: CallOptions): Promise<T> {
    checkCall(fn, options);
    const { enableMetrics, maxConcurrency } = this.config;
    const call = enableMetrics ? this.#counting(fn) : this.#guarding(fn);
    if (maxConcurrency !== Infinity) this.#gate ??= limited(new Semaphore(maxConcurrency));
    if (!enableMetrics)
      return this.#gate === undefined ? call.run(options) : this.#gate.call(call.run, options);
    this.metrics.calls++;
    this.metrics.waiting++;
    try {
      const result = await (this.#gate === undefined
        ? call.run(options)
        : this.#gate.call(call.run, options));
      this.metrics.succeeded++;
      return result;
    } catch (error) {
      this.metrics.failed++;
      throw error;
    } finally {
      call.end();
      counted(this);
    }
  }

  #guarding<T>(fn: (context: CallContext) => Promise<T>): Call<T> {
    const { timeout, retryAttempts } = this.config;
    this.#executor ??= new RetryExecutor(
      new RetryPolicy({ maxAttempts: retryAttempts + 1, ...(timeout !== Infinity && { timeout }) }),
    );
    const executor = this.#executor;
    const run = (context: CallOptions | undefined): Promise<T> => {
      const signal = context?.signal;
      return executor.call(fn, signal && { signal });
    };
    return { run, end: () => undefined };
  }

  #counting<T>(fn: (context: CallContext) => Promise<T>): Call<T> {
    let attempts = 0;
    let began: number | undefined;
    const guarded = this.#guarding((context) => {
      if (attempts++ > 0) this.metrics.retries++;
      return fn(context);
    });
    const run = (context: CallOptions | undefined): Promise<T> => {
      this.metrics.waiting--;
      this.metrics.active++;
      began = performance.now();
      return guarded.run(context);
    };
    const end = (): void => {
      if (began === undefined) this.metrics.waiting--;
      else {
        this.metrics.active--;
        this.#times.record(performance.now() - began);
      }
    };
    return { run, end };
  }

  /** What it has counted. With `enableMetrics: false` nothing. */
  getMetrics(): PatternMetrics {
    return { ...this.metrics, latency: this.#times.statistics() };
  }

  /** Counts anew. What runs and waits now still does. */
  resetMetrics(): void {
    const { active, waiting } = this.metrics;
    this.metrics = { ...nothingCounted(), active, waiting };
    this.#times.clear();
    counted(this);
  }

  /** Stops it. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** One call: what runs it when its turn has come, and what is done at its end. */
interface Call<T> {
  run(this: void, context: CallOptions | undefined): Promise<T>;
  end(): void;
}
