/** A handler in this thread: how many calls run at once, and those that wait. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { AtomicI32 } from '../memory/atomic-i32.js';
import type { Route } from './route.js';
import type { CommandContext, Run, Within } from './run.js';

/** How a handler is registered. */
export interface HandlerOptions {
  /** Commands that it runs at once. Default: as many as come. */
  concurrency?: number;
  /**
   * Commands that wait for it at most when it runs as many as it may; one more is refused with `HandlerBusyError` if no other handler has
   * room. Default: any number.
   */
  maxQueued?: number;
  /**
   * Milliseconds that it may take for one command; then its signal aborts, and the caller gets a `HandlerTimeoutError`. Its place is taken
   * until its function is done. Default: no limit.
   */
  timeout?: number;
}

/** A handler's function. @internal */
export type HandlerFunction = (payload: unknown, context: CommandContext) => unknown;

let lastId = 0;

/** A handler, with its place in the balance between threads. @internal */
export class Handler implements Route {
  readonly id = ++lastId;
  readonly peer = undefined;
  readonly command: string;
  readonly fn: HandlerFunction;
  readonly timeout: number | undefined;
  readonly limit: number;
  /** How many commands it has, running or waiting or on their way to it; every thread counts what it sends. */
  readonly load = new AtomicI32();
  readonly cell = this.load.cell;
  /** The context that it was registered in: calls for other threads have no other. */
  readonly within: Within = AsyncLocalStorage.snapshot();
  readonly #concurrency: number;
  #running = 0;
  #waiting: Set<Run> | undefined;
  #advancing = false;

  constructor(command: string, fn: HandlerFunction, options: HandlerOptions) {
    const { concurrency = Infinity, maxQueued = Infinity, timeout } = options;
    this.command = command;
    this.fn = fn;
    this.timeout = timeout === Infinity ? undefined : timeout;
    this.limit = concurrency + maxQueued;
    this.#concurrency = concurrency;
  }

  /** Counts a command of this thread's. Says whether there is room: otherwise it is not counted. */
  claim(): boolean {
    if (this.load.add(1) < this.limit) return true;
    this.load.sub(1);
    return false;
  }

  /** Begins a call, or lets it wait for its turn. It has been counted. */
  accept(run: Run): void {
    if (this.#running < this.#concurrency) {
      this.#running++;
      run.begin();
    } else {
      run.queued(() => AsyncLocalStorage.snapshot());
      this.#waiting ??= new Set();
      this.#waiting.add(run);
    }
  }

  /** A call has ended. */
  ended(): void {
    this.#running--;
    this.load.sub(1);
    // A call that ends at once would otherwise begin the next within itself, and so on.
    if (this.#advancing || this.#waiting === undefined) return;
    this.#advancing = true;
    for (const run of this.#waiting) {
      if (this.#running >= this.#concurrency) break;
      this.#waiting.delete(run);
      this.#running++;
      run.begin();
    }
    this.#advancing = false;
  }

  /** Lets go of a call that waits. Says whether it did. */
  drop(run: Run): boolean {
    if (this.#waiting?.delete(run) !== true) return false;
    this.load.sub(1);
    return true;
  }
}
