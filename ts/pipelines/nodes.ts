/** What a pipeline is built of, before it runs. Immutable: a pipeline and what is built on it have these in common. */

import { checkFunction, checkNames, checkWhole } from '../arguments.js';
import { InvalidArgumentError, UnsupportedError } from '../errors.js';
import { isThenable } from '../thenable.js';
import { checkStage, checkTime } from './check.js';
import type { NamedStageOptions, PipelineConfig, PipelineStageConfig, StageOptions } from './config.js';
import { NoBranchError } from './errors.js';
import type { Activity } from './meter.js';
import { callOf } from './place.js';
import { Many, nothing } from './route.js';
import type { RunContext } from './run-context.js';
import { type Call, CallStage, defaults, GatherStage, type Kind, MergeStage, type Stage } from './stages.js';

/** A stage that is not made yet. */
export interface Node {
  readonly name: string;
  /** Whether items go through it one by one. */
  readonly single: boolean;
  make(config: Partial<PipelineConfig>, activity: Activity): Stage;
  /** Whether the stage is not the pipeline's own. */
  readonly shared?: true;
}

/** A name that is not taken: that of what was called, with a number if need be. */
export function nameFor(nodes: readonly Node[], wanted: string | undefined, called: string): string {
  const taken = new Set(nodes.map(({ name }) => name));
  if (wanted !== undefined) {
    if (taken.has(wanted))
      throw new InvalidArgumentError('name', `'${wanted}'`, 'a name that no other stage of the pipeline has');
    return wanted;
  }
  let name = called;
  for (let number = 2; taken.has(name); number++) name = `${called}-${number}`;
  return name;
}

/** Options, with what the pipeline says in place of those that are not given. */
function withCommon<T extends StageOptions>(
  { concurrency, bufferSize }: Partial<PipelineConfig>,
  options: T,
): T {
  return {
    ...options,
    concurrency: options.concurrency ?? concurrency ?? defaults.concurrency,
    bufferSize: options.bufferSize ?? bufferSize ?? defaults.bufferSize,
  };
}

/** A stage of a function. */
export function callNode(name: string, kind: Kind, call: Call, options: StageOptions): Node {
  const make: Node['make'] = (config, activity) =>
    new CallStage(activity, name, kind, call, withCommon(config, options));
  // What a call gives may be any number of values, but they are the item's alone.
  return { name, single: true, make };
}

/** A stage as `addStage` gets it. */
export function stageNode(nodes: readonly Node[], config: PipelineStageConfig<never, unknown>): Node {
  checkStage(config, ['processor', 'on']);
  if (config.name === undefined)
    throw new InvalidArgumentError('name', 'undefined', 'a text that is not empty');
  const name = nameFor(nodes, config.name, '');
  callOf(config);
  const make: Node['make'] = (common, activity) => {
    const options = withCommon(common, { ...config });
    // Worker threads are each pipeline's own.
    const { call, place } = callOf(options);
    return new CallStage(activity, name, 'map', call, options, place);
  };
  return { name, single: true, make };
}

/** The stage of a method: `map`, `tap` and the like. */
export function methodNode(
  nodes: readonly Node[],
  called: string,
  kind: Kind,
  fn: unknown,
  options: NamedStageOptions,
): Node {
  checkFunction('fn', fn);
  checkStage(options);
  return callNode(nameFor(nodes, options.name, called), kind, fn as Call, options);
}

/** How a list is begun and ended. */
export interface Gathering {
  size?: number;
  slide?: number;
  ms?: number;
}

export function gatherNode(name: string, { size, slide, ms }: Gathering): Node {
  checkWhole('size', size, 1);
  checkWhole('slide', slide, 1);
  checkTime('ms', ms);
  if (size === undefined && ms === undefined)
    throw new InvalidArgumentError('size', 'undefined', 'a whole number of at least 1, unless there is ms');
  if (slide !== undefined && !(slide <= (size ?? 0)))
    throw new InvalidArgumentError('slide', String(slide), 'at most size');
  const most = size ?? Number.POSITIVE_INFINITY;
  return {
    name,
    single: false,
    make: (_config, activity) => new GatherStage(activity, name, most, slide ?? most, ms),
  };
}

export function mergeNode(name: string, open: () => unknown): Node {
  return { name, single: false, make: (_config, activity) => new MergeStage(activity, name, open) };
}

/** A pipeline that items are sent through one by one. */
export interface Through {
  /** @internal */
  readonly single: boolean;
  /** @internal */
  readonly width: number;
  /** @internal */
  pass(item: unknown, context: RunContext): unknown;
}

/** Where items of a kind go. */
export interface Route {
  when?: (item: never) => boolean;
  to?: Through;
}

/** Refuses a pipeline that does not treat each item alone. */
export function checkSingle(what: string, { single }: Through): void {
  if (!single)
    throw new UnsupportedError(
      `${what}: its items go through one by one, so it cannot gather or merge: do that after the ${what}`,
    );
}

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
  const entries = Object.entries(routes);
  if (entries.length === 0) throw new InvalidArgumentError('routes', 'none', 'at least one branch');
  let width = 0;
  for (const [name, route] of entries) {
    checkNames(route, ['when', 'to'], name);
    if (route.when !== undefined) checkFunction(`${name}.when`, route.when);
    if (route.to === undefined) continue;
    if (!isPipeline(route.to)) throw new InvalidArgumentError(`${name}.to`, String(route.to), 'a Pipeline');
    checkSingle('branch', route.to);
    width += route.to.width;
  }
  const name = nameFor(nodes, options.name, 'branch');
  const names = Object.keys(routes);
  const call: Call = (item, context) => {
    for (const [, { when, to }] of entries) {
      const taken = when === undefined || when(item as never);
      if (isThenable(taken))
        throw new InvalidArgumentError('when', 'a promise', 'a function that gives a boolean');
      if (taken) return to === undefined ? item : to.pass(item, context as RunContext);
    }
    throw new NoBranchError(name, names);
  };
  return callNode(name, 'route', call, { concurrency: Math.max(1, width), ...options });
}

/** Each item goes to both; the first one's results come first. */
export function bothNode(first: Through, second: Through): Node {
  checkSingle('merge', first);
  checkSingle('merge', second);
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
  return callNode('merge', 'route', call, { concurrency: first.width + second.width });
}

function joined(one: unknown, two: unknown): unknown {
  if (one === nothing) return two;
  if (two === nothing) return one;
  const values = (of: unknown): readonly unknown[] => (of instanceof Many ? of.values : [of]);
  return new Many([...values(one), ...values(two)]);
}
