/** Commands within one thread. */
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, test } from 'node:test';
import { Context, type DeadCommand, isMillraceError, MessageBus, NoHandlerError } from 'millrace';
import { deferred, foreignPromise, pending, turns } from '../helpers.js';
import { codeOf, counted, open, type User } from './messages.js';

describe('a command', () => {
  test('is answered with what the handler returns, promise or not', async () => {
    using bus = open();
    bus.handle('double', (n) => n * 2);
    bus.handle('user.findById', async ({ id }) => ({ id, name: 'Ada' }));
    bus.handle('ping', () => foreignPromise('pong'));
    assert.equal(await bus.sendCommand('double', 4), 8);
    assert.deepEqual(await bus.sendCommand('user.findById', { id: 1 }), { id: 1, name: 'Ada' });
    assert.equal(await bus.sendCommand('ping'), 'pong');
    assert.deepEqual(counted(bus, 'commands', 'failures', 'handlers'), [3, 0, 3]);
  });

  test('is a call within a thread: payload and result are not copied, and what cannot be cloned may be among them', async () => {
    using bus = open();
    const payload = { call: (): number => 1 };
    bus.handle('hold', (got) => ({ got }));
    assert.equal(((await bus.sendCommand('hold', payload)) as { got: unknown }).got, payload);
  });

  test('has begun when sendCommand returns', () => {
    using bus = open();
    const seen: number[] = [];
    bus.handle('double', (n) => seen.push(n));
    void bus.sendCommand('double', 1);
    assert.deepEqual(seen, [1]);
  });

  test('rejects with what the handler throws, the error itself', async () => {
    using bus = open();
    const error = new RangeError('thrown');
    bus.handle('double', () => {
      throw error;
    });
    bus.handle('ping', () => Promise.reject(error));
    for (const sent of [bus.sendCommand('double', 1), bus.sendCommand('ping')])
      await assert.rejects(sent, (got) => got === error);
    assert.deepEqual(counted(bus, 'commands', 'failures'), [2, 2]);
  });

  test('runs in the async context of its sender, also when it had to wait', async () => {
    using bus = open();
    const store = new AsyncLocalStorage<string>();
    const gate = deferred<void>();
    const handler = async (): Promise<string> => {
      await gate.promise;
      return store.getStore() ?? 'none';
    };
    bus.handle('ping', handler, { concurrency: 1 });
    const first = store.run('first', () => bus.sendCommand('ping'));
    const second = store.run('second', () => bus.sendCommand('ping'));
    gate.resolve();
    assert.deepEqual(await Promise.all([first, second]), ['first', 'second']);
  });
});

describe('nobody handles a command', () => {
  test('it rejects at once, and is a dead letter', async () => {
    using bus = open();
    const letters: DeadCommand[] = [];
    bus.on('deadLetter', (letter) => letters.push(letter));
    const sent = bus.sendCommand('user.findById', { id: 7 });
    await assert.rejects(sent, (error) => {
      assert.ok(error instanceof NoHandlerError && isMillraceError(error));
      assert.deepEqual([error.code, error.command], ['ERR_NO_HANDLER', 'user.findById']);
      return true;
    });
    const [letter] = letters;
    assert.ok(letter !== undefined && letters.length === 1 && letter.at <= Date.now());
    assert.deepEqual([letter.command, letter.payload, letter.thread], ['user.findById', { id: 7 }, 0]);
    assert.deepEqual(counted(bus, 'commands', 'deadLetters', 'failures'), [1, 1, 0]);
  });

  test('once and off: who has heard enough hears no more', async () => {
    using bus = open();
    const heard: string[] = [];
    const listener = (): void => void heard.push('on');
    bus.on('deadLetter', listener).once('deadLetter', () => heard.push('once'));
    await codeOf(bus.sendCommand('ping'));
    bus.off('deadLetter', listener);
    await codeOf(bus.sendCommand('ping'));
    assert.deepEqual(heard, ['on', 'once']);
  });

  test('also when the last handler was closed', async () => {
    using bus = open();
    const handler = bus.handle('ping', () => 'pong');
    assert.equal(handler.closed, false);
    assert.equal(await bus.sendCommand('ping'), 'pong');
    handler.close();
    handler.close();
    assert.equal(handler.closed, true);
    assert.equal(await codeOf(bus.sendCommand('ping')), 'ERR_NO_HANDLER');
    {
      using _handler = bus.handle('ping', () => 'again');
      assert.equal(await bus.sendCommand('ping'), 'again');
    }
    assert.equal(await codeOf(bus.sendCommand('ping')), 'ERR_NO_HANDLER');
  });
});

