/** Where the items of another source come in. It ends when both have. */
import { Lane } from './lane.js';
import type { Origin } from './origin.js';
import { Pump } from './pump.js';
import type { Run } from './run.js';
import { sourceOf } from './source.js';
import type { MergeStage } from './stages.js';

export class MergeLane extends Lane {
  readonly #stage: MergeStage;
  readonly pump: Pump;
  #ended = 0;

  constructor(run: Run, stage: MergeStage) {
    super();
    this.#stage = stage;
    this.pump = new Pump(sourceOf('merge', stage.open()), this, run);
    this.feeders.push(this.pump);
  }

  admits(): boolean {
    this.wanted = true;
    return this.next.admits();
  }

  take(value: unknown, origin?: Origin): void {
    this.#stage.meter.in++;
    this.#stage.meter.out++;
    this.next.take(value, origin);
  }

  takeError(error: unknown, origin?: Origin): void {
    this.next.takeError(error, origin);
  }

  finish(): void {
    if (++this.#ended === 2) this.next.finish();
  }

  resume(): void {
    this.wake();
  }

  stop(): void {}
}
