/** A worker's place in a fan. */
import type { WorkerLoad } from './load-balancer.js';
import type { Run } from './run.js';

/** How much more a late measurement counts than those before. */
const weight = 1 / 8;

/** A worker of a fan: it is given batches, and works through them. `Run.take` writes the next one into it. */
export abstract class Lane implements WorkerLoad {
  readonly id: number;
  pending = 0;
  completed = 0;
  meanTime = 0;
  /** The batch that was taken last: whose, from which input, up to which. */
  run: Run | undefined;
  at = 0;
  end = 0;

  constructor(id: number) {
    this.id = id;
  }

  /** Batches it has. */
  abstract get batches(): number;
  /**
   * Works on what has been taken for it, or takes something itself. Does nothing if it has enough.
   *
   * @param within - The run whose asynchronous context this is.
   */
  abstract start(within?: Run): void;
  /** What it has of a run is not wanted any more. */
  abstract leave(run: Run, reason: unknown): void;

  /** So many inputs took so long. */
  protected measured(count: number, ms: number): void {
    const each = ms / count;
    this.meanTime = this.completed === 0 ? each : this.meanTime + (each - this.meanTime) * weight;
    this.completed += count;
  }
}
