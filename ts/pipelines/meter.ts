/** What a stage counts. The clock is read for some calls only: each of the first ones, then every so many. */
import { fast } from '../isolate.js';
import type { StageMetrics } from './metrics.js';
import { Times } from './times.js';

/** Calls that are all measured. */
const first = 128;
/** After these, one of so many is: a power of two. */
const every = 64;

/** The time in which something is under way. */
export class Activity {
  #running = 0;
  #since = 0;
  #before = 0;

  enter(): void {
    if (this.#running++ === 0) this.#since = fast.now();
  }

  leave(): void {
    if (--this.#running === 0) this.#before += fast.now() - this.#since;
  }

  /** Milliseconds so far. */
  get ms(): number {
    return this.#before + (this.#running > 0 ? fast.now() - this.#since : 0);
  }

  reset(): void {
    this.#before = 0;
    this.#since = fast.now();
  }
}

/** A stage's counts. */
export class Meter {
  in = 0;
  out = 0;
  filtered = 0;
  failed = 0;
  skipped = 0;
  dead = 0;
  /** Calls that run and have given a promise. */
  inFlight = 0;
  /** Items that are in the stage: waiting, running, or done and not passed on. */
  held = 0;
  readonly times = new Times();
  readonly activity: Activity;

  constructor(activity: Activity) {
    this.activity = activity;
  }

  /** When this call begins, if it is one to be measured; otherwise 0. Asked once the item has been counted in. */
  begin(): number {
    return this.in > first && (this.in & (every - 1)) !== 0 ? 0 : fast.now();
  }

  /** A measured call has ended. */
  end(began: number): void {
    if (began !== 0) this.times.record(fast.now() - began);
  }

  /** Items passed on per second, over the time in which any was under way. */
  throughput(): number {
    const { ms } = this.activity;
    return ms > 0 ? (this.out / ms) * 1000 : 0;
  }

  /** The time its calls took together, as far as measured, for each that may run at once. */
  load(concurrency: number): number {
    return (this.times.mean * this.in) / concurrency;
  }

  metrics(name: string, concurrency: number): StageMetrics {
    const { filtered, failed, skipped, dead, inFlight } = this;
    const buffered = Math.max(0, this.held - inFlight);
    const counts = { in: this.in, out: this.out, filtered, failed, skipped, dead, inFlight, buffered };
    return { name, concurrency, ...counts, throughput: this.throughput(), latency: this.times.statistics() };
  }

  /** Begins counting anew; what is in the stage stays counted as that. */
  reset(): void {
    this.in = this.out = this.filtered = this.failed = this.skipped = this.dead = 0;
    this.times.clear();
  }
}
