/** What the compiler knows of a graph: what each node takes, what it gives by which action, and which actions lead on. */
import type { AnyKeys, Routed, WaitFor } from './config.js';
import type { GraphNode } from './node.js';

// biome-ignore lint/suspicious/noExplicitAny: nodes take and give whatever their users say; `unknown` would fit no function's argument.
export type Any = any;

/** What goes the way of an action, of all that `post` may give. */
type OutputOf<O, K> = O extends { output: infer V }
  ? O extends { next: infer N }
    ? K extends N
      ? V
      : never
    : K extends 'default'
      ? V
      : never
  : never;

/** What a node gives by each of its actions. */
export type RoutesOf<O extends Routed, A extends string> = { [K in A]: OutputOf<O, K> };

/** A node, as a builder remembers it. */
export interface NodeType {
  input: unknown;
  routes: object;
  waitFor: WaitFor | undefined;
}

/** Nodes, by their names. */
export type NodesOf<N> = {
  [T in N as T extends GraphNode<infer Name, Any, Any, Any, Any> ? Name : never]: T extends GraphNode<
    string,
    infer I,
    infer R,
    infer W,
    Any
  >
    ? { input: I; routes: R; waitFor: W }
    : never;
};

/** What a node takes. */
export type InputOf<N> = N extends GraphNode<string, infer I, Any, Any, Any> ? I : never;

/** The keys that nodes want of their store; a node that says nothing of keys wants none. */
export type KeysOf<N> = (
  N extends GraphNode<string, Any, Any, Any, infer S>
    ? (keys: string extends keyof S ? unknown : S) => void
    : never
) extends (keys: infer K) => void
  ? K
  : never;

/** The store of a graph whose nodes want such keys. */
export type StoreOf<K> = K extends object ? K : AnyKeys;

/** What a node takes from another. */
type InputFrom<T extends NodeType, From extends string> = unknown extends T['input']
  ? unknown
  : T['waitFor'] extends 'all'
    ? From extends keyof T['input']
      ? T['input'][From]
      : never
    : T['input'];

/** The name of the node that an edge leads to, if it takes what comes that way; otherwise a text that says that it does not. */
export type Fitting<
  Nodes extends Record<string, NodeType>,
  From extends keyof Nodes & string,
  To extends keyof Nodes & string,
  Action extends string,
> = Action extends keyof Nodes[From]['routes']
  ? [Nodes[From]['routes'][Action]] extends [InputFrom<Nodes[To], From>]
    ? To
    : `'${To}' does not take what '${From}' gives`
  : `'${From}' has no action '${Action}'`;

/** What is given by the actions of all nodes from which no edge leads on. */
export type Ends<Nodes extends Record<string, NodeType>, Edges> = {
  [N in keyof Nodes & string]: {
    [A in keyof Nodes[N]['routes'] & string]: readonly [N, A] extends Edges ? never : Nodes[N]['routes'][A];
  }[keyof Nodes[N]['routes'] & string];
}[keyof Nodes & string];
