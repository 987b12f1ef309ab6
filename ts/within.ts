/** A promise that is waited for only so long. */
import { WaitTimeoutError } from './errors.js';
import { signalOf } from './signal.js';
import type { WaitOptions } from './wait-options.js';

/** The longest time a timer can be set for. */
export const longestTimer = 2 ** 31 - 1;

/** What a promise gives, unless the signal or the time is up before. */
export async function within<V>(promise: Promise<V>, options: WaitOptions, began: number): Promise<V> {
  const { timeout = Infinity } = options;
  const signal = signalOf(options.signal);
  if (timeout === Infinity && signal === undefined) return promise;
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  const end = new Promise<never>((_, reject) => {
    if (signal !== undefined) {
      onAbort = () => reject(signal.reason as Error);
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
    }
    const arm = (): void => {
      const left = began + timeout - performance.now();
      if (left > 0) timer = setTimeout(arm, Math.min(Math.ceil(left), longestTimer));
      else reject(new WaitTimeoutError(timeout));
    };
    // What is ready at once is not too late, whatever the time-out.
    if (timeout !== Infinity) timer = setTimeout(arm, 0);
  });
  try {
    return await Promise.race([promise, end]);
  } finally {
    clearTimeout(timer);
    if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort);
  }
}
