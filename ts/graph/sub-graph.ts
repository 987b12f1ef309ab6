/** How a graph runs as another's node. */
import type { CallContext } from '../policy/call-context.js';
import type { RunTrace } from './trace.js';

/** A graph's method that a node calls in place of a function. */
export const within = Symbol('millrace.within');

/** The step in which a graph runs. */
export interface OuterStep {
  /** The store that both have. */
  readonly store: unknown;
  /** The graph begins: what its own run does. */
  began(trace: RunTrace): void;
  /** It has ended, but some of what it called has not: resolves when that has. */
  leaves(drained: Promise<void>): void;
}

/** A graph, as a node sees it. */
export interface Within {
  [within](input: unknown, context: CallContext, step: OuterStep): PromiseLike<unknown>;
}

export function isGraph(value: unknown): value is Within {
  return typeof value === 'object' && value !== null && within in value;
}
