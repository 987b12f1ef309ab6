/** What a pipeline is built of, before it runs. Immutable: a pipeline and what is built on it have these in common. */

import { checkFunction, checkWhole } from '../arguments.js';
import { InvalidArgumentError } from '../errors.js';
import { checkStage, checkTime } from './check.js';
import type { NamedStageOptions, PipelineConfig, PipelineStageConfig, StageOptions } from './config.js';
import type { Activity } from './meter.js';
import { callOf } from './place.js';
import { type Call, CallStage, defaults, GatherStage, type Kind, MergeStage, type Stage } from './stages.js';

/** A stage that is not made yet. */
export interface Node {
  readonly name: string;
  /** Whether items go through it one by one. */
  readonly single: boolean;
  /** Whether something comes in there that is none of the items. */
  readonly merges?: boolean;
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
export function withCommon<T extends StageOptions>(
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
  const make: Node['make'] = (_config, activity) => new MergeStage(activity, name, open);
  return { name, single: false, merges: true, make };
}
