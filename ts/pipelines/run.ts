/** One flow of items through a pipeline's stages: its lanes, its source, its end. */
import { AsyncResource } from 'node:async_hooks';
import { WaitTimeoutError } from '../errors.js';
import { alarm } from './alarm.js';
import { CallLane } from './call-lane.js';
import type { End } from './ends.js';
import type { Host } from './failing.js';
import { ForkLane } from './fork-lane.js';
import { ForkStage } from './fork-stage.js';
import { GatherLane } from './gather-lane.js';
import type { Feeder, Lane } from './lane.js';
import { MergeLane } from './merge-lane.js';
import { Pump } from './pump.js';
import { RunContext } from './run-context.js';
import type { Source } from './source.js';
import { CallStage, GatherStage, type Plan } from './stages.js';
import { type Detour, straight } from './straight.js';

/** Something under way that can be ended. */
export interface Running {
  stop(reason: unknown): unknown;
}

/** Whoever counts what is under way. */
export interface RunKeeper {
  /** It begins. */
  opened(run: Running): void;
  /** It has ended, and all its calls have. */
  closed(run: Running): void;
}

/** What ends a run before its time. */
export interface RunLimits {
  signal?: AbortSignal | undefined;
  /** In milliseconds. */
  timeout?: number | undefined;
}

export class Run implements Detour {
  readonly plan: Plan;
  readonly context: RunContext;
  /** For what this run does in another's turn. */
  readonly resource = new AsyncResource('millrace', { requireManualDestroy: true });
  readonly lanes: Lane[] = [];
  /** Items that stand in its lanes of calls. */
  held = 0;
  /** Calls that run. */
  calls = 0;
  /** Stages up to this one begin no call any more: what comes there is behind an error. */
  cutAt = -1;
  ended = false;
  /** Why the last item was left out that was. */
  leftOut: unknown;
  /** Whose part it is, if its items come of another run's. */
  readonly host: Host | undefined;
  readonly #keeper: RunKeeper;
  /** Whether the keeper has been told of the end. */
  #told = false;
  readonly #end: End;
  readonly #borrowed: boolean;
  readonly #pumps: Pump[] = [];
  readonly #unlink: (() => void)[] = [];

  /** @param context - Another run's, which this one ends with. */
  constructor(plan: Plan, keeper: RunKeeper, end: End, context?: RunContext, host?: Host) {
    this.plan = plan;
    this.#keeper = keeper;
    this.#end = end;
    this.host = host;
    this.#borrowed = context !== undefined;
    this.context = context ?? new RunContext();
    end.run = this;
    for (const [index, stage] of plan.stages.entries()) {
      if (stage instanceof CallStage) this.lanes.push(new CallLane(this, stage, index));
      else if (stage instanceof GatherStage) this.lanes.push(new GatherLane(this, stage));
      else if (stage instanceof ForkStage) this.lanes.push(new ForkLane(this, stage, index));
      else {
        const lane = new MergeLane(this, stage);
        this.#pumps.push(lane.pump);
        this.lanes.push(lane);
      }
    }
    for (const [index, lane] of this.lanes.entries()) {
      lane.next = this.lanes[index + 1] ?? end;
      lane.next.feeders.push(lane);
    }
  }

  /** Where items come in. */
  get first(): Lane {
    return this.lanes[0] ?? this.#end;
  }

  /** Begins to read. */
  start(source: Source | ((run: Run) => Pump), limits: RunLimits = {}): void {
    this.#open(limits);
    const pump = typeof source === 'function' ? source(this) : new Pump(source, this.first, this);
    this.first.feeders.push(pump);
    this.#pumps.push(pump);
    this.#begin();
  }

  /** Begins to take what is pushed into its first lane. */
  open(feeder: Feeder): void {
    this.#open({});
    this.first.feeders.push(feeder);
    this.#begin();
  }

  #open({ signal, timeout }: RunLimits): void {
    for (const activity of this.plan.activities) activity.enter();
    this.#keeper.opened(this);
    if (this.#borrowed) this.#unlink.push(this.context.onAbort((reason) => void this.stop(reason)));
    if (signal !== undefined) {
      const onAbort = (): void => void this.stop(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#unlink.push(() => signal.removeEventListener('abort', onAbort));
    }
    if (timeout !== undefined && timeout !== Infinity) {
      this.#unlink.push(alarm(timeout, () => void this.stop(new WaitTimeoutError(timeout))));
    }
  }

  #begin(): void {
    for (const lane of this.lanes) if (!this.ended) lane.begin();
    for (const pump of [...this.#pumps]) if (!this.ended) void pump.run();
  }

  /** Whether an item may go straight on: each stage gives one result or none, nothing stands in any of them, and the end has room. */
  get straight(): boolean {
    return this.held === 0 && this.plan.simple && this.cutAt < 0 && this.#end.admits();
  }

  /** Sends an item through all stages, as far as that goes without waiting. */
  rush(item: unknown): void {
    straight(this.plan.stages as readonly CallStage[], item, this.context, this, this);
  }

  passed(value: unknown): void {
    this.#end.take(value);
  }

  stands(index: number, value: unknown): void {
    this.#callLane(index).take(value);
  }

  gave(index: number, value: unknown, result: PromiseLike<unknown>, began: number): void {
    this.#callLane(index).gave(value, result, began);
  }

  threw(index: number, value: unknown, error: unknown): void {
    this.#callLane(index).threw(value, error);
  }

  dropped(): void {}

  #callLane(index: number): CallLane {
    return this.lanes[index] as CallLane;
  }

  /** Nothing more is read, and stages up to `index` begin nothing: an error is on its way to the end. */
  cut(index: number): void {
    this.cutAt = Math.max(this.cutAt, index);
    for (const pump of this.#pumps) this.#stopped(pump.stop(undefined));
  }

  #stopped(late: unknown): void {
    Promise.resolve(late).catch(() => undefined);
  }

  /** Everything has come out. */
  done(): void {
    if (!this.ended) this.#close();
  }

  /**
   * Ends it before its time. Whoever waits for it is told the reason.
   *
   * @returns Resolves when the source has been let go of.
   */
  stop(reason: unknown): Promise<unknown> {
    if (this.ended) return Promise.resolve();
    const stopped = this.#close(reason);
    this.#end.stopped(reason);
    if (!this.#borrowed) this.context.abort(reason);
    return stopped;
  }

  #close(reason?: unknown): Promise<unknown> {
    this.ended = true;
    // Nobody is told before all of it has ended.
    this.calls++;
    for (const unlink of this.#unlink) unlink();
    const stopped = Promise.all(this.#pumps.map((pump) => pump.stop(reason)));
    stopped.catch(() => undefined);
    for (const lane of this.lanes) lane.stop(reason);
    for (const activity of this.plan.activities) activity.leave();
    this.left();
    return stopped;
  }

  /** A call has ended. */
  left(): void {
    if (--this.calls > 0 || !this.ended || this.#told) return;
    this.#told = true;
    this.#keeper.closed(this);
  }
}
