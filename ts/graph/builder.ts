/** How graphs are built. */

import { checkNames } from '../arguments.js';
import { InvalidArgumentError } from '../errors.js';
import { shown } from '../wait-options.js';
import { checkGraph, checkText } from './check.js';
import type { EdgeOptions, GraphOptions } from './config.js';
import { GraphBuildError } from './errors.js';
import type { Graph } from './graph.js';
import { type AnyNode, GraphNode } from './node.js';
import { type Plan, planOf } from './plan.js';
import type { Ends, Fitting, KeysOf, NodesOf, NodeType, StoreOf } from './types.js';
import { edgesOf, problemsOf, type WantedEdge } from './validate.js';

/**
 * A graph that is not built yet. Made by {@link Graph.from}. The compiler knows its nodes: it refuses names that are not among them, and
 * edges whose ends do not fit together.
 */
export class GraphBuilder<
  Nodes extends Record<string, NodeType>,
  Edges extends readonly [string, string],
  I,
  Keys,
> {
  readonly #nodes = new Map<string, AnyNode>();
  readonly #edges: WantedEdge[] = [];
  readonly #options: GraphOptions;
  readonly #make: (plan: Plan) => unknown;

  /** @internal */
  constructor(start: AnyNode, options: GraphOptions, make: (plan: Plan) => unknown) {
    checkGraph(options);
    this.#options = { ...options };
    this.#make = make;
    this.add(start);
  }

  /**
   * Adds nodes.
   *
   * @throws {@link InvalidArgumentError} for what is no node, and for a name that another has.
   */
  add<const T extends readonly AnyNode[]>(
    ...nodes: T
  ): GraphBuilder<Nodes & NodesOf<T[number]>, Edges, I, Keys & KeysOf<T[number]>> {
    for (const node of nodes) {
      if (!(node instanceof GraphNode)) throw new InvalidArgumentError('node', shown(node), 'a GraphNode');
      if (this.#nodes.has(node.name))
        throw new InvalidArgumentError('node', `'${node.name}'`, 'a name that no other node has');
      this.#nodes.set(node.name, node);
    }
    return this as never;
  }

  /**
   * Lets one node lead to another. Where several edges have one action, all are taken at once; where an action has none, the branch ends.
   *
   * @param options - `action`, by which it is taken; `loop`, for one that leads back.
   */
  connect<
    From extends keyof Nodes & string,
    To extends keyof Nodes & string,
    const A extends string = 'default',
  >(
    from: From,
    to: Fitting<Nodes, From, To, A>,
    options: EdgeOptions<A> = {},
  ): GraphBuilder<Nodes, Edges | readonly [From, A], I, Keys> {
    checkText('from', from);
    checkText('to', to);
    checkNames(options, ['action', 'loop']);
    const { action = 'default', loop = false } = options;
    checkText('action', action);
    if (typeof loop !== 'boolean') throw new InvalidArgumentError('loop', shown(loop), 'a boolean');
    this.#edges.push({ from, to, action, loop });
    return this as never;
  }

  /**
   * The graph. What is added to the builder afterwards is not in it.
   *
   * @throws {@link GraphBuildError}, which says all that is wrong: nodes and actions that there are not, circles that no edge declares, nodes
   * that nothing leads to, nodes that several lead to and that do not say how they wait.
   */
  build(): Graph<I, Ends<Nodes, Edges>, StoreOf<Keys>> {
    const nodes = [...this.#nodes.values()];
    const { name = nodes[0]?.name as string, ...limits } = this.#options;
    const problems: string[] = [];
    const edges = edgesOf(nodes, this.#edges, problems);
    // What else there is to say would only follow from those.
    if (problems.length === 0) problems.push(...problemsOf(nodes, edges));
    if (problems.length > 0) throw new GraphBuildError(name, problems);
    return this.#make(planOf(name, nodes, edges, limits)) as never;
  }
}
