/** One message bus among worker threads: what crosses, who gets it, in which order. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type DeadCommand, diagnostics, leaks, MessageBus } from 'millrace';
import { turns, until } from '../helpers.js';
import { codeOf, end, member } from './bus-threads.js';

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
