/** Where items come out. */
import { nextTurn, overspent } from '../turn.js';
import { Deque } from './deque.js';
import { Lane } from './lane.js';
import type { Run } from './run.js';

/** The end of a run. */
export abstract class End extends Lane {
  run!: Run;
  override finish(): void {
    this.run.done();
    this.finished();
  }
  override takeError(error: unknown): void {
    void this.run.stop(error);
  }
  override resume(): void {}
  override stop(): void {}
  /** Everything has come out. */
  protected abstract finished(): void;
  /** The run has ended before its time. */
  abstract stopped(reason: unknown): void;
}

/** All results in a list. */
export class Collect extends End {
  readonly results: unknown[] = [];
  readonly #resolve: (results: unknown[]) => void;
  readonly #reject: (reason: unknown) => void;

  constructor(resolve: (results: unknown[]) => void, reject: (reason: unknown) => void) {
    super();
    this.#resolve = resolve;
    this.#reject = reject;
  }

  admits(): boolean {
    return true;
  }

  take(value: unknown): void {
    this.run.plan.counts.out++;
    this.results.push(value);
  }

  protected finished(): void {
    this.#resolve(this.results);
  }

  stopped(reason: unknown): void {
    this.#reject(reason);
  }
}

const ended = { value: undefined, done: true } as const;

/** Results for a reader, who may be behind by so many. */
export class Reading extends End {
  readonly #capacity: number;
  readonly #values = new Deque<unknown>();
  readonly #readers = new Deque<{
    resolve(result: IteratorResult<unknown, undefined>): void;
    reject(error: unknown): void;
  }>();
  #over = false;
  #error: { value: unknown } | undefined;

  constructor(capacity: number) {
    super();
    this.#capacity = Math.max(1, capacity);
  }

  admits(): boolean {
    if (this.#values.length < this.#capacity) return true;
    this.wanted = true;
    return false;
  }

  take(value: unknown): void {
    this.run.plan.counts.out++;
    const reader = this.#readers.shift();
    if (reader === undefined) this.#values.push(value);
    else reader.resolve({ value, done: false });
  }

  read(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#values.length > 0) {
      const value = this.#values.shift();
      // In portions: to wake all stages for each item would cost more than the item.
      if (this.wanted && this.#values.length <= this.#capacity >> 1) this.wake();
      const result = { value, done: false } as const;
      return overspent() ? nextTurn(result) : Promise.resolve(result);
    }
    if (this.#error !== undefined) {
      const { value } = this.#error;
      this.#error = undefined;
      return Promise.reject(value as Error);
    }
    if (this.#over) return Promise.resolve(ended);
    return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
  }

  protected finished(): void {
    this.#over = true;
    for (let reader = this.#readers.shift(); reader !== undefined; reader = this.#readers.shift())
      reader.resolve(ended);
  }

  stopped(reason: unknown): void {
    const first = this.#readers.shift();
    if (first === undefined) this.#error = { value: reason };
    else first.reject(reason);
    this.finished();
  }

  /** The reader wants no more. */
  forget(): void {
    this.#values.clear();
    this.#error = undefined;
  }
}
