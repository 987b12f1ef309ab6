/** One message bus among worker threads, some of which die. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { type DeadCommand, diagnostics, leaks, MessageBus } from 'millrace';
import { child, deferred, onBun, packageUrl, thread, turns, until } from '../helpers.js';

/** Starts a thread that opens a bus, does what `text` says and tells that it has; it ends when it is sent anything. */
async function member(bus: MessageBus, text: string, data: unknown = undefined): Promise<Worker> {
  const worker = thread(
    `const bus = MessageBus.from(data.bus);
    const given = data.data;
    ${text}
    parentPort.once('message', () => parentPort.close());
    parentPort.postMessage('up');`,
    { bus: bus.toHandle(), data },
  );
  await once(worker, 'message');
  return worker;
}

async function end(...workers: Worker[]): Promise<void> {
  const ends = workers.map((worker) => once(worker, 'exit'));
  for (const worker of workers) worker.postMessage('end');
  await Promise.all(ends);
}

/** The code of the error that a promise is rejected with. */
const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: { code?: unknown }) => error.code ?? error,
  );

describe('a handler in another thread', () => {
  test('answers as soon as it was registered; what it gets and gives is cloned', async () => {
    using bus = new MessageBus();
    const worker = await member(bus, `bus.handle('keys', ({ map }) => new Set(map.keys()));`);
    const map = new Map([['a', { deep: [1n, new Date(0)] }]]);
    assert.deepEqual(await bus.sendCommand('keys', { map }), new Set(['a']));
    const large = new Uint8Array(1 << 20).fill(3);
    const other = await member(bus, `bus.handle('echo', (value) => value);`);
    const echo = (await bus.sendCommand('echo', large)) as Uint8Array;
    assert.ok(echo !== large && echo.length === large.length && echo.every((byte) => byte === 3));
    for (const value of [undefined, null, 0, 'text', '', [undefined], { ünï: '✓' }])
      assert.deepEqual(await bus.sendCommand('echo', value), value);
    await end(worker, other);
  });

  test('is gone at once when it was closed', async () => {
    using bus = new MessageBus();
    const worker = await member(
      bus,
      `const handler = bus.handle('ping', () => 'pong');
      bus.handle('close', () => handler.close());`,
    );
    assert.equal(await bus.sendCommand('ping'), 'pong');
    await bus.sendCommand('close');
    assert.equal(await codeOf(bus.sendCommand('ping')), 'ERR_NO_HANDLER');
    await end(worker);
  });

  test('is gone while a command is on its way: the next one gets that', async () => {
    using bus = new MessageBus();
    const worker = await member(
      bus,
      `const handler = bus.handle('ping', () => 'there');
      bus.handle('close', () => {
        const began = performance.now();
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
        handler.close();
      });`,
    );
    await bus.sendCommand('ping');
    const closing = bus.sendCommand('close');
    const sent = bus.sendCommand('ping');
    bus.handle('ping', () => 'here');
    assert.equal(await sent, 'here');
    await closing;
    await end(worker);
  });

  test('throws: class name, message, own properties, cause and stack arrive', async () => {
    using bus = new MessageBus();
    const worker = await member(
      bus,
      `class OrderError extends Error { name = 'OrderError'; code = 'E_ORDER'; details = { id: 7 }; }
      bus.handle('throw', () => { throw new OrderError('bad order', { cause: new RangeError('deep') }); });
      bus.handle('reject', async () => { throw 'a text'; });
      bus.handle('ours', () => bus.sendCommand('nobody'));`,
    );
    await assert.rejects(bus.sendCommand('throw'), (error: Error & { code: string; details: unknown }) => {
      assert.ok(error instanceof Error);
      assert.deepEqual([error.name, error.message, error.code], ['OrderError', 'bad order', 'E_ORDER']);
      assert.deepEqual(error.details, { id: 7 });
      assert.ok(error.cause instanceof RangeError && error.cause.message === 'deep');
      assert.match(error.stack ?? '', /OrderError: bad order\n\s+at .*data:text/);
      return true;
    });
    await assert.rejects(bus.sendCommand('reject'), (error) => error === 'a text');
    await assert.rejects(bus.sendCommand('ours'), { name: 'NoHandlerError', command: 'nobody' });
    assert.equal(bus.getMetrics().failures, 3);
    await end(worker);
  });

  test('what cannot be cloned is refused, here or there, and harms nothing', async () => {
    using bus = new MessageBus();
    const worker = await member(
      bus,
      `bus.handle('echo', (value) => value, { concurrency: 1, maxQueued: 0 });
      bus.handle('function', () => () => 1);`,
    );
    await assert.rejects(
      bus.sendCommand('echo', () => 1),
      { name: 'DataCloneError' },
    );
    await assert.rejects(bus.sendCommand('function'), { name: 'DataCloneError' });
    await assert.rejects(bus.sendCommand('echo', new Blob(['text'])), { code: 'ERR_UNSUPPORTED' });
    assert.equal(await bus.sendCommand('echo', 1), 1);
    await end(worker);
  });

  test('user code that runs while a payload is read may use the bus itself', async () => {
    using bus = new MessageBus();
    const worker = await member(
      bus,
      `bus.handle('echo', (value) => value);
      bus.subscribe('read', () => undefined);`,
    );
    const inner: Promise<unknown>[] = [];
    const payload = {
      get first() {
        inner.push(bus.sendCommand('echo', { deep: ['inner'] }));
        return bus.publish('read', { large: 'x'.repeat(10_000) });
      },
      last: 'outer',
    };
    assert.deepEqual(await bus.sendCommand('echo', payload), { first: 1, last: 'outer' });
    assert.deepEqual(await Promise.all(inner), [{ deep: ['inner'] }]);
    const controller = new AbortController();
    const abort = {
      get now() {
        controller.abort(new Error('read'));
        return 1;
      },
    };
    await assert.rejects(bus.sendCommand('echo', abort, { signal: controller.signal }), { message: 'read' });
    await end(worker);
  });

  test('has a signal that aborts there when the command is given up here', async () => {
    using bus = new MessageBus();
    const seen: unknown[] = [];
    const worker = await member(
      bus,
      `bus.handle('wait', (n, { signal }) => new Promise(() => {
        bus.publish('begun', n);
        signal.addEventListener('abort', () => bus.publish('aborted', [n, signal.reason.code ?? signal.reason.message]));
      }));`,
    );
    bus.subscribe('aborted', (what) => seen.push(what));
    const controller = new AbortController();
    bus.subscribe('begun', (n) => n === 1 && controller.abort(new Error('enough')));
    await assert.rejects(bus.sendCommand('wait', 1, { signal: controller.signal }), { message: 'enough' });
    assert.equal(await codeOf(bus.sendCommand('wait', 2, { timeout: 5 })), 'ERR_COMMAND_TIMEOUT');
    await until(() => seen.length === 2);
    assert.deepEqual(seen, [
      [1, 'enough'],
      [2, 'ERR_COMMAND_TIMEOUT'],
    ]);
    await end(worker);
  });

  test('runs over its own time limit, and its caller here is told', async () => {
    using bus = new MessageBus();
    const worker = await member(
      bus,
      `bus.handle('slow', () => new Promise((resolve) => setTimeout(resolve, 1e6).unref()), { timeout: 5 });`,
    );
    await assert.rejects(bus.sendCommand('slow'), {
      name: 'HandlerTimeoutError',
      code: 'ERR_HANDLER_TIMEOUT',
      timeout: 5,
    });
    await end(worker);
  });
});

