/** How patterns are made. */
import { InvalidArgumentError } from '../errors.js';
import { shown } from '../wait-options.js';

/** Takes an error that nobody awaits. */
export type ErrorHandler = (error: Error) => void;

/** What every pattern can be told. */
export interface PatternConfig {
  /** What it is called in a registry. Default: its class's name and a number. */
  readonly name: string;
  /** How many of its calls may run at once in this thread: a whole number from 1, or `Infinity`, the default. The others wait, in order. */
  readonly maxConcurrency: number;
  /** Milliseconds that each attempt of a call may take. Default `Infinity`. */
  readonly timeout: number;
  /** How often a call that fails is tried again: a whole number from 0, the default, or `Infinity`. */
  readonly retryAttempts: number;
  /** Whether it counts. Default true. */
  readonly enableMetrics: boolean;
  /** Takes what `handleError` is given. Default: a warning of the process. */
  readonly errorHandler: ErrorHandler;
}

const known = ['name', 'maxConcurrency', 'timeout', 'retryAttempts', 'enableMetrics', 'errorHandler'];
/** A hundred years: more is a mistake of units. */
const longest = 3.2e12;
let made = 0;

function checkCount(name: string, value: unknown, least: number): void {
  const whole = Number.isInteger(value) && (value as number) >= least && (value as number) < 2 ** 31;
  if (!whole && value !== Infinity)
    throw new InvalidArgumentError(name, shown(value), `a whole number of at least ${least}, or Infinity`);
}

/** Says aloud what nobody handles. */
function warn(error: Error): void {
  process.emitWarning(error);
}

/** The whole configuration. @throws {@link InvalidArgumentError} for what cannot be meant. */
export function completed(config: Partial<PatternConfig>, className: string): PatternConfig {
  if (typeof config !== 'object' || config === null)
    throw new InvalidArgumentError('config', shown(config), 'an object');
  for (const name of Object.keys(config)) {
    if (!known.includes(name)) throw new InvalidArgumentError(name, 'an unknown option', known.join(', '));
  }
  const { maxConcurrency = Infinity, timeout = Infinity, retryAttempts = 0, enableMetrics = true } = config;
  const { name, errorHandler = warn } = config;
  if (name !== undefined) checkName(name);
  checkCount('maxConcurrency', maxConcurrency, 1);
  checkCount('retryAttempts', retryAttempts, 0);
  if (timeout !== Infinity && !(typeof timeout === 'number' && timeout > 0 && timeout <= longest))
    throw new InvalidArgumentError('timeout', shown(timeout), 'milliseconds above 0');
  if (typeof enableMetrics !== 'boolean')
    throw new InvalidArgumentError('enableMetrics', shown(enableMetrics), 'a boolean');
  if (typeof errorHandler !== 'function')
    throw new InvalidArgumentError('errorHandler', shown(errorHandler), 'a function');
  return Object.freeze({
    name: name ?? `${className}-${++made}`,
    maxConcurrency,
    timeout,
    retryAttempts,
    enableMetrics,
    errorHandler,
  });
}

/** @throws {@link InvalidArgumentError} for what is no name. */
export function checkName(name: unknown): asserts name is string {
  if (typeof name !== 'string' || name === '')
    throw new InvalidArgumentError('name', shown(name), 'a text that is not empty');
}
