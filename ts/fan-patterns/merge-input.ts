/** One of the inputs that are merged: read no further ahead than its buffer holds. */
import { WaitTimeoutError } from '../errors.js';
import { Deadline, startDeadline, stopDeadline } from '../policy/deadlines.js';
import { isThenable } from '../thenable.js';
import { type Reading, read, type Source } from './source.js';

/** Whom an input tells what happens to it. @internal */
export interface MergeOwner<T> {
  readonly bufferSize: number;
  /** What an input may take for an item, in milliseconds. */
  readonly timeout: number | undefined;
  /** An item has come, or the input's end. It may be in the middle of a read. */
  came(input: MergeInput<T>): void;
  /** What came may be given out. */
  flush(): void;
  failed(input: MergeInput<T>, error: unknown): void;
}

/** @internal */
export class MergeInput<T> {
  readonly source: Source<T>;
  readonly priority: number;
  /** Nothing more comes from it. */
  ended = false;
  /** How many of it have been given out. */
  taken = 0;
  readonly #items: T[] = [];
  #head = 0;
  #reading: Reading<T> | undefined;
  #owner: MergeOwner<T> | undefined;
  #asked = false;
  readonly #limit: Deadline = new ReadLimit(() => this.#overdue());
  readonly #got = (result: IteratorResult<T, unknown>): void => {
    if (!this.#answered()) return;
    this.#take(result);
    this.fill();
    this.#owner?.flush();
  };
  readonly #lost = (error: unknown): void => {
    if (this.#answered()) this.#owner?.failed(this, error);
  };

  constructor(source: Source<T>, priority: number) {
    this.source = source;
    this.priority = priority;
  }

  /** How many items of it are there. */
  get buffered(): number {
    return this.#items.length - this.#head;
  }

  /** The first of them. */
  get first(): T {
    return this.#items[this.#head] as T;
  }

  /** Begins to read. @throws What the source throws. */
  open(owner: MergeOwner<T>): void {
    this.#owner = owner;
    this.#reading = read(this.source);
    this.fill();
  }

  /** Reads as far ahead as there is room. */
  fill(): void {
    const owner = this.#owner as MergeOwner<T>;
    while (!this.#asked && !this.ended && this.buffered < owner.bufferSize) {
      this.#asked = true;
      let result: ReturnType<Reading<T>['next']>;
      try {
        result = (this.#reading as Reading<T>).next();
      } catch (error) {
        // Told later: who asked is in the middle of something.
        result = Promise.reject(error as Error);
      }
      if (isThenable(result)) {
        if (owner.timeout !== undefined) startDeadline(this.#limit, owner.timeout);
        result.then(this.#got, this.#lost);
        return;
      }
      this.#asked = false;
      this.#take(result as IteratorResult<T, unknown>);
    }
  }

  #answered(): boolean {
    stopDeadline(this.#limit);
    this.#asked = false;
    return !this.ended;
  }

  #take(result: IteratorResult<T, unknown>): void {
    if (result.done === true) {
      this.ended = true;
      this.#reading = undefined;
    } else this.#items.push(result.value);
    this.#owner?.came(this);
  }

  #overdue(): void {
    const { timeout } = this.#owner as MergeOwner<T>;
    // Whoever goes on with it waits anew.
    startDeadline(this.#limit, timeout as number);
    this.#owner?.failed(this, new WaitTimeoutError(timeout as number));
  }

  /** Whether an item is awaited. */
  get asked(): boolean {
    return this.#asked;
  }

  /** Takes out the first item. */
  shift(): T {
    const item = this.#items[this.#head] as T;
    this.#items[this.#head++] = undefined as T;
    if (this.#head === this.#items.length || this.#head === 1024) {
      this.#items.splice(0, this.#head);
      this.#head = 0;
    }
    this.taken++;
    return item;
  }

  /** Reads no more of it, and ends it. */
  async leave(): Promise<void> {
    stopDeadline(this.#limit);
    const reading = this.#reading;
    this.#reading = undefined;
    this.ended = true;
    await reading?.leave(this.#asked);
  }

  /** Forgets what was read of it. */
  clear(): void {
    this.#items.length = 0;
    this.#head = 0;
  }
}

class ReadLimit extends Deadline {
  readonly overdue: () => void;

  constructor(overdue: () => void) {
    super();
    this.overdue = overdue;
  }
}
