/** Something of several steps, within its caller's patience. */
import { WaitTimeoutError } from '../errors.js';
import { Deadline, startDeadline, stopDeadline } from '../policy/deadlines.js';
import { signalOf } from '../signal.js';
import type { WaitOptions } from '../wait-options.js';

/** A limit beside which somebody else's signal may end the same thing. */
class Limit extends Deadline {
  readonly controller = new AbortController();
  readonly #ms: number;

  constructor(ms: number) {
    super();
    this.#ms = ms;
  }

  overdue(): void {
    this.controller.abort(new WaitTimeoutError(this.#ms));
  }
}

/** Runs it; when the signal aborts or the time is over, it rejects at once, and what runs is told by the signal it got. */
export async function within<T>(
  { signal: cancellation, timeout }: { [K in keyof WaitOptions]: WaitOptions[K] | undefined },
  body: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  const outer = signalOf(cancellation);
  outer?.throwIfAborted();
  if (timeout === undefined || timeout === Infinity)
    return outer === undefined ? body(undefined) : race(outer, body);
  const limit = new Limit(timeout);
  const { controller } = limit;
  const onAbort = (): void => controller.abort(outer?.reason);
  outer?.addEventListener('abort', onAbort, { once: true });
  startDeadline(limit, timeout);
  try {
    return await race(controller.signal, body);
  } finally {
    stopDeadline(limit);
    outer?.removeEventListener('abort', onAbort);
  }
}

async function race<T>(signal: AbortSignal, body: (signal: AbortSignal) => Promise<T>): Promise<T> {
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([body(signal), aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort as () => void);
  }
}
