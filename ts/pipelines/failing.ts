/** What becomes of items that fail in a stage, by its `onError`. */

import type { OnError } from './config.js';
import { DeadLetterError } from './errors.js';
import type { Meter } from './meter.js';
import type { Origin } from './origin.js';
import type { Run } from './run.js';

/** What has failed: it is left out if nothing is said, otherwise what it belongs to fails with the error. */
export type Verdict = { readonly error: unknown } | undefined;

/** Where a run's errors go that its stages do not keep: the pipeline that the run is a part of. */
export interface Host {
  /** @param origin - What has failed comes of that. */
  judge(error: unknown, origin: Origin | undefined): Verdict | Promise<Verdict>;
}

/** An item, and how often it was called for. */
export interface Failed {
  readonly item: unknown;
  readonly attempts: number;
}

/** The stage. */
export interface FailingStage {
  readonly name: string;
  readonly meter: Meter;
  readonly onError: OnError | undefined;
}

export class Failing {
  readonly #run: Run;
  readonly #stage: FailingStage;
  readonly #index: number;
  readonly #ordered: boolean;

  constructor(run: Run, stage: FailingStage, index: number, ordered: boolean) {
    this.#run = run;
    this.#stage = stage;
    this.#index = index;
    this.#ordered = ordered;
  }

  get policy(): OnError {
    return this.#stage.onError ?? this.#run.plan.onError;
  }

  /** Decides about items that have failed together. */
  judge(items: readonly Failed[], error: unknown, origin: Origin | undefined): Verdict | Promise<Verdict> {
    switch (this.policy) {
      case 'skip':
        this.#run.leftOut = error;
        this.#stage.meter.skipped += items.length;
        return undefined;
      case 'dead-letter':
        this.#run.leftOut = error;
        return this.#bury(items, error, origin);
      default:
        return this.fail(error, origin);
    }
  }

  /** They are not left out here. */
  fail(error: unknown, origin: Origin | undefined): Verdict | Promise<Verdict> {
    const { host } = this.#run;
    this.#stage.meter.failed++;
    if (host !== undefined) return host.judge(error, origin);
    if (this.#ordered) this.#run.cut(this.#index);
    else void this.#run.stop(error);
    return { error };
  }

  #bury(items: readonly Failed[], error: unknown, origin: Origin | undefined): Verdict | Promise<Verdict> {
    const { name, meter } = this.#stage;
    const run = this.#run;
    const refused = (cause: unknown): Verdict | Promise<Verdict> =>
      run.ended ? undefined : this.fail(new DeadLetterError(error, cause), origin);
    const under: Promise<void>[] = [];
    const buried = (): void => {
      if (!run.ended) meter.dead++;
    };
    try {
      for (const { item, attempts } of items) {
        const sent = run.plan.bury({ item, stage: name, error, attempts }, () => run.context.signal);
        if (sent === true) buried();
        else under.push(sent.then(buried));
      }
    } catch (cause) {
      for (const sent of under) sent.catch(() => undefined);
      return refused(cause);
    }
    return under.length === 0 ? undefined : Promise.all(under).then(() => undefined, refused);
  }
}
