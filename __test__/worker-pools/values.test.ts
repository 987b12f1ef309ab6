/** Large, moved and platform-only values, whichever way they take: to a worker that idles, or to one that is busy. */
import assert from 'node:assert/strict';
import { ReadableStream } from 'node:stream/web';
import { describe, test } from 'node:test';
import { FixedWorkerPool } from 'millrace';
import { child, onBun, processors, until } from '../helpers.js';

type Sized = { at: number; parts: Uint8Array[]; same: Uint8Array | undefined };

const sizes = [10, 20_000, 200_000, 700_000];
const sized = (at: number): Sized => {
  const parts = sizes.map((size) => new Uint8Array(size).fill(at + 1));
  return { at, parts, same: parts[3] };
};

for (const [state, inFlight] of [
  ['an idle worker', 1],
  ['busy workers', 40],
] as const) {
  describe(`with ${state}`, () => {
    test('large bodies arrive whole, shared references stay shared, and the original stays', async () => {
      await using pool = new FixedWorkerPool<Sized, Sized>(2, { processor: processors });
      for (let round = 0; round < 3; round++) {
        const inputs = Array.from({ length: inFlight }, (_, at) => sized(at));
        const outputs = await Promise.all(inputs.map((input) => pool.submit(input)));
        assert.deepEqual(outputs, inputs);
        for (const output of outputs) assert.equal(output.same, output.parts[3]);
        assert.ok(inputs.every((input) => input.parts.every((part, at) => part.length === sizes[at])));
      }
    });

    test('what is moved leaves its sender at once and comes back moved', async () => {
      await using pool = new FixedWorkerPool<Uint8Array, Uint8Array>(2, {
        processor: new URL('../fixtures/moving.mjs', import.meta.url),
      });
      const inputs = Array.from({ length: inFlight }, (_, at) => new Uint8Array(300_000).fill(at));
      const tasks = inputs.map((input) => pool.submit(input, { transfer: [input.buffer] }));
      assert.ok(inputs.every((input) => input.length === 0));
      for (const [at, output] of (await Promise.all(tasks)).entries()) {
        assert.equal(output.length, 300_000);
        assert.equal(output[299_999], at + 1);
      }
    });

    test('what cannot be moved or cloned is refused, and the pool goes on', async () => {
      await using pool = new FixedWorkerPool<unknown, unknown>(2, { processor: processors });
      await pool.ready();
      const others = Array.from({ length: inFlight - 1 }, (_, at) => pool.submit(at));
      const bytes = new Uint8Array(10);
      const twice = pool.submit(bytes, { transfer: [bytes.buffer, bytes.buffer] });
      await assert.rejects(twice, { name: 'DataCloneError' });
      await assert.rejects(pool.submit([() => 1], { transfer: [new ArrayBuffer(8)] }), {
        name: 'DataCloneError',
      });
      assert.deepEqual(await Promise.all(others), [...others.keys()]);
      assert.equal(await pool.submit('on'), 'on');
      // The worker that was to have the refused value hears of it a moment later.
      await until(() => pool.isIdle());
    });

    test('a task that is aborted before it begins leaves nothing of its input behind', async () => {
      await using pool = new FixedWorkerPool<unknown, unknown>(1, { processor: processors });
      await pool.ready();
      const others = Array.from({ length: inFlight - 1 }, (_, at) => pool.submit(at));
      const stop = new AbortController();
      const bytes = new Uint8Array(300_000);
      const moved = pool.submit(bytes, { transfer: [bytes.buffer], signal: stop.signal });
      stop.abort(new Error('enough'));
      await assert.rejects(moved, /enough/);
      await Promise.all(others);
      const again = new Uint8Array([1, 2]);
      assert.deepEqual(await pool.submit(again, { transfer: [again.buffer] }), new Uint8Array([1, 2]));
    });
  });
}

test('a value that only the platform can clone comes again when its idempotent task does', async () => {
  const processor = async (input: unknown, ctx: { attempt: number }): Promise<string> => {
    if (ctx.attempt === 1) process.exit(1);
    return `${ctx.attempt} ${await (input as [Blob])[0].text()}`;
  };
  await using pool = new FixedWorkerPool<unknown, string>(1, { processor, restartBackoff: 1 });
  assert.equal(await pool.submit([new Blob(['abc'])], { idempotent: true }), '2 abc');
});

test('a moved input is not run again: it went down with its worker', async () => {
  const processor = (): never => process.exit(1);
  await using pool = new FixedWorkerPool<unknown, string>(1, { processor, restartBackoff: 1 });
  const bytes = new Uint8Array(10);
  const task = pool.submit(bytes, { transfer: [bytes.buffer], idempotent: true });
  await assert.rejects(task, { code: 'ERR_WORKER_CRASHED' });
});

test('streams move to a worker and back', {
  skip: onBun && 'Bun’s postMessage does not move streams',
}, async () => {
  const source = new ReadableStream<string>({
    start(out) {
      for (const word of ['a', 'b', 'c']) out.enqueue(word);
      out.close();
    },
  });
  await using pool = new FixedWorkerPool<unknown, ReadableStream<string>>(1, {
    processor: new URL('../fixtures/upper.mjs', import.meta.url),
  });
  const stream = await pool.submit(source, { transfer: [source as never] });
  const words: string[] = [];
  for await (const word of stream) words.push(word);
  assert.deepEqual(words, ['A', 'B', 'C']);
});

test('a moved buffer of 64 MB is in memory once', { skip: process.platform !== 'linux' }, async () => {
  const { code, stdout, stderr } = await child(`
    import { readFileSync } from 'node:fs';
    const peak = () => Number(/VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024;
    const pool = new millrace.FixedWorkerPool(1, { processor: new URL('./fixtures/moved-back.mjs', import.meta.url) });
    await pool.submit(new Uint8Array(1));
    const before = peak();
    let bytes = new Uint8Array(64 << 20).fill(1);
    for (let round = 0; round < 3; round++) bytes = await pool.submit(bytes, { transfer: [bytes.buffer] });
    console.log(JSON.stringify([bytes.length, peak() - before]));
    await pool.close();`);
  assert.equal(code, 0, stderr);
  const [length, grown] = JSON.parse(stdout) as [number, number];
  assert.equal(length, 64 << 20);
  assert.ok(grown < 96, `${grown} MB more at the peak`);
});
