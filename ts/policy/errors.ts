/** What policies refuse with. */
import { MillraceError, register } from '../errors.js';

/** A call took longer than its time limit. */
export class CallTimeoutError extends MillraceError {
  override name = 'CallTimeoutError';
  /** The limit, in milliseconds. */
  readonly timeout: number;
  /** @internal */
  constructor(timeout: number, options?: ErrorOptions) {
    super('ERR_CALL_TIMEOUT', `the call took longer than its time limit of ${timeout} ms`, options);
    this.timeout = timeout;
  }
}

register('ERR_CALL_TIMEOUT', CallTimeoutError);
