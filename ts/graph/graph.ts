/** Graphs of nodes. */
import { InvalidArgumentError } from '../errors.js';
import type { CallContext } from '../policy/call-context.js';
import { shown } from '../wait-options.js';
import { GraphBuilder } from './builder.js';
import type { AnyKeys, GraphOptions, NodeOptions, RunOptions, WaitFor } from './config.js';
import { type AnyNode, GraphNode } from './node.js';
import type { Plan } from './plan.js';
import { GraphRun } from './run.js';
import { type OuterStep, within } from './sub-graph.js';
import type { InputOf, KeysOf, NodesOf } from './types.js';

/**
 * A graph of nodes, as in Pocket. A run begins at the first node; where a node's action leads to several nodes they run at once, in this thread
 * or, with `on`, on worker threads. A branch ends at a node whose action leads nowhere, and the run when all branches have: its result is what
 * that node gave; if branches end at several nodes, what the one gave that was added last (`run.outputs` has all).
 *
 * A node that fails, for good, ends the run: the functions of others are told by their signal. The run rejects with that error, whose `node`
 * is the node's name. A graph holds nothing of its runs, of which there may be many at once.
 *
 * @example
 * ```ts
 * const graph = Graph.from(validate, { name: 'orders' })
 *   .add(charge, reserve, ship, reject)
 *   .connect('validate', 'charge', { action: 'valid' })
 *   .connect('validate', 'reserve', { action: 'valid' })
 *   .connect('validate', 'reject', { action: 'invalid' })
 *   .connect('charge', 'ship')                  // node('ship', { waitFor: 'all', … })
 *   .connect('reserve', 'ship')
 *   .build();
 * const run = graph.run(order, { signal: ctx, timeout: 10_000 });
 * console.log(await run, run.trace.toMermaid());
 * ```
 */
export class Graph<I, O, S extends object = AnyKeys> {
  readonly #plan: Plan;

  private constructor(plan: Plan) {
    this.#plan = plan;
  }

  /**
   * Begins to build a graph.
   *
   * @param start - The node at which runs begin.
   * @throws {@link InvalidArgumentError} for an option that cannot be meant.
   */
  static from<N extends AnyNode>(
    start: N,
    options: GraphOptions = {},
  ): GraphBuilder<NodesOf<N>, never, InputOf<N>, KeysOf<N>> {
    return new GraphBuilder(start, options, (plan) => new Graph(plan));
  }

  /** What it is called. */
  get name(): string {
    return this.#plan.name;
  }

  /**
   * Runs it, from the first node on.
   *
   * @param input - What the first node gets.
   * @param options - `store`: what the nodes know together; `signal` and `timeout` end the run.
   * @returns A thenable of the result, with `trace`, `cancel` and `drain`. It rejects with what a node's function threw; with
   * {@link CallTimeoutError} of a node's `timeout`; {@link UnknownActionError}; {@link StepLimitError}; {@link WaitTimeoutError}; the signal's reason.
   * @throws {@link InvalidArgumentError} for an option that cannot be meant.
   */
  run(input: I, options: RunOptions<S> = {}): GraphRun<O> {
    return GraphRun.start(this.#plan, input, options);
  }

  /**
   * The graph as a node of another: the same as a node whose `exec` is the graph. Both have one store.
   *
   * @param name - The node's name. Default: the graph's.
   */
  asNode<const Name extends string = string, W extends WaitFor | undefined = undefined>(
    name?: Name,
    options: Omit<NodeOptions, 'on' | 'waitFor'> & { waitFor?: W } = {},
  ): GraphNode<Name, I, { default: O }, W, S> {
    if (typeof options !== 'object' || options === null)
      throw new InvalidArgumentError('options', shown(options), 'an object');
    return new GraphNode((name ?? this.name) as Name, { ...(options as NodeOptions), exec: this as never });
  }

  /** @internal */
  [within](input: unknown, context: CallContext, step: OuterStep): GraphRun<O> {
    return GraphRun.within(this.#plan, input, context, step);
  }
}