test('commands go to the thread that has the fewest, and no thread gets more than it takes', async () => {
  using bus = new MessageBus();
  const text = `bus.handle('work', (gate) => new Promise((resolve) => {
      bus.subscribe('go', () => resolve(given));
    }), { concurrency: 2, maxQueued: 1 });`;
  const workers = await Promise.all([0, 1, 2, 3].map((n) => member(bus, text, n)));
  const sent = Array.from({ length: 12 }, () => bus.sendCommand('work'));
  assert.equal(await codeOf(bus.sendCommand('work')), 'ERR_HANDLER_BUSY');
  await until(() => bus.getMetrics().subscriptions === 8);
  const got: unknown[] = [];
  for (const answer of sent) void answer.then((n) => got.push(n));
  // Those that have begun are let go, then those that waited for them.
  while (got.length < 12) {
    bus.publish('go');
    await turns(1);
  }
  assert.deepEqual(got.sort(), [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]);
  await end(...workers);
});

test('eight threads, each of which handles, sends, publishes and hears: each command is answered once, by all in turn', async () => {
  const before = diagnostics();
  const bus = new MessageBus({ name: 'eight threads' });
  const [threads, each] = [8, 300];
  const workers = await Promise.all(
    Array.from({ length: threads }, (_, n) =>
      member(
        bus,
        `const [n, threads, each] = given;
        const heard = new Map();
        let wrong = 0;
        bus.subscribe('number.*', ([from, i]) => {
          if ((heard.get(from) ?? 0) !== i) wrong++;
          heard.set(from, i + 1);
        });
        bus.handle('square', async (i) => { if (i % 3 === 0) await undefined; return [i * i, n]; });
        bus.handle('run.' + n, async () => {
          const by = new Set();
          for (let i = 0; i < each; i += 10) {
            const answers = await Promise.all(Array.from({ length: 10 }, async (_, k) => {
              bus.publish('number.' + (i % 2 ? 'odd' : 'even'), [n, i + k]);
              const [square, who] = await bus.sendCommand('square', i + k);
              by.add(who);
              return square;
            }));
            answers.forEach((square, k) => { if (square !== (i + k) ** 2) wrong++; });
          }
          return [wrong, by.size];
        });
        bus.handle('heard.' + n, () => [wrong, heard.size, Math.min(...heard.values())]);`,
        [n, threads, each],
      ),
    ),
  );
  const runs = await Promise.all(workers.map((_, n) => bus.sendCommand(`run.${n}`)));
  assert.deepEqual(
    runs.map((run) => (run as number[])[0]),
    Array(threads).fill(0),
  );
  for (const [, by] of runs as number[][]) assert.ok((by as number) > 1, `answered by ${by} threads`);
  for (let n = 0; n < threads; n++) assert.deepEqual(await bus.sendCommand(`heard.${n}`), [0, threads, each]);
  const { commands, failures, published, delivered, handlers, subscriptions, latency } = bus.getMetrics();
  assert.deepEqual(
    [commands, failures, published, delivered, handlers, subscriptions],
    [threads * each + 16, 0, threads * each, threads * threads * each, 24, 8],
  );
  assert.ok(latency.count > 0 && latency.p50 > 0);
  await end(...workers);
  bus.close();
  await turns(2);
  assert.deepEqual(leaks(before), []);
});

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
            if (++answered === 200) parentPort.postMessage('up');
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

