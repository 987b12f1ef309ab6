/** What a circuit breaker has counted. */
import { binding } from '../isolate.js';
import type { NativeObject } from '../native/binding.js';
import { type CircuitState, states } from './states.js';

/** One change of state. */
export interface CircuitChange {
  /** The state before. */
  from: CircuitState;
  /** The state after. */
  to: CircuitState;
  /** When, in milliseconds since the epoch. */
  at: number;
}

/** How long calls took, in milliseconds, to about 3 %; 0 if there were none. */
export interface CircuitLatency {
  /** The shortest, exactly. */
  min: number;
  /** The mean, exactly. */
  mean: number;
  /** The longest, exactly. */
  max: number;
  /** What half of the calls did not exceed. */
  p50: number;
  /** What 90 of 100 did not exceed. */
  p90: number;
  /** What 95 of 100 did not exceed. */
  p95: number;
  /** What 99 of 100 did not exceed. */
  p99: number;
  /** What 999 of 1000 did not exceed. */
  p999: number;
}

/** What a breaker has counted over all threads since it was made or reset. Without `enableMetrics` only what concerns states. */
export interface CircuitBreakerMetrics {
  /** Where it stands. */
  state: CircuitState;
  /** Milliseconds until it is tried again; 0 if it is not open, `Infinity` if it is isolated. */
  retryAfter: number;
  /** Calls that asked and whose outcome is known: successes, failures, ignored and rejected ones. */
  calls: number;
  /** Calls that did not fail. */
  successes: number;
  /** Calls that failed, those that took too long included. */
  failures: number;
  /** Calls that were not let in. */
  rejections: number;
  /** Calls that took longer than `timeout`. */
  timeouts: number;
  /** Calls that took longer than `slowCallDuration`, failed or not. */
  slowCalls: number;
  /** Calls that counted as nothing: aborted, or ignored by `isFailure`. */
  ignored: number;
  /** Callers who got what `fallback` gave. */
  fallbacks: number;
  /** Failures in a row. */
  consecutiveFailures: number;
  /** What the window counts now; zeros if there is none. */
  window: { calls: number; failures: number; slowCalls: number };
  /** Probes in flight. */
  probes: number;
  /** How often the state has changed. */
  stateChanges: number;
  /** The last 32 changes, oldest first. */
  history: CircuitChange[];
  /** Milliseconds spent in each state. */
  timeInState: Record<CircuitState, number>;
  /**
   * How long calls took that were not ignored. Of calls that follow one another in a thread within 10 microseconds one in sixteen is timed; with
   * `slowCallDuration` each is.
   */
  latency: CircuitLatency;
}

function nameOf(number: number): CircuitState {
  return states[number] ?? 'closed';
}

/** Reads a breaker's figures. @internal */
export function readMetrics(native: NativeObject): CircuitBreakerMetrics {
  const { phase, retryAfter, row, window, changes, history, times, slow, ...read } =
    binding.breakerMetrics(native);
  const now = Date.now();
  const [calls = 0, failures = 0, slowCalls = 0] = window;
  const state = nameOf(phase);
  return {
    state,
    retryAfter: state === 'isolated' ? Infinity : retryAfter,
    calls: read.successes + read.failures + read.ignored + read.rejections,
    successes: read.successes,
    failures: read.failures,
    rejections: read.rejections,
    timeouts: read.timeouts,
    slowCalls: slow,
    ignored: read.ignored,
    fallbacks: read.fallbacks,
    consecutiveFailures: row,
    window: { calls, failures, slowCalls },
    probes: read.probes,
    stateChanges: changes,
    history: history.map(({ from, to, age }) => ({ from: nameOf(from), to: nameOf(to), at: now - age })),
    timeInState: Object.fromEntries(states.map((name, at) => [name, times[at] ?? 0])) as Record<
      CircuitState,
      number
    >,
    latency: read.latency,
  };
}
