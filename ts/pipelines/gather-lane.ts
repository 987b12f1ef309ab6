/** Items gathered to lists in one run: by number, by time, or by whichever comes first. */
import { Lane } from './lane.js';
import type { Run } from './run.js';
import type { GatherStage } from './stages.js';

export class GatherLane extends Lane {
  readonly #run: Run;
  readonly #stage: GatherStage;
  #items: unknown[] = [];
  /** Items at the end of the list that no earlier list has had. */
  #fresh = 0;
  /** A list that is complete, and waits for room after this. */
  #full: unknown[] | undefined;
  #error: { value: unknown } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #due = false;
  #finishing = false;
  #over = false;

  constructor(run: Run, stage: GatherStage) {
    super();
    this.#run = run;
    this.#stage = stage;
  }

  admits(): boolean {
    if (this.#full === undefined && this.#error === undefined) return true;
    this.wanted = true;
    return false;
  }

  take(value: unknown): void {
    const { meter, size, ms } = this.#stage;
    meter.in++;
    meter.held++;
    this.#items.push(value);
    if (this.#fresh++ === 0 && ms !== undefined) this.#timer = setTimeout(() => this.#late(), ms);
    if (this.#items.length >= size) this.#complete();
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
    this.#items = slide < size && list.length === size ? list.slice(slide) : [];
    this.#fresh = 0;
    meter.held -= list.length - this.#items.length;
    this.#full = list;
    this.#pass();
  }

  /** Whether nothing stands in the way any more. */
  #pass(): boolean {
    if (this.#full === undefined) return true;
    if (!this.next.admits()) return false;
    const list = this.#full;
    this.#full = undefined;
    this.#stage.meter.out++;
    this.next.take(list);
    return true;
  }

  takeError(error: unknown): void {
    this.#error = { value: error };
    this.resume();
  }

  finish(): void {
    this.#finishing = true;
    this.resume();
  }

  resume(): void {
    if (this.#over || !this.#pass() || this.#run.ended) return;
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
  }
}
