/**
 * A stage's items in one run. A call that gives no promise costs none, and no object: its result goes straight on. Others stand in a
 * line, in the order in which they came or, without order, in that in which they are done, until there is room after them.
 */
import { isThenable } from '../thenable.js';
import { Deque } from './deque.js';
import { Entry, state } from './entry.js';
import { type Expanding, Expansion } from './expansion.js';
import { Failing, type Verdict } from './failing.js';
import { GuardedCall } from './guarded-call.js';
import { Lane } from './lane.js';
import type { Origin } from './origin.js';
import { Many, nothing } from './route.js';
import type { Run } from './run.js';
import type { SlotWaiter } from './slots.js';
import type { CallStage } from './stages.js';

export class CallLane extends Lane implements SlotWaiter, Expanding {
  readonly run: Run;
  readonly #stage: CallStage;
  readonly #index: number;
  readonly #ordered: boolean;
  readonly #capacity: number;
  /** Items that wait for a slot. */
  readonly #queue = new Deque<Entry>();
  /** With order: all items in the stage. Without: those that are done. */
  readonly #line = new Deque<Entry>();
  readonly #expansion: Expansion;
  readonly #failing: Failing;
  #size = 0;
  #standing = false;
  #flushing = false;
  #finishing = false;
  #over = false;

  constructor(run: Run, stage: CallStage, index: number) {
    super();
    this.run = run;
    this.#stage = stage;
    this.#index = index;
    this.#ordered = stage.ordered ?? run.plan.ordered;
    this.#expansion = new Expansion(this, stage.name, stage.kind === 'flat');
    this.#failing = new Failing(run, stage, index, this.#ordered);
    this.#capacity = stage.slots.limit + stage.bufferSize;
  }

  admits(): boolean {
    if (this.#size < this.#capacity) return true;
    this.wanted = true;
    return false;
  }

  take(value: unknown, origin?: Origin): void {
    if (this.#index <= this.run.cutAt) return;
    const stage = this.#stage;
    const { meter, slots } = stage;
    const alone = this.#size === 0 || (!this.#ordered && this.#queue.length === 0);
    if (!alone || stage.guards !== undefined || !this.next.admits() || !slots.take()) {
      meter.in++;
      this.#enter(new Entry(value, 0, origin));
      return;
    }
    meter.in++;
    const began = meter.begin();
    let result: unknown;
    try {
      result = stage.call(value, this.run.context);
    } catch (error) {
      if (began !== 0) meter.end(began);
      slots.give(this.run);
      this.threw(value, error, origin);
      return;
    }
    if (isThenable(result) || stage.kind === 'flat' || result instanceof Many) {
      this.gave(value, result, began, origin);
      return;
    }
    slots.give(this.run);
    if (began !== 0) meter.end(began);
    if (this.run.ended) return;
    if (stage.kind === 'map') {
      meter.out++;
      this.next.take(result, origin);
    } else if (stage.kind === 'route' ? result !== nothing : stage.kind === 'tap' || result) {
      meter.out++;
      this.next.take(stage.kind === 'route' ? result : value, origin);
    } else {
      meter.filtered++;
      origin?.leave();
    }
  }

  /** A call for an item that stood nowhere has given what is to be waited for, or read; its slot is held. */
  gave(value: unknown, result: unknown, began: number, origin?: Origin): void {
    const entry = new Entry(value, 0, origin);
    // The call itself may have ended the run.
    if (!this.run.ended) this.#hold(entry);
    this.#given(entry, result, began);
  }

  /** A call for such an item has failed. */
  threw(item: unknown, error: unknown, origin?: Origin): void {
    if (this.run.ended) return;
    const entry = new Entry(item, 0, origin);
    this.#hold(entry);
    this.failed(entry, error);
  }

  override takeAgain(value: unknown, attempts: number): void {
    this.#stage.meter.in++;
    this.#enter(new Entry(value, attempts, undefined));
  }

  /** The item is in the stage from now on. */
  #hold(entry: Entry): void {
    this.#size++;
    this.run.held++;
    this.#stage.meter.held++;
    if (this.#ordered) this.#line.push(entry);
  }

  #enter(entry: Entry): void {
    this.#hold(entry);
    if (this.#queue.length === 0 && this.#index > this.run.cutAt && this.#stage.slots.take())
      this.#begin(entry);
    else {
      this.#queue.push(entry);
      this.#start();
    }
  }

  #start(): void {
    while (this.#queue.length > 0 && !this.#standing && this.#index > this.run.cutAt) {
      if (!this.#stage.slots.take()) {
        this.#standing = true;
        this.#stage.slots.wait(this);
        return;
      }
      this.#begin(this.#queue.shift() as Entry);
    }
  }

  granted(direct: boolean): void {
    this.#standing = false;
    const entry = this.#index > this.run.cutAt ? this.#queue.shift() : undefined;
    if (entry === undefined) {
      this.#stage.slots.give(undefined);
      return;
    }
    if (direct) this.#resumed(entry);
    else this.run.resource.runInAsyncScope(this.#resumed, this, entry);
  }

  #resumed(entry: Entry): void {
    this.#begin(entry);
    this.#start();
  }

  /** Calls, with a slot. */
  #begin(entry: Entry): void {
    const { guards, call, meter, slots } = this.#stage;
    const began = meter.begin();
    let result: unknown;
    try {
      if (guards === undefined) result = call(entry.item, this.run.context);
      else {
        entry.call = new GuardedCall(guards, entry.item, this.run.context);
        result = entry.call.start();
      }
    } catch (error) {
      if (began !== 0) meter.end(began);
      slots.give(this.run);
      this.failed(entry, error);
      return;
    }
    this.#given(entry, result, began);
  }

