/** Looks again and again whether what an open circuit leads to is well. */
import { AsyncResource } from 'node:async_hooks';
import { phase } from './states.js';

/** What a timer calls is not of the flow that happened to open the circuit. */
const root = new AsyncResource('millrace', { requireManualDestroy: true });

/** Checks at an interval while the circuit is open. Keeps no process alive. */
export class HealthChecks {
  readonly #check: () => void;
  readonly #interval: number;
  #timer: NodeJS.Timeout | undefined;

  /** `check` must not throw. */
  constructor(check: () => void, interval: number) {
    this.#check = check;
    this.#interval = interval;
  }

  /** The state is now that. */
  entered(state: number): void {
    if (state !== phase.open) return this.stop();
    this.#timer ??= root.runInAsyncScope(() => setInterval(this.#check, this.#interval).unref());
  }

  /** Checks no more, until it is entered again. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
