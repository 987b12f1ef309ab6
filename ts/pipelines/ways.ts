/** What sends items through other pipelines: branches, and two pipelines of which both get each item. */
import { checkFunction, checkNames } from '../arguments.js';
import { InvalidArgumentError } from '../errors.js';
import { isThenable } from '../thenable.js';
import { checkStage } from './check.js';
import type { NamedStageOptions, StageOptions } from './config.js';
import { NoBranchError } from './errors.js';
import { ForkStage, type Through } from './fork-stage.js';
import { callNode, type Node, nameFor, withCommon } from './nodes.js';
import { Many, nothing } from './route.js';
import type { RunContext } from './run-context.js';
import type { Call } from './stages.js';

/** Where items of a kind go. */
export interface Route {
  when?: (item: never) => boolean;
  to?: Through;
}

/** Sub-pipelines that all items of a run go through together, as one of them has to. */
function forkNode(
  name: string,
  ways: ForkStage['ways'],
  choose: ForkStage['choose'],
  options: StageOptions,
): Node {
  const make: Node['make'] = (config, activity) =>
    new ForkStage(activity, name, ways, choose, withCommon(config, options));
  return { name, single: false, merges: ways.some((to) => to?.merges), make };
}

const together = (ways: ForkStage['ways']): boolean => ways.some((to) => to !== undefined && !to.single);
const widthOf = (ways: ForkStage['ways']): number =>
  Math.max(
    1,
    ways.reduce((sum, to) => sum + (to?.width ?? 0), 0),
  );

/** Each item goes to the first route that takes it. */
export function branchNode(
  nodes: readonly Node[],
  routes: Record<string, Route>,
  options: NamedStageOptions,
  isPipeline: (value: unknown) => boolean,
): Node {
  checkNames(options, ['name', 'concurrency', 'bufferSize', 'ordered', 'onError']);
  checkStage(options);
  if (typeof routes !== 'object' || routes === null)
    throw new InvalidArgumentError('routes', String(routes), 'an object of branches by name');
  const names = Object.keys(routes);
  const entries = Object.values(routes);
  if (entries.length === 0) throw new InvalidArgumentError('routes', 'none', 'at least one branch');
  for (const [i, route] of entries.entries()) {
    const name = names[i] as string;
    checkNames(route, ['when', 'to'], name);
    if (route.when !== undefined) checkFunction(`${name}.when`, route.when);
    if (route.to !== undefined && !isPipeline(route.to))
      throw new InvalidArgumentError(`${name}.to`, String(route.to), 'a Pipeline');
  }
  const name = nameFor(nodes, options.name, 'branch');
  const choose = (item: unknown): number => {
    for (let i = 0; i < entries.length; i++) {
      const { when } = entries[i] as Route;
      const taken = when === undefined || when(item as never);
      if (isThenable(taken))
        throw new InvalidArgumentError('when', 'a promise', 'a function that gives a boolean');
      if (taken) return i;
    }
    throw new NoBranchError(name, names);
  };
  const ways = entries.map(({ to }) => to);
  const all = { concurrency: widthOf(ways), ...options };
  if (together(ways)) return forkNode(name, ways, (item) => [choose(item)], all);
  const call: Call = (item, context) => {
    const to = ways[choose(item)];
    return to === undefined ? item : to.pass(item, context as RunContext);
  };
  return callNode(name, 'route', call, all);
}

/** Each item goes to both; the first one's results come first. */
export function bothNode(first: Through, second: Through): Node {
  const ways = [first, second];
  const options = { concurrency: widthOf(ways) };
  if (together(ways)) return forkNode('merge', ways, () => [0, 1], options);
  const call: Call = (item, context) => {
    const one = first.pass(item, context as RunContext);
    let two: unknown;
    try {
      two = second.pass(item, context as RunContext);
    } catch (error) {
      if (isThenable(one)) one.then(undefined, () => undefined);
      throw error;
    }
    if (!isThenable(one) && !isThenable(two)) return joined(one, two);
    return Promise.all([one, two]).then(([a, b]) => joined(a, b));
  };
  return callNode('merge', 'route', call, options);
}

function joined(one: unknown, two: unknown): unknown {
  if (one === nothing) return two;
  if (two === nothing) return one;
  const values = (of: unknown): readonly unknown[] => (of instanceof Many ? of.values : [of]);
  return new Many([...values(one), ...values(two)]);
}
