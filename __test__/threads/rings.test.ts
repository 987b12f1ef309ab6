/** Ring buffers between worker threads, and in the middle of their death. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { RingBuffer } from 'millrace';
import { packageUrl, until } from '../helpers.js';

function thread(text: string, data: unknown): Worker {
  const source = `import { RingBuffer } from ${JSON.stringify(packageUrl)};
    import { parentPort, workerData as data } from 'node:worker_threads';
    /** Bytes that a simple generator gives, in pieces of odd sizes, and their checksum. */
    function* pieces(total) {
      let state = 1;
      for (let left = total; left > 0; ) {
        state = (state * 48271) % 2147483647;
        const bytes = new Uint8Array(Math.min(left, 1 + (state % 100_000)));
        for (let at = 0; at < bytes.length; at += 1 + (state % 7)) bytes[at] = state + at;
        left -= bytes.length;
        yield bytes;
      }
    }
    const sum = (hash, bytes) => {
      for (let at = 0; at < bytes.length; at++) hash = (Math.imul(hash, 31) + bytes[at]) | 0;
      return hash;
    };
    ${text}`;
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), { workerData: data });
}

const total = 100 << 20;

for (const [how, write, read] of [
  ['awaiting', 'await ring.write(bytes)', 'await ring.read(50_000)'],
  ['blocking', 'ring.writeSync(bytes)', 'ring.readSync(50_000)'],
] as const) {
  test(`100 MB through two threads that are ${how}, whole and in order`, { timeout: 120_000 }, async () => {
    const ring = new RingBuffer(65_537);
    const writer = thread(
      `const ring = RingBuffer.from(data.handle);
      let hash = 0;
      for (const bytes of pieces(data.total)) { ${write}; hash = sum(hash, bytes); }
      ring.close();
      parentPort.postMessage(hash);`,
      { handle: ring.toHandle(), total },
    );
    const reader = thread(
      `const ring = RingBuffer.from(data.handle);
      let [hash, count] = [0, 0];
      for (;;) {
        const bytes = ${read};
        if (bytes.length === 0) break;
        hash = sum(hash, bytes);
        count += bytes.length;
      }
      parentPort.postMessage([hash, count]);`,
      { handle: ring.toHandle() },
    );
    const exits = [writer, reader].map((worker) => once(worker, 'exit'));
    const [[written], [[got, count]]] = (await Promise.all([
      once(writer, 'message'),
      once(reader, 'message'),
    ])) as [[number], [[number, number]]];
    assert.deepEqual([got, count], [written, total]);
    await Promise.all(exits);
  });
}

test('an end belongs to the thread that uses it first, until that thread releases it or ends', async () => {
  const ring = new RingBuffer(16);
  const worker = thread(
    `const ring = RingBuffer.from(data);
    ring.tryWrite(Uint8Array.of(1));
    parentPort.postMessage('wrote');
    parentPort.once('message', () => {
      ring.releaseWriter();
      parentPort.postMessage('released');
      parentPort.once('message', async () => {
        ring.tryRead(1);
        await ring.read();
        parentPort.postMessage('reads');
        await ring.read();
      });
    });`,
    ring.toHandle(),
  );
  const exit = once(worker, 'exit');
  await once(worker, 'message');
  assert.throws(() => ring.tryWrite(Uint8Array.of(2)), {
    code: 'ERR_RING_BUSY',
    message: `the writing end belongs to thread ${worker.threadId}, not to this one`,
  });
  worker.postMessage('release');
  await once(worker, 'message');
  assert.equal(ring.tryWrite(Uint8Array.of(2)), 1);
  worker.postMessage('read');
  await once(worker, 'message');
  assert.throws(() => ring.tryRead(1), { code: 'ERR_RING_BUSY' });
  await worker.terminate();
  await exit;
  assert.equal(ring.tryWrite(Uint8Array.of(3)), 1);
  assert.deepEqual(ring.tryRead(9), Uint8Array.of(3));
});

test('a writer that dies in a write leaves what it wrote; a reader waits on, for the next writer', async () => {
  const ring = new RingBuffer(8);
  for (const how of ['write', 'writeSync']) {
    const worker = thread(
      `const ring = RingBuffer.from(data);
      parentPort.postMessage('up');
      await ring.${how}(new Uint8Array(20).fill(7));`,
      ring.toHandle(),
    );
    await once(worker, 'message');
    await until(() => ring.free === 0);
    await worker.terminate();
    assert.deepEqual(await ring.read(), new Uint8Array(8).fill(7));
  }
  const read = ring.read();
  await ring.write(Uint8Array.of(1));
  assert.deepEqual(await read, Uint8Array.of(1));
});

test('the blocking forms time out, end with the buffer, and can be terminated', async () => {
  const ring = new RingBuffer(4);
  const worker = thread(
    `const ring = RingBuffer.from(data);
    const code = (fn) => { try { return fn(); } catch (error) { return error.code; } };
    const codes = [
      code(() => ring.readSync(1, { timeout: 5 })),
      code(() => ring.writeSync(new Uint8Array(6), { timeout: 5 })),
      ring.lastWritten,
      ring.readSync().length,
      code(() => ring.readSync(1, { signal: AbortSignal.abort(Object.assign(new Error(), { code: 'mine' })) })),
    ];
    parentPort.postMessage(codes);
    parentPort.postMessage([ring.readSync().length, code(() => ring.writeSync(new Uint8Array(1)))]);`,
    ring.toHandle(),
  );
  const exit = once(worker, 'exit');
  const messages: unknown[] = [];
  const second = new Promise<void>((resolve) => {
    worker.on('message', (message) => {
      messages.push(message);
      if (messages.length === 1) ring.close();
      else resolve();
    });
  });
  await second;
  assert.deepEqual(messages, [
    ['ERR_TIMEOUT', 'ERR_TIMEOUT', 4, 4, 'mine'],
    [0, 'ERR_RING_CLOSED'],
  ]);
  await exit;
  const other = new RingBuffer(4);
  const blocked = thread(`parentPort.postMessage('up'); RingBuffer.from(data).readSync();`, other.toHandle());
  await once(blocked, 'message');
  await blocked.terminate();
  other.tryWrite(Uint8Array.of(1));
  assert.deepEqual(other.tryRead(2), Uint8Array.of(1));
});
