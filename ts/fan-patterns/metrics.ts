/** What a fan has done. */
import type { Crew } from './crew.js';
import type { WorkerLoad } from './load-balancer.js';

/** Counts and times of a fan-out since it was made, or counting began anew. Times are in milliseconds. */
export interface FanOutMetrics {
  /** Calls of its methods. */
  calls: number;
  /** Inputs it has been given. */
  inputs: number;
  /** Inputs with a result. */
  completed: number;
  /** Inputs that failed, those out of time among them. */
  failed: number;
  /** Inputs out of time. */
  timedOut: number;
  /** Inputs without an outcome when their call was over: it was cancelled, or another input failed. */
  cancelled: number;
  /** Batches that workers have been given. */
  batches: number;
  /** Inputs that workers have now. */
  pending: number;
  /** The mean time that an input took. */
  meanTime: number;
  /** Each worker. */
  workers: readonly WorkerLoad[];
}

/** @internal */
export function metricsOf(crew: Crew): FanOutMetrics {
  const { time, timed, ...counts } = crew.counts;
  const workers = crew.loads();
  const pending = workers.reduce((sum, load) => sum + load.pending, 0);
  return { ...counts, pending, meanTime: timed === 0 ? 0 : time / timed, workers };
}
