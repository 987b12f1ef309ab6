/** One item's way through stages that give one result or none, without a run's lanes: what `process` does. */
import { isThenable } from '../thenable.js';
import { DeadLetterError, ItemDroppedError } from './errors.js';
import { GuardedCall } from './guarded-call.js';
import { nothing } from './route.js';
import type { RunKeeper } from './run.js';
import type { RunContext } from './run-context.js';
import type { SlotWaiter } from './slots.js';
import type { CallStage, Plan } from './stages.js';
import { type Detour, straight } from './straight.js';

/** What a walk is of. */
export class Walking implements Detour {
  readonly ended = false;
  readonly plan: Plan;
  readonly context: RunContext;
  readonly keeper: RunKeeper;
  /** Whether no result is an error, or `nothing`. */
  readonly strict: boolean;

  constructor(plan: Plan, context: RunContext, keeper: RunKeeper, strict: boolean) {
    this.plan = plan;
    this.context = context;
    this.keeper = keeper;
    this.strict = strict;
  }

  passed(value: unknown): unknown {
    this.plan.counts.out++;
    return value;
  }

  stands(index: number, value: unknown): Promise<unknown> {
    return new Walk(this).enter(index, value);
  }

  gave(index: number, value: unknown, result: PromiseLike<unknown>, began: number): Promise<unknown> {
    return new Walk(this).follow(index, value, result, began);
  }

  threw(index: number, value: unknown, error: unknown): Promise<unknown> {
    return new Walk(this).spoilt(index, value, error);
  }

  dropped(): typeof nothing {
    if (this.strict) throw new ItemDroppedError();
    return nothing;
  }

  /** The result, or a promise of it as soon as something is to be waited for. Throws what keeps a strict walk from its result. */
  walk(input: unknown): unknown {
    const { activities, counts, stages } = this.plan;
    for (const activity of activities) activity.enter();
    try {
      counts.in++;
      return straight(stages as readonly CallStage[], input, this.context, undefined, this);
    } finally {
      for (const activity of activities) activity.leave();
    }
  }
}

/** The rest of the way, once something was to be waited for. */
class Walk implements SlotWaiter {
  readonly run = this;
  readonly promise: Promise<unknown>;
  readonly #walking: Walking;
  readonly #stages: readonly CallStage[];
  #resolve!: (value: unknown) => void;
  #reject!: (error: unknown) => void;
  #index = 0;
  #value: unknown;
  #began = 0;
  #call: GuardedCall | undefined;
  #grant: (() => void) | undefined;
  #attempts = 1;
  /** Calls, waits for a slot and letters under way. */
  #pending = 0;
  #over = false;

  constructor(walking: Walking) {
    this.#walking = walking;
    this.#stages = walking.plan.stages as readonly CallStage[];
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    for (const activity of walking.plan.activities) activity.enter();
    walking.keeper.opened(this);
  }

  enter(index: number, value: unknown): Promise<unknown> {
    this.#index = index;
    this.#value = value;
    this.#step();
    return this.promise;
  }

  follow(index: number, value: unknown, result: PromiseLike<unknown>, began: number): Promise<unknown> {
    this.#index = index;
    this.#value = value;
    this.#began = began;
    this.#follow(this.#stages[index] as CallStage, result);
    return this.promise;
  }

  spoilt(index: number, value: unknown, error: unknown): Promise<unknown> {
    this.#index = index;
    this.#value = value;
    this.#failed(error);
    return this.promise;
  }

