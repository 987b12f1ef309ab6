/** Items gathered to lists in one run: by number, by time, or by whichever comes first. */
import { Lane } from './lane.js';
import { Joint, type Origin } from './origin.js';
import type { Run } from './run.js';
import type { GatherStage } from './stages.js';
import type { Part } from './ticket.js';

export class GatherLane extends Lane {
  readonly #run: Run;
  readonly #stage: GatherStage;
  /** Whether items come of others. */
  readonly #hosted: boolean;
  #items: unknown[] = [];
  /** What each of them comes of, in a sub-pipeline. */
  #origins: (Origin | undefined)[] = [];
  /** Items at the end of the list that no earlier list has had. */
  #fresh = 0;
  /** A list that is complete, and waits for room after this. */
  #full: unknown[] | undefined;
  /** What that comes of. */
  #origin: Origin | undefined;
  /** Errors of single items, in a sub-pipeline, that wait until that is gone. */
  #errors: { value: unknown; origin: Origin }[] = [];
  #error: { value: unknown } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #due = false;
  #finishing = false;
  #over = false;

  constructor(run: Run, stage: GatherStage) {
    super();
    this.#run = run;
    this.#stage = stage;
    this.#hosted = run.host !== undefined;
  }

  admits(): boolean {
    if (this.#full === undefined && this.#error === undefined) return true;
    this.wanted = true;
    return false;
  }

  take(value: unknown, origin?: Origin): void {
    const { meter, size, ms } = this.#stage;
    meter.in++;
    meter.held++;
    this.#items.push(value);
    if (this.#hosted) this.#origins.push(origin);
    if (this.#fresh++ === 0 && ms !== undefined) this.#timer = setTimeout(() => this.#late(), ms);
    if (this.#items.length >= size) this.#complete();
    origin?.gathered();
  }

  #late(): void {
    this.#timer = undefined;
    if (this.#full === undefined) this.#complete();
    else this.#due = true;
  }

  #complete(): void {
    const { meter, size, slide } = this.#stage;
    const list = this.#items;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#due = false;
    const overlaps = slide < size && list.length === size;
    this.#items = overlaps ? list.slice(slide) : [];
    this.#fresh = 0;
    meter.held -= list.length - this.#items.length;
    this.#full = list;
    if (this.#hosted) this.#hold(list.length - this.#items.length);
    this.#pass();
  }

  /** The list is on its way from now on, and with it what it comes of. */
  #hold(gone: number): void {
    this.#origin = new Joint(this.#origins);
    this.#origins = this.#origins.slice(gone);
    this.#origin.hold();
  }

  /** Whether nothing stands in the way any more. */
  #pass(): boolean {
    if (this.#full === undefined) return true;
    if (!this.next.admits()) return false;
    const list = this.#full;
    this.#full = undefined;
    this.#stage.meter.out++;
    this.next.take(list, this.#origin);
    return true;
  }

  takeError(error: unknown, origin?: Origin): void {
    if (origin === undefined) this.#error = { value: error };
    else this.#errors.push({ value: error, origin });
    this.resume();
  }

  override get open(): readonly Part[] {
    return this.#fresh > 0 ? (new Joint(this.#origins).part?.parts ?? []) : [];
  }

  finish(): void {
    this.#finishing = true;
    this.resume();
  }

  resume(): void {
    if (this.#over || !this.#pass() || this.#run.ended) return;
    if (this.#errors.length > 0) {
      for (const { value, origin } of this.#errors.splice(0)) this.next.takeError(value, origin);
      if (this.#run.ended) return;
    }
    if (this.#error !== undefined) {
      this.#over = true;
      this.next.takeError(this.#error.value);
      return;
    }
    if ((this.#due || this.#finishing) && this.#fresh > 0) this.#complete();
    if (this.#full !== undefined || this.#run.ended) return;
    if (this.#finishing && !this.#over) {
      this.#over = true;
      this.next.finish();
    } else this.wake();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#stage.meter.held -= this.#items.length;
    this.#items = [];
    this.#origins = [];
  }
}
