/** The iteration of merged inputs. */
import { combineErrors } from '../concurrent/combine-errors.js';
import type { WaitOptions } from '../wait-options.js';
import { FanInBusyError } from './errors.js';
import type { FanInTerms } from './fan-in-config.js';
import type { MergeInput, MergeOwner } from './merge-input.js';
import type { Picker } from './merge-strategy.js';
import { ended, Outlet } from './outlet.js';

/** What merged inputs have come to. @internal */
export interface MergeCounts {
  ended: number;
  removed: number;
  received: number;
  delivered: number;
  errors: number;
  timedOut: number;
}

/** What a fan-in has, for the iteration of it that runs. @internal */
export interface Merged<T> {
  /** In the order in which they were added. */
  readonly inputs: MergeInput<T>[];
  readonly counts: MergeCounts;
  readonly terms: FanInTerms<T>;
  running: Merging<T> | undefined;
}

/** @internal */
export class Merging<T> extends Outlet<T> implements MergeOwner<T> {
  readonly #merged: Merged<T>;
  readonly #picker: Picker<T>;

  constructor(merged: Merged<T>, picker: Picker<T>, wait: WaitOptions) {
    super(wait);
    this.#merged = merged;
    this.#picker = picker;
  }

  get bufferSize(): number {
    return this.#merged.terms.bufferSize;
  }

  get timeout(): number | undefined {
    return this.#merged.terms.timeout;
  }

  protected begin(): void {
    const merged = this.#merged;
    if (merged.running !== undefined) throw new FanInBusyError();
    merged.running = this;
    for (const input of [...merged.inputs]) this.#open(input);
  }

  #open(input: MergeInput<T>): void {
    try {
      input.open(this);
    } catch (error) {
      // It cannot be asked again: it has ended, whatever else.
      input.ended = true;
      this.#tell(input, error);
      if (this.#merged.terms.onError === 'fail') this.fail(error);
    }
  }

  /** An input is added. */
  add(input: MergeInput<T>): void {
    this.#open(input);
    this.flush();
  }

  came(input: MergeInput<T>): void {
    if (input.ended) return;
    this.#merged.counts.received++;
    this.#picker.came?.(input);
  }

  protected take(): IteratorResult<T, undefined> | undefined {
    const { inputs, counts } = this.#merged;
    const input = this.#picker.pick(inputs);
    if (input !== undefined) {
      const value = input.shift();
      counts.delivered++;
      input.fill();
      return { value, done: false };
    }
    this.#dropEnded();
    return inputs.length === 0 ? ended : undefined;
  }

  #dropEnded(): void {
    const { inputs, counts } = this.#merged;
    for (let at = inputs.length - 1; at >= 0; at--) {
      const input = inputs[at] as MergeInput<T>;
      if (!input.ended || input.buffered > 0) continue;
      inputs.splice(at, 1);
      counts.ended++;
    }
  }

  failed(input: MergeInput<T>, error: unknown): void {
    const { counts, terms } = this.#merged;
    const late = input.asked;
    if (late) counts.timedOut++;
    this.#tell(input, error);
    if (!this.open || input.ended) return;
    if (terms.onError === 'fail') return this.fail(error);
    if (terms.onError === 'end-input') {
      input.leave().catch(() => undefined);
      this.flush();
    } else if (!late) {
      // In another turn: an input that fails whenever it is asked must not stop all else.
      setImmediate(() => {
        if (this.open && !input.ended) input.fill();
        this.flush();
      });
    }
  }

  #tell(input: MergeInput<T>, error: unknown): void {
    const { counts, terms } = this.#merged;
    counts.errors++;
    try {
      terms.onInputError?.(error, input.source);
    } catch (thrown) {
      this.fail(thrown);
    }
  }

  protected leave(reason: unknown): Promise<void> | undefined {
    const merged = this.#merged;
    if (merged.running !== this) return undefined;
    merged.running = undefined;
    const inputs = merged.inputs.splice(0);
    const left = inputs.filter((input) => !input.ended);
    for (const input of inputs) input.clear();
    merged.counts.ended += inputs.length;
    if (left.length === 0) return undefined;
    return this.#leaveAll(left, reason);
  }

  async #leaveAll(inputs: MergeInput<T>[], reason: unknown): Promise<void> {
    const outcomes = await Promise.allSettled(inputs.map((input) => input.leave()));
    const error = combineErrors(
      outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : [])),
    );
    if (error !== undefined && reason === undefined) throw error;
  }
}
