/** A message bus whose threads end, are terminated or give up, and that is closed under load. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { diagnostics, leaks, MessageBus } from 'millrace';
import { child, deferred, onBun, packageUrl, thread, turns, until } from '../helpers.js';
import { codeOf, end, member } from './bus-threads.js';

describe('a thread that ends', () => {
  for (const how of ['terminated', 'process.exit', 'an uncaught error'] as const) {
    test(`takes its handlers along, and what it has rejects (${how})`, async () => {
      using bus = new MessageBus();
      const worker = await member(
        bus,
        `bus.handle('hang', () => { bus.publish('hangs'); return new Promise(() => undefined); });
        bus.handle('now', () => 'answered');
        bus.handle('exit', () => process.exit(0));
        bus.handle('throw', () => { setImmediate(() => { throw new Error('uncaught'); }); return new Promise(() => undefined); });`,
      );
      const hangs = deferred<void>();
      bus.subscribe('hangs', () => hangs.resolve());
      worker.on('error', ({ message }) => assert.equal(message, 'uncaught'));
      const exited = new Promise((resolve) => worker.once('exit', resolve));
      const lost = codeOf(bus.sendCommand('hang'));
      await hangs.promise;
      const answered = bus.sendCommand('now');
      if (how === 'terminated') {
        assert.equal(await answered, 'answered');
        void worker.terminate();
      } else void codeOf(bus.sendCommand(how === 'process.exit' ? 'exit' : 'throw'));
      assert.equal(await answered, 'answered');
      assert.equal(await lost, 'ERR_HANDLER_LOST');
      assert.equal(await codeOf(bus.sendCommand('now')), 'ERR_NO_HANDLER');
      await exited;
      const { lost: count, handlers } = bus.getMetrics();
      assert.deepEqual([count, handlers], [how === 'terminated' ? 1 : 2, 0]);
    });
  }

  test('before anybody here had to do with it: its handlers are gone too', async () => {
    using bus = new MessageBus();
    const worker = await member(
      bus,
      `bus.handle('ping', () => 'pong'); bus.subscribe('news', () => undefined);`,
    );
    const exited = once(worker, 'exit');
    await worker.terminate();
    await exited;
    assert.equal(await codeOf(bus.sendCommand('ping')), 'ERR_NO_HANDLER');
    assert.equal(bus.publish('news'), 0);
    assert.equal(bus.getMetrics().handlers, 0);
  });

  test('unnoticed, is swept away when the next thread comes', async () => {
    using bus = new MessageBus();
    /** What the directory has: each thread, and each command or event that somebody is there for. */
    const entries = (): number | undefined =>
      diagnostics().find(({ kind, name }) => kind === 'map' && name === `millrace:bus:#${bus.toHandle().id}`)
        ?.held;
    assert.equal(entries(), 1);
    const text = `bus.handle('ping.' + given, () => 'pong'); bus.subscribe('news.*', () => undefined); bus.on('deadLetter', () => undefined);`;
    const worker = await member(bus, text, 1);
    assert.equal(entries(), 5);
    const exited = once(worker, 'exit');
    await worker.terminate();
    await exited;
    const next = await member(bus, text, 2);
    assert.equal(entries(), 5);
    assert.deepEqual(bus.getMetrics().handlers, 1);
    await end(next);
    for (let i = 0; i < 20; i++) {
      using _handler = bus.handle(`once.${i}`, () => i);
      using _subscription = bus.subscribe(`once.${i}`, () => i);
      assert.equal(await bus.sendCommand(`once.${i}`), i);
    }
    bus.publish('news.last');
    await codeOf(bus.sendCommand('ping.2'));
    assert.equal(entries(), 1);
  });

  test('with commands of its own: their signals abort here, and their places are free', async () => {
    using bus = new MessageBus();
    const reasons: unknown[] = [];
    const begun = deferred<void>();
    bus.handle(
      'wait',
      (_, { signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            reasons.push((signal.reason as { code: string }).code);
            resolve(undefined);
          });
          begun.resolve();
        }),
      { concurrency: 1, maxQueued: 1 },
    );
    const worker = await member(bus, `bus.sendCommand('wait'); bus.sendCommand('wait');`);
    await begun.promise;
    await until(() => bus.getMetrics().commands === 2);
    assert.equal(await codeOf(bus.sendCommand('wait')), 'ERR_HANDLER_BUSY');
    const exited = once(worker, 'exit');
    await worker.terminate();
    await exited;
    await until(() => reasons.length === 1);
    await turns(2);
    assert.deepEqual(reasons, ['ERR_CALLER_LOST']);
    assert.equal(await codeOf(bus.sendCommand('wait', 0, { timeout: 1 })), 'ERR_COMMAND_TIMEOUT');
  });

  test('one after the other under load: every command is answered or lost, none twice, none for ever', async () => {
    using bus = new MessageBus();
    let settled = 0;
    const codes = new Set<unknown>();
    const steady = await member(bus, `bus.handle('work', async (n) => (await undefined, n));`);
    let sent = 0;
    for (let round = 0; round < 6; round++) {
      const worker = await member(bus, `bus.handle('work', async (n) => (await undefined, n));`);
      const all = Array.from({ length: 400 }, async (_, n) => {
        sent++;
        try {
          assert.equal(await bus.sendCommand('work', n), n);
        } catch (error) {
          codes.add((error as { code: string }).code);
        }
        settled++;
      });
      await all[round * 40];
      const exited = once(worker, 'exit');
      await worker.terminate();
      await exited;
      await Promise.all(all);
    }
    assert.equal(settled, sent);
    assert.ok([...codes].every((code) => code === 'ERR_HANDLER_LOST'));
    assert.deepEqual(bus.getMetrics().handlers, 1);
    await end(steady);
  });
});

