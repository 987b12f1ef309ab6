/** How a circuit breaker is made. */
import { InvalidArgumentError } from '../errors.js';
import { shown } from '../wait-options.js';

/** What a breaker looks back on. */
export interface CircuitWindow {
  /** `'count'`: the last `size` calls. `'time'`: the calls of the last `size` milliseconds. */
  type: 'count' | 'time';
  /** Calls, 1 to 1,000,000, default 100; or milliseconds, from 1. */
  size?: number;
  /** Fewer calls than these open nothing; 1 to 1,000,000, and at most `size` of calls. Default 10. */
  minimumCalls?: number;
  /**
   * Of a time window: in how many parts it moves on, 1 to 1000. What is older than `size` is never counted, what is younger than `size` less
   * one part always. Default 10.
   */
  buckets?: number;
}

/** What a thread brings of its own to a breaker; the others may bring something else. */
export interface CircuitBreakerLocals {
  /**
   * What a call came to: `true`: it failed; `false`: it did not; `'ignore'`: it counts as nothing, as if it had not been made. Gets what was
   * thrown, or `undefined` and the result. If it throws, the call rejects with that and has failed. Default: whatever is thrown is a failure.
   */
  isFailure?: (error: unknown, result: unknown) => boolean | 'ignore';
  /** What a caller gets instead when the circuit is open, or the call failed or took too long. */
  fallback?: (error: unknown) => unknown;
  /** Looks whether what is called is well again: it is, unless this gives `false` or throws. See {@link CircuitBreaker.checkHealth}. */
  healthCheck?: () => unknown;
  /** Checks the health every so many milliseconds while the circuit is open. Needs `healthCheck`. Default: by hand. */
  healthCheckInterval?: number;
}

/** A circuit breaker's settings. Times are milliseconds. */
export type CircuitBreakerConfig = {
  /** So many failures in a row open the circuit; from 1. Default 5, or none if a rate is given. */
  failureThreshold: number;
  /** How long it is open before it is tried again; from 1, at most ten years. Default 30000. */
  recoveryTimeout: number;
  /** Probes in flight at most, over all threads, while it is tried; 1 to 100,000. Default 1. */
  halfOpenMaxRequests: number;
  /** Counts and times calls. Default true. Without it {@link CircuitBreaker.getMetrics} tells of states alone. */
  enableMetrics: boolean;
  /** So many successful probes close it. Default: `halfOpenMaxRequests`. */
  halfOpenSuccesses?: number;
  /**
   * A probe that has not ended after so long gives its place to the next who asks, and comes back for nothing then. Default: the longest of
   * `recoveryTimeout`, `timeout` and 30000.
   */
  probeLease?: number;
  /** How `recoveryTimeout` grows with each probe that fails in a row: times `factor`, 1 to 1000, up to `max`. Default: it does not. */
  recoveryBackoff?: { factor: number; max: number };
  /** This share of failures among the window's calls, or a larger one, opens it; above 0, up to 1. */
  failureRate?: number;
  /** This share of slow calls, failed or not, opens it; above 0, up to 1. Needs `slowCallDuration`. A slow probe is a failure then. */
  slowCallRate?: number;
  /** A call that takes longer is slow. */
  slowCallDuration?: number;
  /** What the rates look back on. Default: the last 100 calls, of which there must be 10. */
  window?: CircuitWindow;
  /** How long a call may take; then it rejects with `CallTimeoutError`, and has failed. Default: `Infinity`. */
  timeout?: number;
  /** The same name in any thread of the process gives the same breaker; another configuration of it is an error. */
  name?: string;
} & CircuitBreakerLocals;

const shared = [
  'failureThreshold',
  'recoveryTimeout',
  'halfOpenMaxRequests',
  'enableMetrics',
  'halfOpenSuccesses',
  'probeLease',
  'failureRate',
  'slowCallRate',
  'slowCallDuration',
  'timeout',
] as const;
const own = ['isFailure', 'fallback', 'healthCheck', 'healthCheckInterval'] as const;
/** All options but the name. @internal */
export const circuitOptions = [...shared, 'recoveryBackoff', 'window', ...own] as const;
const parts = {
  recoveryBackoff: ['factor', 'max'],
  window: ['type', 'size', 'minimumCalls', 'buckets'],
} as const;

/** What can be compared with another thread's: what else native code refuses cannot always be written down before. */
function plain(name: string, value: unknown): unknown {
  if (typeof value === 'bigint') throw new InvalidArgumentError(name, `${value}n`, 'no bigint');
  return value;
}

/** What threads have in common, flat, as native code takes it and checks it. @internal */
export function sharedPart(config: Partial<CircuitBreakerConfig>): object {
  const given: Record<string, unknown> = {};
  for (const name of shared) {
    const value: unknown = config[name];
    // No limit is none, however it is said.
    if (value !== undefined && !(name === 'timeout' && value === Infinity)) given[name] = plain(name, value);
  }
  for (const name of ['recoveryBackoff', 'window'] as const) {
    const whole = config[name] as Record<string, unknown> | undefined;
    if (whole === undefined) continue;
    if (typeof whole !== 'object' || whole === null)
      throw new InvalidArgumentError(name, shown(whole), 'an object');
    const known: readonly string[] = parts[name];
    for (const key of Object.keys(whole)) {
      if (!known.includes(key))
        throw new InvalidArgumentError(`${name}.${key}`, 'an unknown option', known.join(', '));
    }
    if (whole[known[0] as string] === undefined)
      throw new InvalidArgumentError(`${name}.${known[0]}`, 'undefined', known.join(', '));
    // In this order, so that it makes no difference to two threads how it is written.
    for (const key of known) {
      if (whole[key] !== undefined) given[`${name}.${key}`] = plain(`${name}.${key}`, whole[key]);
    }
  }
  return given;
}

/** What a thread has of its own. @throws {@link InvalidArgumentError} for what cannot be meant. @internal */
export function localPart(
  options: CircuitBreakerLocals,
  only: readonly string[] | undefined,
): CircuitBreakerLocals {
  if (typeof options !== 'object' || options === null)
    throw new InvalidArgumentError('options', shown(options), 'an object');
  for (const name of only === undefined ? [] : Object.keys(options)) {
    if (!only?.includes(name))
      throw new InvalidArgumentError(name, 'an unknown option', only?.join(', ') ?? '');
  }
  for (const name of ['isFailure', 'fallback', 'healthCheck'] as const) {
    if (options[name] !== undefined && typeof options[name] !== 'function')
      throw new InvalidArgumentError(name, shown(options[name]), 'a function');
  }
  const { healthCheckInterval: interval } = options;
  if (interval !== undefined && !(typeof interval === 'number' && interval >= 1 && interval < 2 ** 31))
    throw new InvalidArgumentError('healthCheckInterval', shown(interval), 'milliseconds, from 1');
  if (interval !== undefined && options.healthCheck === undefined)
    throw new InvalidArgumentError('healthCheckInterval', 'no healthCheck', 'healthCheck with it');
  return options;
}

/** The options of {@link CircuitBreaker.open}. @internal */
export const ownOptions: readonly string[] = own;
