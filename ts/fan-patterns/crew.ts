/** The workers of a fan, and the calls whose inputs they work on. */
import { InvalidArgumentError } from '../errors.js';
import { shown } from '../wait-options.js';
import { InlineLane } from './inline-lane.js';
import type { Lane } from './lane.js';
import type { CustomLoadBalancer, WorkerLoad } from './load-balancer.js';
import type { Run } from './run.js';

/** What became of a fan's inputs. @internal */
export interface Counts {
  calls: number;
  inputs: number;
  completed: number;
  failed: number;
  cancelled: number;
  timedOut: number;
  batches: number;
  /** Milliseconds, and the inputs that took them. */
  time: number;
  timed: number;
}

const none = (): Counts => ({
  calls: 0,
  inputs: 0,
  completed: 0,
  failed: 0,
  cancelled: 0,
  timedOut: 0,
  batches: 0,
  time: 0,
  timed: 0,
});

/** How a crew is made. @internal */
export interface CrewTerms {
  width: number;
  /** How long a call that is not wanted any more may take to end, in milliseconds. */
  abortGrace: number;
  /** Makes a worker that is none of this thread's own. */
  hire?: (crew: Crew, id: number) => Lane;
  /** Batches a worker may have: the one it works on, and one that follows at once. */
  depth?: number;
}

/** Several runs share the workers in turn. @internal */
export class Crew {
  readonly lanes: Lane[] = [];
  readonly abortGrace: number;
  readonly counts = none();
  readonly #hire: (crew: Crew, id: number) => Lane;
  readonly #depth: number;
  /** Runs whose inputs workers take, and those whose inputs are dealt by choice. */
  readonly #taken: Run[] = [];
  readonly #dealt: Run[] = [];
  #width: number;
  #turn = 0;
  #lastTaken = 0;
  #dealing = false;
  #again = false;

  constructor({ width, abortGrace, hire, depth = 1 }: CrewTerms) {
    this.#width = width;
    this.abortGrace = abortGrace;
    this.#depth = depth;
    this.#hire = hire ?? ((crew, id) => new InlineLane(crew, id));
  }

  /** How many workers there are. */
  get width(): number {
    return this.#width;
  }

  /** How many batches all of them may have. */
  get capacity(): number {
    return this.#width * this.#depth;
  }

  /** Sets how many workers take something. Those beyond finish what they have. */
  resize(width: number): void {
    const wider = width > this.#width;
    this.#width = width;
    if (wider) this.wake();
  }

  /** Begins to work on a run. */
  add(run: Run): void {
    (typeof run.dealing === 'object' ? this.#dealt : this.#taken).push(run);
    this.wake(run);
  }

  /** A run is over. */
  remove(run: Run, reason: unknown): void {
    const runs = typeof run.dealing === 'object' ? this.#dealt : this.#taken;
    const at = runs.indexOf(run);
    if (at >= 0) runs.splice(at, 1);
    for (const lane of this.lanes) lane?.leave(run, reason);
  }

  /** The runs that are not over. */
  get runs(): Run[] {
    return [...this.#taken, ...this.#dealt];
  }

  /** Takes so many turns of the round. @returns Who is first. */
  turns(count: number): number {
    const first = this.#turn % this.#width;
    this.#turn = (first + count) % this.#width;
    return first;
  }

  /**
   * Lets workers that have nothing, and then those that have little, take something.
   *
   * @param within - The run whose asynchronous context this is.
   */
  wake(within?: Run): void {
    for (let has = 0; has < this.#depth && this.#taken.length > 0; has++) {
      for (let id = 0; id < this.#width; id++) {
        const lane = this.#lane(id);
        if (lane.batches === has) lane.start(within);
        if (this.#taken.length === 0) break;
      }
    }
    this.idle();
  }

  /** One input more has come to a run whose context this is: whoever has least to do takes it. */
  wakeOne(within: Run): void {
    if (typeof within.dealing === 'object') return this.idle();
    if (within.dealing !== 'pull') return this.wake(within);
    for (let has = 0; has < this.#depth; has++) {
      for (let id = 0; id < this.#width; id++) {
        const lane = this.#lane(id);
        if (lane.batches === has) return lane.start(within);
      }
    }
  }

  #lane(id: number): Lane {
    return (this.lanes[id] ??= this.#hire(this, id));
  }

  /** Writes the next batch into a lane that has room. @returns Whether there is one. */
  more(lane: Lane): boolean {
    if (lane.id >= this.#width) return false;
    const runs = this.#taken;
    const { length } = runs;
    if (length === 1) return (runs[0] as Run).take(lane);
    for (let i = 1; i <= length; i++) {
      const at = (this.#lastTaken + i) % length;
      if ((runs[at] as Run).take(lane)) {
        this.#lastTaken = at;
        return true;
      }
    }
    return false;
  }

  /** A worker has room: what is dealt by choice is dealt on. */
  idle(): void {
    if (this.#dealt.length === 0) return;
    this.#again = true;
    if (this.#dealing) return;
    this.#dealing = true;
    try {
      while (this.#again) {
        this.#again = false;
        for (const run of [...this.#dealt]) this.#deal(run, run.dealing as CustomLoadBalancer);
      }
    } finally {
      this.#dealing = false;
    }
  }

  #deal(run: Run, balancer: CustomLoadBalancer): void {
    while (!run.stopped && run.has) {
      let id: unknown;
      try {
        id = balancer.choose(this.loads());
      } catch (error) {
        return run.abandon(error);
      }
      if (!(Number.isInteger(id) && (id as number) >= 0 && (id as number) < this.#width))
        return run.abandon(
          new InvalidArgumentError('choose()', shown(id), `the id of a worker, below ${this.#width}`),
        );
      const lane = this.#lane(id as number);
      if (lane.batches >= this.#depth) return;
      run.take(lane);
      lane.start();
    }
  }

  /** What each worker has to do. */
  loads(): WorkerLoad[] {
    return Array.from({ length: this.#width }, (_, id) => {
      const lane = this.lanes[id];
      return lane === undefined
        ? { id, pending: 0, completed: 0, meanTime: 0 }
        : { id, pending: lane.pending, completed: lane.completed, meanTime: lane.meanTime };
    });
  }

  /** Another worker takes the place of one whose call does not end. */
  replace(lane: InlineLane): void {
    const next = new InlineLane(this, lane.id);
    next.pending = lane.pending;
    next.completed = lane.completed;
    next.meanTime = lane.meanTime;
    [next.run, next.at, next.end] = [lane.run, lane.at, lane.end];
    this.lanes[lane.id] = next;
    next.start();
  }

  resetCounts(): void {
    Object.assign(this.counts, none());
  }
}
