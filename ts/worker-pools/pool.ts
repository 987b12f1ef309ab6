/** What both kinds of pools are. */

import { InvalidArgumentError, PoolClosedError } from '../errors.js';
import type { Emitter } from '../events.js';
import { acceptLinks } from '../links.js';
import type { NativePool } from '../native/binding.js';
import { signalOf } from '../signal.js';
import { enter, status } from '../waits.js';
import { type BatchOptions, runBatch } from './batch.js';
import { Client } from './client.js';
import type { Processor, SubmitOptions, WorkerPoolOptions } from './config.js';
import { type PoolEvents, poolEmitter } from './events.js';
import { type MapOptions, runMap } from './map.js';
import type { HealthStatus, PoolMetrics, WorkerHealth } from './metrics.js';
import { type Making, type Opening, openNative, type PoolHandle } from './opening.js';
import { crashOf, failure } from './outcome.js';
import { Owner } from './owner.js';
import { processorText } from './processor.js';
import { TaskStream } from './stream.js';
import { checkCount, checkSubmitOptions } from './submit-options.js';

/** How a pool is closed. */
export interface CloseOptions {
  /** How long to wait for tasks to end, in milliseconds, before the pool is terminated. Default: no limit. */
  timeout?: number;
}

const runModule = new URL('./run.js', import.meta.url);
/** Closes a pool that nothing refers to any more and no other thread can open: what it was given ends, then its threads do. */
const dropped = new FinalizationRegistry((native: NativePool) => native.close());

// Made out here, so that they do not keep the pool's object alive.
function emitterOf(native: NativePool): Emitter<PoolEvents> {
  return poolEmitter((mask) => native.isOwner && native.watch(mask));
}

function ownerOf(
  native: NativePool,
  options: WorkerPoolOptions<never, unknown>,
  emitter: Emitter<PoolEvents>,
): Owner {
  const text = options.processor === undefined ? undefined : processorText(options.processor);
  return new Owner(native, options, text, {
    event: ({ type, ...event }) => emitter.emit(type as 'worker', event as PoolEvents['worker'][0]),
    error: (detail, cause) => {
      emitter.emit('error', detail < 0 ? (cause as Error) : crashOf(detail, cause));
    },
    output: (workerId, stream, text) => emitter.emit('output', { workerId, stream, text }),
  });
}

/** A pool of workers. Not made itself: see `DynamicWorkerPool` and `FixedWorkerPool`. */
export abstract class WorkerPool<TInput, TOutput> implements AsyncDisposable {
  readonly #native: NativePool;
  readonly #client: Client;
  readonly #owner: Owner | undefined;
  readonly #emitter: Emitter<PoolEvents>;
  #closing: Promise<void> | undefined;

