/** What a key is limited to: checked, and in the numbers of `src/keyed.rs`. */
import { InvalidArgumentError } from '../errors.js';
import { records } from '../isolate.js';
import { shown } from '../wait-options.js';

/** The algorithms of {@link KeyLimit}; their places are their numbers. */
const algorithms = ['token-bucket', 'fixed-window', 'sliding-window'] as const;

/** How a limit counts. */
export type KeyAlgorithm = (typeof algorithms)[number];

/** One limit of a key: so many per window. */
export interface KeyLimit {
  /** How many per `window`, a whole number from 1. */
  limit: number;
  /** The window, in milliseconds. */
  window: number;
  /**
   * `'token-bucket'` (default): `limit` come back evenly over each window, and `capacity` can be saved up; within a time w at most
   * capacity + limit × w ÷ window pass. `'fixed-window'`: the window begins with the key's first hit, and all come back at its end; two
   * windows that meet can let twice the limit pass in one window's time. `'sliding-window'`: what was taken in the window before counts by
   * the part of it that is still covered, as if it had been spread evenly; nearly twice the limit can pass in one window's time.
   */
  algorithm?: KeyAlgorithm;
  /** Only for token buckets: how many can be saved up, and so taken at once. Default: `limit`. */
  capacity?: number;
  /** Only for token buckets: whether what was saved up may be taken at once. `false` spaces requests evenly. Default true. */
  enableBurst?: boolean;
}

const known = ['limit', 'window', 'algorithm', 'capacity', 'enableBurst'];
/** Limits that a key can have at once. */
const most = 4;
/** Numbers that describe one in the page. */
const numbers = 5;

/** Whether it is a whole number from `least` that native code takes. @internal */
export function isCount(value: unknown, least: number): value is number {
  return typeof value === 'number' && value >= least && value >>> 0 === value;
}

const counted = 'a whole number from 1 to 4294967295';

function check(limit: KeyLimit, prefix: string): Required<KeyLimit> {
  if (typeof limit !== 'object' || limit === null)
    throw new InvalidArgumentError(
      prefix === '' ? 'limits' : prefix.slice(0, -1),
      shown(limit),
      '{ limit, window }',
    );
  for (const name of Object.keys(limit)) {
    if (!known.includes(name))
      throw new InvalidArgumentError(prefix + name, 'an unknown option', known.join(', '));
  }
  const { algorithm = 'token-bucket', window } = limit;
  const wrong = (name: keyof KeyLimit, wants: string): InvalidArgumentError =>
    new InvalidArgumentError(prefix + name, shown(limit[name]), wants);
  if (!isCount(limit.limit, 1)) throw wrong('limit', counted);
  if (!(typeof window === 'number' && window > 0 && window <= 3.2e12))
    throw wrong('window', 'milliseconds above 0');
  if (!algorithms.includes(algorithm))
    throw wrong('algorithm', `one of ${algorithms.map((name) => `'${name}'`).join(', ')}`);
  for (const name of ['capacity', 'enableBurst'] as const) {
    if (limit[name] !== undefined && algorithm !== 'token-bucket')
      throw wrong(name, `nothing with algorithm '${algorithm}'`);
  }
  const { capacity = limit.limit, enableBurst = true } = limit;
  if (!isCount(capacity, 1)) throw wrong('capacity', counted);
  if (typeof enableBurst !== 'boolean') throw wrong('enableBurst', 'a boolean');
  return { limit: limit.limit, window, algorithm, capacity, enableBurst };
}

/** One limit or several, checked. @internal */
export function checkLimits(limits: KeyLimit | readonly KeyLimit[]): Required<KeyLimit>[] {
  const list = Array.isArray(limits) ? (limits as readonly KeyLimit[]) : [limits as KeyLimit];
  if (list.length === 0 || list.length > most)
    throw new InvalidArgumentError('limits', `${list.length} of them`, `from 1 to ${most} limits`);
  return list.map((limit, at) => check(limit, list.length === 1 ? '' : `limits[${at}].`));
}

/** As options for native code: each name has the limit's number behind it. @internal */
export function limitOptions(
  limits: readonly Required<KeyLimit>[],
): Record<string, number | string | boolean> {
  const options: Record<string, number | string | boolean> = { count: limits.length };
  for (const [at, { limit, window, algorithm, capacity, enableBurst }] of limits.entries()) {
    options[`algorithm${at}`] = algorithm;
    options[`limit${at}`] = limit;
    options[`window${at}`] = window;
    if (capacity !== limit) options[`capacity${at}`] = capacity;
    if (!enableBurst) options[`burst${at}`] = false;
  }
  return options;
}

/** Puts limits into the page. @internal */
export function putLimits(limits: readonly Required<KeyLimit>[]): void {
  for (const [at, { limit, window, algorithm, capacity, enableBurst }] of limits.entries())
    records.set([algorithms.indexOf(algorithm), limit, window, capacity, enableBurst ? 1 : 0], at * numbers);
}

/** The limits that stand in the page. @internal */
export function readLimits(count: number): KeyLimit[] {
  return Array.from({ length: count }, (_, at): KeyLimit => {
    const [algorithm, limit, window, capacity, burst] = records.subarray(at * numbers) as unknown as [
      number,
      number,
      number,
      number,
      number,
    ];
    const name = algorithms[algorithm] as KeyAlgorithm;
    if (name !== 'token-bucket') return { limit, window, algorithm: name };
    return { limit, window, algorithm: name, capacity, enableBurst: burst !== 0 };
  });
}
