/** What graphs refuse with. */
import { MillraceError, register } from '../errors.js';

/** A graph cannot be built. The message, and `problems`, say all that is wrong with it. */
export class GraphBuildError extends MillraceError {
  override name = 'GraphBuildError';
  /** The graph. */
  readonly graph: string;
  /** What is wrong, each with the names of the nodes. */
  readonly problems: readonly string[];
  /** @internal */
  constructor(graph: string, problems: readonly string[]) {
    super('ERR_GRAPH_BUILD', `the graph '${graph}' cannot be built: ${problems.join('; ')}`);
    this.graph = graph;
    this.problems = problems;
  }
}

/** A node's `post` gave an action that is not among the node's `actions`. */
export class UnknownActionError extends MillraceError {
  override name = 'UnknownActionError';
  /** The action. */
  readonly action: string;
  /** @internal */
  constructor(node: string, action: string, known: readonly string[]) {
    super(
      'ERR_UNKNOWN_ACTION',
      `'${node}' has no action '${action}': it has ${known.map((name) => `'${name}'`).join(', ')}`,
    );
    this.action = action;
  }
}

/** A run took more steps than its graph's `maxSteps`. */
export class StepLimitError extends MillraceError {
  override name = 'StepLimitError';
  /** The graph's `maxSteps`. */
  readonly limit: number;
  /** @internal */
  constructor(graph: string, limit: number, node: string) {
    super('ERR_STEP_LIMIT', `a run of '${graph}' took ${limit} steps, and '${node}' would be one more`);
    this.limit = limit;
  }
}

register('ERR_GRAPH_BUILD', GraphBuildError);
register('ERR_UNKNOWN_ACTION', UnknownActionError);
register('ERR_STEP_LIMIT', StepLimitError);
