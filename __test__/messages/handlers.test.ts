/** How commands are shared among handlers, and how many each may have. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HandlerBusyError, MessageBus } from 'millrace';
import { deferred, pending, turns } from '../helpers.js';
import { codeOf, counted, open } from './messages.js';

/** A handler that answers when it is told to. */
function slow(
  bus: MessageBus,
  name: string,
  options: { concurrency?: number; maxQueued?: number; timeout?: number } = {},
) {
  const answers: (() => void)[] = [];
  const payloads: unknown[] = [];
  let most = 0;
  const registration = bus.handle(
    'work',
    (payload) => {
      payloads.push(payload);
      const { promise, resolve } = deferred<string>();
      answers.push(() => resolve(name));
      most = Math.max(most, answers.length);
      return promise;
    },
    options,
  );
  return { answers, payloads, registration, most: () => most, answer: () => answers.shift()?.() };
}

describe('several handlers of one command', () => {
  test('get it in turn while they are equal', async () => {
    using bus = new MessageBus();
    for (const name of ['a', 'b', 'c']) bus.handle('work', () => name);
    const got: unknown[] = [];
    for (let i = 0; i < 6; i++) got.push(await bus.sendCommand('work'));
    assert.deepEqual(got, ['a', 'b', 'c', 'a', 'b', 'c']);
  });

  test('otherwise the one that has the fewest', async () => {
    using bus = new MessageBus();
    const [a, b] = [slow(bus, 'a'), slow(bus, 'b')];
    const sent = [0, 1, 2, 3].map((n) => bus.sendCommand('work', n));
    assert.deepEqual(
      [a.payloads, b.payloads],
      [
        [0, 2],
        [1, 3],
      ],
    );
    b.answer();
    b.answer();
    await Promise.all([sent[1], sent[3]]);
    sent.push(bus.sendCommand('work', 4), bus.sendCommand('work', 5), bus.sendCommand('work', 6));
    assert.deepEqual([a.payloads.length, b.payloads.length], [2 + 1, 2 + 2]);
    for (const { answers } of [a, b]) for (const answer of answers) answer();
    await Promise.all(sent);
  });
});

describe('concurrency', () => {
  test('so many run at once; the others wait in order', async () => {
    using bus = new MessageBus();
    const handler = slow(bus, 'a', { concurrency: 2 });
    const sent = [0, 1, 2, 3, 4].map((n) => bus.sendCommand('work', n));
    for (let left = 5; left > 0; left--) {
      assert.equal(handler.answers.length, Math.min(2, left));
      handler.answer();
      await turns(1);
    }
    await Promise.all(sent);
    assert.deepEqual([handler.payloads, handler.most()], [[0, 1, 2, 3, 4], 2]);
  });

  test('one that is cancelled while it waits never begins, and those behind it keep their order', async () => {
    using bus = new MessageBus();
    const handler = slow(bus, 'a', { concurrency: 1 });
    const controller = new AbortController();
    const first = bus.sendCommand('work', 1);
    const second = codeOf(bus.sendCommand('work', 2, { signal: controller.signal }));
    const third = bus.sendCommand('work', 3);
    controller.abort(new Error('no'));
    assert.equal(await second, 'Error: no');
    handler.answer();
    await first;
    handler.answer();
    await third;
    assert.deepEqual(handler.payloads, [1, 3]);
  });

  test('a place stays taken until the function is done, though its command was given up', async () => {
    using bus = new MessageBus();
    const handler = slow(bus, 'a', { concurrency: 1 });
    assert.equal(await codeOf(bus.sendCommand('work', 1, { timeout: 1 })), 'ERR_COMMAND_TIMEOUT');
    const second = bus.sendCommand('work', 2);
    assert.ok(await pending(second));
    assert.deepEqual(handler.payloads, [1]);
    handler.answer();
    await turns(1);
    handler.answer();
    assert.equal(await second, 'a');
  });

  test('ten thousand that wait, and end at once when their turn comes, do not fill the stack', async () => {
    using bus = new MessageBus();
    const gate = deferred<void>();
    let calls = 0;
    bus.handle('work', () => (calls++ === 0 ? gate.promise : calls), { concurrency: 1 });
    const sent = Array.from({ length: 10_000 }, () => bus.sendCommand('work'));
    gate.resolve();
    await Promise.all(sent);
    assert.equal(calls, 10_000);
  });
});

