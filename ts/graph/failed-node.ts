/** The name of the node that failed, on the error. */
import type { PlanNode } from './plan.js';
import { isGraph } from './sub-graph.js';

/** Errors that have it from here. */
const marked = new WeakMap<object, string>();

/**
 * Puts it on the error as `node`; of a graph that is a node with that of its own node behind a slash. What is no object, is frozen, or has a
 * `node` of its own stays as it is.
 */
export function markNode(error: unknown, { name, node }: PlanNode): void {
  if (typeof error !== 'object' || error === null) return;
  const known = marked.get(error);
  if (known === undefined && 'node' in error) return;
  const value = known !== undefined && isGraph(node.config.exec) ? `${name}/${known}` : name;
  if (Reflect.defineProperty(error, 'node', { value, configurable: true, enumerable: false }))
    marked.set(error, value);
}
