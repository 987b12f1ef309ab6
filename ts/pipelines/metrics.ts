/** What pipelines and their stages tell of themselves. Times are in milliseconds. */
import type { TimeStatistics } from '../worker-pools/metrics.js';

/** A stage's counts since it began or was reset. */
export interface StageMetrics {
  /** The stage. */
  name: string;
  /** How many calls may run at once. */
  concurrency: number;
  /** Items that came. */
  in: number;
  /** Items that it passed on: for `flatMap` and `batch` not as many as came. */
  out: number;
  /** Items that its filter kept back. */
  filtered: number;
  /** Items whose error ended what they belong to. */
  failed: number;
  /** Items left out because of an error. */
  skipped: number;
  /** Items sent to the dead letters because of an error. */
  dead: number;
  /** Calls that run now. */
  inFlight: number;
  /** Items that wait here now: for their call, or to be passed on. */
  buffered: number;
  /** Items passed on per second, over the time in which any came. */
  throughput: number;
  /** How long a call takes, with its limiter and retries: of each of the first 128, then of every 64th. */
  latency: TimeStatistics;
}

/** A pipeline's counts since it began or was reset. */
export interface PipelineMetrics {
  /** Its name, if it has one. */
  name: string | undefined;
  /** Items that came. */
  in: number;
  /** Results. */
  out: number;
  /** Items that filters kept back. */
  filtered: number;
  /** Items whose error ended what they belong to. */
  failed: number;
  /** Items left out because of an error. */
  skipped: number;
  /** Items sent to the dead letters. */
  dead: number;
  /** Calls that run now. */
  inFlight: number;
  /** Items that wait in stages now. */
  buffered: number;
  /** Results per second, over the time in which any item was under way. */
  throughput: number;
  /** The stage that holds up the others: {@link Pipeline.bottleneck}. */
  bottleneck: string | undefined;
  /** Each stage, in order. */
  stages: StageMetrics[];
}
