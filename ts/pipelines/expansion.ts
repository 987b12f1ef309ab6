/** What a stage's calls give that has several values: read one by one, as there is room after the stage. */
import { InvalidArgumentError } from '../errors.js';
import { shown } from '../wait-options.js';
import { type AnyIterator, type Entry, state } from './entry.js';
import { Many } from './route.js';

/** The lane it is of. */
export interface Expanding {
  readonly run: { readonly ended: boolean };
  /** An entry's state is not `waiting` any more. */
  ready(entry: Entry): void;
  /** An entry has failed. */
  failed(entry: Entry, error: unknown): void;
  /** The same, and whoever calls tells the lane. */
  spoil(entry: Entry, error: unknown): void;
  /** A call is over whose slot was held. */
  giveSlot(): void;
}

export class Expansion {
  readonly #lane: Expanding;
  readonly #name: string;
  readonly #flat: boolean;
  readonly #open = new Set<Entry>();

  /** @param flat - Whether asynchronous iterators are read too. */
  constructor(lane: Expanding, name: string, flat: boolean) {
    this.#lane = lane;
    this.#name = name;
    this.#flat = flat;
  }

  /** Whether the call goes on, as what it gave is read with waits in between. */
  expands(entry: Entry, value: unknown): boolean {
    if (!this.#flat || typeof value !== 'object' || value === null) return false;
    const { [Symbol.asyncIterator]: iterate } = value as Partial<AsyncIterable<unknown>>;
    if (typeof iterate !== 'function') return false;
    entry.holds = true;
    try {
      entry.iterator = iterate.call(value);
    } catch (error) {
      entry.iterator = { next: () => Promise.reject(error as Error) };
    }
    return true;
  }

  /** Begins to read what a call gave. */
  begin(entry: Entry, result: unknown): void {
    if (entry.iterator === undefined) {
      const values = result instanceof Many ? result.values : result;
      const usable = typeof values === 'object' && values !== null;
      const iterate = usable ? (values as Partial<Iterable<unknown>>)[Symbol.iterator] : undefined;
      if (typeof iterate !== 'function') {
        this.#lane.failed(
          entry,
          new InvalidArgumentError(this.#name, shown(values), 'something iterable, and no text'),
        );
        return;
      }
      try {
        entry.iterator = iterate.call(values);
      } catch (error) {
        this.#lane.failed(entry, error);
        return;
      }
    }
    this.#open.add(entry);
    this.pull(entry);
    if (entry.state !== state.waiting) this.#lane.ready(entry);
  }

  /** Reads the next value of an iterator. */
  pull(entry: Entry): void {
    const iterator = entry.iterator as AnyIterator;
    entry.state = state.waiting;
    if (!entry.holds) {
      try {
        this.#pulled(entry, (iterator as Iterator<unknown>).next());
      } catch (error) {
        this.#open.delete(entry);
        this.#lane.spoil(entry, error);
      }
      return;
    }
    entry.pulling = true;
    const late = (then: () => void): void => {
      entry.pulling = false;
      if (this.#lane.run.ended) this.shut(entry);
      else then();
    };
    let next: Promise<IteratorResult<unknown>>;
    try {
      next = Promise.resolve((iterator as AsyncIterator<unknown>).next());
    } catch (error) {
      next = Promise.reject(error as Error);
    }
    next.then(
      (result) =>
        late(() => {
          this.#pulled(entry, result);
          this.#lane.ready(entry);
        }),
      (error: unknown) => {
        entry.pulling = false;
        this.#close(entry);
        this.#lane.failed(entry, error);
      },
    );
  }

  #pulled(entry: Entry, result: IteratorResult<unknown>): void {
    if (result.done === true) {
      entry.state = state.dropped;
      this.#close(entry);
    } else {
      entry.state = state.more;
      entry.value = result.value;
    }
  }

  /** An iterator has ended by itself. */
  #close(entry: Entry): void {
    this.#open.delete(entry);
    if (!entry.holds) return;
    entry.holds = false;
    this.#lane.giveSlot();
  }

  /** Ends an iterator that nobody reads any more. One that is at work ends when its step has. */
  shut(entry: Entry): void {
    if (entry.pulling) return;
    const { iterator } = entry;
    if (iterator === undefined) return;
    entry.iterator = undefined;
    const end = (): void => this.#close(entry);
    try {
      Promise.resolve(iterator.return?.()).then(end, end);
    } catch {
      end();
    }
  }

  /** Nobody reads any more. */
  stop(): void {
    for (const entry of this.#open) this.shut(entry);
  }
}
