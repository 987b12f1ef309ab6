/** What patterns count, and what a registry sees of all of them. */
import type { TimeStatistics } from '../worker-pools/metrics.js';

/** What calls of one pattern, or of all of them, come to. */
export interface PatternCounts {
  /** Calls begun. */
  calls: number;
  /** Calls that returned. */
  succeeded: number;
  /** Calls that failed in the end. */
  failed: number;
  /** How often a call was tried again. */
  retries: number;
  /** Errors that `handleError` was given. */
  errors: number;
  /** Calls that run now. */
  active: number;
  /** Calls that wait for their turn now. */
  waiting: number;
}

/** What a pattern has counted since it was made or reset. */
export interface PatternMetrics extends PatternCounts {
  /** How long the calls that ended took from their turn on, in milliseconds, what was tried again included. */
  latency: TimeStatistics;
  /** Of an object that {@link asPattern} adapts: its own metrics, as it tells them. */
  details?: unknown;
}

/** A registered pattern, as it stands. */
export interface PatternStanding {
  /** Its name in the registry. */
  name: string;
  /** What it is: its class. */
  kind: string;
  /** The thread it is registered in, as `threadId` has it. */
  thread: number;
  /** Whether it runs. */
  running: boolean;
  /** What it depends on. */
  dependsOn: readonly string[];
  /** How many milliseconds ago this was so: 0 for this thread's. */
  age: number;
  /** What it has counted. */
  metrics: PatternMetrics;
}

/** All registered patterns of all threads, and what they come to. */
export interface GlobalMetrics extends PatternCounts {
  /** How many threads have any. */
  threads: number;
  /** How many of them run. */
  running: number;
  /** Each, by thread and in the order in which they were registered. */
  patterns: PatternStanding[];
}

/** Counts at their beginning. @internal */
export function nothingCounted(): PatternMetrics {
  const latency = { count: 0, mean: 0, min: 0, p50: 0, p90: 0, p99: 0, p999: 0, max: 0 };
  return { calls: 0, succeeded: 0, failed: 0, retries: 0, errors: 0, active: 0, waiting: 0, latency };
}

const sums = ['calls', 'succeeded', 'failed', 'retries', 'errors', 'active', 'waiting'] as const;

/** What patterns come to. @internal */
export function summed(patterns: PatternStanding[]): GlobalMetrics {
  const all: GlobalMetrics = {
    threads: new Set(patterns.map(({ thread }) => thread)).size,
    running: patterns.filter(({ running }) => running).length,
    calls: 0,
    succeeded: 0,
    failed: 0,
    retries: 0,
    errors: 0,
    active: 0,
    waiting: 0,
    patterns,
  };
  for (const { metrics } of patterns) for (const key of sums) all[key] += metrics[key];
  return all;
}
