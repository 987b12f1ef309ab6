/** Refusing calls by priority while this thread's event loop is late. */
import { AsyncResource } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { checkFunction } from '../arguments.js';
import { InvalidArgumentError, rethrow } from '../errors.js';
import { checkListener, Emitter } from '../events.js';
import { binding, fast } from '../isolate.js';
import type { NativeObject } from '../native/binding.js';
import type { CallContext } from '../policy/call-context.js';
import { type Cancellation, isCancellation } from '../signal.js';
import { shown } from '../wait-options.js';
import { LoadShedError } from './bulkhead-errors.js';
import { contextOf } from './line.js';

/** How load is shed. */
export interface LoadShedConfig {
  /** Milliseconds that the event loop may be late before the lowest priority is refused; from 1. */
  readonly maxEventLoopDelay: number;
  /** How many priorities there are: 0 is the lowest. Each further `maxEventLoopDelay` refuses one more. 1 to 100, default 3. */
  readonly priorities?: number;
}

/** How one call is made. */
export interface ShedCallOptions {
  /** How important it is: a whole number from 0, the lowest, to one less than `priorities`. Default 0. */
  priority?: number;
  /** Handed to the function. */
  signal?: Cancellation;
}

/** How the middleware decides. */
export interface ShedMiddlewareOptions<Request extends IncomingMessage = IncomingMessage> {
  /** The priority of all requests, or of each. Default 0. */
  priority?: number | ((request: Request) => number);
}

/** What was shed, in this thread. */
export interface LoadShedMetrics {
  /** How late the event loop is to be reckoned, in milliseconds. */
  delay: number;
  /** Calls admitted. */
  admitted: number;
  /** Calls refused, by priority. */
  refused: number[];
}

/** The events of load shedding, with what each listener gets. */
export interface LoadShedEvents {
  /** A call was refused. */
  refuse: [event: { priority: number; retryAfter: number }];
  /** It is closed. */
  close: [];
}

/** A probe is looked for so often at least, in milliseconds. */
const longestInterval = 50;
const known = ['maxEventLoopDelay', 'priorities'];
const events = ['refuse', 'close'] as const;
/** The timer goes on for as long as calls come: it is not to hold on to what the first of them had in AsyncLocalStorage. */
const root = new AsyncResource('millrace', { requireManualDestroy: true });

/**
 * Sheds load by priority while the event loop of this thread is late. What is measured is this thread's alone, so nothing is shared. It is
 * measured by a timer that keeps no process alive, and runs only while calls come. The delay rises at once and halves with each
 * `maxEventLoopDelay` that passes.
 *
 * @example
 * ```ts
 * const shed = loadShed({ maxEventLoopDelay: 100 });
 * app.use(shed.middleware({ priority: (request) => (request.url === '/health' ? 2 : 0) }));
 * const report = await shed.call(() => makeReport(), { priority: 1 });
 * ```
 */
export class LoadShed implements Disposable {
  readonly #native: NativeObject;
  readonly #handle: number;
  readonly #priorities: number;
  readonly #interval: number;
  readonly #emitter = new Emitter<LoadShedEvents>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param config - `maxEventLoopDelay`; `priorities`. */
  constructor(config: LoadShedConfig) {
    if (typeof config !== 'object' || config === null)
      throw new InvalidArgumentError('options', shown(config), 'an object');
    for (const name of Object.keys(config))
      if (!known.includes(name)) throw new InvalidArgumentError(name, 'an unknown option', known.join(', '));
    const { maxEventLoopDelay, priorities = 3 } = config;
    if (maxEventLoopDelay === undefined)
      throw new InvalidArgumentError('maxEventLoopDelay', 'undefined', 'milliseconds, at least 1');
    try {
      this.#native = binding.NativeObject.create('shed', undefined, { maxEventLoopDelay, priorities }, '');
    } catch (error) {
      rethrow(error);
    }
    this.#handle = this.#native.handle;
    this.#priorities = priorities;
    this.#interval = Math.max(1, Math.min(longestInterval, maxEventLoopDelay / 4));
  }

  #probe(): void {
    this.#timer = root.runInAsyncScope(() => setTimeout(this.#arrived, this.#interval).unref());
    fast.shedExpect(this.#handle, this.#interval);
  }

