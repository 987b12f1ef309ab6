/** What is alive in the process, for those who look for leaks. */
import { binding } from './isolate.js';

/** An object that threads share, as it is now. */
export interface LivingObject {
  /** `'channel'`, `'mutex'`, `'rwmutex'`, `'semaphore'`, `'waitgroup'`, `'latch'`, `'barrier'`, `'cond'`, `'once'`, `'singleflight'`, `'broadcast'`, `'ticker'`, `'map'`, `'memory'`, `'atomic-i32'` and the other atomics. */
  kind: string;
  /** Its number, as in its handle. */
  id: number;
  /** Its name, if it has one. */
  name?: string;
  /** Milliseconds since it was made. */
  age: number;
  /** How many wait for it. */
  waiting: number;
  /** What it holds: messages in a channel, permits that are out, 1 for a lock that is held, what is left to count, a memory's bytes. */
  held: number;
}

/**
 * Lists what all threads of the process share and has not been let go of: who waits, and what is held.
 *
 * @example
 * ```ts
 * const stuck = diagnostics().filter(({ waiting, age }) => waiting > 0 && age > 60_000);
 * ```
 */
export function diagnostics(): LivingObject[] {
  return binding.diagnose() as LivingObject[];
}
