/** The same bytes in every thread. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { diagnostics, SharedMemory, type ViewType } from 'millrace';
import { child, onBun, packageUrl, thread } from '../helpers.js';

describe('SharedMemory', () => {
  test('is zeros at first, and one buffer for all objects of it in a thread', () => {
    const memory = new SharedMemory(1000);
    assert.equal(memory.byteLength, 1000);
    assert.ok(memory.buffer instanceof ArrayBuffer);
    assert.equal(memory.buffer.byteLength, 1000);
    assert.ok(memory.view(Uint8Array).every((byte) => byte === 0));
    assert.equal(memory.buffer, memory.buffer);
    assert.equal(SharedMemory.from(memory.toHandle()).buffer, memory.buffer);
    assert.notEqual(new SharedMemory(1000).buffer, memory.buffer);
    memory.close();
  });

  test('of a name is the same in any thread; another size is a conflict', async () => {
    const memory = SharedMemory.open('frame', 4096);
    const worker = thread(
      `const memory = SharedMemory.open('frame', 4096);
      Atomics.add(memory.view(Int32Array), 3, 42);
      parentPort.postMessage(SharedMemory.open('frame').byteLength);`,
      undefined,
    );
    const exit = once(worker, 'exit');
    assert.deepEqual(await once(worker, 'message'), [4096]);
    await exit;
    assert.equal(memory.view(Int32Array, 12, 1)[0], 42);
    assert.equal(SharedMemory.open('frame').buffer, memory.buffer);
    assert.equal(new SharedMemory(4096, { name: 'frame' }).buffer, memory.buffer);
    assert.throws(() => SharedMemory.open('frame', 4095), { code: 'ERR_NAME_CONFLICT', message: /4096/ });
    assert.throws(() => SharedMemory.open('no frame'), { code: 'ERR_NOT_FOUND' });
    assert.equal(memory.name, 'frame');
  });

  test('Atomics work on it: eight threads lose no addition', async () => {
    const memory = new SharedMemory(64);
    const threads = Array.from({ length: 8 }, () =>
      thread(
        `const memory = SharedMemory.from(data);
        const [ints, bigs] = [memory.view(Int32Array), memory.view(BigInt64Array, 8)];
        for (let i = 0; i < 50_000; i++) {
          Atomics.add(ints, 0, 1);
          Atomics.add(bigs, 0, 1n);
        }`,
        memory.toHandle(),
      ),
    );
    await Promise.all(threads.map((worker) => once(worker, 'exit')));
    assert.equal(memory.view(Int32Array)[0], 400_000);
    assert.equal(memory.view(BigInt64Array, 8)[0], 400_000n);
  });

  test('view: typed arrays and DataView, by bytes and elements', () => {
    const memory = new SharedMemory(33);
    const ints = memory.view(Int32Array, 8, 2);
    assert.deepEqual([ints.byteOffset, ints.length, ints.buffer], [8, 2, memory.buffer]);
    assert.equal(memory.view(Float64Array).length, 4);
    assert.equal(memory.view(Int32Array, 32).length, 0);
    const view = memory.view(DataView, 3, 5);
    view.setUint8(0, 9);
    assert.deepEqual([view.byteOffset, view.byteLength, memory.view(Uint8Array)[3]], [3, 5, 9]);
    for (const [type, offset, length, name] of [
      [Int32Array, 2, undefined, 'offset'],
      [Int32Array, -4, undefined, 'offset'],
      [Int32Array, 36, undefined, 'offset'],
      [Int32Array, NaN, undefined, 'offset'],
      [Int32Array, '0', undefined, 'offset'],
      [Int32Array, 0, 9, 'length'],
      [Int32Array, 0, -1, 'length'],
      [Int32Array, 0, 1.5, 'length'],
      [Array, 0, undefined, 'type'],
      [{}, 0, undefined, 'type'],
      [undefined, 0, undefined, 'type'],
      [Symbol('s'), 0, undefined, 'type'],
    ] as const) {
      const view = (): unknown =>
        memory.view(type as unknown as ViewType<DataView>, offset as number, length);
      assert.throws(view, { code: 'ERR_INVALID_ARGUMENT', message: new RegExp(`^${name}:`) });
    }
  });

  test('close lets go here: views stay good, others stay open', () => {
    const memory = SharedMemory.open('closing', 64);
    const other = SharedMemory.open('closing');
    const view = memory.view(Uint8Array);
    memory.close();
    memory.close();
    assert.ok(memory.closed && !other.closed);
    view[0] = 5;
    assert.equal(other.view(Uint8Array)[0], 5);
    for (const use of [() => memory.buffer, () => memory.view(Uint8Array), () => memory.toHandle()])
      assert.throws(use, { code: 'ERR_MEMORY_CLOSED' });
    assert.deepEqual([memory.name, memory.byteLength], ['closing', 64]);
    other[Symbol.dispose]();
    assert.ok(other.closed);
    assert.throws(() => SharedMemory.open('closing'), { code: 'ERR_NOT_FOUND' });
    SharedMemory.open('closing', 65).close();
  });

  test('is told of by diagnostics', () => {
    const memory = new SharedMemory(123, { name: 'told' });
    const told = diagnostics().filter(({ name }) => name === 'told');
    assert.deepEqual(
      told.map(({ kind, held, waiting }) => [kind, held, waiting]),
      [['memory', 123, 0]],
    );
    memory.close();
    assert.ok(diagnostics().every(({ name }) => name !== 'told'));
  });

  test('nonsense is refused by name', () => {
    for (const bytes of [0, -1, 1.5, NaN, Infinity, 2 ** 31 + 1, '8', null, {}, 8n, Symbol('s')])
      assert.throws(() => new SharedMemory(bytes as never), {
        code: 'ERR_INVALID_ARGUMENT',
        message: /^bytes/,
      });
    assert.throws(() => new SharedMemory(8, { size: 1 } as never), { code: 'ERR_INVALID_ARGUMENT' });
    assert.throws(() => new SharedMemory(8, null as never), { code: 'ERR_INVALID_ARGUMENT' });
    for (const name of ['', 5, null, undefined])
      assert.throws(() => SharedMemory.open(name as never, 8), { code: 'ERR_INVALID_ARGUMENT' });
    for (const handle of [null, 5, {}, { millrace: 'map', id: 1 }, { millrace: 'memory', id: 'x' }])
      assert.throws(() => SharedMemory.from(handle as never), { code: 'ERR_INVALID_ARGUMENT' });
    assert.throws(() => SharedMemory.from({ millrace: 'memory', id: 2 ** 31 }), { code: 'ERR_NOT_FOUND' });
  });
});

/** Threads that come and go; `MILLRACE_STRESS` raises it. */
const threads = 100 * Number(process.env['MILLRACE_STRESS'] ?? 1);

