/** What nodes and graphs can be told. Times are in milliseconds. */
import type { CallContext } from '../policy/call-context.js';
import type { RetryExecutor } from '../retry/executor.js';
import type { RetryPolicy } from '../retry/policy.js';
import type { WaitOptions } from '../wait-options.js';
import type { ProcessorModule } from '../worker-pools/config.js';
import type { WorkerPool } from '../worker-pools/pool.js';
import type { Store, StoreReader } from './store.js';
import type { StepJson } from './trace.js';
import type { Any } from './types.js';

/**
 * How a node takes what several nodes lead to it. `'all'`: it runs once, when nothing that could still come is under way, and gets an object of
 * what came, by the names of the nodes it came from; what was routed elsewhere is not in it. `'any'`: it runs once, with the first that
 * comes, and those that lead nowhere but here are cancelled; one that fails before ends the run, unless it has a `fallback`. In a loop once
 * means once in each round.
 */
export type WaitFor = 'all' | 'any';

/** What a store knows when nothing is said of its keys. */
export type AnyKeys = Record<string, unknown>;

/** What a node's functions may know of the step they run in. */
export interface StepContext extends CallContext {
  /** Aborts when the step's result is not wanted any more. */
  readonly signal: AbortSignal;
  /** The node's name. */
  readonly node: string;
  /** The step's number in its run, from 1. */
  readonly step: number;
}

/** What `prep` gets beside its input. */
export interface PrepContext<S extends object = AnyKeys> extends StepContext {
  /** The run's store, to be read. */
  readonly store: StoreReader<S>;
}

/** What `post` gets beside the result. */
export interface PostContext<S extends object, I, P> extends StepContext {
  /** The run's store. */
  readonly store: Store<S>;
  /** What the node was given. */
  readonly input: I;
  /** What `prep` gave; without one, the input. */
  readonly prepared: P;
}

/** What `fallback` gets beside the error. */
export interface FallbackContext<P> extends StepContext {
  /** What `exec` was given. */
  readonly prepared: P;
}

/** What `post` gives: the node's output, and which way it goes. */
export interface Routed<A extends string = string> {
  /** What the next nodes get. */
  output: unknown;
  /** One of the node's `actions`. Default `'default'`. */
  next?: A;
}

/** So many attempts in all, with a delay between two. */
export interface Attempts {
  /** At least 1. */
  attempts: number;
  /** Default 0. */
  delay?: number;
}

/** What a graph is as another's `exec`: a `Graph`, nothing else. */
export interface SubGraph<I, O> {
  /** The graph's name. */
  readonly name: string;
  /** Runs it. */
  run(input: I, options?: WaitOptions): PromiseLike<O>;
}

/** What a node does: a function, which knows nothing of the store; another graph; or, with `on`, a module. */
export type Exec<P, E> =
  | ((prepared: P, context: CallContext) => E | PromiseLike<E>)
  | SubGraph<P, E>
  | ProcessorModule;

/** What nodes have beside their functions. */
export interface NodeOptions {
  /** How it takes what several nodes lead to it. It must say, if several do. */
  waitFor?: WaitFor;
  /** Calls `exec` again when it fails. `prep` and `post`, which touch the store, are called once. Default: once as well. */
  retry?: Attempts | RetryPolicy | RetryExecutor;
  /** How long a call of `exec` may take: it fails with `CallTimeoutError`, and its `signal` aborts. */
  timeout?: number;
  /** Where `exec` runs: a self-contained function or a module; none if the pool has its own. Default: in this thread. */
  on?: WorkerPool<never, unknown>;
  /** A step begins. What hooks throw is nobody's failure but their own; they are not waited for. */
  onStart?: (input: unknown, step: StepJson) => void;
  /** It has succeeded. */
  onSuccess?: (output: unknown, step: StepJson) => void;
  /** It has failed, for good. */
  onError?: (error: unknown, step: StepJson) => void;
  /** It has ended: `step.state` says how. */
  onEnd?: (step: StepJson) => void;
}

/** A node's functions, in the order in which they are called. Each may give a promise. */
export interface NodeConfig<S extends object, I, P, E, A extends string, O> extends NodeOptions {
  /** Makes of the input, and of what the store knows, what `exec` gets. Default: the input. */
  prep?: ((input: I, context: PrepContext<S>) => P | PromiseLike<P>) | undefined;
  /** Does the work. Default: gives what it gets. */
  exec?: Exec<P, E>;
  /** Gives a result in place of an error of `exec`, when all attempts have failed. */
  fallback?: (error: unknown, context: FallbackContext<P>) => E | PromiseLike<E>;
  /** The actions that `post` may give. Default: `'default'` alone. */
  actions?: readonly A[] | undefined;
  /** Writes to the store, and says which way the output goes. Default: the result goes the way of `'default'`. */
  post?: ((result: E, context: PostContext<S, I, P>) => O | PromiseLike<O>) | undefined;
}

/** How an edge is made. */
export interface EdgeOptions<A extends string = string> {
  /** The action by which it is taken. Default `'default'`. */
  action?: A;
  /** It leads back, to a node that leads here. */
  loop?: boolean;
}

/** How a graph is made. */
export interface GraphOptions {
  /** What it is called in errors and traces. Default: its first node's name. */
  name?: string;
  /** Steps of a run that may be under way at once; a graph that is a node is one of them, and has its own bound within. Default: any number. */
  concurrency?: number;
  /** Steps of a run in all. Default 1000. */
  maxSteps?: number;
}

/** How a graph is run. */
export interface RunOptions<S extends object = AnyKeys> extends WaitOptions {
  /** What its nodes know together. Default: a new one. */
  store?: StoreFor<S>;
}

/** A store for nodes that want these keys; any, if they say nothing of keys. */
export type StoreFor<S extends object> = string extends keyof S ? Store<Any> : Store<S>;
