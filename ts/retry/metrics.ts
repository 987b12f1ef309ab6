/** What retry executors count and tell. */
import { binding } from '../isolate.js';
import type { NativeObject } from '../native/binding.js';

/** Why a call gave up. */
export type GiveUpReason = 'attempts' | 'notRetryable' | 'elapsed' | 'budget' | 'aborted' | 'closed';

/** In the order of their numbers in `core`. @internal */
export const reasons: readonly GiveUpReason[] = [
  'attempts',
  'notRetryable',
  'elapsed',
  'budget',
  'aborted',
  'closed',
];

/** What executors of one name have done in all threads, or this one if it has no name. Calls are counted when they end. */
export interface RetryMetrics {
  /** Calls. */
  calls: number;
  /** How often their functions were called. */
  attempts: number;
  /** Calls that succeeded. */
  successes: number;
  /** The same by attempts: the first is how many succeeded at once. The 16th and last counts all beyond. */
  successesByAttempt: number[];
  /** Times that somebody waited and tried again. */
  retries: number;
  /** Milliseconds spent waiting, all calls together. */
  timeWaiting: number;
  /** Calls that gave up. */
  giveUps: number;
  /** The same by why. */
  giveUpsByReason: Record<GiveUpReason, number>;
}

/** The events of an executor, with what each listener gets. They are of this executor's calls alone, whoever shares its name. */
export interface RetryEvents {
  /** It is about to wait `delay` milliseconds and try again. `error` is `undefined` if a result was not good enough. */
  retry: [event: { attempt: number; delay: number; error: unknown }];
  /** It has given up after so many attempts, with all that they threw. */
  giveUp: [event: { attempts: number; reason: GiveUpReason; errors: readonly unknown[] }];
  /** It is closed. */
  close: [];
}

const sum = (counts: number[]): number => counts.reduce((total, count) => total + count, 0);

/** @internal */
export function retryMetrics(native: NativeObject): RetryMetrics {
  const { attempts, successes, givenUp, waits, waited } = binding.retryCounts(native);
  const [good, bad] = [sum(successes), sum(givenUp)];
  return {
    calls: good + bad,
    attempts,
    successes: good,
    successesByAttempt: successes,
    retries: waits,
    timeWaiting: waited,
    giveUps: bad,
    giveUpsByReason: Object.fromEntries(reasons.map((reason, at) => [reason, givenUp[at] ?? 0])) as Record<
      GiveUpReason,
      number
    >,
  };
}
