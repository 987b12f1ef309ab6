/** What pipelines refuse with. */
import { MillraceError, register } from '../errors.js';

/** The pipeline, or stage, is closed or was aborted: it takes no more. */
export class PipelineClosedError extends MillraceError {
  override name = 'PipelineClosedError';
  /** @internal */
  constructor() {
    super('ERR_PIPELINE_CLOSED', 'the pipeline is closed');
  }
}

/** A stage's call took longer than the stage's `timeout`. */
export class StageTimeoutError extends MillraceError {
  override name = 'StageTimeoutError';
  /** The stage. */
  readonly stage: string;
  /** The limit, in milliseconds. */
  readonly timeout: number;
  /** @internal */
  constructor(stage: string, timeout: number) {
    super('ERR_STAGE_TIMEOUT', `the stage '${stage}' took longer than ${timeout} ms`);
    this.stage = stage;
    this.timeout = timeout;
  }
}

/** `process` has no result to give: a filter kept the item back, or it was left out because of an error, which is the `cause` then. */
export class ItemDroppedError extends MillraceError {
  override name = 'ItemDroppedError';
  /** @internal */
  constructor(left?: { error: unknown }) {
    const why = left === undefined ? 'a stage kept it back' : 'it failed and was left out';
    super(
      'ERR_ITEM_DROPPED',
      `the pipeline has no result for this item: ${why}`,
      left && { cause: left.error },
    );
  }
}

/** No branch takes the item. */
export class NoBranchError extends MillraceError {
  override name = 'NoBranchError';
  /** @internal */
  constructor(stage: string, branches: readonly string[]) {
    super('ERR_NO_BRANCH', `no branch of '${stage}' takes the item: there are ${branches.join(', ')}`);
  }
}

/** An item failed and its dead letter could not be sent. `cause` says why not; `error` is the item's own. */
export class DeadLetterError extends MillraceError {
  override name = 'DeadLetterError';
  /** Why the item failed. */
  readonly error: unknown;
  /** @internal */
  constructor(error: unknown, cause: unknown) {
    super('ERR_DEAD_LETTER', 'an item failed, and its dead letter could not be sent', { cause });
    this.error = error;
  }
}

register('ERR_PIPELINE_CLOSED', PipelineClosedError);
register('ERR_STAGE_TIMEOUT', StageTimeoutError);
register('ERR_ITEM_DROPPED', ItemDroppedError);
register('ERR_NO_BRANCH', NoBranchError);
register('ERR_DEAD_LETTER', DeadLetterError);
