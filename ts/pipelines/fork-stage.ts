/** A stage that sends items through sub-pipelines of which one at least gathers, or has another source. */
import type { OnError, StageOptions } from './config.js';
import type { End } from './ends.js';
import type { Host } from './failing.js';
import { type Activity, Meter } from './meter.js';
import type { Run } from './run.js';
import type { RunContext } from './run-context.js';
import { Slots } from './slots.js';
import { defaults } from './stages.js';

/** A pipeline as a part of another. */
export interface Through {
  /** Whether items go through it one by one. @internal */
  readonly single: boolean;
  /** Whether something comes in there that is none of the items it is sent. @internal */
  readonly merges: boolean;
  /** How many items its stages can be at work on. @internal */
  readonly width: number;
  /** Sends one item through. @internal */
  pass(item: unknown, context: RunContext): unknown;
  /** A run that many items go through. `left` is called when it has ended, and its calls have. @internal */
  host(end: End, host: Host, left: () => void): Run;
}

export class ForkStage {
  readonly name: string;
  readonly meter: Meter;
  /** Sub-pipelines; where there is none an item passes as it is. */
  readonly ways: readonly (Through | undefined)[];
  /** Says which of them an item goes. */
  readonly choose: (item: unknown) => readonly number[];
  readonly bufferSize: number;
  readonly ordered: boolean | undefined;
  readonly onError: OnError | undefined;
  /** For items in sub-pipelines, but for those in lists. */
  readonly slots: Slots;

  constructor(
    activity: Activity,
    name: string,
    ways: ForkStage['ways'],
    choose: ForkStage['choose'],
    options: StageOptions,
  ) {
    const { concurrency = defaults.concurrency, bufferSize = defaults.bufferSize } = options;
    this.meter = new Meter(activity);
    this.name = name;
    this.ways = ways;
    this.choose = choose;
    this.bufferSize = bufferSize;
    this.ordered = options.ordered;
    this.onError = options.onError;
    this.slots = new Slots(concurrency);
  }
}