describe('time and cancelling', () => {
  test('timeout: the command rejects, and its handler learns why', async () => {
    using bus = open();
    const told = deferred<unknown>();
    bus.handle('ping', (_, { signal, command }) => {
      assert.equal(command, 'ping');
      signal.addEventListener('abort', () => told.resolve(signal.reason));
      return new Promise(() => undefined);
    });
    await assert.rejects(bus.sendCommand('ping', undefined, { timeout: 5 }), {
      name: 'CommandTimeoutError',
      code: 'ERR_COMMAND_TIMEOUT',
      command: 'ping',
      timeout: 5,
    });
    assert.equal(((await told.promise) as { code: string }).code, 'ERR_COMMAND_TIMEOUT');
    assert.deepEqual(counted(bus, 'commands', 'timeouts', 'failures'), [1, 1, 0]);
  });

  test('a bus’s timeout is for commands that have none', async () => {
    using bus = open({ timeout: 5 });
    bus.handle('ping', () => new Promise(() => undefined));
    const late = deferred<void>();
    bus.handle('double', (n) => late.promise.then(() => 2 * n));
    using other = MessageBus.open(bus.name);
    const patient = [bus.sendCommand('double', 3, { timeout: Infinity }), other.sendCommand('double', 4)];
    assert.equal(await codeOf(bus.sendCommand('ping')), 'ERR_COMMAND_TIMEOUT');
    late.resolve();
    assert.deepEqual(await Promise.all(patient), [6, 8]);
  });

  test('signal: the command rejects with its reason, and the handler’s signal aborts with it', async () => {
    using bus = open();
    const controller = new AbortController();
    let signal: AbortSignal | undefined;
    bus.handle('ping', (_, context) => {
      ({ signal } = context);
      return new Promise(() => undefined);
    });
    const sent = bus.sendCommand('ping', undefined, { signal: controller.signal });
    assert.equal(signal?.aborted, false);
    const reason = new Error('enough');
    controller.abort(reason);
    await assert.rejects(sent, (error) => error === reason);
    assert.equal(signal?.reason, reason);
    assert.equal(counted(bus, 'cancelled')[0], 1);
  });

  test('a context will do as a signal, and one that has aborted sends nothing', async () => {
    using bus = open();
    let calls = 0;
    bus.handle('ping', () => {
      calls++;
      return 'pong';
    });
    const [context, cancel] = Context.background().withCancel();
    assert.equal(await bus.sendCommand('ping', undefined, { signal: context }), 'pong');
    cancel();
    assert.equal(
      await codeOf(bus.sendCommand('ping', undefined, { signal: context })),
      'ERR_CONTEXT_CANCELED',
    );
    assert.deepEqual([calls, ...counted(bus, 'commands')], [1, 1]);
  });

  test('what ends in the instant in which it is cancelled ends once, as whichever came first', async () => {
    using bus = open();
    const answers: ((text: string) => void)[] = [];
    bus.handle('ping', () => new Promise((resolve) => answers.push(resolve)));
    const controllers = [new AbortController(), new AbortController()];
    const sent = controllers.map(({ signal }) => bus.sendCommand('ping', undefined, { signal }));
    answers[0]?.('first');
    await turns(1);
    controllers[0]?.abort(new Error('late'));
    controllers[1]?.abort(new Error('early'));
    answers[1]?.('second');
    const [first, second] = await Promise.allSettled(sent);
    assert.deepEqual(first, { status: 'fulfilled', value: 'first' });
    assert.equal(second?.status === 'rejected' && (second.reason as Error).message, 'early');
    assert.deepEqual(counted(bus, 'cancelled', 'commands'), [1, 2]);
  });

  test('a signal is listened to no longer than its command lasts', async () => {
    using bus = open();
    bus.handle('ping', () => 'pong');
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = ((...args: Parameters<typeof add>) => {
      listeners++;
      add(...args);
    }) as typeof add;
    signal.removeEventListener = ((...args: Parameters<typeof remove>) => {
      listeners--;
      remove(...args);
    }) as typeof remove;
    for (let i = 0; i < 10; i++) await bus.sendCommand('ping', undefined, { signal });
    assert.equal(listeners, 0);
  });
});

