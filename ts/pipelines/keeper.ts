/** What of a pipeline, or stage, is under way. */

import { WaitTimeoutError } from '../errors.js';
import { signalOf } from '../signal.js';
import { checkWaitOptions, type WaitOptions } from '../wait-options.js';
import { alarm } from './alarm.js';
import { PipelineClosedError } from './errors.js';
import type { RunKeeper, Running } from './run.js';

/** Knows what runs, and who waits until nothing does. */
export class Keeper implements RunKeeper {
  readonly #running = new Set<Running>();
  readonly #idle = new Set<() => void>();
  over = false;

  opened(run: Running): void {
    this.#running.add(run);
  }

  closed(run: Running): void {
    this.#running.delete(run);
    if (this.#running.size > 0) return;
    for (const idle of this.#idle) idle();
    this.#idle.clear();
  }

  /** The same, and tells somebody else. */
  also(closed: () => void): RunKeeper {
    return {
      opened: (run) => this.opened(run),
      closed: (run) => {
        this.closed(run);
        closed();
      },
    };
  }

  /** @throws {@link PipelineClosedError} once it takes no more. */
  check(): void {
    if (this.over) throw new PipelineClosedError();
  }

  /** Ends everything. */
  stop(reason: unknown): void {
    for (const run of [...this.#running]) run.stop(reason);
  }

  /** Resolves when nothing is under way. */
  async idle(options: WaitOptions = {}): Promise<void> {
    checkWaitOptions(options);
    const { timeout } = options;
    const signal = signalOf(options.signal);
    signal?.throwIfAborted();
    if (this.#running.size === 0) return;
    let stop: (() => void) | undefined;
    let onIdle: (() => void) | undefined;
    let onAbort: (() => void) | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        onIdle = resolve;
        this.#idle.add(resolve);
        onAbort = () => reject(signal?.reason as Error);
        signal?.addEventListener('abort', onAbort, { once: true });
        if (timeout !== undefined && timeout !== Infinity)
          stop = alarm(timeout, () => reject(new WaitTimeoutError(timeout)));
      });
    } finally {
      stop?.();
      if (onIdle !== undefined) this.#idle.delete(onIdle);
      if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort);
    }
  }
}
