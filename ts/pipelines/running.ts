/** Runs that end with a list, or with one result. */
import { UnsupportedError } from '../errors.js';
import { signalOf } from '../signal.js';
import { checkWaitOptions, type WaitOptions } from '../wait-options.js';
import { Collect } from './ends.js';
import { ItemDroppedError } from './errors.js';
import { Many, nothing } from './route.js';
import { Run, type RunKeeper, type RunLimits } from './run.js';
import type { RunContext } from './run-context.js';
import { sourceOf } from './source.js';
import type { Plan } from './stages.js';
import { Walking } from './walk.js';

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

/** One item in a run of its own: it can be ended alone, and go through stages that gather. */
export function runOne(
  plan: Plan,
  keeper: RunKeeper,
  input: unknown,
  options: WaitOptions,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const limits = limitsOf(options);
    const end = new Collect((results) => {
      if (results.length === 1) resolve(results[0]);
      else if (results.length > 1) {
        const count = results.length;
        reject(new UnsupportedError(`process gives one result, and there are ${count}: use processBatch`));
      } else reject(new ItemDroppedError(run.leftOut === undefined ? undefined : { error: run.leftOut }));
    }, reject);
    const run = new Run(plan, keeper, end);
    run.start(sourceOf('input', [input]), limits);
  });
}

/** The result of one item, `nothing`, or {@link Many}, in another pipeline's run, with which it ends. */
export function passOne(plan: Plan, keeper: RunKeeper, item: unknown, context: RunContext): unknown {
  if (plan.simple) return new Walking(plan, context, keeper, false).walk(item);
  let results: unknown[] | undefined;
  let failed: { error: unknown } | undefined;
  let settle: (() => void) | undefined;
  const settled = (): void => settle?.();
  const end = new Collect(
    (all) => {
      results = all;
      settled();
    },
    (error) => {
      failed = { error };
      settled();
    },
  );
  new Run(plan, keeper, end, context).start(sourceOf('item', [item]));
  const outcome = (): unknown => {
    if (failed !== undefined) throw failed.error;
    const all = results as unknown[];
    return all.length === 0 ? nothing : all.length === 1 ? all[0] : new Many(all);
  };
  if (results !== undefined || failed !== undefined) return outcome();
  return new Promise<void>((resolve) => (settle = resolve)).then(outcome);
}
