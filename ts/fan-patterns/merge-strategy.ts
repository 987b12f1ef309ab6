/** Which of several inputs is next. */
import type { MergeInput } from './merge-input.js';
import type { Source } from './source.js';

/** An input that has something to give. */
export interface ReadyInput<T> {
  /** What was given to `addInput`. */
  readonly input: Source<T>;
  /** What it gives next. */
  readonly next: T;
  /** As it was added. */
  readonly priority: number;
  /** How many items of it are there. */
  readonly buffered: number;
  /** How many of it have been given out. */
  readonly taken: number;
}

/** A rule of one's own. */
export interface MergeStrategy<T> {
  /**
   * Chooses among the inputs that are ready; there is at least one.
   *
   * @param waiting - How many others there are, which have nothing now and have not ended.
   * @returns Its place in `ready`; `undefined` to wait for the others.
   */
  pick(ready: readonly ReadyInput<T>[], waiting: number): number | undefined;
}

/**
 * How inputs are merged: `'round-robin'`, those that have something in turn; `'priority'`, whichever has the highest, equal ones in turn;
 * `'arrival'`, items in the order of their coming; `'custom'`, as a {@link MergeStrategy} says.
 */
export type MergeOrder = 'round-robin' | 'priority' | 'arrival' | 'custom';

/** Says which input gives the next item; `undefined` if none. @internal */
export interface Picker<T> {
  pick(inputs: readonly MergeInput<T>[]): MergeInput<T> | undefined;
  /** An item of an input has come. */
  came?(input: MergeInput<T>): void;
}

/** Inputs in turn; of those with the highest priority if it matters. @internal */
export class InTurn<T> implements Picker<T> {
  readonly #ranked: boolean;
  #last: MergeInput<T> | undefined;

  constructor(ranked: boolean) {
    this.#ranked = ranked;
  }

  pick(inputs: readonly MergeInput<T>[]): MergeInput<T> | undefined {
    const { length } = inputs;
    const after = this.#last === undefined ? -1 : inputs.indexOf(this.#last);
    let best: MergeInput<T> | undefined;
    for (let i = 1; i <= length; i++) {
      const input = inputs[(after + i) % length] as MergeInput<T>;
      if (input.buffered === 0 || (best !== undefined && input.priority <= best.priority)) continue;
      best = input;
      if (!this.#ranked) break;
    }
    if (best !== undefined) this.#last = best;
    return best;
  }
}

/** Items in the order of their coming. @internal */
export class ByArrival<T> implements Picker<T> {
  #coming: MergeInput<T>[] = [];
  #first = 0;

  came(input: MergeInput<T>): void {
    this.#coming.push(input);
  }

  pick(): MergeInput<T> | undefined {
    while (this.#first < this.#coming.length) {
      const input = this.#coming[this.#first++] as MergeInput<T>;
      if (this.#first === this.#coming.length) {
        this.#coming.length = 0;
        this.#first = 0;
      } else if (this.#first === 1024) {
        this.#coming = this.#coming.slice(this.#first);
        this.#first = 0;
      }
      // What a removed input had is gone.
      if (input.buffered > 0) return input;
    }
    return undefined;
  }
}

/** As somebody's rule says. @internal */
export class ByRule<T> implements Picker<T> {
  readonly #strategy: MergeStrategy<T>;
  readonly #wrong: (got: unknown, ready: number) => never;

  constructor(strategy: MergeStrategy<T>, wrong: (got: unknown, ready: number) => never) {
    this.#strategy = strategy;
    this.#wrong = wrong;
  }

  pick(inputs: readonly MergeInput<T>[]): MergeInput<T> | undefined {
    const ready = inputs.filter(({ buffered }) => buffered > 0);
    if (ready.length === 0) return undefined;
    const waiting = inputs.reduce((sum, { buffered, ended }) => sum + (buffered === 0 && !ended ? 1 : 0), 0);
    const shown = ready.map(({ source, priority, buffered, taken, first }) => ({
      input: source,
      next: first,
      priority,
      buffered,
      taken,
    }));
    const at: unknown = this.#strategy.pick(shown, waiting);
    if (at === undefined && waiting > 0) return undefined;
    return (Number.isInteger(at) ? ready[at as number] : undefined) ?? this.#wrong(at, ready.length);
  }
}
