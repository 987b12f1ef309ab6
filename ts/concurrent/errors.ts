/** What went wrong with several things at once. */
import { MillraceError, register } from '../errors.js';

/** Several errors. */
export class CombinedError extends MillraceError {
  override name = 'CombinedError';
  /** All of them. */
  readonly errors: readonly unknown[];
  /** @internal */
  constructor(errors: readonly unknown[]) {
    const said = errors.map((error) => (error instanceof Error ? error.message : String(error)));
    super('ERR_COMBINED', `${errors.length} errors: ${said.join('; ')}`, { cause: errors[0] });
    this.errors = errors;
  }
}

/** Too few services have answered. */
export class QuorumError extends MillraceError {
  override name = 'QuorumError';
  /** How many were to answer. */
  readonly atLeast: number;
  /** The answers there are, by the services' names. */
  readonly answers: Readonly<Record<string, unknown>>;
  /** The errors, by the services' names. */
  readonly failed: Readonly<Record<string, unknown>>;
  /** The errors alone. */
  readonly errors: readonly unknown[];
  /** @internal */
  constructor(atLeast: number, answers: Record<string, unknown>, failed: Record<string, unknown>) {
    const names = Object.keys(failed).join(', ');
    super('ERR_QUORUM', `${atLeast} services were to answer, and too many failed: ${names}`);
    this.atLeast = atLeast;
    this.answers = answers;
    this.failed = failed;
    this.errors = Object.values(failed);
  }
}

register('ERR_COMBINED', CombinedError);
register('ERR_QUORUM', QuorumError);
