/** A pipeline's stages, made of what it is built of when it is used for the first time. */
import type { DeadLetter, PipelineConfig } from './config.js';
import type { Letters } from './letters.js';
import type { Activity } from './meter.js';
import type { Node } from './nodes.js';
import { CallStage, isSimple, type Plan } from './stages.js';

export function planOf(
  nodes: readonly Node[],
  config: Partial<PipelineConfig>,
  activity: Activity,
  letters: Letters,
): Plan {
  const stages = nodes.map((node) => node.make(config, activity));
  const { ordered = true, onError = 'fail' } = config;
  return {
    stages,
    simple: isSimple(stages),
    activities: [...new Set([activity, ...stages.map(({ meter }) => meter.activity)])],
    counts: { in: 0, out: 0 },
    ordered,
    onError,
    bury: (letter, signal) => letters.bury(letter as DeadLetter, signal),
  };
}

/** Ends the worker threads of the stages that are the pipeline's own. */
export async function closePlaces({ stages }: Plan, nodes: readonly Node[]): Promise<void> {
  const own = stages.filter((_, index) => nodes[index]?.shared === undefined);
  await Promise.all(own.map((stage) => (stage instanceof CallStage ? stage.place?.close() : undefined)));
}
