/** What lives without being a pattern: how it ends, whether it has, and what it counts. */
import type { TimeStatistics } from '../worker-pools/metrics.js';
import { nothingCounted, type PatternMetrics } from './metrics.js';

/** Anything of ours with a life, or what looks like it. */
export interface Living {
  /** Its name, if it has one. */
  readonly name?: string | undefined;
  /** Ends it. */
  close?(...args: never[]): unknown;
  /** Ends it. */
  shutdown?(...args: never[]): unknown;
  /** Ends it. */
  stop?(...args: never[]): unknown;
  /** Ends it. */
  drain?(...args: never[]): unknown;
  /** Ends it. */
  [Symbol.asyncDispose]?(): unknown;
  /** Ends it. */
  [Symbol.dispose]?(): unknown;
  /** Tells what it counts. */
  getMetrics?(): unknown;
  /** Tells what it counts. */
  getStats?(): unknown;
}

type Having = Readonly<Record<string | symbol, unknown>>;
type Ending = string | symbol;

/** What ends an object, the first there is. `close` comes before `stop` and `drain`, which some of ours have for something else. */
const endings: readonly Ending[] = [
  Symbol.asyncDispose,
  'close',
  'shutdown',
  Symbol.dispose,
  'stop',
  'drain',
];
const cuts = ['terminate', 'abort', 'cancel'];

function methodOf(object: object, names: readonly Ending[]): Ending | undefined {
  return names.find((name) => typeof (object as Having)[name] === 'function');
}

function calling(object: object, method: Ending): () => unknown {
  return () => (object as Record<Ending, () => unknown>)[method]?.();
}

/** What ends it, or `undefined` if nothing does. */
export function endOf(object: object): (() => unknown) | undefined {
  const method = methodOf(object, endings);
  return method === undefined ? undefined : calling(object, method);
}

/** What ends it at once, if anything does. */
export function cutOf(object: object): (() => unknown) | undefined {
  const method = methodOf(object, cuts);
  return method === undefined ? undefined : calling(object, method);
}

/** Whether it says that it has ended; `undefined` if it does not say. */
export function endedOf(object: object): boolean | undefined {
  const { closed, getState } = object as { closed?: unknown; getState?: unknown };
  if (typeof closed === 'boolean') return closed;
  return typeof getState === 'function' ? getState.call(object) === 'shutdown' : undefined;
}

/** Its name: what it says itself, or in its metrics. */
export function nameIn(object: object): unknown {
  const { name } = object as Having;
  return name ?? (countsOf(object) as Having | undefined)?.['name'];
}

/** What it tells of itself, in its own words. */
export function countsOf(object: object): unknown {
  const { stats } = object as Having;
  const method = methodOf(object, ['getMetrics', 'getStats']);
  return method === undefined ? stats : calling(object, method)();
}

/** What our classes call the numbers that every pattern has. */
const words = {
  calls: ['inputs', 'calls', 'submitted', 'in'],
  succeeded: ['succeeded', 'successes', 'completed', 'out', 'allowed', 'admitted'],
  failed: ['failed', 'failures', 'giveUps'],
  retries: ['retries', 'retried'],
  active: ['active', 'running', 'inFlight', 'pending'],
  waiting: ['waiting', 'buffered'],
} as const;

function isTimes(value: unknown): value is TimeStatistics {
  return (
    typeof (value as Partial<TimeStatistics> | undefined)?.p999 === 'number' && 'count' in (value as object)
  );
}

/** Its own metrics, put as those of a pattern as far as they say the same. */
export function metricsIn(details: unknown): PatternMetrics {
  const metrics = nothingCounted();
  if (typeof details !== 'object' || details === null) return metrics;
  const told = details as Having;
  for (const [key, names] of Object.entries(words)) {
    const name = names.find((one) => typeof told[one] === 'number');
    if (name !== undefined) metrics[key as keyof typeof words] = told[name] as number;
  }
  const { latency, running } = told;
  if (isTimes(latency)) metrics.latency = latency;
  else if (isTimes(running)) metrics.latency = running;
  return { ...metrics, calls: Math.max(metrics.calls, metrics.succeeded + metrics.failed), details };
}