test('commands that are cancelled while they are answered end once, and give their places back', async () => {
  using bus = new MessageBus();
  const worker = await member(
    bus,
    `bus.handle('work', (n) => n % 2 ? n : new Promise((resolve) => setImmediate(resolve, n)), { concurrency: 4, maxQueued: 12 });
    // What came before it has ended.
    bus.handle('settle', async () => { for (let turn = 0; turn < 6; turn++) await new Promise(setImmediate); });`,
  );
  const outcomes = new Map<string, number>();
  const count = (outcome: string): unknown => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  let settled = 0;
  for (let round = 0; round < 150; round++) {
    const controllers = Array.from({ length: 16 }, () => new AbortController());
    const sent = controllers.map(async ({ signal }, n) => {
      try {
        assert.equal(await bus.sendCommand('work', n, { signal }), n);
        count('answered');
      } catch (error) {
        count(String((error as { code?: string }).code ?? error));
      }
      settled++;
    });
    await turns(round % 4);
    for (const controller of controllers.slice(round % 16)) controller.abort(new Error('cancelled'));
    await Promise.all(sent);
    if (round % 10 === 9) {
      await bus.sendCommand('settle');
      const again = Array.from({ length: 8 }, (_, n) => bus.sendCommand('work', n));
      assert.deepEqual(await Promise.all(again), [0, 1, 2, 3, 4, 5, 6, 7]);
      settled += 9;
    }
  }
  const known = ['answered', 'Error: cancelled', 'ERR_HANDLER_BUSY'];
  assert.deepEqual(
    [...outcomes.keys()].filter((outcome) => !known.includes(outcome)),
    [],
  );
  assert.ok((outcomes.get('answered') ?? 0) > 0 && (outcomes.get('Error: cancelled') ?? 0) > 0);
  const { cancelled, commands, refused } = bus.getMetrics();
  assert.deepEqual(
    [commands, cancelled, refused],
    [settled, outcomes.get('Error: cancelled'), outcomes.get('ERR_HANDLER_BUSY') ?? 0],
  );
  await end(worker);
});

test('closed while eight threads send to one another: everything settles, and every thread ends', async () => {
  const before = diagnostics();
  const bus = new MessageBus();
  const workers = Array.from({ length: 8 }, () =>
    thread(
      `const bus = MessageBus.from(data);
      bus.handle('work', async (n) => { if (n % 2) await new Promise(setImmediate); return n; });
      bus.subscribe('**', () => undefined);
      let answered = 0;
      const codes = new Set();
      const send = async () => {
        for (let n = 0; ; n++) {
          try {
            if (await bus.sendCommand('work', n) !== n) throw new Error('another answer');
            bus.publish('answered', n);
            if (++answered === 50) parentPort.postMessage('up');
          } catch (error) {
            codes.add(error.code ?? error.message);
            if (bus.closed) return;
          }
        }
      };
      await Promise.all(Array.from({ length: 10 }, send));
      parentPort.postMessage([...codes]);`,
      bus.toHandle(),
    ),
  );
  const codes: unknown[] = [];
  for (const worker of workers)
    worker.on('message', (message) => {
      if (message !== 'up') codes.push(...(message as unknown[]));
    });
  const exits = workers.map((worker) => once(worker, 'exit'));
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  bus.close();
  for (const [code] of await Promise.all(exits)) assert.equal(code, 0);
  assert.deepEqual([...new Set(codes)], ['ERR_BUS_CLOSED']);
  await turns(2);
  assert.deepEqual(leaks(before), []);
});

