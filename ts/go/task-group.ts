/** Structured concurrency: no task outlives its group. */
import { Context } from '../context/context.js';
import { InvalidArgumentError } from '../errors.js';
import { type Cancellation, isCancellation, signalOf } from '../signal.js';
import { shown } from '../wait-options.js';

/** How a group runs its tasks. */
export interface TaskGroupOptions {
  /** How many run at once; the others wait for their turn. Default: no limit. */
  limit?: number;
  /** Cancels the group. */
  signal?: Cancellation;
}

type Task<T> = (ctx: Context) => T | PromiseLike<T>;

/**
 * A group of tasks, as Go's errgroup: the first error cancels the rest and comes out of {@link wait}.
 *
 * @example
 * ```ts
 * await using group = new TaskGroup({ limit: 4 });
 * for (const url of urls) group.go(({ signal }) => fetch(url, { signal }));
 * ```
 */
export class TaskGroup implements AsyncDisposable {
  /** Cancelled by the first error, by {@link cancel}, and when the group has ended. */
  readonly ctx: Context;
  readonly #cancel: (cause?: unknown) => void;
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];
  readonly #idle: (() => void)[] = [];
  #running = 0;
  #failed: { error: unknown } | undefined;
  #closed = false;

  /** @throws {@link InvalidArgumentError} for what cannot be meant. */
  constructor(options: TaskGroupOptions = {}) {
    if (typeof options !== 'object' || options === null)
      throw new InvalidArgumentError('options', shown(options), 'an object');
    for (const name of Object.keys(options)) {
      if (name !== 'limit' && name !== 'signal')
        throw new InvalidArgumentError(name, 'an unknown option', 'limit, signal');
    }
    const { limit = Infinity, signal } = options;
    if (limit !== Infinity && (!Number.isInteger(limit) || limit < 1))
      throw new InvalidArgumentError('limit', shown(limit), 'a whole number of at least 1');
    if (signal !== undefined && !isCancellation(signal))
      throw new InvalidArgumentError('signal', shown(signal), 'an AbortSignal or a Context');
    const outer = signal instanceof Context ? signal : signalOf(signal);
    const parent =
      outer === undefined ? Context.current() : outer instanceof Context ? outer : Context.fromSignal(outer);
    [this.ctx, this.#cancel] = parent.withCancelCause();
    this.#limit = limit;
  }

  /** How many tasks run or wait for their turn. */
  get size(): number {
    return this.#running + this.#waiting.length;
  }

  /**
   * Starts a task, when its turn has come. One whose turn comes after the group was cancelled does not start.
   *
   * @returns What the task returns. It rejects as the task does, or with the context's error if it did not start; nobody needs to look.
   * @throws {@link InvalidArgumentError} if the group has ended.
   */
  go<T>(task: Task<T>): Promise<T> {
    if (typeof task !== 'function') throw new InvalidArgumentError('task', shown(task), 'a function');
    if (this.#closed) throw new InvalidArgumentError('task', 'one more', 'none: the group has ended');
    const result = this.#run(task);
    result.catch(() => undefined);
    return result;
  }

  /** Starts a task if it need not wait for its turn; otherwise gives `undefined`. */
  tryGo<T>(task: Task<T>): Promise<T> | undefined {
    return this.#running < this.#limit ? this.go(task) : undefined;
  }

  async #run<T>(task: Task<T>): Promise<T> {
    if (this.#running < this.#limit) this.#running++;
    // Whoever ends leaves its place to the first in line: nobody who comes meanwhile takes it.
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      if (this.ctx.err !== undefined) throw this.ctx.err;
      return await this.ctx.run(() => task(this.ctx));
    } catch (error) {
      this.#fail(error);
      throw error;
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
      if (this.size === 0) for (const idle of this.#idle.splice(0)) idle();
    }
  }

  #fail(error: unknown): void {
    this.#failed ??= { error };
    this.#cancel(error);
  }

  /** Cancels the group: what runs is told by its context, what waits does not start. */
  cancel(cause?: unknown): void {
    this.#cancel(cause);
  }

  /**
   * Waits until every task has ended, also those that are started meanwhile.
   *
   * @throws The first error of a task.
   */
  async wait(): Promise<void> {
    while (this.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
    if (this.#failed !== undefined) throw this.#failed.error;
  }

  /** Waits, throws the first error, and lets nothing more start. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.wait();
    } finally {
      this.#closed = true;
      this.#cancel();
    }
  }
}