describe('closing', () => {
  test('commands that wait reject, signals abort, and nothing is sent any more; twice does no harm', async () => {
    const bus = open();
    let signal: AbortSignal | undefined;
    bus.handle('ping', (_, context) => {
      ({ signal } = context);
      return new Promise(() => undefined);
    });
    const sent = codeOf(bus.sendCommand('ping'));
    assert.equal(bus.closed, false);
    bus.close();
    bus[Symbol.dispose]();
    assert.equal(bus.closed, true);
    assert.throws(() => MessageBus.open(bus.name), { code: 'ERR_BUS_CLOSED' });
    assert.equal(await sent, 'ERR_BUS_CLOSED');
    assert.equal((signal as AbortSignal | undefined)?.reason.code, 'ERR_BUS_CLOSED');
    assert.equal(await codeOf(bus.sendCommand('ping')), 'ERR_BUS_CLOSED');
    for (const act of [
      () => bus.publish('tick'),
      () => bus.handle('ping', () => ''),
      () => bus.subscribe('tick', () => undefined),
      () => MessageBus.open(bus.name),
      () => new MessageBus({ name: bus.name }),
    ])
      assert.throws(act, { code: 'ERR_BUS_CLOSED', name: 'MessageBusClosedError' });
    assert.deepEqual(counted(bus, 'commands', 'handlers'), [1, 0]);
  });

  test('a handler that ends after that is nobody’s, and what it throws is not told', async () => {
    const bus = open();
    const gate = deferred<string>();
    bus.handle('ping', () => gate.promise);
    const sent = codeOf(bus.sendCommand('ping'));
    bus.close();
    assert.equal(await sent, 'ERR_BUS_CLOSED');
    gate.reject(new Error('late'));
    await turns(2);
  });
});

describe('objects', () => {
  test('of one name are one bus; without one each is its own', async () => {
    using one = open();
    using two = new MessageBus<{ commands: { ping: { payload: undefined; result: string } } }>({
      name: one.name,
    });
    two.handle('ping', () => 'here');
    assert.equal(await one.sendCommand('ping'), 'here');
    assert.deepEqual([one.name, two.name], [one.name, one.name]);
    using first = new MessageBus();
    using second = new MessageBus();
    first.handle('ping', () => 'here');
    assert.equal(first.name, undefined);
    assert.equal(await codeOf(second.sendCommand('ping')), 'ERR_NO_HANDLER');
  });

  test('open by name and by handle', async () => {
    using bus = new MessageBus();
    bus.handle('ping', () => 'pong');
    const handle = structuredClone(bus.toHandle());
    assert.equal(handle.millrace, 'message-bus');
    assert.equal(await MessageBus.from(handle).sendCommand('ping'), 'pong');
    assert.throws(() => MessageBus.open('no such bus'), {
      code: 'ERR_NOT_FOUND',
      message: "name: no message bus is called 'no such bus' in this process",
    });
    assert.throws(() => MessageBus.from({ millrace: 'message-bus', id: 4e9 }), {
      code: 'ERR_NOT_FOUND',
      message: /message bus/,
    });
  });
});

test('payloads are typed by the command’s name', async () => {
  using bus = open();
  bus.handle('user.findById', ({ id }) => (id === 1 ? { id, name: 'Ada' } : undefined));
  const user: User | undefined = await bus.sendCommand('user.findById', { id: 1 });
  assert.equal(user?.name, 'Ada');
  // @ts-expect-error -- The payload is an object with an id.
  assert.equal(await bus.sendCommand('user.findById', { name: 'x' }), undefined);
  // @ts-expect-error -- The payload must be given.
  const failed = bus.sendCommand('user.findById');
  await assert.rejects(failed, TypeError);
  // @ts-expect-error -- There is no such command.
  assert.equal(await codeOf(bus.sendCommand('user.forget', 1)), 'ERR_NO_HANDLER');
  // @ts-expect-error -- It gives a number.
  bus.handle('double', () => 'text').close();
});

