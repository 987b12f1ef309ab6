/** The signal of a run: made when somebody asks for it, as most processors never do. */
import { setMaxListeners } from 'node:events';
import type { CallContext } from '../policy/call-context.js';

/** What a run's calls get, and how they are told that nobody wants their results. */
export class RunContext implements CallContext {
  #controller: AbortController | undefined;
  #aborted: { reason: unknown } | undefined;
  /** What ends with it. */
  readonly #enders = new Set<(reason: unknown) => void>();

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      // As many listen as calls run: that is no leak.
      setMaxListeners(0, this.#controller.signal);
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted.reason);
    }
    return this.#controller.signal;
  }

  get aborted(): boolean {
    return this.#aborted !== undefined;
  }

  get reason(): unknown {
    return this.#aborted?.reason;
  }

  /** Calls `end` when it is aborted, unless what this gives is called before. */
  onAbort(end: (reason: unknown) => void): () => void {
    this.#enders.add(end);
    return () => void this.#enders.delete(end);
  }

  abort(reason: unknown): void {
    if (this.#aborted !== undefined) return;
    this.#aborted = { reason };
    for (const end of [...this.#enders]) end(reason);
    this.#enders.clear();
    this.#controller?.abort(reason);
  }
}
