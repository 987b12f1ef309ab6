/**
 * A graph as its runs see it: who leads where, and what can be known of that before anything runs.
 *
 * A node that waits for all has heard of all when nothing is under way from which an edge leads there, however many edges later; so each node knows
 * the ones that it can still reach (`ahead`). A loop has a number: a node that takes the first of several has one first in each round of the
 * loops that it is a part of.
 */
import type { AnyNode } from './node.js';

/** A way from one node to another. */
export interface PlanEdge {
  /** The number of the node it leads from. */
  readonly from: number;
  /** The number of the node it leads to. */
  readonly to: number;
  readonly action: string;
  /** The loop's number; -1 if it leads on. */
  readonly loop: number;
}

export interface PlanNode {
  readonly index: number;
  readonly name: string;
  readonly node: AnyNode;
  /** The ways that lead on, by action. */
  readonly out: ReadonlyMap<string, readonly PlanEdge[]>;
  /** Whether several nodes lead here and the first to come counts. */
  readonly firstOnly: boolean;
  /** The nodes that wait for all, and can be reached from here. */
  readonly ahead: readonly number[];
  /** Those of them that can be reached without a loop. */
  readonly onward: readonly number[];
  /** The loops it is a part of. */
  readonly loops: readonly number[];
  /** Of one where the first counts: whether a node, by its number, leads nowhere but here. */
  readonly idle: Uint8Array | undefined;
}

/** A graph that can be run. */
export interface Plan {
  readonly name: string;
  readonly concurrency: number;
  readonly maxSteps: number;
  readonly nodes: readonly PlanNode[];
  readonly edges: readonly PlanEdge[];
  /** How many loops there are. */
  readonly loops: number;
}

/** For each node, by its number, others. */
export type Neighbours = readonly (readonly number[])[];

/** What can be reached from any of some nodes by one way or more, without going through `but`. */
export function reach(next: Neighbours, from: readonly number[], but = -1): Uint8Array {
  const reached = new Uint8Array(next.length);
  const open = [...from];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const to of next[node] ?? []) {
      if (to === but || reached[to] === 1) continue;
      reached[to] = 1;
      open.push(to);
    }
  }
  return reached;
}

/** For each node where edges lead, or, `backwards`, where they come from. */
export function neighbours(count: number, edges: readonly PlanEdge[], backwards = false): Neighbours {
  const next = Array.from({ length: count }, (): number[] => []);
  for (const { from, to } of edges) next[backwards ? to : from]?.push(backwards ? from : to);
  return next;
}

/** For each node its edges, by action. */
function waysOut(count: number, edges: readonly PlanEdge[]): readonly Map<string, PlanEdge[]>[] {
  const out = Array.from({ length: count }, () => new Map<string, PlanEdge[]>());
  for (const edge of edges) {
    const ways = out[edge.from];
    const same = ways?.get(edge.action);
    if (same === undefined) ways?.set(edge.action, [edge]);
    else same.push(edge);
  }
  return out;
}

/** The nodes one of whose actions leads nowhere: a run may end there. */
export function endsOf(nodes: readonly AnyNode[], edges: readonly PlanEdge[]): number[] {
  const out = waysOut(nodes.length, edges);
  return nodes.flatMap(({ actions }, at) => (actions.every((action) => out[at]?.has(action)) ? [] : [at]));
}

/** @param nodes - The first is where runs begin. Nodes and edges are checked. */
export function planOf(
  name: string,
  nodes: readonly AnyNode[],
  edges: readonly PlanEdge[],
  { concurrency = Infinity, maxSteps = 1000 }: { concurrency?: number; maxSteps?: number },
): Plan {
  const count = nodes.length;
  const forward = edges.filter(({ loop }) => loop < 0);
  const back = neighbours(count, edges, true);
  const backOnward = neighbours(count, forward, true);
  const next = neighbours(count, forward);
  const out = waysOut(count, edges);
  const ends = endsOf(nodes, edges);
  const ahead = nodes.map((): number[] => []);
  const onward = nodes.map((): number[] => []);
  const loops = nodes.map((): number[] => []);
  for (const [index, { waitFor }] of nodes.entries()) {
    if (waitFor !== 'all') continue;
    reach(back, [index]).forEach((reached, from) => reached === 1 && ahead[from]?.push(index));
    reach(backOnward, [index]).forEach((reached, from) => reached === 1 && onward[from]?.push(index));
  }
  for (const { from, to, loop } of edges) {
    if (loop < 0) continue;
    const [after, before] = [reach(next, [to]), reach(backOnward, [from])];
    after[to] = before[from] = 1;
    after.forEach((reached, node) => reached === 1 && before[node] === 1 && loops[node]?.push(loop));
  }
  /** Who leads to a node, and to no end that is not behind it. */
  const idle = (index: number): Uint8Array => {
    const others = ends.filter((end) => end !== index);
    const useful = reach(back, others, index);
    for (const end of others) useful[end] = 1;
    return reach(back, [index]).map((leads, node) => (node === index ? 0 : leads & ~(useful[node] ?? 0)));
  };
  return {
    name,
    concurrency,
    maxSteps,
    edges,
    loops: edges.filter(({ loop }) => loop >= 0).length,
    nodes: nodes.map((node, index) => {
      const firstOnly = node.waitFor === 'any' && new Set(backOnward[index]).size > 1;
      return {
        index,
        name: node.name,
        node,
        out: out[index] ?? new Map(),
        firstOnly,
        ahead: ahead[index] ?? [],
        onward: onward[index] ?? [],
        loops: loops[index] ?? [],
        idle: firstOnly ? idle(index) : undefined,
      };
    }),
  };
}