test('a thousand handlers for a thousand commands', async () => {
  using bus = new MessageBus();
  for (let i = 0; i < 1000; i++) bus.handle(`command.${i}`, () => i);
  const sent = Array.from({ length: 1000 }, (_, i) => bus.sendCommand(`command.${i}`));
  assert.deepEqual(
    await Promise.all(sent),
    Array.from({ length: 1000 }, (_, i) => i),
  );
});

test('latency is told in milliseconds', async () => {
  using bus = open();
  const gate = deferred<string>();
  bus.handle('ping', () => gate.promise);
  bus.handle('double', (n) => n);
  const sent = bus.sendCommand('ping');
  assert.ok(await pending(sent));
  const began = performance.now();
  while (performance.now() - began < 3);
  gate.resolve('pong');
  await sent;
  for (let i = 0; i < 99; i++) await bus.sendCommand('double', i);
  const { latency } = bus.getMetrics();
  assert.equal(latency.count, 100);
  assert.ok(latency.max >= 3 && latency.min <= latency.p50 && latency.p50 <= latency.p99);
  assert.ok(latency.mean >= 0.03 && latency.p999 <= latency.max);
});

describe('bad input', () => {
  const invalid = { code: 'ERR_INVALID_ARGUMENT', name: 'InvalidArgumentError' };
  const garbage = [null, 1, true, Symbol('s'), {}, [], () => undefined, 1n];
  /** What JavaScript may pass. */
  const given = (value: unknown): never => value as never;

  test('names and options of a bus', () => {
    for (const value of [...garbage, ''])
      assert.throws(() => new MessageBus({ name: given(value) }), invalid, String(value));
    for (const value of [...garbage, undefined, '']) {
      assert.throws(() => MessageBus.open(given(value)), invalid);
      assert.throws(() => MessageBus.from(given(value)), invalid);
    }
    assert.throws(() => MessageBus.from(given({ millrace: 'channel', id: 1 })), invalid);
    assert.throws(() => MessageBus.from(given({ millrace: 'message-bus', id: 'x' })), invalid);
    assert.throws(() => new MessageBus(given(null)), invalid);
    assert.throws(
      () => new MessageBus(given({ size: 1 })),
      /size: got an unknown option, wants name, timeout/,
    );
    for (const value of [-1, NaN, '5', null, 1e13])
      assert.throws(() => new MessageBus({ timeout: given(value) }), /^InvalidArgumentError: timeout/);
  });

  test('commands', async () => {
    using bus = open();
    bus.handle('ping', () => 'pong');
    const sends = (...args: unknown[]): Promise<unknown> => Reflect.apply(bus.sendCommand, bus, args);
    for (const value of [...garbage, undefined, ''])
      await assert.rejects(sends(value), invalid, String(value));
    for (const value of [null, 1, 'x', { timout: 1 }, { timeout: -1 }, { timeout: 'x' }, { signal: {} }])
      await assert.rejects(sends('ping', undefined, value), invalid, JSON.stringify(value));
  });

  test('handlers', () => {
    using bus = open();
    const handles = (...args: unknown[]): unknown => Reflect.apply(bus.handle, bus, args);
    for (const value of [...garbage, undefined, '']) assert.throws(() => handles(value, () => 1), invalid);
    for (const value of [null, 1, 'x', {}, undefined]) assert.throws(() => handles('ping', value), invalid);
    for (const options of [
      null,
      1,
      { concurency: 1 },
      { concurrency: 0 },
      { concurrency: 1.5 },
      { concurrency: '1' },
      { concurrency: 1, maxQueued: -1 },
      { concurrency: 1, maxQueued: NaN },
      { maxQueued: 5 },
      { timeout: -1 },
      { timeout: 'x' },
    ])
      assert.throws(() => handles('ping', () => 1, options), invalid, JSON.stringify(options));
    assert.equal(counted(bus, 'handlers')[0], 0);
  });

  test('listeners', () => {
    using bus = open();
    const listens = (...args: unknown[]): unknown => Reflect.apply(bus.on, bus, args);
    for (const value of [...garbage, 'command', undefined])
      assert.throws(() => listens(value, () => 1), invalid);
    for (const value of [null, 1, 'x', {}, undefined])
      assert.throws(() => listens('deadLetter', value), invalid);
  });
});