  #step(): void {
    while (this.#index < this.#stages.length) {
      const stage = this.#stages[this.#index] as CallStage;
      stage.meter.in++;
      if (!stage.slots.take()) {
        stage.meter.held++;
        this.#pending++;
        // By a promise, so that it goes on in the context it waits in.
        void new Promise<void>((resolve) => (this.#grant = resolve)).then(() => this.#granted());
        stage.slots.wait(this);
        return;
      }
      if (!this.#begin(stage)) return;
    }
    this.#walking.plan.counts.out++;
    this.#resolve(this.#value);
    this.#end();
  }

  granted(): void {
    this.#grant?.();
  }

  #granted(): void {
    const stage = this.#stages[this.#index] as CallStage;
    stage.meter.held--;
    this.#pending--;
    if (this.#over) {
      stage.slots.give(undefined);
      this.#settle();
    } else if (this.#begin(stage)) this.#step();
  }

  /** Calls, with a slot. Whether it can go on at once. */
  #begin(stage: CallStage): boolean {
    const { guards, meter, slots } = stage;
    this.#began = meter.begin();
    let result: unknown;
    try {
      if (guards === undefined) result = stage.call(this.#value, this.#walking.context);
      else {
        this.#call = new GuardedCall(guards, this.#value, this.#walking.context);
        result = this.#call.start();
      }
    } catch (error) {
      if (this.#began !== 0) meter.end(this.#began);
      slots.give(undefined);
      this.#failed(error);
      return false;
    }
    if (isThenable(result)) {
      this.#follow(stage, result);
      return false;
    }
    slots.give(undefined);
    if (this.#began !== 0) meter.end(this.#began);
    return !this.#over && this.#passes(stage, result);
  }

  #follow(stage: CallStage, result: PromiseLike<unknown>): void {
    stage.meter.inFlight++;
    stage.meter.held++;
    this.#pending++;
    const promise = result instanceof Promise ? result : Promise.resolve(result);
    promise.then(this.#fulfilled, this.#rejected);
  }

  readonly #fulfilled = (result: unknown): void => {
    const stage = this.#stages[this.#index] as CallStage;
    this.#left(stage);
    if (!this.#over && this.#passes(stage, result)) this.#step();
  };

  readonly #rejected = (error: unknown): void => {
    this.#left(this.#stages[this.#index] as CallStage);
    this.#failed(error);
  };

  #left(stage: CallStage): void {
    const { meter } = stage;
    if (this.#began !== 0) meter.end(this.#began);
    meter.held--;
    const late = this.#call?.unfinished;
    this.#attempts = this.#call?.attempts ?? 1;
    this.#call = undefined;
    const free = (): void => {
      meter.inFlight--;
      this.#pending--;
      stage.slots.give(undefined);
      this.#settle();
    };
    if (late === undefined) free();
    else void late.then(free);
  }

  /** Whether the item goes on with what a call gave. */
  #passes(stage: CallStage, result: unknown): boolean {
    if (stage.kind === 'map') this.#value = result;
    else if (stage.kind === 'filter' && !result) {
      stage.meter.filtered++;
      this.#dropped();
      return false;
    }
    stage.meter.out++;
    this.#index++;
    return true;
  }

  #dropped(left?: { error: unknown }): void {
    if (this.#walking.strict) this.#reject(new ItemDroppedError(left));
    else this.#resolve(nothing);
    this.#end();
  }

  #failed(error: unknown): void {
    if (this.#over) return;
    const { meter, name, onError } = this.#stages[this.#index] as CallStage;
    const { plan, context } = this.#walking;
    switch (onError ?? plan.onError) {
      case 'skip':
        meter.skipped++;
        this.#dropped({ error });
        return;
      case 'dead-letter': {
        const letter = { item: this.#value, stage: name, error, attempts: this.#attempts };
        void this.#bury(letter, () => plan.bury(letter, () => context.signal));
        return;
      }
      default:
        this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    const { meter } = this.#stages[this.#index] as CallStage;
    meter.failed++;
    this.#reject(error);
    this.#end();
  }

  async #bury({ error }: { error: unknown }, send: () => true | Promise<void>): Promise<void> {
    let refused: { cause: unknown } | undefined;
    this.#pending++;
    try {
      const sent = send();
      if (sent !== true) await sent;
    } catch (cause) {
      refused = { cause };
    }
    this.#pending--;
    if (this.#over) this.#settle();
    else if (refused !== undefined) this.#fail(new DeadLetterError(error, refused.cause));
    else {
      (this.#stages[this.#index] as CallStage).meter.dead++;
      this.#dropped({ error });
    }
  }

  #end(): void {
    this.#over = true;
    for (const activity of this.#walking.plan.activities) activity.leave();
    this.#settle();
  }

  /** Tells when it is over and nothing of it runs. */
  #settle(): void {
    if (this.#over && this.#pending === 0) this.#walking.keeper.closed(this);
  }

  /** Ends it before its time; what it runs still ends by itself. */
  stop(reason: unknown): void {
    if (this.#over) return;
    this.#reject(reason);
    this.#end();
  }
}
