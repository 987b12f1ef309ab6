/** What fans refuse with. */
import { MillraceError, register } from '../errors.js';

/** What went wrong with one input, or with one batch of them. */
export interface FanFailure {
  /** The input's number, from 0; that of a batch's first. */
  readonly index: number;
  /** How many inputs it concerns: 1, or a batch's. */
  readonly count: number;
  /** What the processor threw. */
  readonly error: unknown;
}

/** Some inputs failed, and all were tried: `onError: 'collect'`. */
export class FanOutError extends MillraceError {
  override name = 'FanOutError';
  /** What went wrong, by the numbers of the inputs. */
  readonly failures: readonly FanFailure[];
  /** The errors alone. */
  readonly errors: readonly unknown[];
  /** The results in the places of their inputs, `undefined` where there is none. Empty for a stream, which has given them out. */
  readonly results: readonly unknown[];
  /** @internal */
  constructor(failures: readonly FanFailure[], results: readonly unknown[]) {
    super('ERR_FAN_OUT', `${failures.reduce((sum, { count }) => sum + count, 0)} inputs failed`, {
      cause: failures[0]?.error,
    });
    this.failures = failures;
    this.errors = failures.map(({ error }) => error);
    this.results = results;
  }
}

/** The fan was closed. */
export class FanClosedError extends MillraceError {
  override name = 'FanClosedError';
  /** @internal */
  constructor() {
    super('ERR_FAN_CLOSED', 'the fan is closed');
  }
}

/** The inputs are being merged already: each can be read once. */
export class FanInBusyError extends MillraceError {
  override name = 'FanInBusyError';
  /** @internal */
  constructor() {
    super('ERR_FAN_IN_BUSY', 'the inputs are being merged: leave that iteration first');
  }
}

register('ERR_FAN_OUT', FanOutError);
register('ERR_FAN_CLOSED', FanClosedError);
register('ERR_FAN_IN_BUSY', FanInBusyError);