test('dead letters of any thread are told in each that listens', async () => {
  using bus = new MessageBus();
  const letters: DeadCommand[] = [];
  bus.on('deadLetter', (letter) => letters.push(letter));
  const worker = await member(
    bus,
    `const got = [];
    bus.on('deadLetter', ({ command, payload }) => got.push([command, payload]));
    bus.handle('got', () => got);
    bus.sendCommand('from there', { n: 1 }).catch(() => undefined);`,
  );
  await until(() => letters.length === 1);
  assert.equal(letters[0]?.command, 'from there');
  assert.deepEqual(letters[0]?.payload, { n: 1 });
  assert.notEqual(letters[0]?.thread, 0);
  await codeOf(bus.sendCommand('from here', 2));
  await codeOf(bus.sendCommand('not cloned', () => 1));
  assert.deepEqual(await bus.sendCommand('got'), [
    ['from there', { n: 1 }],
    ['from here', 2],
    ['not cloned', undefined],
  ]);
  assert.equal(bus.getMetrics().deadLetters, 3);
  await end(worker);
});

test('events of each publisher come in order, to each thread once', async () => {
  using bus = new MessageBus();
  const subscribe = `const got = [];
    bus.subscribe('*.n', ([from, n]) => got.push([from, n]));
    bus.subscribe('done.**', () => undefined);
    bus.handle('got.' + given, () => got);`;
  const workers = await Promise.all([1, 2].map((n) => member(bus, subscribe, n)));
  const publisher = await member(
    bus,
    `bus.handle('go', () => { for (let n = 0; n < 500; n++) if (bus.publish('b.n', ['b', n]) !== 2) throw new Error('missed'); });`,
  );
  const going = bus.sendCommand('go');
  for (let n = 0; n < 500; n++) assert.equal(bus.publish('a.n', ['a', n]), 2);
  assert.equal(bus.publish('done'), 2);
  assert.equal(bus.publish('other.thing'), 0);
  await going;
  for (const n of [1, 2]) {
    const got = (await bus.sendCommand(`got.${n}`)) as [string, number][];
    for (const from of ['a', 'b'])
      assert.deepEqual(
        got.filter(([who]) => who === from).map(([, n]) => n),
        Array.from({ length: 500 }, (_, n) => n),
      );
  }
  await end(publisher, ...workers);
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
      bus.sendCommand('never', 0, { timeout: 300 }).catch((error) => console.log(error.code));
      const other = new millrace.MessageBus();
      other.handle('never', () => new Promise(() => undefined));
      other.sendCommand('never').catch((error) => console.log(error.code));
      setTimeout(() => other.close(), 600).unref();`,
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
