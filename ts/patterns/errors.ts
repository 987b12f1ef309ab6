/** What the registry refuses with. */
import { MillraceError, register } from '../errors.js';

/** What went wrong with one pattern. */
export interface PatternFailure {
  /** The pattern's name in the registry. */
  readonly name: string;
  /** What its `stop` threw; `WaitTimeoutError` if it was not over by the deadline; the signal's reason if that came first. */
  readonly error: unknown;
}

/** Some patterns did not end well. All the others have ended. */
export class PatternShutdownError extends MillraceError {
  override name = 'PatternShutdownError';
  /** Which, and why, in the order in which it was known. */
  readonly failures: readonly PatternFailure[];
  /** The errors alone. */
  readonly errors: readonly unknown[];
  /** @internal */
  constructor(failures: readonly PatternFailure[]) {
    const said = failures.map(
      ({ name, error }) => `'${name}': ${error instanceof Error ? error.message : String(error)}`,
    );
    super('ERR_PATTERN_SHUTDOWN', `these patterns did not end well: ${said.join('; ')}`, {
      cause: failures[0]?.error,
    });
    this.failures = failures;
    this.errors = failures.map(({ error }) => error);
  }
}

/** The registry is being shut down: nothing can be registered until that is over. */
export class RegistryShutdownError extends MillraceError {
  override name = 'RegistryShutdownError';
  /** @internal */
  constructor() {
    super('ERR_REGISTRY_SHUTDOWN', 'the registry is being shut down: nothing can be registered');
  }
}

/** Patterns that depend on one another in a circle: none of them could be stopped first. */
export class DependencyCycleError extends MillraceError {
  override name = 'DependencyCycleError';
  /** The names, each of which depends on the next; the last is the first again. */
  readonly cycle: readonly string[];
  /** @internal */
  constructor(cycle: readonly string[]) {
    super('ERR_DEPENDENCY_CYCLE', `these patterns depend on one another: ${cycle.join(' → ')}`);
    this.cycle = cycle;
  }
}

register('ERR_PATTERN_SHUTDOWN', PatternShutdownError);
register('ERR_REGISTRY_SHUTDOWN', RegistryShutdownError);
register('ERR_DEPENDENCY_CYCLE', DependencyCycleError);
