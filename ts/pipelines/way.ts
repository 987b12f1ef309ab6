/** A sub-pipeline in one run of the pipeline around it. One that gathers has a run of its own, which all items that go this way go through. */
import { isThenable } from '../thenable.js';
import { End } from './ends.js';
import type { Host } from './failing.js';
import type { Through } from './fork-stage.js';
import type { Feeder } from './lane.js';
import type { Origin } from './origin.js';
import { Many, nothing } from './route.js';
import type { Run } from './run.js';
import type { Part } from './ticket.js';

/** Where ways begin and meet again. */
export interface Crossing extends Host {
  readonly run: Run;
  /** A way has room. */
  start(): void;
  /** Whether a result may come out of a way. Whoever is told no is called when it may. */
  room(way: Way): boolean;
  /** A result has come out, or the error of an item, and holds what it comes of. */
  gave(value: unknown, failed: boolean, origin: Origin | undefined, way: Way): void;
  /** An item has failed on a way that it went alone. */
  failed(part: Part, error: unknown): void;
  /** Nothing more comes out of a way. */
  ended(): void;
}

export class Way implements Feeder {
  readonly #to: Through | undefined;
  readonly #crossing: Crossing;
  readonly #outlet: Outlet;
  #run: Run | undefined;
  /** Results that came out and have not been passed on. */
  stored = 0;
  /** Parts of the last lists: they keep their places until nothing more comes. */
  readonly back: Part[] = [];
  over = false;

  constructor(to: Through | undefined, crossing: Crossing) {
    this.#to = to;
    this.#crossing = crossing;
    this.#outlet = new Outlet(this, crossing);
  }

  /** Whether it has a run before an item comes. */
  get eager(): boolean {
    return this.#to?.merges === true;
  }

  /** Begins the run, if it is to have one. @throws `PipelineClosedError` if the sub-pipeline is closed. */
  begin(): void {
    if (this.#run !== undefined || this.#to === undefined || this.#to.single) return;
    const { run } = this.#crossing;
    this.#run = this.#to.host(this.#outlet, this.#crossing, () => run.left());
    run.calls++;
    this.#run.open(this);
  }

  admits(): boolean {
    return this.#run === undefined || this.#run.first.admits();
  }

  send(part: Part): void {
    const { item } = part.ticket;
    if (this.#to === undefined) this.#crossing.gave(item, false, part, this);
    else if (this.#run === undefined) this.#alone(this.#to, part);
    else {
      this.#run.plan.counts.in++;
      this.#run.first.take(item, part);
    }
  }

  #alone(to: Through, part: Part): void {
    const { run } = this.#crossing;
    let result: unknown;
    try {
      result = to.pass(part.ticket.item, run.context);
    } catch (error) {
      this.#crossing.failed(part, error);
      return;
    }
    if (!isThenable(result)) {
      this.#passed(part, result);
      return;
    }
    run.calls++;
    result.then(
      (value) => {
        run.left();
        this.#passed(part, value);
      },
      (error: unknown) => {
        run.left();
        this.#crossing.failed(part, error);
      },
    );
  }

  #passed(part: Part, result: unknown): void {
    if (this.#crossing.run.ended) {
      part.settle();
      return;
    }
    const values = result === nothing ? [] : result instanceof Many ? result.values : [result];
    for (const value of values) {
      part.hold();
      this.#crossing.gave(value, false, part, this);
    }
    part.leave();
  }

  resume(): void {
    this.#crossing.start();
  }

  /** The places of its lists that are not complete. */
  get open(): readonly Part[] {
    return this.#run?.lanes.flatMap(({ open }) => open) ?? [];
  }

  /** A result may come out again. */
  wake(): void {
    this.#outlet.resume();
  }

  /** No item comes any more. */
  finish(): void {
    if (this.#run === undefined) this.over = true;
    else this.#run.first.finish();
  }

  /** Nothing more comes out. */
  finished(): void {
    this.over = true;
    for (const part of this.back.splice(0)) part.leave();
    this.#crossing.ended();
  }

  stop(reason: unknown): void {
    void this.#run?.stop(reason);
  }

  /** Whether items go it together. */
  get shared(): boolean {
    return this.#run !== undefined;
  }
}

/** Where its results come out. */
class Outlet extends End {
  readonly #way: Way;
  readonly #crossing: Crossing;

  constructor(way: Way, crossing: Crossing) {
    super();
    this.#way = way;
    this.#crossing = crossing;
  }

  admits(): boolean {
    if (this.#crossing.room(this.#way)) return true;
    this.wanted = true;
    return false;
  }

  take(value: unknown, origin?: Origin): void {
    this.run.plan.counts.out++;
    this.#crossing.gave(value, false, origin, this.#way);
  }

  override takeError(error: unknown, origin?: Origin): void {
    this.#crossing.gave(error, true, origin, this.#way);
  }

  override resume(): void {
    this.wake();
  }

  protected finished(): void {
    this.#way.finished();
  }

  /** Somebody has aborted the sub-pipeline itself. */
  stopped(reason: unknown): void {
    void this.#crossing.run.stop(reason);
  }
}
