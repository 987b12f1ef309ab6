/** The text's section 2: Pipeline. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { Channel } from 'millrace';
import { allReturned, collect, fiveSeconds, generator, go, nothingLeft, upTo } from './goroutines.js';

afterEach(nothingLeft);

type Stage = (ctx: AbortSignal, input: Channel<number>) => Channel<number>;

const mapping =
  (fn: (n: number) => number): Stage =>
  (ctx, input) => {
    const out = new Channel<number>();
    go(ctx, async () => {
      using _closed = out;
      for await (const n of input) await out.send(fn(n), { signal: ctx });
    });
    return out;
  };
const multiply = mapping((n) => n * 2);
const add = mapping((n) => n + 10);

class Pipeline {
  readonly #stages: Stage[];

  constructor(...stages: Stage[]) {
    this.#stages = stages;
  }

  execute(ctx: AbortSignal, input: Channel<number>): Channel<number> {
    return this.#stages.reduce((out, stage) => stage(ctx, out), input);
  }
}

describe('2. Pipeline', () => {
  test('[1, 2, 3, 4, 5] becomes [12, 14, 16, 18, 20]', async () => {
    const ctx = fiveSeconds();
    const pipeline = new Pipeline(multiply, add);
    const output = pipeline.execute(ctx, generator(ctx, 1, 2, 3, 4, 5));
    assert.deepEqual(await collect(output), [12, 14, 16, 18, 20]);
  });

  test('after multiply: [2, 4, 6, 8, 10]', async () => {
    const ctx = fiveSeconds();
    assert.deepEqual(await collect(multiply(ctx, generator(ctx, 1, 2, 3, 4, 5))), [2, 4, 6, 8, 10]);
  });

  test('cancellation flows through all stages', async () => {
    const cancel = new AbortController();
    const ctx = cancel.signal;
    const output = new Pipeline(multiply, add).execute(ctx, generator(ctx, ...upTo(1000)));
    assert.deepEqual(await output.receive(), { value: 12, done: false });
    cancel.abort();
    await allReturned();
    assert.ok(output.closed);
  });
});
