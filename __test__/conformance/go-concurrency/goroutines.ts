/**
 * What the examples of the text on Go's concurrency patterns share. They are here section by section, with the outputs the text
 * gives: an async function stands for a goroutine, an AbortSignal for a context.
 */
import assert from 'node:assert/strict';
import { Channel } from 'millrace';

let count = 0;
/** Go's runtime.NumGoroutine(). */
export const goroutines = (): number => count;
/** What ended a goroutine other than its return or its context. */
const panics: unknown[] = [];

/** Go's `go`: the function returns when its context is cancelled, wherever it waits. */
export function go(ctx: AbortSignal, body: () => Promise<void>): void {
  count++;
  body()
    .catch((error) => {
      if (!ctx.aborted || error !== ctx.reason) panics.push(error);
    })
    .finally(() => count--);
}

/** Waits until every goroutine has returned. */
export async function allReturned(): Promise<void> {
  const latest = performance.now() + 20_000;
  while (count > 0) {
    assert.ok(performance.now() < latest, `${count} goroutines are left`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Whether a channel without a buffer is open, and nobody waits at either end. */
export const nobodyWaits = (channel: Channel<number>): boolean =>
  channel.length === 0 && channel.tryReceive() === undefined && !channel.trySend(0);

/** context.WithTimeout(context.Background(), 5*time.Second) */
export const fiveSeconds = (): AbortSignal => AbortSignal.timeout(5000);

export async function collect<T>(channel: Channel<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of channel) all.push(value);
  return all;
}

export const upTo = (last: number): number[] => Array.from({ length: last }, (_, at) => at + 1);
export const ascending = (numbers: number[]): number[] => numbers.toSorted((a, b) => a - b);

/** For `afterEach`: every goroutine has returned, and none has panicked. */
export async function nothingLeft(): Promise<void> {
  await allReturned();
  assert.deepEqual(panics.splice(0), []);
}

/** A goroutine that sends the numbers, then closes. */
export function generator(ctx: AbortSignal, ...nums: number[]): Channel<number> {
  const out = new Channel<number>();
  go(ctx, async () => {
    using _closed = out;
    for (const n of nums) await out.send(n, { signal: ctx });
  });
  return out;
}
