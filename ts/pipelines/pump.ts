/** Reads a source as far as there is room for its items. */
import { isThenable } from '../thenable.js';
import { nextTurn } from '../turn.js';
import type { Feeder, Lane } from './lane.js';
import type { Run } from './run.js';
import type { Source } from './source.js';

/** Items after which it looks how long it has kept the event loop: a power of two. */
const stride = 256;
/** How long it may, in milliseconds. */
const slice = 5;

export class Pump implements Feeder {
  readonly #source: Source;
  readonly #lane: Lane;
  readonly #run: Run;
  #wake: (() => void) | undefined;
  #reading = false;
  #stopped = false;
  #ended = false;

  constructor(source: Source, lane: Lane, run: Run) {
    this.#source = source;
    this.#lane = lane;
    this.#run = run;
  }

  resume(): void {
    this.#wake?.();
  }

  /** Never rejects: what goes wrong goes the items' way. */
  async run(): Promise<void> {
    const first = this.#lane;
    const { counts } = this.#run.plan;
    let since = performance.now();
    let count = 0;
    let asking = false;
    try {
      for (;;) {
        if (!first.admits()) {
          await this.#room();
          since = performance.now();
          if (this.#stopped) return;
          continue;
        }
        asking = true;
        let step = this.#source.next();
        if (isThenable(step)) {
          this.#reading = true;
          step = await step;
          this.#reading = false;
        }
        asking = false;
        if (this.#stopped) return;
        if (step.done === true) break;
        let { value } = step;
        if (isThenable(value)) value = await value;
        const lane = this.laneOf(value);
        while (!this.#stopped && !lane.admits()) await this.#room();
        if (this.#stopped) return;
        counts.in++;
        this.put(lane, value);
        if (this.#stopped) return;
        if ((++count & (stride - 1)) === 0 && performance.now() - since > slice) {
          await nextTurn(undefined);
          if (this.#stopped) return;
          since = performance.now();
        }
      }
      this.#ended = true;
    } catch (error) {
      // A source that throws has ended; one whose item is at fault is still to be.
      this.#ended = asking;
      if (!this.#stopped) first.takeError(error);
      return;
    }
    first.finish();
  }

  /** Where an item goes in. */
  protected laneOf(_item: unknown): Lane {
    return this.#lane;
  }

  protected put(lane: Lane, item: unknown): void {
    if (this.#run.straight) this.#run.rush(item);
    else lane.take(item);
  }

  async #room(): Promise<void> {
    await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
  }

  /** Reads no more. What this gives resolves when the source has ended. */
  stop(reason: unknown): unknown {
    if (this.#stopped || this.#ended) return undefined;
    this.#stopped = true;
    this.#wake?.();
    try {
      const stopped = this.#source.stop(reason, this.#reading);
      if (!isThenable(stopped)) return undefined;
      stopped.then(undefined, () => undefined);
      return this.#reading ? undefined : stopped;
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }
}
