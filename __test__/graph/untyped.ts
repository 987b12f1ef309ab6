/** Graphs as JavaScript sees them, for what the compiler would refuse or cannot know. */
import { Graph, type GraphRun, node, runGraphs } from 'millrace';

export interface UntypedGraph {
  run(input: unknown, options?: unknown): GraphRun<unknown>;
  asNode(name: unknown, options?: unknown): unknown;
}

export interface UntypedBuilder {
  add(...nodes: unknown[]): UntypedBuilder;
  connect(from: unknown, to: unknown, options?: unknown): UntypedBuilder;
  build(): UntypedGraph;
}

export const untypedFrom = Graph.from as unknown as (start?: unknown, options?: unknown) => UntypedBuilder;
export const untypedNode = node as unknown as (name: unknown, config?: unknown) => unknown;
export const untypedRunGraphs = runGraphs as unknown as (...args: unknown[]) => Promise<unknown>;
