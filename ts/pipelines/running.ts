/** Runs that end with a list. */
import { signalOf } from '../signal.js';
import { checkWaitOptions, type WaitOptions } from '../wait-options.js';
import { Collect } from './ends.js';
import { Run, type RunKeeper, type RunLimits } from './run.js';
import { sourceOf } from './source.js';
import type { Plan } from './stages.js';

/** Checks a run's limits. @throws the signal's reason if it has aborted. */
export function limitsOf(options: WaitOptions): RunLimits {
  checkWaitOptions(options);
  const signal = signalOf(options.signal);
  signal?.throwIfAborted();
  return { signal, timeout: options.timeout };
}

/** The results of a source's items. */
export function runBatch(
  plan: Plan,
  keeper: RunKeeper,
  inputs: unknown,
  options: WaitOptions,
): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const limits = limitsOf(options);
    const source = sourceOf('inputs', inputs);
    new Run(plan, keeper, new Collect(resolve, reject)).start(source, limits);
  });
}
