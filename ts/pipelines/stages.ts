/** What a pipeline is made of, once it runs: stages that all its runs share. */
import type { CallContext } from '../policy/call-context.js';
import type { OnError, StageOptions } from './config.js';
import type { ForkStage } from './fork-stage.js';
import { type Guards, guardsOf } from './guarded-call.js';
import { type Activity, Meter } from './meter.js';
import type { Place } from './place.js';
import { Slots } from './slots.js';

/** What becomes of what a stage's call gives. */
export type Kind = 'map' | 'filter' | 'tap' | 'flat' | 'route';
/** What a stage calls. */
export type Call = (value: unknown, context: CallContext) => unknown;

/** What stages have that say nothing else. */
export const defaults = { concurrency: 1, bufferSize: 64 } as const;

/** A stage that calls a function with each item. */
export class CallStage {
  readonly name: string;
  readonly kind: Kind;
  readonly call: Call;
  readonly bufferSize: number;
  readonly ordered: boolean | undefined;
  readonly onError: OnError | undefined;
  readonly guards: Guards | undefined;
  readonly slots: Slots;
  readonly meter: Meter;
  /** Where it runs, if that is to be closed with it. */
  readonly place: Place | undefined;

  constructor(
    activity: Activity,
    name: string,
    kind: Kind,
    call: Call,
    options: StageOptions,
    place?: Place,
  ) {
    this.meter = new Meter(activity);
    const { concurrency = defaults.concurrency, bufferSize = defaults.bufferSize } = options;
    this.name = name;
    this.kind = kind;
    this.call = call;
    this.bufferSize = bufferSize;
    this.ordered = options.ordered;
    this.onError = options.onError;
    this.guards = guardsOf(name, options, call);
    this.slots = new Slots(concurrency);
    this.place = place;
  }
}

/** A stage that gathers items to lists. */
export class GatherStage {
  readonly name: string;
  readonly meter: Meter;
  /** Items of a full list. */
  readonly size: number;
  /** Items by which the next list begins later: `size`, unless lists overlap. */
  readonly slide: number;
  /** How long after its first item a list is passed on as it is. */
  readonly ms: number | undefined;

  constructor(activity: Activity, name: string, size: number, slide: number, ms: number | undefined) {
    this.meter = new Meter(activity);
    this.name = name;
    this.size = size;
    this.slide = slide;
    this.ms = ms;
  }
}

/** A stage at which the items of another source come in. */
export class MergeStage {
  readonly name: string;
  readonly meter: Meter;
  /** Gives the other source, once for each run. */
  readonly open: () => unknown;

  constructor(activity: Activity, name: string, open: () => unknown) {
    this.meter = new Meter(activity);
    this.name = name;
    this.open = open;
  }
}

export type Stage = CallStage | ForkStage | GatherStage | MergeStage;

/** Whether each item goes its way alone, to one result or none. */
export function isSimple(stages: readonly Stage[]): boolean {
  return stages.every(
    (stage) => stage instanceof CallStage && stage.kind !== 'flat' && stage.kind !== 'route',
  );
}

/** What a run has to know of the pipeline it is of. */
export interface Plan {
  readonly stages: readonly Stage[];
  /** Whether an item has one result or none: every stage calls something that gives one. */
  readonly simple: boolean;
  readonly activities: readonly Activity[];
  /** Items that came, and results. */
  readonly counts: { in: number; out: number };
  readonly ordered: boolean;
  readonly onError: OnError;
  /** Sends a dead letter. `true` if that is done, otherwise when it is. */
  bury(letter: object, signal: () => AbortSignal): true | Promise<void>;
}
