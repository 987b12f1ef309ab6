/** What is wrong with a graph before it runs. */
import type { AnyNode } from './node.js';
import { endsOf, type Neighbours, neighbours, type PlanEdge, reach } from './plan.js';

/** An edge as it was asked for. */
export interface WantedEdge {
  readonly from: string;
  readonly to: string;
  readonly action: string;
  readonly loop: boolean;
}

function written({ from, to, action }: WantedEdge): string {
  return `'${from}' → '${to}'${action === 'default' ? '' : ` by '${action}'`}`;
}

/** Edges between nodes that there are, by actions that they have, each once; what is wrong with the others goes to `problems`. */
export function edgesOf(
  nodes: readonly AnyNode[],
  wanted: readonly WantedEdge[],
  problems: string[],
): PlanEdge[] {
  const numbers = new Map(nodes.map(({ name }, index) => [name, index]));
  const seen = new Set<string>();
  const edges: PlanEdge[] = [];
  let loops = 0;
  for (const edge of wanted) {
    const unknown = [edge.from, edge.to].filter((name) => !numbers.has(name));
    for (const name of new Set(unknown)) problems.push(`there is no node '${name}' (${written(edge)})`);
    if (unknown.length > 0) continue;
    const [from, to] = [numbers.get(edge.from) as number, numbers.get(edge.to) as number];
    const actions: readonly string[] = nodes[from]?.actions ?? [];
    const key = JSON.stringify([from, to, edge.action]);
    if (!actions.includes(edge.action))
      problems.push(
        `'${edge.from}' has no action '${edge.action}': it has ${actions.map((name) => `'${name}'`).join(', ')}`,
      );
    else if (seen.has(key)) problems.push(`${written(edge)} is there twice`);
    else edges.push({ from, to, action: edge.action, loop: edge.loop ? loops++ : -1 });
    seen.add(key);
  }
  return edges;
}

/** Each circle that is met on the way from the first node on, as the numbers of its nodes. */
function circlesOf(next: Neighbours): number[][] {
  const circles: number[][] = [];
  const done = new Uint8Array(next.length);
  const depth = new Int32Array(next.length).fill(-1);
  for (const first of next.keys()) {
    if (done[first] === 1) continue;
    const path = [{ node: first, at: 0 }];
    depth[first] = 0;
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const to = next[top.node]?.[top.at++];
      if (to === undefined) {
        done[top.node] = 1;
        depth[top.node] = -1;
        path.pop();
      } else if ((depth[to] as number) >= 0) circles.push(path.slice(depth[to]).map(({ node }) => node));
      else if (done[to] === 0) {
        depth[to] = path.length;
        path.push({ node: to, at: 0 });
      }
    }
  }
  return circles;
}

/** What is wrong with a graph whose edges are. */
export function problemsOf(nodes: readonly AnyNode[], edges: readonly PlanEdge[]): string[] {
  const problems: string[] = [];
  const name = (index: number): string => nodes[index]?.name ?? '';
  const forward = edges.filter(({ loop }) => loop < 0);
  const next = neighbours(nodes.length, forward);
  for (const circle of circlesOf(next)) {
    const names = [...circle, circle[0] as number].map(name).join(' → ');
    problems.push(`${names} is a circle: one of its edges must say { loop: true }`);
  }
  const reached = reach(neighbours(nodes.length, edges), [0]);
  for (const index of nodes.keys()) {
    if (index > 0 && reached[index] === 0) problems.push(`nothing leads to '${name(index)}'`);
  }
  for (const { from, to, loop } of edges) {
    if (loop < 0) continue;
    if (from !== to && reach(next, [to])[from] === 0)
      problems.push(
        `'${name(from)}' → '${name(to)}' is no loop: '${name(to)}' does not lead to '${name(from)}'`,
      );
    if (nodes[to]?.waitFor === 'all')
      problems.push(`the loop '${name(from)}' → '${name(to)}' leads to a node that waits for all`);
  }
  const sources = neighbours(nodes.length, forward, true);
  for (const [index, { waitFor }] of nodes.entries()) {
    const from = [...new Set(sources[index])];
    if (from.length > 1 && waitFor === undefined)
      problems.push(
        `'${name(index)}' must say whether it waits for 'all' or 'any': ${from.map((each) => `'${name(each)}'`).join(', ')} lead to it`,
      );
  }
  if (endsOf(nodes, edges).length === 0) problems.push('it has no end: every action of every node leads on');
  return problems;
}
