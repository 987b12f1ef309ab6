/** Atomics among worker threads, some of which die. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { AtomicBool, AtomicF64, AtomicI32, AtomicI64, AtomicRef } from 'millrace';
import { child, thread } from '../helpers.js';

test('eight threads: no change is lost', async () => {
  const objects = {
    i32: new AtomicI32(),
    i64: new AtomicI64(),
    safe: new AtomicI64(),
    f64: new AtomicF64(),
    bool: new AtomicBool(),
    ref: new AtomicRef({ n: 0 }),
    cas: new AtomicRef(0),
  };
  const handles = Object.fromEntries(Object.entries(objects).map(([name, it]) => [name, it.toHandle()]));
  const threads = Array.from({ length: 8 }, () =>
    thread(
      `const i32 = AtomicI32.from(data.i32), i64 = AtomicI64.from(data.i64), safe = AtomicI64.from(data.safe);
      const f64 = AtomicF64.from(data.f64), bool = AtomicBool.from(data.bool);
      const ref = AtomicRef.from(data.ref), cas = AtomicRef.from(data.cas);
      for (let i = 0; i < 2001; i++) {
        i32.add(1);
        i32.update((n) => n + 1);
        i64.add(1n << 33n);
        safe.addNumber(1);
        f64.add(0.5);
        bool.toggle();
        ref.update(({ n }) => ({ n: n + 1 }));
        for (let n = cas.load(); !cas.compareExchange(n, n + 1); n = cas.load());
      }`,
      handles,
    ),
  );
  const exits = await Promise.all(threads.map((worker) => once(worker, 'exit')));
  assert.deepEqual(exits.flat(), Array(8).fill(0));
  const times = 8 * 2001;
  assert.deepEqual([objects.i32.load(), objects.i64.load()], [2 * times, BigInt(times) << 33n]);
  assert.deepEqual([objects.safe.loadNumber(), objects.f64.load()], [times, times / 2]);
  assert.deepEqual(
    [objects.bool.load(), objects.ref.load(), objects.cas.load()],
    [false, { n: times }, times],
  );
});

for (const [form, wait] of [
  ['waiting', 'await turn.wait(n)'],
  ['blocking', 'turn.waitSync(n)'],
] as const) {
  test(`threads take turns, and miss none (${form})`, async () => {
    const [parties, rounds] = [4, 500];
    const turn = new AtomicI32();
    const threads = Array.from({ length: parties }, (_, me) =>
      thread(
        `const turn = AtomicI32.from(data.turn);
        for (;;) {
          const n = turn.load();
          if (n >= data.end) break;
          if (n % data.parties !== data.me) ${wait};
          else {
            turn.store(n + 1);
            turn.notify();
          }
        }`,
        { turn: turn.toHandle(), me, parties, end: parties * rounds },
      ),
    );
    const exits = await Promise.all(threads.map((worker) => once(worker, 'exit')));
    assert.deepEqual(exits.flat(), Array(parties).fill(0));
    assert.deepEqual([turn.load(), turn.waiting], [parties * rounds, 0]);
  });
}

test('waitSync: the value, a notification, a time-out, a closing', async () => {
  const atomic = new AtomicRef('a');
  const worker = thread(
    `const atomic = AtomicRef.from(data);
    const tell = (work) => {
      try {
        return work();
      } catch (error) {
        return error.code;
      }
    };
    const told = [
      tell(() => atomic.waitSync('b')),
      tell(() => atomic.waitSync('a', { timeout: 1 })),
      tell(() => atomic.waitSync('a', { timeout: -1 })),
      tell(() => atomic.waitSync('a', { limit: 1 })),
    ];
    parentPort.postMessage('waits');
    told.push(tell(() => atomic.waitSync('a')));
    told.push(tell(() => atomic.waitSync('a')));
    told.push(tell(() => atomic.waitSync('a')));
    parentPort.postMessage(told);`,
    atomic.toHandle(),
  );
  const exit = once(worker, 'exit');
  await once(worker, 'message');
  while (atomic.notify() === 0) await new Promise((resolve) => setImmediate(resolve));
  while (atomic.waiting === 0) await new Promise((resolve) => setImmediate(resolve));
  const told = once(worker, 'message');
  atomic.close();
  const bad = 'ERR_INVALID_ARGUMENT';
  const closed = 'ERR_MEMORY_CLOSED';
  assert.deepEqual(await told, [['not-equal', 'ERR_TIMEOUT', bad, bad, 'ok', closed, closed]]);
  await exit;
});

describe('a thread that is terminated', () => {
  for (const [form, wait] of [
    ['waits', 'void atomic.wait(0); setInterval(() => {}, 1000)'],
    ['blocks', 'atomic.waitSync(0)'],
  ] as const) {
    test(`while it ${form} leaves the line`, async () => {
      const atomic = new AtomicI32();
      const worker = thread(
        `globalThis.atomic = AtomicI32.from(data); parentPort.postMessage('up'); ${wait};`,
        atomic.toHandle(),
      );
      await once(worker, 'message');
      while (atomic.waiting === 0) await new Promise((resolve) => setImmediate(resolve));
      const here = atomic.wait(0);
      await worker.terminate();
      assert.equal(atomic.waiting, 1);
      assert.equal(atomic.notify(1), 1);
      assert.equal(await here, 'ok');
    });
  }

  test('in the midst of its changes leaves the atomics whole', async () => {
    const [count, ref] = [new AtomicI64(), new AtomicRef({ a: 0, b: 0 })];
    for (let round = 0; round < 10; round++) {
      const worker = thread(
        `const count = AtomicI64.from(data[0]), ref = AtomicRef.from(data[1]);
        parentPort.postMessage('up');
        for (;;) {
          count.add(1n << 32n | 1n);
          ref.update(({ a, b }) => ({ a: a + 1, b: b + 1 }));
        }`,
        [count.toHandle(), ref.toHandle()],
      );
      await once(worker, 'message');
      await worker.terminate();
      const { a, b } = ref.load();
      assert.equal(a, b);
      assert.equal(count.load() >> 32n, count.load() & 0xffff_ffffn);
    }
  });
});

async function says(source: string): Promise<string> {
  const { code, signal, stdout, stderr } = await child(source, { deadline: 60_000 });
  assert.deepEqual([signal, code], [null, 0], stderr);
  return stdout.trim();
}

describe('a process', () => {
  test('ends although an atomic is there, and not while somebody waits', async () => {
    const idle = `const atomic = new millrace.AtomicI32(); console.log('over');`;
    assert.equal(await says(idle), 'over');
    const waits = `const atomic = new millrace.AtomicI32();
      atomic.wait(0, { timeout: 50 }).catch((error) => console.log(error.code));`;
    assert.equal(await says(waits), 'ERR_TIMEOUT');
  });

  test('has room for many atomics, and uses the cells of those that are gone again', async () => {
    const many = `
      let gc = globalThis.Bun ? () => Bun.gc(true) : undefined;
      if (gc === undefined) {
        (await import('node:v8')).setFlagsFromString('--expose-gc');
        gc = (await import('node:vm')).runInNewContext('gc');
      }
      const rounds = [];
      for (let round = 0; round < 12; round++) {
        let atomics = Array.from({ length: 20_000 }, (_, at) => new millrace.AtomicI32(at));
        if (!atomics.every((atomic, at) => atomic.load() === at)) throw new Error('not whole');
        atomics = undefined;
        for (let i = 0; i < 4; i++) {
          gc();
          await new Promise((resolve) => setImmediate(resolve));
        }
        rounds.push(process.memoryUsage.rss());
      }
      const grown = (rounds.at(-1) - rounds[3]) / 2 ** 20;
      console.log(grown < 60 ? 'flat' : rounds.map((rss) => rss >> 20));`;
    assert.equal(await says(many), 'flat');
  });
});
