/** Many inputs through a pool with back-pressure: no more are read than are on their way or waiting to be taken. */

import { PoolClosedError } from '../errors.js';
import type { Client } from './client.js';
import type { SubmitOptions } from './config.js';

/** How inputs go through a pool. */
export interface MapOptions<TInput, TOutput> extends Omit<SubmitOptions<TInput, TOutput>, 'transfer'> {
  /** Tasks on their way or done and not taken, at most. Default: four a worker, at least 16. */
  concurrency?: number;
  /** Results in the order of the inputs; otherwise as they come. Default true. */
  ordered?: boolean;
}

/** How {@link runMap} submits. */
interface Mapping {
  client: Client;
  closed: () => boolean;
  /** Tasks on their way or done and not taken, at most. */
  width: number;
  ordered: boolean;
  signal: AbortSignal | undefined;
  /** The options of each task. */
  terms: object;
}

/** The results of all inputs; the tasks are cancelled when the reader stops, or one fails. @internal */
export async function* runMap<I, O>(
  inputs: Iterable<I> | AsyncIterable<I>,
  { client, closed, width, ordered, signal, terms }: Mapping,
): AsyncGenerator<O, void, undefined> {
  // One listener on the user's signal for all tasks, and a way to cancel them when the reader stops.
  const stop = new AbortController();
  const onAbort = (): void => stop.abort(signal?.reason);
  if (signal?.aborted) throw signal.reason;
  signal?.addEventListener('abort', onAbort, { once: true });
  const open = new Set<{ cancel(): void }>();
  stop.signal.addEventListener('abort', () => {
    for (const ticket of open) ticket.cancel();
  });
  const submit = (input: I): Promise<O> => {
    if (closed()) return Promise.reject(new PoolClosedError());
    return new Promise((resolve, reject) => {
      const done = (): void => {
        if (ticket !== undefined) open.delete(ticket);
      };
      const hearing = {
        resolve: (value: unknown) => {
          done();
          resolve(value as O);
        },
        reject: (error: unknown) => {
          done();
          reject(stop.signal.aborted && signal?.aborted ? signal.reason : error);
        },
      };
      const ticket: { cancel(): void } | undefined = client.open(input, terms, hearing, false);
      if (ticket !== undefined) open.add(ticket);
    });
  };
  try {
    yield* ordered ? mapOrdered(inputs, width, submit) : mapUnordered(inputs, width, submit);
  } finally {
    signal?.removeEventListener('abort', onAbort);
    stop.abort();
  }
}

/** Submits one input. */
type Submit<I, O> = (input: I) => Promise<O>;

/** Results in the order of their inputs. */
async function* mapOrdered<I, O>(
  inputs: AsyncIterable<I> | Iterable<I>,
  concurrency: number,
  submit: Submit<I, O>,
): AsyncGenerator<O, void, undefined> {
  const running: Promise<O>[] = [];
  let first = 0;
  for await (const input of inputs) {
    const result = submit(input);
    // An error is told when its turn comes; until then it is not unhandled.
    result.catch(() => undefined);
    running.push(result);
    if (running.length - first >= concurrency) {
      yield await (running[first++] as Promise<O>);
      if (first >= 1024) {
        running.splice(0, first);
        first = 0;
      }
    }
  }
  while (first < running.length) yield await (running[first++] as Promise<O>);
}

/** Results as they come. */
async function* mapUnordered<I, O>(
  inputs: AsyncIterable<I> | Iterable<I>,
  concurrency: number,
  submit: Submit<I, O>,
): AsyncGenerator<O, void, undefined> {
  const done: O[] = [];
  let running = 0;
  let failed: { error: unknown } | undefined;
  let wake: (() => void) | undefined;
  const settled = (): void => {
    running--;
    wake?.();
  };
  const start = (input: I): void => {
    running++;
    submit(input).then(
      (value) => {
        done.push(value);
        settled();
      },
      (error: unknown) => {
        failed ??= { error };
        settled();
      },
    );
  };
  const some = async (): Promise<void> => {
    if (done.length === 0 && failed === undefined) await new Promise<void>((resolve) => (wake = resolve));
    wake = undefined;
    if (failed !== undefined) throw failed.error;
  };
  for await (const input of inputs) {
    start(input);
    while (running + done.length >= concurrency) {
      await some();
      yield* done.splice(0);
    }
  }
  while (running > 0 || done.length > 0) {
    await some();
    yield* done.splice(0);
  }
  if (failed !== undefined) throw (failed as { error: unknown }).error;
}