  /** @internal */
  protected constructor(source: { options: WorkerPoolOptions<TInput, TOutput>; workers?: number } | Opening) {
    this.#native = openNative(source as Making | Opening);
    acceptLinks();
    this.#client = new Client(this.#native);
    this.#emitter = emitterOf(this.#native);
    if (this.#native.isOwner && 'options' in source) {
      const options = source.options as WorkerPoolOptions<never, unknown>;
      this.#owner = ownerOf(this.#native, options, this.#emitter);
      if (options.name === undefined) dropped.register(this, this.#native, this);
    }
  }

  /** The pool's name, if it has one. */
  get name(): string | undefined {
    return this.#native.name ?? undefined;
  }

  /**
   * Runs the processor on one input, on some worker.
   *
   * @param task - What the processor gets: anything `postMessage` accepts.
   * @returns What the processor returns.
   * @throws What the processor throws, with its name, message, own properties, cause and the worker's stack;
   * `DataCloneError` for an input that cannot be cloned; `TaskTimeoutError`, `QueueFullError`, `PoolClosedError`,
   * `WorkerCrashedError`, `WorkerReplacedError`, `PoolBrokenError`, `ProcessorError`; the signal's reason when aborted.
   * @example
   * ```ts
   * const thumbnail = await pool.submit(image, { timeout: 5_000, transfer: [image.buffer] });
   * ```
   */
  submit(task: TInput, options?: SubmitOptions<TInput, TOutput>): Promise<TOutput> {
    if (this.#closing !== undefined) return Promise.reject(new PoolClosedError());
    if (options === undefined) return this.#client.submit(task) as Promise<TOutput>;
    try {
      checkSubmitOptions(options as SubmitOptions);
    } catch (error) {
      return Promise.reject(error as Error);
    }
    return this.#client.submitWith(task, options as never) as Promise<TOutput>;
  }

  /**
   * Runs the processor on each input; the results come in their order.
   *
   * @returns The results; with `settle` the outcome of each, as from `Promise.allSettled`.
   * @throws The first error, after the tasks that no worker has begun have been cancelled.
   */
  submitBatch(
    tasks: readonly TInput[],
    options: BatchOptions<TInput, TOutput> & { settle: true },
  ): Promise<PromiseSettledResult<TOutput>[]>;
  submitBatch(tasks: readonly TInput[], options?: BatchOptions<TInput, TOutput>): Promise<TOutput[]>;
  async submitBatch(
    tasks: readonly TInput[],
    options: BatchOptions<TInput, TOutput> = {},
  ): Promise<TOutput[] | PromiseSettledResult<TOutput>[]> {
    checkSubmitOptions(options as SubmitOptions, ['settle']);
    if (!Array.isArray(tasks)) throw new InvalidArgumentError('tasks', typeof tasks, 'an array');
    if (this.#closing !== undefined) throw new PoolClosedError();
    return runBatch(this.#client, tasks, options);
  }

  /**
   * Runs the processor on each of any number of inputs, in constant memory: an input is read when there is room for it.
   *
   * @throws The first error, when its turn comes; what is on its way is then cancelled.
   * @example
   * ```ts
   * for await (const row of pool.map(readLines(file), { concurrency: 32 })) write(row);
   * ```
   */
  map(
    inputs: Iterable<TInput> | AsyncIterable<TInput>,
    options: MapOptions<TInput, TOutput> = {},
  ): AsyncIterableIterator<TOutput> {
    const { concurrency, ordered = true, signal: cancellation, ...terms } = options;
    checkSubmitOptions({ ...terms, ...(cancellation && { signal: cancellation }) } as SubmitOptions);
    const signal = signalOf(cancellation);
    if (typeof ordered !== 'boolean') throw new InvalidArgumentError('ordered', typeof ordered, 'a boolean');
    const width =
      concurrency === undefined
        ? Math.max(16, this.getWorkerCount() * 4)
        : checkCount('concurrency', concurrency);
    const client = this.#client;
    return runMap(inputs, { client, closed: () => this.closed, width, ordered, signal, terms });
  }

  /**
   * Runs a processor that is a generator, and gives what it yields. The generator is at most some items ahead of the reader,
   * and is ended when the reader stops.
   *
   * @example
   * ```ts
   * for await (const record of pool.iterate('big.csv')) await insert(record);
   * ```
   */
  iterate<T = TOutput>(
    task: TInput,
    options: SubmitOptions<TInput, unknown> = {},
  ): AsyncIterableIterator<T> & AsyncDisposable {
    checkSubmitOptions(options as SubmitOptions);
    if (this.#closing !== undefined) throw new PoolClosedError();
    return new TaskStream<T>(this.#client, task, options as never);
  }

  /**
   * Runs a function of the moment with its arguments. It must be self-contained: it is sent as its source text.
   *
   * @example
   * ```ts
   * const digest = await pool.run((text) => process.getBuiltinModule('node:crypto').hash('sha256', text), 'abc');
   * ```
   */
  async run<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Promise<Awaited<R>> {
    if (typeof fn !== 'function') throw new InvalidArgumentError('fn', typeof fn, 'a function');
    return this.runWith(fn, args, {});
  }

  /** As {@link run}, with the options of `submit`. @internal */
  async runWith<A extends unknown[], R>(
    fn: (...args: A) => R,
    args: A,
    options: Pick<SubmitOptions, 'signal' | 'timeout'>,
  ): Promise<Awaited<R>> {
    if (this.#closing !== undefined) throw new PoolClosedError();
    const text = processorText(fn as unknown as Processor<never, unknown>);
    const terms = { ...options, processor: runModule };
    return (await this.#client.submitWith([text, args], terms)) as Awaited<R>;
  }

  /** Whether it takes no more tasks. */
  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** Workers that take tasks, those that start included. */
  getWorkerCount(): number {
    return this.#native.counts().workers;
  }

  /** Tasks that no worker has begun. */
  getQueueLength(): number {
    return this.#native.counts().queued;
  }

  /** Whether nothing waits and nothing runs. */
  isIdle(): boolean {
    const { queued, running, waitingRoom } = this.#native.counts();
    return queued + running + waitingRoom === 0;
  }

  /**
   * Starts up to `count` workers more, within the maximum.
   *
   * @returns Resolves when they take tasks.
   */
  async scaleUp(count: number): Promise<void> {
    this.#native.scaleUp(checkCount('count', count, 0));
    await this.#notified((wait) => this.#native.notifyStarted(wait));
  }

  /** Lets up to `count` workers go, within the minimum, the idle ones first. Busy ones finish what they run. */
  async scaleDown(count: number): Promise<void> {
    this.#native.scaleDown(checkCount('count', count, 0));
    return Promise.resolve();
  }

  /** What each worker is doing and how it is. */
  getHealthStatus(): HealthStatus {
    const workers = this.#native.health() as WorkerHealth[];
    const { queued, running, waitingRoom } = this.#native.counts();
    const healthy = !workers.some((worker) => worker.state === 'unresponsive');
    return { healthy, queued, running, waitingRoom, workers };
  }

  /**
   * Replaces the workers that are unresponsive. What they run rejects with `WorkerReplacedError`, or runs again if it is
   * idempotent.
   *
   * @returns Resolves when the replacements take tasks.
   */
  async restartUnhealthyWorkers(): Promise<void> {
    if (this.#native.restartUnhealthy() > 0) await this.#notified((wait) => this.#native.notifyStarted(wait));
  }

  /** Counts and times since the pool began, over all threads. */
  getMetrics(): PoolMetrics {
    return this.#native.metrics() as PoolMetrics;
  }

  /** Begins counting anew. */
  resetMetrics(): void {
    this.#native.resetMetrics();
  }

  /**
   * Resolves when `minWorkers` workers take tasks.
   *
   * @throws `PoolBrokenError` if they die at every start, `PoolClosedError` if the pool is closed.
   */
  ready(): Promise<void> {
    return this.#notified((wait) => this.#native.notifyReady(wait));
  }

  #notified(ask: (wait: number) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (how: number, detail: number, value: unknown): void => {
        if (how === status.signal) resolve();
        else reject(failure(how, detail, value) as Error);
      };
      ask(enter({ settle }));
    });
  }

  /** Listens to an event; the listener keeps the AsyncLocalStorage context it is added in. Only the owning thread hears any. */
  on<K extends keyof PoolEvents>(event: K, listener: (...args: PoolEvents[K]) => void): this {
    this.#emitter.add(event, listener, false);
    return this;
  }

  /** Listens once. */
  once<K extends keyof PoolEvents>(event: K, listener: (...args: PoolEvents[K]) => void): this {
    this.#emitter.add(event, listener, true);
    return this;
  }

  /** Listens no more. */
  off<K extends keyof PoolEvents>(event: K, listener: (...args: PoolEvents[K]) => void): this {
    this.#emitter.remove(event, listener);
    return this;
  }

  /** A token by which any thread of this process opens the same pool. */
  toHandle(): PoolHandle {
    // Whoever has the handle may come for the pool when this object is long gone.
    dropped.unregister(this);
    return { millrace: 'worker-pool', id: this.#native.id };
  }

  /**
   * Takes no more tasks, waits for those it has, and ends the workers. In a thread that has opened another's pool it lets go of
   * that pool, and cancels what this thread still waits for. A second call waits for the first.
   *
   * @throws `TaskTimeoutError` never: a pool that is not done in time is terminated, and its tasks reject with `PoolClosedError`.
   */
  close(options: CloseOptions = {}): Promise<void> {
    return (this.#closing ??= this.#close(options));
  }

  async #close({ timeout, ...rest }: CloseOptions): Promise<void> {
    const unknown = Object.keys(rest)[0];
    if (unknown !== undefined) throw new InvalidArgumentError(unknown, 'an unknown option', 'timeout');
    if (timeout !== undefined && timeout !== Infinity && !(typeof timeout === 'number' && timeout >= 0)) {
      throw new InvalidArgumentError('timeout', String(timeout), 'milliseconds, at least 0');
    }
    if (this.#owner === undefined) {
      this.#native.release();
      return;
    }
    this.#native.close();
    let timer: NodeJS.Timeout | undefined;
    if (timeout !== undefined && timeout !== Infinity) {
      timer = setTimeout(() => this.#native.terminate(), Math.min(timeout, 2 ** 31 - 1));
    }
    await this.#notified((wait) => this.#native.notifyIdle(wait));
    await this.#owner.ended();
    clearTimeout(timer);
  }

  /** Ends everything at once. What waits and what runs rejects with `PoolClosedError`. */
  async terminate(): Promise<void> {
    if (this.#owner === undefined) return this.close();
    this.#closing ??= Promise.resolve();
    this.#native.terminate();
    await this.#owner.ended();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
