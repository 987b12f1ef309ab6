/** What tests of fans, and of what runs at once, have in common. */
import assert from 'node:assert/strict';
import { deferred, turns, until } from '../helpers.js';

export const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export const failing = <E>(promise: Promise<unknown>): Promise<E> =>
  promise.then(
    () => assert.fail('it resolved'),
    (thrown: E) => thrown,
  );

/** Ends with its signal, and only so. */
export const hanging = ({ signal }: { signal: AbortSignal | undefined }): Promise<never> =>
  new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)));

export const invalid = { code: 'ERR_INVALID_ARGUMENT' };

/** An input that is driven by hand, and tells what is done to it. */
export class Hand<T> implements AsyncIterable<T> {
  asked = 0;
  left = 0;
  readonly #waiting: { resolve(result: IteratorResult<T>): void; reject(error: unknown): void }[] = [];

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return {
      next: () => {
        this.asked++;
        return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
      },
      return: () => {
        this.left++;
        return Promise.resolve({ value: undefined, done: true });
      },
    };
  }

  async give(value: T): Promise<void> {
    await until(() => this.#waiting.length > 0);
    this.#waiting.shift()?.resolve({ value, done: false });
    await turns(1);
  }

  async fail(error: unknown): Promise<void> {
    await until(() => this.#waiting.length > 0);
    this.#waiting.shift()?.reject(error);
    await turns(1);
  }

  async end(): Promise<void> {
    await until(() => this.#waiting.length > 0);
    this.#waiting.shift()?.resolve({ value: undefined, done: true });
    await turns(1);
  }
}

/** A processor whose calls end when they are told to. */
export function gated(): {
  running: Map<number, ReturnType<typeof deferred<number>>>;
  most: () => number;
  begun: number[];
  processor: (n: number) => Promise<number>;
} {
  const running = new Map<number, ReturnType<typeof deferred<number>>>();
  const begun: number[] = [];
  let most = 0;
  return {
    running,
    begun,
    most: () => most,
    processor: (n) => {
      const call = deferred<number>();
      running.set(n, call);
      begun.push(n);
      most = Math.max(most, running.size);
      const end = (): void => void running.delete(n);
      call.promise.then(end, end);
      return call.promise;
    },
  };
}
