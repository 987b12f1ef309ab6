/** What a task may know of itself. */
import { fast } from '../isolate.js';

/** The second argument of a processor. */
export interface Context {
  /** Aborts when the task is cancelled or times out. Synchronous code may ask `signal.aborted` as it goes. */
  readonly signal: AbortSignal;
  /** The worker's number in its pool. */
  readonly workerId: number;
  /** The task's number in its pool. */
  readonly taskId: number;
  /** 1 for the first run; higher only for idempotent tasks whose worker was lost. */
  readonly attempt: number;
}

/** Where a worker keeps the tasks that may have to be told of their end. */
export interface Listeners {
  readonly handle: number;
  readonly byslot: Map<number, RunningContext>;
}

/** The context of a running task. Its signal is made when it is first asked for: most tasks never ask. */
export class RunningContext implements Context {
  readonly workerId: number;
  readonly taskId: number;
  readonly attempt: number;
  readonly #worker: Listeners;
  readonly #slot: number;
  #controller: AbortController | undefined;
  #ended = false;

  constructor(worker: Listeners, workerId: number, slot: number, taskId: number, attempt: number) {
    this.#worker = worker;
    this.#slot = slot;
    this.workerId = workerId;
    this.taskId = taskId;
    this.attempt = attempt;
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Made on demand. */
  get controller(): AbortController {
    if (this.#controller !== undefined) return this.#controller;
    const controller = new AbortController();
    this.#controller = controller;
    const { signal } = controller;
    const aborted = Object.getOwnPropertyDescriptor(AbortSignal.prototype, 'aborted')?.get as (
      this: AbortSignal,
    ) => boolean;
    // An event cannot reach code that does not return to its event loop, so the flag itself asks the pool.
    Object.defineProperty(signal, 'aborted', {
      configurable: true,
      get: () => {
        if (!aborted.call(signal) && !this.#ended && fast.workerAborted(this.#worker.handle, this.#slot))
          this.abort(false);
        return aborted.call(signal);
      },
    });
    Object.defineProperty(signal, 'throwIfAborted', {
      configurable: true,
      value: () => {
        if (signal.aborted) throw signal.reason;
      },
    });
    this.#worker.byslot.set(this.#slot, this);
    if (!this.#ended && fast.workerAborted(this.#worker.handle, this.#slot)) this.abort(false);
    return controller;
  }

  /** The task is not wanted any more. */
  abort(timedOut: boolean): void {
    const why = timedOut ? 'TimeoutError' : 'AbortError';
    this.controller.abort(new DOMException(timedOut ? 'the task timed out' : 'the task was aborted', why));
  }

  /** The task has ended: its slot may be another's now. */
  end(): void {
    this.#ended = true;
    if (this.#controller !== undefined) this.#worker.byslot.delete(this.#slot);
  }
}
