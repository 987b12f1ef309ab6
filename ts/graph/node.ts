/** The nodes of graphs: `prep` reads, `exec` works, `post` writes and says where to go. */

import { callOf } from '../pipelines/place.js';
import type { CallContext } from '../policy/call-context.js';
import type { PolicyPart } from '../policy/part.js';
import { Policy } from '../policy/policy.js';
import { timeout } from '../policy/timeout.js';
import { RetryExecutor } from '../retry/executor.js';
import { RetryPolicy } from '../retry/policy.js';
import { type AnyConfig, checkNode } from './check.js';
import type { AnyKeys, NodeConfig, Routed, RunOptions, StoreFor, WaitFor } from './config.js';
import { planOf } from './plan.js';
import { GraphRun } from './run.js';
import type { Step } from './step.js';
import { isGraph, within } from './sub-graph.js';
import type { Any, RoutesOf } from './types.js';

/** Calls a node's `exec`. */
type Call = (prepared: unknown, context: CallContext, step: Step) => unknown;

export type AnyNode = GraphNode<string, Any, Any, Any, Any>;

/** What guards each call: retry around the time limit. */
function guardOf({ retry, timeout: ms }: AnyConfig): PolicyPart | undefined {
  const parts: PolicyPart[] = [];
  if (retry instanceof RetryExecutor) parts.push(retry);
  else if (retry instanceof RetryPolicy) parts.push(new RetryExecutor(retry));
  else if (retry !== undefined) {
    const { attempts, delay = 0 } = retry;
    const policy = new RetryPolicy({
      maxAttempts: attempts,
      backoffStrategy: 'fixed',
      initialDelay: delay,
      maxDelay: delay,
      jitter: false,
    });
    parts.push(new RetryExecutor(policy));
  }
  if (ms !== undefined) parts.push(timeout(ms));
  return parts.length > 1 ? new Policy(parts) : parts[0];
}

function callerOf(name: string, { exec, on }: AnyConfig): Call {
  if (on !== undefined) {
    const { call } = callOf({ name, on, ...(exec !== undefined && { processor: exec as () => unknown }) });
    return call as Call;
  }
  if (isGraph(exec)) return (prepared, context, step) => exec[within](prepared, context, step);
  return (exec as Call | undefined) ?? ((prepared) => prepared);
}

/**
 * A node of a graph. Made by {@link node}. It holds nothing of its runs: it may stand in several graphs, and run alone.
 */
export class GraphNode<
  Name extends string,
  I,
  R extends object,
  W extends WaitFor | undefined = undefined,
  S extends object = AnyKeys,
> {
  /** What it is called. */
  readonly name: Name;
  /** How it takes what several nodes lead to it. */
  readonly waitFor: W;
  /** What `post` may say. */
  readonly actions: readonly (keyof R & string)[];
  /** @internal */
  readonly config: AnyConfig;
  /** @internal */
  readonly guard: PolicyPart | undefined;
  /** @internal */
  readonly call: Call;

  /** @internal */
  constructor(name: Name, config: AnyConfig) {
    checkNode(name, config);
    this.name = name;
    this.config = { ...config };
    this.waitFor = config.waitFor as W;
    this.actions = [...(config.actions ?? ['default'])] as never;
    this.guard = guardOf(config);
    this.call = callerOf(name, config);
  }

  /**
   * Runs it alone.
   *
   * @param input - What its first function gets.
   * @param options - `store`, and what ends it: `signal`, `timeout`.
   * @returns A thenable of its output. It rejects as a graph's run does.
   */
  run(input: I, options: RunOptions<S> = {}): GraphRun<R[keyof R]> {
    return GraphRun.start(planOf(this.name, [this], [], {}), input, options);
  }

  /**
   * The node as a function, for whatever calls functions: `fanOut`, `pipeline`, `FanOut`.
   *
   * @param store - What its runs know together. Default: each has a new one.
   * @example
   * ```ts
   * const results = await fanOut(processor.with(store), items, { concurrency: 8 });
   * ```
   */
  with(store?: StoreFor<S>): (input: I, context?: Partial<CallContext>) => GraphRun<R[keyof R]> {
    return (input, context) => {
      const signal = context?.signal;
      return this.run(input, { ...(store && { store }), ...(signal && { signal }) });
    };
  }
}