describe('maxQueued', () => {
  test('one more than may wait is refused', async () => {
    using bus = new MessageBus();
    const handler = slow(bus, 'a', { concurrency: 1, maxQueued: 2 });
    const sent = [1, 2, 3].map((n) => bus.sendCommand('work', n));
    const refused = bus.sendCommand('work', 4);
    await assert.rejects(refused, (error) => error instanceof HandlerBusyError && error.command === 'work');
    handler.answer();
    await sent[0];
    sent.push(bus.sendCommand('work', 5));
    for (let i = 0; i < 3; i++) {
      handler.answer();
      await turns(1);
    }
    await Promise.all(sent);
    assert.deepEqual(handler.payloads, [1, 2, 3, 5]);
    assert.deepEqual(bus.getMetrics().refused, 1);
  });

  test('0: none waits; and another handler that has room gets it', async () => {
    using bus = new MessageBus();
    const [a, b] = [
      slow(bus, 'a', { concurrency: 1, maxQueued: 0 }),
      slow(bus, 'b', { concurrency: 2, maxQueued: 0 }),
    ];
    const sent = [1, 2, 3].map((n) => bus.sendCommand('work', n));
    assert.deepEqual([a.payloads.length, b.payloads.length], [1, 2]);
    assert.equal(await codeOf(bus.sendCommand('work', 4)), 'ERR_HANDLER_BUSY');
    for (const { answers } of [a, b]) for (const answer of answers) answer();
    assert.deepEqual(await Promise.all(sent), ['a', 'b', 'b']);
  });

  test('one that was cancelled while it waited has given its place back', async () => {
    using bus = new MessageBus();
    const handler = slow(bus, 'a', { concurrency: 1, maxQueued: 1 });
    const first = bus.sendCommand('work', 1);
    assert.equal(await codeOf(bus.sendCommand('work', 2, { timeout: 1 })), 'ERR_COMMAND_TIMEOUT');
    const third = bus.sendCommand('work', 3);
    handler.answer();
    await first;
    handler.answer();
    await third;
  });
});

describe('timeout', () => {
  test('the caller gets an error, the signal aborts, and the place is taken until it is done', async () => {
    using bus = new MessageBus();
    const gate = deferred<string>();
    let reason: unknown;
    bus.handle(
      'work',
      (_, { signal }) => {
        signal.addEventListener('abort', () => ({ reason } = signal));
        return gate.promise;
      },
      { concurrency: 1, maxQueued: 0, timeout: 3 },
    );
    await assert.rejects(bus.sendCommand('work'), {
      name: 'HandlerTimeoutError',
      code: 'ERR_HANDLER_TIMEOUT',
      command: 'work',
      timeout: 3,
    });
    assert.equal((reason as { code: string }).code, 'ERR_HANDLER_TIMEOUT');
    assert.equal(await codeOf(bus.sendCommand('work')), 'ERR_HANDLER_BUSY');
    gate.resolve('late');
    await turns(1);
    assert.equal(await bus.sendCommand('work'), 'late');
    const { failures, timeouts } = bus.getMetrics();
    assert.deepEqual([failures, timeouts], [1, 0]);
  });

  test('the time in which it waits for its turn is not counted', async () => {
    using bus = new MessageBus();
    const gate = deferred<string>();
    bus.handle('work', () => gate.promise, { concurrency: 1, timeout: 20 });
    const [first, second] = [bus.sendCommand('work'), bus.sendCommand('work')];
    // The limit is over for the first, which keeps its place until it is done.
    assert.equal(await codeOf(first), 'ERR_HANDLER_TIMEOUT');
    gate.resolve('in its turn');
    assert.equal(await second, 'in its turn');
  });
});

test('a handler that is closed does what it has', async () => {
  using bus = open();
  const gate = deferred<string>();
  const handler = bus.handle('ping', () => gate.promise, { concurrency: 1 });
  const sent = [bus.sendCommand('ping'), bus.sendCommand('ping')];
  handler.close();
  assert.equal(await codeOf(bus.sendCommand('ping')), 'ERR_NO_HANDLER');
  gate.resolve('pong');
  assert.deepEqual(await Promise.all(sent), ['pong', 'pong']);
  assert.equal(counted(bus, 'handlers')[0], 0);
});