const prelude = `
  import { Worker } from 'node:worker_threads';
  import { once } from 'node:events';
  const { SharedMemory } = millrace;
  let gc = globalThis.Bun ? () => Bun.gc(true) : undefined;
  if (gc === undefined) {
    (await import('node:v8')).setFlagsFromString('--expose-gc');
    gc = (await import('node:vm')).runInNewContext('gc');
  }
  const settle = async () => {
    for (let i = 0; i < 4; i++) {
      gc();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const start = (text, workerData) => new Worker(new URL('data:text/javascript,' + encodeURIComponent(
    \`import { parentPort, workerData } from 'node:worker_threads';
    import { SharedMemory } from ${JSON.stringify(packageUrl)};\` + text)), { workerData });
`;

async function lives(source: string, deadline = 60_000): Promise<void> {
  const { code, signal, stdout, stderr } = await child(`${prelude}${source}; console.log('alive');`, {
    deadline,
  });
  assert.equal(signal, null, stderr);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /alive/);
}

describe('the bytes', () => {
  test('are freed when they are forgotten', () =>
    lives(`
      const before = process.memoryUsage.rss();
      for (let round = 0; round < 50; round++) {
        const memory = new SharedMemory(64 << 20);
        memory.view(Uint8Array).fill(round + 1);
        await settle();
      }
      const grown = process.memoryUsage.rss() - before;
      // 50 times 64 MB are 3.2 GB.
      if (grown > 400 << 20) throw new Error('grown by ' + (grown >> 20) + ' MB');`));

  test('are freed when a thread ends that had them', () =>
    lives(`
      const before = process.memoryUsage.rss();
      for (let round = 0; round < 20; round++) {
        const thread = start(\`
          globalThis.memory = new SharedMemory(64 << 20);
          memory.view(Uint8Array).fill(1);
          parentPort.postMessage('full');
          setInterval(() => {}, 1000);\`);
        await once(thread, 'message');
        await thread.terminate();
      }
      await settle();
      const grown = process.memoryUsage.rss() - before;
      if (grown > 500 << 20) throw new Error('grown by ' + (grown >> 20) + ' MB');`));

  test('take no real memory until they are touched', () =>
    lives(`
      const before = process.memoryUsage.rss();
      const memory = new SharedMemory(1 << 30);
      memory.view(Uint8Array)[5] = 1;
      const grown = process.memoryUsage.rss() - before;
      if (grown > 200 << 20) throw new Error('grown by ' + (grown >> 20) + ' MB');`));

  test('stay sound when threads that see them are terminated', () =>
    lives(`
      const memory = new SharedMemory(8 << 20);
      const bytes = memory.view(Uint8Array).fill(7);
      for (let round = 0; round < 20; round++) {
        const thread = start(\`
          const bytes = SharedMemory.from(workerData).view(Uint8Array);
          parentPort.postMessage('up');
          for (let at = 0; ; at = (at + 4096) % bytes.length) bytes[at] = 7;\`, memory.toHandle());
        await once(thread, 'message');
        await thread.terminate();
        await settle();
      }
      if (!bytes.every((byte) => byte === 7)) throw new Error('not whole');`));

  test('outlive the thread that made them', () =>
    lives(`
      const thread = start(\`
        globalThis.memory = SharedMemory.open('heirloom', 1 << 20);
        memory.view(Uint8Array).fill(3);
        parentPort.postMessage(memory.toHandle());
        parentPort.once('message', () => process.exit());\`);
      const exit = once(thread, 'exit');
      const memory = SharedMemory.from((await once(thread, 'message'))[0]);
      thread.postMessage('go');
      await exit;
      await settle();
      if (!memory.view(Uint8Array).every((byte) => byte === 3)) throw new Error('not whole');`));

  test('cannot be moved out of their buffer', () =>
    lives(`
      const memory = new SharedMemory(1 << 20);
      const bytes = memory.view(Uint8Array).fill(3);
      const { buffer } = memory;
      const refuses = (move) => {
        try {
          move();
        } catch (error) {
          return error.code === 'ERR_UNSUPPORTED' || error.name === 'DataCloneError';
        }
        return false;
      };
      for (const name of ['transfer', 'transferToFixedLength'])
        if (name in ArrayBuffer.prototype && !refuses(() => buffer[name]())) throw new Error(name);
      const { port1, port2 } = new MessageChannel();
      const old = process.versions.node.startsWith('20.') && !globalThis.Bun;
      for (const move of [
        () => structuredClone(buffer, { transfer: [buffer] }),
        () => port1.postMessage(buffer, [buffer]),
      ])
        if (refuses(move) === old) throw new Error(String(move));
      port1.close();
      if (bytes.length !== 1 << 20 || !bytes.every((byte) => byte === 3)) throw new Error('not whole');`));

  test('that were moved out by force are never freed under anybody', async (context) => {
    if (!('transfer' in ArrayBuffer.prototype)) return context.skip?.('there is no transfer');
    await lives(`
      const move = 'ArrayBuffer.prototype.transfer.call(memory.buffer)';
      const memory = new SharedMemory(1 << 20);
      memory.view(Uint8Array).fill(1);
      const first = memory.buffer;
      const moved = ArrayBuffer.prototype.transfer.call(first);
      if (first.byteLength !== 0) throw new Error('it is still there');
      if (memory.buffer === first || memory.buffer.byteLength !== 1 << 20) throw new Error('no other buffer');
      memory.view(Uint8Array).fill(2);
      if (!new Uint8Array(moved).every((byte) => byte === 2)) throw new Error('other bytes');
      const kept = [];
      for (let round = 0; round < 6; round++) {
        const thread = start(\`
          const memory = new SharedMemory(8 << 20);
          memory.view(Uint8Array).fill(7);
          const moved = \${move};
          memory.buffer;
          parentPort.postMessage(moved, [moved]);\`);
        const exit = once(thread, 'exit');
        kept.push(new Uint8Array((await once(thread, 'message'))[0]));
        await exit;
      }
      await settle();
      const other = Array.from({ length: 10 }, () => new Uint8Array(8 << 20).fill(9));
      if (!kept.every((bytes) => bytes.every((byte) => byte === 7))) throw new Error('not whole');
      if (other.length !== 10) throw new Error();
      kept.length = 0;
      await settle();`);
  });

  test('that were moved by force and sent stay good when the thread that moved them ends', async (context) => {
    if (!('transfer' in ArrayBuffer.prototype)) return context.skip?.('there is no transfer');
    await lives(`
      const kept = [];
      for (let round = 0; round < 8; round++) {
        const thread = start(\`
          const memory = new SharedMemory(8 << 20);
          memory.view(Uint8Array).fill(7);
          const moved = ArrayBuffer.prototype.transfer.call(memory.buffer);
          parentPort.postMessage(moved, [moved]);
          if (workerData) setInterval(() => {}, 1000);\`, round % 2 === 1);
        const exit = once(thread, 'exit');
        kept.push(new Uint8Array((await once(thread, 'message'))[0]));
        if (round % 2 === 1) await thread.terminate();
        await exit;
      }
      await settle();
      const other = Array.from({ length: 10 }, () => new Uint8Array(8 << 20).fill(9));
      for (const bytes of kept) {
        if (bytes.length !== 8 << 20 || !bytes.every((byte) => byte === 7)) throw new Error('not whole');
        bytes.fill(8);
      }
      if (!other.every((bytes) => bytes.every((byte) => byte === 9))) throw new Error('not apart');
      kept.length = 0;
      await settle();`);
  });

  test(
    'come back from threads that opened some, used it and ended',
    { timeout: 60_000 + 600 * threads },
    () =>
      lives(
        `
      const text = \`
        const own = new SharedMemory(4 << 20);
        own.view(Uint8Array).fill(1);
        SharedMemory.from(workerData).view(Uint8Array)[0]++;\`;
      const memory = new SharedMemory(1 << 20);
      const run = async (count) => {
        for (let i = 0; i < count; i += 4)
          await Promise.all(Array.from({ length: 4 }, () => once(start(text, memory.toHandle()), 'exit')));
        await settle();
      };
      await run(20);
      const before = process.memoryUsage.rss();
      await run(${threads});
      const grown = process.memoryUsage.rss() - before;
      // What the threads had is 4 MB each.
      console.log('grown by ' + (grown >> 20) + ' MB');
      if (grown > 2 * ${threads} << 20) throw new Error('grown by ' + (grown >> 20) + ' MB');`,
        60_000 + 600 * threads,
      ),
  );

  test('a system that has no more says so', { skip: onBun || process.platform !== 'linux' }, () =>
    lives(`
      const { spawnSync } = await import('node:child_process');
      const text = 'import { SharedMemory } from ${packageUrl}; const kept = [];'.replace('${packageUrl}', '"${packageUrl}"')
        + 'try { for (;;) kept.push(new SharedMemory(2 ** 31)); } catch (error) { console.log(error.name, error.code); }';
      // Address space, in kB.
      const run = spawnSync('bash', ['-c', 'ulimit -v 30000000; exec "$0" --input-type=module -e "$1"', process.execPath, text]);
      if (!String(run.stdout).includes('OutOfMemoryError ERR_OUT_OF_MEMORY'))
        throw new Error(String(run.stdout) + run.stderr);`),
  );
});
