/** What every error of the package is, and those that belong to no concept alone. */

const brand = Symbol.for('millrace.error');

/** What every error of the package is. */
export class MillraceError extends Error {
  override name = 'MillraceError';
  /** Stable and machine-readable, such as `'ERR_TASK_TIMEOUT'`. */
  readonly code: string;

  /** @internal */
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    Object.defineProperty(this, brand, { value: true });
  }
}

/**
 * Whether a value is an error of this package, whichever copy of it threw.
 *
 * @param value - Anything.
 * @example
 * ```ts
 * if (isMillraceError(error) && error.code === 'ERR_QUEUE_FULL') response.sendStatus(503);
 * ```
 */
export function isMillraceError(value: unknown): value is MillraceError {
  return typeof value === 'object' && value !== null && brand in value;
}

/** An argument or option that cannot be meant. The message names it, what it got and what it wants. */
export class InvalidArgumentError extends MillraceError {
  override name = 'InvalidArgumentError';
  /** @internal */
  constructor(name: string, got: string, want: string) {
    super('ERR_INVALID_ARGUMENT', `${name}: got ${got}, wants ${want}`);
  }
}

/** A handle whose object is gone, or which another thread gave out. */
export class StaleHandleError extends MillraceError {
  override name = 'StaleHandleError';
}

/** A name in use with another configuration. The message says both. */
export class NameConflictError extends MillraceError {
  override name = 'NameConflictError';
}

/** No object of that name or token in this process. */
export class NotFoundError extends MillraceError {
  override name = 'NotFoundError';
}

/** A defect of the package itself. */
export class InternalError extends MillraceError {
  override name = 'InternalError';
}

/** What was asked for cannot be done by this runtime. */
export class UnsupportedError extends MillraceError {
  override name = 'UnsupportedError';
  /** @internal */
  constructor(message: string) {
    super('ERR_UNSUPPORTED', message);
  }
}

/** A wait took longer than its `timeout`. */
export class WaitTimeoutError extends MillraceError {
  override name = 'WaitTimeoutError';
  /** The limit, in milliseconds. */
  readonly timeout: number;
  /** @internal */
  constructor(timeout: number) {
    super('ERR_TIMEOUT', `it took longer than ${timeout} ms`);
    this.timeout = timeout;
  }
}

/** The thread that sent a value ended before it could be fetched from it: only the platform can clone such a value. */
export class SenderGoneError extends MillraceError {
  override name = 'SenderGoneError';
  /** @internal */
  constructor() {
    super('ERR_SENDER_GONE', 'the thread that sent this value has ended, and with it the value');
  }
}

/** By code, as far as the concepts are loaded. */
const classes: Record<string, { readonly prototype: MillraceError }> = {};

/** Makes the errors of a code that another thread threw instances of their class here. @internal */
export function register(code: string, known: { readonly prototype: MillraceError }): void {
  classes[code] = known;
}

/** An error of ours that another thread threw; its own properties are for the caller to set. @internal */
export function errorFrom(code: string, message: string): MillraceError {
  const error = new MillraceError(code, message);
  const known = classes[code];
  if (known !== undefined) Object.setPrototypeOf(error, known.prototype);
  return error;
}

register('ERR_INVALID_ARGUMENT', InvalidArgumentError);
register('ERR_STALE_HANDLE', StaleHandleError);
register('ERR_NAME_CONFLICT', NameConflictError);
register('ERR_NOT_FOUND', NotFoundError);
register('ERR_INTERNAL', InternalError);
register('ERR_UNSUPPORTED', UnsupportedError);
register('ERR_TIMEOUT', WaitTimeoutError);
register('ERR_SENDER_GONE', SenderGoneError);