type Options<S extends object, I, P, E, A extends string, O, W> = Omit<
  NodeConfig<S, I, P, E, A, O>,
  'prep' | 'post' | 'actions' | 'waitFor'
> & { waitFor?: W };

/** Makes nodes whose store has these keys. */
export interface NodeMaker<S extends object> {
  /** With `prep` and `post`. */
  <
    const Name extends string,
    I,
    P,
    O extends Routed<A>,
    E = P,
    const A extends string = 'default',
    W extends WaitFor | undefined = undefined,
  >(
    name: Name,
    config: Options<S, I, P, E, A, O, W> & {
      prep: NonNullable<NodeConfig<S, I, P, E, A, O>['prep']>;
      actions?: readonly A[];
      post: NonNullable<NodeConfig<S, I, P, E, A, O>['post']>;
    },
  ): GraphNode<Name, I, RoutesOf<O, A>, W, S>;
  /** With `prep` alone. */
  <const Name extends string, I, P, E = P, W extends WaitFor | undefined = undefined>(
    name: Name,
    config: Options<S, I, P, E, string, Routed, W> & {
      prep: NonNullable<NodeConfig<S, I, P, E, string, Routed>['prep']>;
      actions?: undefined;
      post?: undefined;
    },
  ): GraphNode<Name, I, { default: E }, W, S>;
  /** With `post` alone. */
  <
    const Name extends string,
    I,
    O extends Routed<A>,
    E = I,
    const A extends string = 'default',
    W extends WaitFor | undefined = undefined,
  >(
    name: Name,
    config: Options<S, I, I, E, A, O, W> & {
      prep?: undefined;
      actions?: readonly A[];
      post: NonNullable<NodeConfig<S, I, I, E, A, O>['post']>;
    },
  ): GraphNode<Name, I, RoutesOf<O, A>, W, S>;
  /** With `exec` alone, or nothing. */
  <const Name extends string, I, E = I, W extends WaitFor | undefined = undefined>(
    name: Name,
    config?: Options<S, I, I, E, string, Routed, W> & {
      prep?: undefined;
      actions?: undefined;
      post?: undefined;
    },
  ): GraphNode<Name, I, { default: E }, W, S>;
}

/**
 * Makes a node of a graph.
 *
 * @param name - What it is called, in its graph and in traces.
 * @param config - Its functions, in the order in which they are called: `prep` reads the store, `exec` works, `post` writes to the store and says
 * which way to go. And how `exec` is called: `retry`, `timeout`, `fallback`, `on`; how it takes several inputs: `waitFor`; hooks.
 * @throws {@link InvalidArgumentError} for an option that cannot be meant.
 * @example
 * ```ts
 * const validate = node('validate', {
 *   exec: (order: Order) => check(order),
 *   actions: ['valid', 'invalid'],
 *   post: (errors, { input }) =>
 *     errors.length === 0 ? { next: 'valid', output: input } : { next: 'invalid', output: errors },
 * });
 * const charge = node('charge', {
 *   exec: (order: Order, { signal }) => payments.charge(order, { signal }),
 *   retry: { attempts: 3, delay: 200 },
 *   timeout: 2000,
 * });
 * ```
 */
export const node: NodeMaker<AnyKeys> = nodeFor<AnyKeys>();

/**
 * The same for a store whose keys are known.
 *
 * @example
 * ```ts
 * const node = nodeFor<{ user: User }>();
 * const greet = node('greet', { prep: (_: void, { store }) => store.get('user')?.name ?? 'you', exec: (name) => `Hello, ${name}` });
 * ```
 */
export function nodeFor<S extends object>(): NodeMaker<S> {
  const make = (name: string, config: AnyConfig = {}): AnyNode => new GraphNode(name, config);
  return make as NodeMaker<S>;
}
