/** Go's `go`: a function of the moment on the worker threads that the whole process shares. */
import { availableParallelism } from 'node:os';
import { checkFunction } from '../arguments.js';
import { InvalidArgumentError, PoolClosedError } from '../errors.js';
import { fast } from '../isolate.js';
import { type Cancellation, isCancellation, signalOf } from '../signal.js';
import { put, putNum, putTag } from '../values.js';
import { shown } from '../wait-options.js';
import { DynamicWorkerPool } from '../worker-pools/dynamic-pool.js';

/** Where a goroutine is. */
export type GoroutineState = 'pending' | 'fulfilled' | 'rejected' | 'cancelled';

/** How a goroutine is started. */
export interface GoOptions {
  /** Cancels it. */
  signal?: Cancellation;
}

type Scheduler = DynamicWorkerPool<unknown, unknown>;
let scheduler: Scheduler | undefined;
let lastId = 0;

/**
 * The scheduler: started at first use by whichever thread that is, sized to the machine, found by the others by its name. Each worker
 * may have many goroutines that wait.
 */
function theScheduler(): Scheduler {
  if (scheduler !== undefined && !scheduler.closed) return scheduler;
  scheduler = new DynamicWorkerPool<unknown, unknown>({
    name: 'millrace go',
    minWorkers: 0,
    maxWorkers: availableParallelism(),
    concurrentTasksPerWorker: 1024,
  });
  return scheduler;
}

/** A function that runs beside: a promise of its result that can be cancelled. */
export class Goroutine<T> implements PromiseLike<T> {
  /** Its number within this thread. */
  readonly id: number;
  readonly #promise: Promise<T>;
  readonly #controller = new AbortController();
  #state: GoroutineState = 'pending';

  /** @internal */
  constructor(
    start: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal | undefined,
    name: string,
    local: boolean,
  ) {
    this.id = ++lastId;
    put(name);
    const known = fast.goBegin(this.id, local, putTag, putNum);
    const { signal: own } = this.#controller;
    const onAbort = (): void => this.#controller.abort(signal?.reason);
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
    this.#promise = start(own).then(
      (value) => {
        this.#state = 'fulfilled';
        fast.goEnd(known);
        signal?.removeEventListener('abort', onAbort);
        return value;
      },
      (error: unknown) => {
        this.#state = own.aborted ? 'cancelled' : 'rejected';
        fast.goEnd(known);
        signal?.removeEventListener('abort', onAbort);
        throw error;
      },
    );
  }

  /** Where it is. */
  get state(): GoroutineState {
    return this.#state;
  }

  /** Cancels it: it rejects with the reason. A function that does not look at its signal runs on until its worker is replaced. */
  cancel(reason: unknown = new DOMException('the goroutine was cancelled', 'AbortError')): void {
    if (this.#state === 'pending') this.#controller.abort(reason);
  }

  // biome-ignore lint/suspicious/noThenProperty: `await go(fn)` is the way to its result, so it must be a thenable, with cancel and id beside.
  then<R = T, E = never>(
    onFulfilled?: ((value: T) => R | PromiseLike<R>) | null,
    onRejected?: ((error: unknown) => E | PromiseLike<E>) | null,
  ): Promise<R | E> {
    return this.#promise.then(onFulfilled, onRejected);
  }

  /** As a promise's. */
  catch<E = never>(onRejected: (error: unknown) => E | PromiseLike<E>): Promise<T | E> {
    return this.#promise.catch(onRejected);
  }

  /** As a promise's. */
  finally(onFinally: () => void): Promise<T> {
    return this.#promise.finally(onFinally);
  }
}

/** What diagnostics call it. */
function nameOf(fn: { name: unknown }): string {
  return typeof fn.name === 'string' ? fn.name.slice(0, 100) : '';
}

function check(fn: unknown, options: GoOptions): void {
  checkFunction('fn', fn);
  if (typeof options !== 'object' || options === null)
    throw new InvalidArgumentError('options', shown(options), 'an object');
  for (const name of Object.keys(options))
    if (name !== 'signal') throw new InvalidArgumentError(name, 'an unknown option', 'signal');
  const { signal } = options;
  if (signal !== undefined && !isCancellation(signal))
    throw new InvalidArgumentError('signal', shown(signal), 'an AbortSignal or a Context');
}

