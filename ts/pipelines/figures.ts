/** What is counted of a pipeline, as its users read it. */
import { InvalidArgumentError } from '../errors.js';
import { shown } from '../wait-options.js';
import type { Activity } from './meter.js';
import type { PipelineMetrics, StageMetrics } from './metrics.js';
import type { Plan, Stage } from './stages.js';

function metricsOfStage(stage: Stage): StageMetrics {
  return stage.meter.metrics(stage.name, 'slots' in stage ? stage.slots.limit : 1);
}

/** Results per second, over the time in which any item was under way. */
export function throughputOf({ counts }: Plan, { ms }: Activity): number {
  return ms > 0 ? (counts.out / ms) * 1000 : 0;
}

/** The stage whose calls take most time for their concurrency. */
export function bottleneckOf({ stages }: Plan): string | undefined {
  let most = 0;
  let found: string | undefined;
  for (const stage of stages) {
    if (!('slots' in stage)) continue;
    const load = stage.meter.load(stage.slots.limit);
    if (load > most) [most, found] = [load, stage.name];
  }
  return found;
}

/** @throws {@link InvalidArgumentError} if there is none of the name. */
export function stageOf({ stages }: Plan, name: string): Stage {
  const found = stages.find((stage) => stage.name === name);
  if (found !== undefined) return found;
  const names = stages.map((stage) => stage.name).join(', ');
  throw new InvalidArgumentError('stage', shown(name), `one of ${names}`);
}

export function metricsOf(name: string | undefined, plan: Plan, activity: Activity): PipelineMetrics {
  const stages = plan.stages.map(metricsOfStage);
  const sum = (key: 'filtered' | 'failed' | 'skipped' | 'dead' | 'inFlight' | 'buffered'): number =>
    stages.reduce((total, stage) => total + stage[key], 0);
  return {
    name,
    in: plan.counts.in,
    out: plan.counts.out,
    filtered: sum('filtered'),
    failed: sum('failed'),
    skipped: sum('skipped'),
    dead: sum('dead'),
    inFlight: sum('inFlight'),
    buffered: sum('buffered'),
    throughput: throughputOf(plan, activity),
    bottleneck: bottleneckOf(plan),
    stages,
  };
}
