/** Why a context is cancelled. */
import { MillraceError, register } from '../errors/base.js';

/** The context was cancelled; its `cause` is what whoever cancelled it gave. */
export class ContextCanceledError extends MillraceError {
  override name = 'ContextCanceledError';
  /** @internal */
  constructor(cause: unknown) {
    super('ERR_CONTEXT_CANCELED', 'the context was cancelled', cause === undefined ? undefined : { cause });
  }
}

/** The context's deadline has passed. */
export class DeadlineExceededError extends MillraceError {
  override name = 'DeadlineExceededError';
  /** @internal */
  constructor() {
    super('ERR_DEADLINE_EXCEEDED', "the context's deadline has passed");
  }
}

register('ERR_CONTEXT_CANCELED', ContextCanceledError);
register('ERR_DEADLINE_EXCEEDED', DeadlineExceededError);