  /** A call has given something; the slot is still held. */
  #given(entry: Entry, result: unknown, began: number): void {
    const { meter, slots } = this.#stage;
    if (isThenable(result)) {
      meter.inFlight++;
      this.run.calls++;
      const promise = result instanceof Promise ? result : Promise.resolve(result);
      promise.then(
        (value) => {
          if (began !== 0) meter.end(began);
          if (!this.#expansion.expands(entry, value)) this.#left(entry);
          if (!this.run.ended) this.#ended(entry, value);
          else if (entry.holds) this.#expansion.shut(entry);
        },
        (error: unknown) => {
          if (began !== 0) meter.end(began);
          this.#left(entry);
          this.failed(entry, error);
        },
      );
      return;
    }
    if (began !== 0) meter.end(began);
    if (this.#expansion.expands(entry, result)) {
      meter.inFlight++;
      this.run.calls++;
    } else slots.give(this.run);
    if (!this.run.ended) this.#ended(entry, result);
    else if (entry.holds) this.#expansion.shut(entry);
  }

  /** A call that gave a promise is over. What was given up at its time limit holds its slot until it has ended. */
  #left(entry: Entry): void {
    const late = entry.call?.unfinished;
    if (late === undefined) this.giveSlot();
    else void late.then(() => this.giveSlot());
  }

  giveSlot(): void {
    this.#stage.meter.inFlight--;
    this.#stage.slots.give(this.run);
    this.run.left();
  }

  #ended(entry: Entry, result: unknown): void {
    const { kind, meter } = this.#stage;
    if (kind === 'flat' || result instanceof Many) {
      this.#expansion.begin(entry, result);
      return;
    }
    const passes = kind === 'filter' ? Boolean(result) : result !== nothing;
    entry.state = passes ? state.done : state.dropped;
    entry.value = kind === 'map' || kind === 'route' ? result : entry.item;
    if (!passes) meter.filtered++;
    this.ready(entry);
  }

  failed(entry: Entry, error: unknown): void {
    if (this.run.ended) return;
    this.spoil(entry, error);
    if (entry.state !== state.waiting) this.ready(entry);
  }

  /** Decides what becomes of an item that failed. */
  spoil(entry: Entry, error: unknown): void {
    const { item, prior, call, origin } = entry;
    const attempts = prior + (call?.attempts ?? 1);
    const verdict = this.#failing.judge([{ item, attempts }], error, origin);
    if (!(verdict instanceof Promise)) {
      this.#judged(entry, verdict);
      return;
    }
    entry.state = state.waiting;
    this.run.calls++;
    void verdict.then((late) => {
      this.run.left();
      if (this.run.ended) return;
      this.#judged(entry, late);
      this.ready(entry);
    });
  }

  #judged(entry: Entry, verdict: Verdict): void {
    entry.state = verdict === undefined ? state.dropped : state.failed;
    entry.value = verdict?.error;
  }

  /** The item's state is not `waiting` any more. */
  ready(entry: Entry): void {
    if (!this.#ordered) this.#line.push(entry);
    this.#flush();
  }

  /** Passes on what is done and has its turn. */
  #flush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    const line = this.#line;
    while (line.length > 0 && !this.run.ended) {
      const entry = line.peek() as Entry;
      if (entry.state === state.waiting || !this.#pass(entry)) break;
    }
    this.#flushing = false;
    if (this.run.ended) return;
    if (this.#size < this.#capacity) this.wake();
    if (this.#finishing && this.#size === 0 && !this.#over) {
      this.#over = true;
      this.next.finish();
    }
  }

  /** Passes on the first of the line. Whether it could. */
  #pass(entry: Entry): boolean {
    const { meter } = this.#stage;
    const { origin } = entry;
    if (entry.state === state.failed) {
      this.#leave();
      this.next.takeError(entry.value, origin);
      return true;
    }
    if (entry.state === state.dropped) {
      this.#leave();
      origin?.leave();
      return true;
    }
    if (!this.next.admits()) return false;
    meter.out++;
    if (entry.state === state.done) {
      this.#leave();
      this.next.take(entry.value, origin);
      return true;
    }
    const { value } = entry;
    entry.value = undefined;
    // Without order, one that has to wait for its next value lets others pass.
    if (!this.#ordered) this.#line.shift();
    origin?.hold();
    this.next.take(value, origin);
    if (this.run.ended) return true;
    this.#expansion.pull(entry);
    if (!this.#ordered && entry.state !== state.waiting) this.#line.push(entry);
    return true;
  }

  #leave(): void {
    this.#line.shift();
    this.#size--;
    this.run.held--;
    this.#stage.meter.held--;
  }

  takeError(error: unknown, origin?: Origin): void {
    // One of a sub-pipeline's is decided about where that is.
    if (!this.#ordered && this.run.host === undefined) void this.run.stop(error);
    else if (!this.#ordered || this.#size === 0) this.next.takeError(error, origin);
    else {
      const entry = new Entry(undefined, 0, origin);
      entry.state = state.failed;
      entry.value = error;
      this.#hold(entry);
      this.#flush();
    }
  }

  finish(): void {
    this.#finishing = true;
    this.#flush();
  }

  resume(): void {
    this.#flush();
  }

  stop(): void {
    this.#stage.meter.held -= this.#size;
    this.#size = 0;
    this.#queue.clear();
    this.#line.clear();
    this.#expansion.stop();
  }
}