/** Runs it on the scheduler; on another one if the thread that had started it has ended. */
async function schedule<A extends unknown[], R>(
  fn: (...args: A) => R,
  args: A,
  signal: AbortSignal,
): Promise<Awaited<R>> {
  const used = theScheduler();
  try {
    return await used.runWith(fn, args, { signal });
  } catch (error) {
    if (!(error instanceof PoolClosedError)) throw error;
    if (scheduler === used) scheduler = undefined;
    return theScheduler().runWith(fn, args, { signal });
  }
}

function start<A extends unknown[], R>(
  fn: (...args: A) => R,
  args: A,
  options: GoOptions,
): Goroutine<Awaited<R>> {
  check(fn, options);
  return new Goroutine((signal) => schedule(fn, args, signal), signalOf(options.signal), nameOf(fn), false);
}

/**
 * Runs a self-contained function on the worker threads of the process. It is sent as its source, its arguments are cloned: channels
 * and locks go as their handles.
 *
 * @returns A thenable of what it returns, with `cancel`, `id` and `state`.
 * @throws {@link ProcessorError}, by the thenable, for a function that cannot be sent.
 * @example
 * ```ts
 * const sum = await go((n) => { let s = 0; for (let i = 0; i < n; i++) s += i; return s; }, 1e9);
 * go.local(async () => { for await (const job of jobs) await handle(job); });
 * ```
 */
export function go<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Goroutine<Awaited<R>> {
  return start(fn, args, {});
}

/** The same, with a signal: `go.with({ signal })(fn, ...args)`. @throws {@link InvalidArgumentError} for what cannot be meant. */
go.with =
  (options: GoOptions) =>
  <A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Goroutine<Awaited<R>> =>
    start(fn, args, options);

/** Runs an asynchronous function in this thread, beside what goes on. It gets a signal that aborts when it is cancelled. */
go.local = <R>(
  fn: (signal: AbortSignal) => R | PromiseLike<R>,
  options: GoOptions = {},
): Goroutine<Awaited<R>> => {
  check(fn, options);
  const run = async (signal: AbortSignal): Promise<Awaited<R>> => {
    signal.throwIfAborted();
    return (await Promise.race([fn(signal), aborted(signal)])) as Awaited<R>;
  };
  return new Goroutine(run, signalOf(options.signal), nameOf(fn), true);
};

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

/** Starts them all, or none if one of them is no function. */
function startAll<F extends () => unknown>(fns: readonly F[]): Goroutine<Awaited<ReturnType<F>>>[] {
  if (!Array.isArray(fns)) throw new InvalidArgumentError('fns', shown(fns), 'an array of functions');
  for (const fn of fns) checkFunction('fn', fn);
  return fns.map((fn) => go(fn) as Goroutine<Awaited<ReturnType<F>>>);
}

/**
 * Runs functions beside one another, and gives their results in order. The first error cancels the others.
 *
 * @throws The first error; {@link InvalidArgumentError} for what is no array of functions, and then none runs.
 * @example
 * ```ts
 * const [a, b] = await goAll([() => 1, () => 'two']);
 * ```
 */
export async function goAll<F extends readonly (() => unknown)[]>(
  fns: readonly [...F],
): Promise<{ -readonly [K in keyof F]: Awaited<ReturnType<F[K]>> }> {
  const routines = startAll(fns);
  try {
    return (await Promise.all(routines)) as { -readonly [K in keyof F]: Awaited<ReturnType<F[K]>> };
  } catch (error) {
    for (const routine of routines) routine.cancel();
    throw error;
  }
}

/**
 * Runs functions beside one another: the first to end decides, and the others are cancelled.
 *
 * @throws What the first to end throws; {@link InvalidArgumentError} for what is no array of functions, or has none.
 */
export async function goRace<T>(fns: readonly (() => T | PromiseLike<T>)[]): Promise<Awaited<T>> {
  const routines = startAll(fns);
  if (routines.length === 0)
    throw new InvalidArgumentError('fns', 'none', 'at least one: a race of none has no end');
  try {
    return (await Promise.race(routines)) as Awaited<T>;
  } finally {
    for (const routine of routines) {
      routine.catch(() => undefined);
      routine.cancel();
    }
  }
}
