/** A call of a fan over a list of inputs. */
import { InvalidArgumentError } from '../errors.js';
import { shown, type WaitOptions } from '../wait-options.js';
import { type FanFailure, FanOutError } from './errors.js';
import type { ItemContext } from './item-context.js';
import type { Lane } from './lane.js';
import { Run, type RunTerms } from './run.js';

/** Every input is tried once; the results stand in the order of the inputs, or of their coming. @internal */
export class ArrayRun extends Run {
  readonly #inputs: readonly unknown[];
  readonly #ordered: boolean;
  readonly #results: unknown[] = [];
  readonly #failures: FanFailure[] = [];
  /** Inputs without an outcome. */
  #left: number;
  /** The first that no worker has. */
  #next = 0;
  /** By worker, for those who have their own part: the next of it and its end. */
  #parts: { next: number; end: number }[] | undefined;
  /** How many inputs a turn is, and with whom turns begin. */
  #turn = { size: 1, first: 0 };
  readonly #workers: number;
  #resolve!: (results: unknown[]) => void;
  #reject!: (error: unknown) => void;
  readonly promise: Promise<unknown[]>;

  constructor(terms: RunTerms, inputs: readonly unknown[], ordered: boolean) {
    super(terms);
    this.#inputs = inputs;
    this.#ordered = ordered;
    this.#left = inputs.length;
    this.#workers = terms.crew.width;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (this.dealing === 'shares') this.#share();
    else if (this.dealing === 'round-robin') this.#takeTurns();
  }

  #share(): void {
    const { length } = this.#inputs;
    const edge = (worker: number): number => Math.floor((length * worker) / this.#workers);
    this.#parts = Array.from({ length: this.#workers }, (_, id) => ({ next: edge(id), end: edge(id + 1) }));
  }

  #takeTurns(): void {
    const { length } = this.#inputs;
    const workers = this.#workers;
    const size = this.size.next(length, workers, length);
    // Whoever was last is not first again: a call with one input is a turn too.
    const first = this.crew.turns(Math.ceil(length / size));
    this.#turn = { size, first };
    this.#parts = Array.from({ length: workers }, (_, id) => ({
      next: ((id - first + workers) % workers) * size,
      end: length,
    }));
  }

  /** Begins. */
  run(options: WaitOptions): Promise<unknown[]> {
    this.crew.counts.inputs += this.#left;
    this.crew.counts.calls++;
    if (this.#left === 0) this.#finish();
    else {
      this.guard(options);
      this.crew.add(this);
    }
    return this.promise;
  }

  get has(): boolean {
    return this.#next < this.#inputs.length;
  }

  take(lane: Lane): boolean {
    if (this.#parts !== undefined) return this.#takeOwn(lane, this.#parts[lane.id]);
    const from = this.#next;
    const left = this.#inputs.length - from;
    if (left <= 0) return false;
    const count = Math.min(this.size.next(left, this.#workers, this.#inputs.length), left);
    this.#next = from + count;
    return this.#give(lane, from, from + count);
  }

  #takeOwn(lane: Lane, part: { next: number; end: number } | undefined): boolean {
    if (part === undefined || part.next >= part.end) return false;
    const from = part.next;
    if (this.dealing === 'shares') {
      const left = part.end - from;
      part.next += Math.min(this.size.next(left, 1, this.#inputs.length), left);
      return this.#give(lane, from, part.next);
    }
    const { size } = this.#turn;
    part.next += size * this.#workers;
    return this.#give(lane, from, Math.min(from + size, part.end));
  }

  #give(lane: Lane, from: number, to: number): true {
    lane.run = this;
    lane.at = from;
    lane.end = to;
    lane.pending += to - from;
    this.crew.counts.batches++;
    return true;
  }

  inputs(from: number, to: number): unknown[] {
    return this.#inputs.slice(from, to);
  }

  call(from: number, to: number, context: ItemContext): unknown {
    const input = this.whole ? this.#inputs.slice(from, to) : this.#inputs[from];
    return (this.processor as NonNullable<typeof this.processor>)(input as never, context);
  }

  succeeded(from: number, count: number, value: unknown): void {
    if (this.stopped) return;
    if (this.whole && !Array.isArray(value)) {
      const error = new InvalidArgumentError('processor', shown(value), 'an array of the results of a batch');
      return this.failed(from, count, error);
    }
    this.crew.counts.completed += count;
    if (this.#ordered) this.#results[from] = value;
    else this.#results.push(value);
    this.#left -= count;
    if (this.#left === 0) this.#finish();
  }

  failed(from: number, count: number, error: unknown): void {
    if (this.stopped) return;
    this.crew.counts.failed += count;
    this.#left -= count;
    if (!this.goOn) return this.#giveUp(error);
    this.#failures.push({ index: from, count, error });
    if (this.#left === 0) this.#finish();
  }

  abandon(error: unknown): void {
    if (!this.stopped) this.#giveUp(error);
  }

  #giveUp(error: unknown): void {
    this.crew.counts.cancelled += this.#left;
    this.stop(error);
    this.#reject(error);
  }

  #finish(): void {
    this.stop(undefined);
    // Batches stand where their first input was: `flat` passes over the rest.
    const results = this.whole ? this.#results.flat() : this.#results;
    if (this.#failures.length === 0) return this.#resolve(results);
    this.#failures.sort((a, b) => a.index - b.index);
    if (this.#ordered && !this.whole) results.length = this.#inputs.length;
    this.#reject(new FanOutError(this.#failures, this.whole ? results : Array.from(results)));
  }
}
