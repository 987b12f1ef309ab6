/** Bytes through memory that two threads see. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Context, RingBuffer } from 'millrace';
import { child, turns } from '../helpers.js';

/** Bytes that count up from `from`. */
function counting(from: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (from + at) % 251);
}

describe('RingBuffer', () => {
  test('every size of buffer and piece around the wrap', () => {
    for (const capacity of [1, 2, 3, 5, 7, 8, 9, 16, 17]) {
      const ring = new RingBuffer(capacity);
      assert.deepEqual([ring.capacity, ring.available, ring.free], [capacity, 0, capacity]);
      let [written, read] = [0, 0];
      for (let piece = 1; piece <= capacity + 2; piece++) {
        for (let take = 1; take <= capacity + 2; take++) {
          const went = ring.tryWrite(counting(written, piece));
          assert.equal(went, Math.min(piece, capacity - (written - read)));
          written += went;
          assert.equal(ring.available, written - read);
          const got = take % 2 ? ring.tryRead(take) : new Uint8Array(take);
          const count = take % 2 ? got.length : ring.tryRead(got);
          assert.equal(count, Math.min(take, written - read));
          assert.deepEqual(got.subarray(0, count), counting(read, count));
          read += count;
          assert.equal(ring.free, capacity - (written - read));
        }
      }
    }
  });

  test('a write larger than the buffer goes in in pieces, and ends when all is in', async () => {
    const ring = new RingBuffer(10);
    let ended = false;
    const write = ring.write(counting(0, 35)).then(() => {
      ended = true;
    });
    const got: number[] = [];
    while (got.length < 25) got.push(...(await ring.read(4)));
    while (!ended && got.length < 35) got.push(...(await ring.read(4)));
    await write;
    assert.equal(ring.lastWritten, 35);
    got.push(...ring.tryRead(100));
    assert.deepEqual(Uint8Array.from(got), counting(0, 35));
  });

  test('a read waits for the first byte', async () => {
    const ring = new RingBuffer(8);
    const read = ring.read();
    ring.tryWrite(Uint8Array.of(5));
    assert.deepEqual(await read, Uint8Array.of(5));
    assert.deepEqual(ring.tryRead(3), new Uint8Array(0));
    await ring.write(new Uint8Array(0));
    assert.equal(ring.available, 0);
  });

  test('positions go beyond 32 bits', async () => {
    const size = 1 << 26;
    const ring = new RingBuffer(size);
    const block = new Uint8Array(size);
    const target = new Uint8Array(size);
    for (let i = 0; i < 66; i++) {
      block[0] = i;
      assert.equal(ring.tryWrite(block), size);
      assert.equal(ring.free, 0);
      assert.equal(ring.tryRead(target), size);
      assert.equal(target[0], i);
    }
    assert.equal(ring.available, 0);
  });

  test('close: what is left is read, then nothing, again and again; writes are refused', async () => {
    const ring = new RingBuffer(8);
    await ring.write(counting(0, 5));
    ring.close();
    ring.close();
    assert.ok(ring.closed);
    assert.deepEqual(await ring.read(3), counting(0, 3));
    assert.deepEqual(await ring.read(3), counting(3, 2));
    assert.deepEqual(
      [(await ring.read()).length, (await ring.read()).length, ring.tryRead(1).length],
      [0, 0, 0],
    );
    const refused = { name: 'RingBufferClosedError', code: 'ERR_RING_CLOSED' };
    await assert.rejects(ring.write(counting(0, 1)), refused);
    assert.throws(() => ring.tryWrite(counting(0, 1)), refused);
  });

  test('close: those who wait are told', async () => {
    const ring = new RingBuffer(4);
    const read = ring.read();
    ring.close();
    assert.equal((await read).length, 0);
    let write: Promise<void>;
    {
      using other = new RingBuffer(4);
      write = other.write(counting(0, 9));
    }
    await assert.rejects(write, { code: 'ERR_RING_CLOSED' });
  });

  test('a time-out and a signal end a wait; lastWritten says how far a write came', async () => {
    const ring = new RingBuffer(4);
    await assert.rejects(ring.read(1, { timeout: 5 }), { code: 'ERR_TIMEOUT', timeout: 5 });
    await assert.rejects(ring.write(counting(0, 6), { timeout: 5 }), { code: 'ERR_TIMEOUT', timeout: 5 });
    assert.deepEqual([ring.lastWritten, ring.available], [4, 4]);
    const stop = new AbortController();
    const write = ring.write(counting(4, 2), { signal: stop.signal });
    stop.abort(new Error('enough'));
    await assert.rejects(write, /enough/);
    assert.equal(ring.lastWritten, 0);
    await assert.rejects(ring.read(1, { signal: stop.signal }), /enough/);
    assert.deepEqual(await ring.read(), counting(0, 4));
  });

  test('the time-out of a write is for all of it, however much goes in meanwhile', async () => {
    const ring = new RingBuffer(4);
    let ended = false;
    const write = ring.write(new Uint8Array(2 ** 30 - 1), { timeout: 20 }).finally(() => {
      ended = true;
    });
    const refused = assert.rejects(write, { code: 'ERR_TIMEOUT', timeout: 20 });
    while (!ended) {
      ring.tryRead(2);
      await turns(1);
    }
    await refused;
    assert.ok(ring.lastWritten > 4);
  });

  test('read gives up to max bytes, 65,536 unless it is told', async () => {
    const ring = new RingBuffer(200_000);
    ring.tryWrite(counting(0, 150_000));
    assert.equal((await ring.read()).length, 65_536);
    assert.equal((await ring.read(100_000)).length, 84_464);
    const bytes = counting(0, 10);
    ring.tryWrite(bytes);
    const got = await ring.read(10);
    bytes.fill(0);
    assert.deepEqual(got, counting(0, 10), 'a copy');
  });

  test('write and read: signals and contexts before and meanwhile', async () => {
    const ring = new RingBuffer(4);
    const before = AbortSignal.abort(new RangeError('before'));
    await assert.rejects(ring.write(counting(0, 1), { signal: before }), /before/);
    assert.equal(ring.available, 0, 'nothing went in');
    await ring.write(counting(0, 2));
    await assert.rejects(ring.read(1, { signal: before }), /before/);
    assert.equal(ring.available, 2, 'nothing was taken');
    const [context, cancel] = Context.background().withCancel();
    const write = ring.write(counting(2, 8), { signal: context, timeout: 60_000 });
    cancel();
    await assert.rejects(write, { code: 'ERR_CONTEXT_CANCELED' });
    assert.deepEqual([ring.lastWritten, ring.tryWrite(counting(0, 1))], [2, 0]);
    assert.deepEqual(await ring.read(), counting(0, 4));
    const stop = new AbortController();
    const read = ring.read(1, { signal: stop.signal });
    stop.abort(new RangeError('enough'));
    await assert.rejects(read, /enough/);
    await ring.write(counting(0, 1));
    assert.deepEqual(ring.tryRead(2), counting(0, 1));
  });

  test('a second operation at an end where one waits is refused, in any of its objects', async () => {
    const ring = new RingBuffer(4);
    const same = RingBuffer.from(ring.toHandle());
    const busy = { name: 'RingBufferBusyError', code: 'ERR_RING_BUSY' };
    const read = ring.read();
    await assert.rejects(same.read(), busy);
    assert.throws(() => ring.tryRead(1), busy);
    assert.throws(() => ring.releaseReader(), busy);
    await same.write(counting(0, 4));
    assert.deepEqual(await read, counting(0, 4));
    const write = ring.write(counting(0, 6));
    assert.throws(() => same.tryWrite(counting(0, 1)), busy);
    await same.read();
    await write;
    assert.deepEqual(same.tryRead(9), counting(4, 2));
    assert.deepEqual([ring.releaseReader(), ring.releaseReader()], [true, false]);
    assert.deepEqual([ring.releaseWriter(), same.releaseWriter()], [true, false]);
  });

  test('for await, and web streams both ways', async () => {
    const ring = new RingBuffer(16);
    const total = 1000;
    const source = new ReadableStream<Uint8Array>({
      start(out) {
        for (let at = 0; at < total; at += 100) out.enqueue(counting(at, 100));
        out.close();
      },
    });
    const pipe = source.pipeTo(ring.writable);
    const got: number[] = [];
    for await (const bytes of ring) {
      got.push(...bytes);
      if (got.length > 300) break;
    }
    const reader = ring.readable.getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      got.push(...value);
    }
    await pipe;
    assert.ok(ring.closed);
    assert.deepEqual(Uint8Array.from(got), counting(0, total));
    const other = new RingBuffer(4);
    await other.readable.cancel();
    await other.writable.abort();
    assert.ok(other.closed);
  });

  test('by name and by handle it is the same buffer; another size is an error', async () => {
    const ring = new RingBuffer(10, { name: 'bytes' });
    await RingBuffer.open('bytes').write(counting(0, 3));
    await new RingBuffer(10, { name: 'bytes' }).write(counting(3, 3));
    assert.deepEqual(await RingBuffer.from(structuredClone(ring.toHandle())).read(), counting(0, 6));
    assert.throws(() => new RingBuffer(11, { name: 'bytes' }), { code: 'ERR_NAME_CONFLICT' });
    assert.throws(() => RingBuffer.open('none'), { code: 'ERR_NOT_FOUND' });
  });

  test('what cannot be meant is refused at once', async () => {
    const bad = { code: 'ERR_INVALID_ARGUMENT' };
    for (const size of [0, -1, 1.5, NaN, Infinity, 2 ** 30 + 1, '8', null, undefined])
      assert.throws(() => new RingBuffer(size as number), bad, String(size));
    assert.throws(() => new RingBuffer(8, { size: 1 } as object), bad);
    assert.throws(() => RingBuffer.from({ millrace: 'queue', id: 1 } as never), bad);
    const ring = new RingBuffer(8);
    for (const bytes of [
      'text',
      [1, 2],
      new ArrayBuffer(4),
      new Uint16Array(2),
      null,
      undefined,
      5,
    ] as unknown[]) {
      await assert.rejects(ring.write(bytes as Uint8Array), bad);
      assert.throws(() => ring.tryWrite(bytes as Uint8Array), bad);
    }
    for (const max of [0, -1, 1.5, NaN, '1', null]) {
      await assert.rejects(ring.read(max as number), bad);
      assert.throws(() => ring.tryRead(max as number), bad);
    }
    for (const options of [{ timeout: -1 }, { signal: 5 }, { max: 1 }, null]) {
      await assert.rejects(ring.read(1, options as object), bad);
      await assert.rejects(ring.write(counting(0, 1), options as object), bad);
    }
    assert.throws(() => ring.readSync(), { code: 'ERR_UNSUPPORTED' });
    assert.throws(() => ring.writeSync(counting(0, 1)), { code: 'ERR_UNSUPPORTED' });
    assert.equal(ring.available, 0);
  });

  test('idle it keeps no process alive; one who waits does', async () => {
    const idle = await child(`new millrace.RingBuffer(64, { name: 'r' }).tryWrite(Buffer.from('x'));`);
    assert.deepEqual([idle.code, idle.stderr], [0, '']);
    const waits = await child(`
      const ring = new millrace.RingBuffer(64);
      setTimeout(() => ring.tryWrite(Buffer.from('came')), 50).unref();
      console.log(Buffer.from(await ring.read()).toString());`);
    assert.deepEqual([waits.code, waits.stdout.trim()], [0, 'came']);
  });

  test('the memory is freed with the last object', async () => {
    const { code, stdout, stderr } = await child(
      `
      const before = process.memoryUsage().rss;
      for (let i = 0; i < 40; i++) {
        const ring = new millrace.RingBuffer(2 ** 25);
        for (let at = 0; at < 32; at++) ring.tryWrite(new Uint8Array(2 ** 20).fill(1));
        await new Promise((resolve) => setImmediate(resolve));
        if (i % 5 === 4) {
          (globalThis.gc ?? Bun.gc)(true);
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      }
      console.log((process.memoryUsage().rss - before) / 2 ** 20 < 700);`,
      { args: 'Bun' in globalThis ? [] : ['--expose-gc'], deadline: 60_000 },
    );
    assert.deepEqual([code, stderr, stdout.trim()], [0, '', 'true']);
  });
});
