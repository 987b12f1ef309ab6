/** The items of a task whose processor is a generator. */
import type { Client, Terms, Ticket } from './client.js';

/** Credit is given back in portions: a call for each item would cost more than the item. */
const portion = 8;

/**
 * Reads what a generator yields in a worker. It yields no more than a few items ahead of the reader, and ends when the reader
 * does.
 */
export class TaskStream<T> implements AsyncIterableIterator<T> {
  readonly #items: T[] = [];
  readonly #readers: { resolve(result: IteratorResult<T>): void; reject(error: unknown): void }[] = [];
  readonly #ticket: Ticket | undefined;
  #taken = 0;
  #ended = false;
  #error: { value: unknown } | undefined;

  constructor(client: Client, task: unknown, terms: Terms) {
    const hearing = {
      resolve: () => this.#end(undefined),
      reject: (value: unknown) => this.#end({ value }),
      item: (value: unknown) => this.#take(value as T),
    };
    this.#ticket = client.open(task, terms, hearing, true);
  }

  #take(value: T): void {
    if (this.#ended) return;
    const reader = this.#readers.shift();
    if (reader === undefined) this.#items.push(value);
    else {
      reader.resolve({ value, done: false });
      this.#consumed();
    }
  }

  #consumed(): void {
    if (++this.#taken % portion === 0) this.#ticket?.credit(portion);
  }

  #end(error: { value: unknown } | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const reader of this.#readers.splice(0)) {
      if (error === undefined) reader.resolve({ value: undefined, done: true });
      else {
        reader.reject(error.value);
        error = undefined;
      }
    }
    this.#error = error;
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#items.length > 0) {
      const value = this.#items.shift() as T;
      this.#consumed();
      return Promise.resolve({ value, done: false });
    }
    if (this.#error !== undefined) {
      const { value } = this.#error;
      this.#error = undefined;
      return Promise.reject(value as Error);
    }
    if (this.#ended) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
  }

  return(): Promise<IteratorResult<T>> {
    this.#items.length = 0;
    this.#end(undefined);
    this.#error = undefined;
    this.#ticket?.cancel();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}
