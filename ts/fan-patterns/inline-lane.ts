/** A worker that is a place in this thread: it calls the processor for one input after the other. */
import { fast } from '../isolate.js';
import { Deadline, startDeadline, stopDeadline } from '../policy/deadlines.js';
import { CallTimeoutError } from '../policy/errors.js';
import { isThenable } from '../thenable.js';
import { overspent } from '../turn.js';
import type { Crew } from './crew.js';
import { ItemContext } from './item-context.js';
import { Lane } from './lane.js';
import type { Run } from './run.js';

/**
 * Works through its batches. A call that is overdue, or not wanted any more, keeps the lane until it has ended, so that no more than one runs
 * here; for as long as it is given to end, after which another lane takes this one's place.
 */
export class InlineLane extends Lane {
  readonly #crew: Crew;
  readonly #limit = new Limit(this);
  /** Whose asynchronous context this lane's code is in. */
  #within: Run | undefined;
  #busy = false;
  /** The call that runs: of which input on, for how many, and with what. */
  #from = 0;
  #count = 0;
  #context: ItemContext | undefined;
  /** Nobody wants its result any more. */
  #unwanted = false;
  /** Another lane has taken its place. */
  #replaced = false;
  /** When the last call ended, and so the next began; 0 if nothing went on meanwhile. */
  #clock = 0;
  readonly #resolved = (value: unknown): void => this.#settled(true, value);
  readonly #rejected = (error: unknown): void => this.#settled(false, error);
  readonly #enter = (): void => {
    this.#clock = 0;
    this.#go();
  };

  constructor(crew: Crew, id: number) {
    super(id);
    this.#crew = crew;
  }

  get batches(): number {
    return this.#busy || this.at < this.end ? 1 : 0;
  }

  /** Whether a call runs. */
  get calling(): boolean {
    return this.#context !== undefined;
  }

  start(within?: Run): void {
    if (this.#busy) return;
    this.#busy = true;
    this.#within = within;
    this.#clock = 0;
    this.#go();
  }

  #go(): void {
    for (;;) {
      if (this.at >= this.end && !this.#crew.more(this)) {
        this.#busy = false;
        this.run = undefined;
        this.#crew.idle();
        return;
      }
      const run = this.run as Run;
      if (run.stopped) {
        this.pending -= this.end - this.at;
        this.at = this.end;
        continue;
      }
      if (run !== this.#within) {
        this.#within = run;
        run.inContext(this.#enter);
        return;
      }
      if (this.#call(run)) return;
      if (overspent()) {
        setImmediate(this.#enter);
        return;
      }
    }
  }

  /** Calls the processor. @returns Whether it goes on by itself. */
  #call(run: Run): boolean {
    const from = this.at;
    const to = run.whole ? this.end : from + 1;
    this.at = to;
    this.#from = from;
    this.#count = to - from;
    const context = new ItemContext(run.first + from, this.id);
    this.#context = context;
    if (this.#clock === 0) this.#clock = fast.now();
    let result: unknown;
    try {
      result = run.call(from, to, context);
    } catch (error) {
      this.#end(false, error);
      return false;
    }
    // What it called may have ended the run.
    if (!isThenable(result)) {
      this.#end(true, result);
      return false;
    }
    if (run.timeout !== undefined && !this.#unwanted) startDeadline(this.#limit, run.timeout);
    if (result instanceof Promise) result.then(this.#resolved, this.#rejected);
    else Promise.resolve(result).then(this.#resolved, this.#rejected);
    return true;
  }

  #settled(fine: boolean, value: unknown): void {
    if (this.#replaced) return;
    stopDeadline(this.#limit);
    this.#end(fine, value);
    if (overspent()) setImmediate(this.#enter);
    else this.#go();
  }

  /** The call has ended. */
  #end(fine: boolean, value: unknown): void {
    const now = fast.now();
    const ms = now - this.#clock;
    this.#clock = now;
    this.#context = undefined;
    if (this.#unwanted) {
      this.#unwanted = false;
      stopDeadline(this.#limit);
      return;
    }
    const run = this.run as Run;
    const count = this.#count;
    this.pending -= count;
    this.measured(count, ms);
    run.measured(count, ms);
    if (fine) run.succeeded(this.#from, count, value);
    else run.failed(this.#from, count, value);
  }

  /** Its time is over: the call's, or that which it has to end. */
  overdue(): void {
    if (this.#unwanted) {
      this.#replaced = true;
      this.#crew.replace(this);
      return;
    }
    const run = this.run as Run;
    const error = new CallTimeoutError(run.timeout as number);
    this.pending -= this.#count;
    this.#unwant(error);
    run.overdue(this.#from, this.#count, error);
  }

  #unwant(reason: unknown): void {
    this.#unwanted = true;
    stopDeadline(this.#limit);
    if (this.#crew.abortGrace !== Infinity) startDeadline(this.#limit, this.#crew.abortGrace);
    this.#context?.abort(reason);
  }

  leave(run: Run, reason: unknown): void {
    if (this.run !== run) return;
    const calls = this.#context !== undefined && !this.#unwanted;
    this.pending -= this.end - this.at + (calls ? this.#count : 0);
    this.at = this.end;
    if (calls) this.#unwant(reason);
  }
}

/** The time that a lane's call has. */
class Limit extends Deadline {
  readonly #lane: InlineLane;

  constructor(lane: InlineLane) {
    super();
    this.#lane = lane;
  }

  overdue(): void {
    this.#lane.overdue();
  }
}