test('closing in one thread closes it in all: what waits rejects everywhere', async () => {
  const bus = new MessageBus();
  const worker = thread(
    `const bus = MessageBus.from(data);
    bus.handle('close', () => { bus.close(); return 'closed'; });
    bus.handle('hang', (_, { signal }) => new Promise(() => {
      signal.addEventListener('abort', () => parentPort.postMessage(['aborted', signal.reason.code]));
    }));
    bus.sendCommand('here').catch((error) => parentPort.postMessage(['rejected', error.code]));
    parentPort.postMessage('up');`,
    bus.toHandle(),
  );
  const messages: unknown[] = [];
  bus.handle('here', () => new Promise(() => undefined));
  worker.on('message', (message) => messages.push(message));
  await once(worker, 'message');
  const hangs = codeOf(bus.sendCommand('hang'));
  await turns(2);
  const exited = once(worker, 'exit');
  assert.equal(await codeOf(bus.sendCommand('close')), 'ERR_BUS_CLOSED');
  assert.equal(await hangs, 'ERR_BUS_CLOSED');
  assert.equal(bus.closed, true);
  // A thread whose bus is closed has nothing that keeps it.
  await exited;
  const told = messages.slice(1) as unknown[][];
  assert.ok(told.some(([what, code]) => what === 'aborted' && code === 'ERR_BUS_CLOSED'));
  assert.ok(
    told.some(
      ([what, code]) => what === 'rejected' && ['ERR_BUS_CLOSED', 'ERR_NO_HANDLER'].includes(code as string),
    ),
  );
});

test('answers that were given before the bus was closed arrive', async () => {
  const bus = new MessageBus();
  const worker = await member(bus, `bus.handle('ping', (n) => { bus.publish('answered'); return n; });`);
  const cells = new Int32Array(new SharedArrayBuffer(4));
  const watcher = await member(
    bus,
    `let count = 0;
    bus.subscribe('answered', () => { if (++count === 50) { Atomics.store(given, 0, 1); Atomics.notify(given, 0); } });`,
    cells,
  );
  const sent = Array.from({ length: 50 }, (_, n) => bus.sendCommand('ping', n));
  // This thread sees none of the answers before it closes the bus.
  assert.notEqual(Atomics.wait(cells, 0, 0, 20_000), 'timed-out');
  const last = sent.pop();
  bus.close();
  assert.deepEqual(
    await Promise.all(sent),
    Array.from({ length: 49 }, (_, n) => n),
  );
  assert.ok([undefined, 'ERR_BUS_CLOSED'].includes((await codeOf(last as Promise<unknown>)) as string));
  await end(worker, watcher);
});

describe('life of the process', () => {
  test('an open bus with handlers, subscribers and listeners keeps neither process nor thread alive', async () => {
    const { code, stderr, ms } = await child(`
      import { Worker } from 'node:worker_threads';
      import { once } from 'node:events';
      const bus = new millrace.MessageBus({ name: 'idle' });
      bus.handle('ping', () => 'pong');
      bus.subscribe('**', () => undefined);
      bus.on('deadLetter', () => undefined);
      const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(\`
        import { MessageBus } from ${JSON.stringify(packageUrl)};
        const bus = MessageBus.open('idle');
        bus.handle('pong', () => 'ping');
        if (await bus.sendCommand('ping') !== 'pong') throw new Error('no answer');
      \`)));
      const [exit] = await once(worker, 'exit');
      if (exit !== 0) throw new Error('the thread failed');
      if (await bus.sendCommand('ping') !== 'pong') throw new Error('no answer');`);
    assert.equal(code, 0, stderr);
    assert.ok(ms < 15_000);
  });

  test('a command that waits keeps it', async () => {
    const { code, stdout } = await child(
      `const bus = new millrace.MessageBus();
      bus.handle('never', () => new Promise(() => undefined));
      bus.sendCommand('never', 0, { timeout: 50 }).catch((error) => {
        console.log(error.code);
        setTimeout(() => other.close(), 20).unref();
      });
      const other = new millrace.MessageBus();
      other.handle('never', () => new Promise(() => undefined));
      other.sendCommand('never').catch((error) => console.log(error.code));`,
    );
    assert.equal(code, 0);
    assert.deepEqual(stdout.trim().split('\n'), ['ERR_COMMAND_TIMEOUT', 'ERR_BUS_CLOSED']);
  });

  test('one that is forgotten is let go of, unless it has handlers', {
    skip: onBun && 'Bun collects when it likes',
  }, async () => {
    const { code, stderr } = await child(
      `const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
      const channels = () => millrace.diagnostics().filter(({ kind }) => kind === 'channel').length;
      for (let i = 0; i < 50; i++) await new millrace.MessageBus().sendCommand('x').catch(() => undefined);
      (() => {
        const bus = new millrace.MessageBus({ name: 'kept' });
        bus.handle('ping', () => 'pong');
      })();
      for (let i = 0; i < 400 && channels() > 2; i++) { gc(); await turn(); }
      if (channels() !== 2) throw new Error(channels() + ' channels');
      if (await millrace.MessageBus.open('kept').sendCommand('ping') !== 'pong') throw new Error('no answer');`,
      { args: ['--expose-gc'] },
    );
    assert.equal(code, 0, stderr);
  });
});
