/** The text's section 3: Fan-Out/Fan-In. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { Channel, WaitGroup } from 'millrace';
import { ascending, collect, fiveSeconds, go, nothingLeft, upTo } from './goroutines.js';

afterEach(nothingLeft);

function fanOut<T, R>(
  ctx: AbortSignal,
  input: Channel<T>,
  workers: number,
  fn: (value: T) => R,
): Channel<R>[] {
  return upTo(workers).map(() => {
    const output = new Channel<R>();
    go(ctx, async () => {
      using _closed = output;
      for (;;) {
        const { value, done } = await input.receive({ signal: ctx });
        if (done) return;
        await output.send(fn(value), { signal: ctx });
      }
    });
    return output;
  });
}

function fanIn<T>(ctx: AbortSignal, ...inputs: Channel<T>[]): Channel<T> {
  const wg = new WaitGroup();
  const output = new Channel<T>();
  wg.add(inputs.length);
  for (const c of inputs) {
    go(ctx, async () => {
      try {
        for (;;) {
          const { value, done } = await c.receive({ signal: ctx });
          if (done) return;
          await output.send(value, { signal: ctx });
        }
      } finally {
        wg.done();
      }
    });
  }
  go(ctx, async () => {
    await wg.wait();
    output.close();
  });
  return output;
}

test('3. Fan-Out/Fan-In: five workers square the numbers to 100', async () => {
  const ctx = fiveSeconds();
  const input = new Channel<number>();
  go(ctx, async () => {
    using _closed = input;
    for (let i = 1; i <= 100; i++) await input.send(i);
  });
  const square = (n: number): number => n * n;
  const outputs = fanOut(ctx, input, 5, square);
  const result = fanIn(ctx, ...outputs);
  assert.deepEqual(ascending(await collect(result)), upTo(100).map(square));
});