  readonly #arrived = (): void => {
    if (fast.shedArrived(this.#handle)) this.#probe();
    else this.#timer = undefined;
  };

  /** Undefined if the call is admitted, else after how many milliseconds it may come back. */
  #ask(priority: number): number | undefined {
    if (!Number.isInteger(priority) || priority < 0 || priority >= this.#priorities)
      throw new InvalidArgumentError(
        'priority',
        shown(priority),
        `a whole number from 0 to ${this.#priorities - 1}`,
      );
    if (this.#closed) return undefined;
    const retryAfter = fast.shedAsk(this.#handle, priority);
    if (this.#timer === undefined) this.#probe();
    if (retryAfter < 0) return undefined;
    this.#emitter.emit('refuse', { priority, retryAfter });
    return retryAfter;
  }

  /** Whether a call of this priority may go on now. Counts as a call. */
  admits(priority = 0): boolean {
    return this.#ask(priority) === undefined;
  }

  /**
   * Calls a function, unless the event loop is too late for its priority.
   *
   * @returns What the function returns.
   * @throws {@link LoadShedError}, and the function is not called; the signal's reason; what the function throws.
   */
  async call<T>(fn: (context: CallContext) => T | PromiseLike<T>, options: ShedCallOptions = {}): Promise<T> {
    checkFunction('fn', fn);
    if (typeof options !== 'object' || options === null)
      throw new InvalidArgumentError('options', shown(options), 'an object');
    for (const name of Object.keys(options))
      if (name !== 'priority' && name !== 'signal')
        throw new InvalidArgumentError(name, 'an unknown option', 'priority, signal');
    const { signal, priority = 0 } = options;
    if (signal !== undefined && !isCancellation(signal))
      throw new InvalidArgumentError('signal', shown(signal), 'an AbortSignal or a Context');
    const context = contextOf(signal === undefined ? {} : { signal });
    context.signal?.throwIfAborted();
    const retryAfter = this.#ask(priority);
    if (retryAfter !== undefined) throw new LoadShedError(priority, retryAfter);
    return fn(context);
  }

  /** A function that does the same unless the event loop is too late for it; see {@link LoadShed.call}. */
  wrap<A extends unknown[], T>(
    fn: (...args: A) => T | PromiseLike<T>,
    options: { priority?: number } = {},
  ): (...args: A) => Promise<T> {
    checkFunction('fn', fn);
    const shed = this;
    return function (this: unknown, ...args: A): Promise<T> {
      return shed.call(() => fn.apply(this, args), options);
    };
  }

  /**
   * Middleware for Express, and for all that calls `(request, response, next)`: a request that is refused is answered 503 with `Retry-After`.
   *
   * @param options - `priority`: a number, or a function of the request.
   */
  middleware<Request extends IncomingMessage = IncomingMessage>(
    options: ShedMiddlewareOptions<Request> = {},
  ): (request: Request, response: ServerResponse, next: (error?: unknown) => void) => void {
    if (typeof options !== 'object' || options === null)
      throw new InvalidArgumentError('options', shown(options), 'an object');
    for (const name of Object.keys(options))
      if (name !== 'priority') throw new InvalidArgumentError(name, 'an unknown option', 'priority');
    const { priority = 0 } = options;
    return (request, response, next) => {
      let retryAfter: number | undefined;
      try {
        retryAfter = this.#ask(typeof priority === 'function' ? priority(request) : priority);
      } catch (error) {
        next(error);
        return;
      }
      if (retryAfter === undefined) {
        next();
        return;
      }
      response.statusCode = 503;
      response.setHeader('Retry-After', String(Math.max(1, Math.ceil(retryAfter / 1000))));
      response.setHeader('Content-Type', 'text/plain; charset=utf-8');
      response.end('Service Unavailable\n');
    };
  }

  /** The lowest priority that is admitted now; as many as there are priorities if none is. */
  get lowest(): number {
    return this.#closed ? 0 : fast.shedLowest(this.#handle);
  }

  /** What it has done. */
  getMetrics(): LoadShedMetrics {
    try {
      return binding.shedMetrics(this.#native) as LoadShedMetrics;
    } catch (error) {
      rethrow(error);
    }
  }

  /** Listens to an event; the listener keeps the AsyncLocalStorage context it is added in. */
  on<K extends keyof LoadShedEvents>(event: K, listener: (...args: LoadShedEvents[K]) => void): this {
    checkListener(event, events, listener);
    this.#emitter.add(event, listener, false);
    return this;
  }

  /** Listens once. */
  once<K extends keyof LoadShedEvents>(event: K, listener: (...args: LoadShedEvents[K]) => void): this {
    checkListener(event, events, listener);
    this.#emitter.add(event, listener, true);
    return this;
  }

  /** Listens no more. */
  off<K extends keyof LoadShedEvents>(event: K, listener: (...args: LoadShedEvents[K]) => void): this {
    this.#emitter.remove(event, listener);
    return this;
  }

  /** Whether it is closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Ends the measuring: from here on everything is admitted, and nothing counted. Again does no harm. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#emitter.emit('close');
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Makes a {@link LoadShed}. */
export function loadShed(config: LoadShedConfig): LoadShed {
  return new LoadShed(config);
}
