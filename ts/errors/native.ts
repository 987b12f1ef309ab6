/** Errors that native code throws, as the package's own. */
import { ChannelClosedError } from '../channels/errors.js';
import { OutOfMemoryError } from '../memory/errors.js';
import { NotHeldError } from '../sync/errors.js';
import {
  InternalError,
  InvalidArgumentError,
  type MillraceError,
  NameConflictError,
  NotFoundError,
  StaleHandleError,
  UnsupportedError,
} from './base.js';

/** Those that only native code makes, which gives code and message. */
const native: Record<string, new (code: string, message: string) => MillraceError> = {
  ERR_STALE_HANDLE: StaleHandleError,
  ERR_NAME_CONFLICT: NameConflictError,
  ERR_NOT_FOUND: NotFoundError,
  ERR_OUT_OF_MEMORY: OutOfMemoryError,
};

/** Makes the error of a code that native code gave. @internal */
export function errorOf(code: string, message: string): MillraceError {
  if (code === 'ERR_INVALID_ARGUMENT') {
    const error = new InvalidArgumentError('', '', '');
    error.message = message;
    Error.captureStackTrace?.(error, errorOf);
    return error;
  }
  if (code === 'ERR_UNSUPPORTED') return new UnsupportedError(message);
  if (code === 'ERR_CHANNEL_CLOSED') return new ChannelClosedError();
  if (code === 'ERR_NOT_HELD') return new NotHeldError(message);
  return new (native[code] ?? InternalError)(code, message);
}

/** Turns what a `#[napi]` method threw, `"CODE\nmessage"`, into an error of ours. @internal */
export function rethrow(error: unknown): never {
  if (error instanceof Error) {
    const at = error.message.indexOf('\n');
    const code = error.message.slice(0, at);
    if (at > 0 && code.startsWith('ERR_')) throw errorOf(code, error.message.slice(at + 1));
  }
  throw error;
}
