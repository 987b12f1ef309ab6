/** Load shedding: the loop is blocked on purpose; what follows from a delay is proven in `core/src/shedding.rs`. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { LoadShed, type LoadShedConfig, LoadShedError, loadShed } from 'millrace';
import { child, turns, until } from '../helpers.js';

/** Blocks this thread's event loop. */
function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

test('while nothing is late everything is admitted', async () => {
  using shed = loadShed({ maxEventLoopDelay: 1000 });
  for (const priority of [0, 1, 2]) {
    assert.equal(shed.admits(priority), true);
    assert.equal(await shed.call(() => priority, { priority }), priority);
  }
  assert.deepEqual([shed.getMetrics().admitted, shed.getMetrics().refused], [6, [0, 0, 0]]);
  assert.deepEqual([shed.lowest, await shed.wrap(async (n: number) => n)(7)], [0, 7]);
});

test('a blocked loop refuses low priorities first, even before it has turned, and admits them again later', async () => {
  using shed = loadShed({ maxEventLoopDelay: 50, priorities: 4 });
  const refusals: { priority: number; retryAfter: number }[] = [];
  shed.on('refuse', (event) => refusals.push(event));
  assert.equal(shed.admits(0), true);
  // The probe is sent; it is at least 100 ms late at the end of this, so 0 and 1 are refused, and whatever else is late here.
  block(50 / 4 + 110);
  const admitted = [0, 1, 2, 3].map((priority) => shed.admits(priority));
  assert.deepEqual(admitted.slice(0, 2), [false, false]);
  assert.deepEqual(admitted, [...admitted].sort());
  assert.equal(refusals[0]?.priority, 0);
  assert.ok((refusals[0]?.retryAfter ?? 0) > (refusals[1]?.retryAfter ?? Infinity));
  let called = false;
  const call = shed.call(() => (called = true));
  await assert.rejects(
    call,
    (error) =>
      error instanceof LoadShedError &&
      error.code === 'ERR_LOAD_SHED' &&
      error.priority === 0 &&
      error.retryAfter > 0,
  );
  assert.equal(called, false);
  const { delay, refused } = shed.getMetrics();
  assert.ok(delay > 100);
  assert.deepEqual([refused[0], refused[1]], [2, 1]);
  await until(() => shed.lowest === 0);
  assert.equal(shed.admits(0), true);
});

test('the delay is remembered when the probe has come', async () => {
  using shed = new LoadShed({ maxEventLoopDelay: 400, priorities: 1 });
  shed.admits();
  block(1600);
  await turns(2);
  assert.equal(shed.admits(), false);
});

test('middleware answers 503 with Retry-After, by the priority of each request', async () => {
  using shed = loadShed({ maxEventLoopDelay: 40, priorities: 100 });
  const middleware = shed.middleware({
    priority: (request: IncomingMessage) => Number(request.headers['x-priority']),
  });
  const server = createServer((request, response) => {
    // As if another call came, and its work blocked the loop before this one is decided on.
    shed.admits(99);
    block(Number(request.headers['x-block']));
    middleware(request, response, (error) => {
      response.statusCode = error === undefined ? 200 : 500;
      response.end(error === undefined ? 'served' : String((error as Error).message));
    });
  }).listen(0);
  try {
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const ask = async (priority: number, block: number): Promise<[number, string | null, string]> => {
      const response = await fetch(url, {
        headers: { 'x-priority': String(priority), 'x-block': String(block) },
      });
      return [response.status, response.headers.get('retry-after'), await response.text()];
    };
    assert.deepEqual(await ask(0, 0), [200, null, 'served']);
    assert.deepEqual(await ask(0, 200), [503, '1', 'Service Unavailable\n']);
    assert.equal((await ask(99, 200))[0], 200);
    const [status, , text] = await ask(100, 0);
    assert.deepEqual([status, /priority/.test(text)], [500, true]);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

test('closed, it measures nothing and admits everything', () => {
  const shed = loadShed({ maxEventLoopDelay: 1 });
  shed.admits();
  block(50);
  assert.equal(shed.admits(), false);
  shed.close();
  shed.close();
  assert.deepEqual([shed.admits(), shed.lowest, shed.closed], [true, 0, true]);
  const other = loadShed({ maxEventLoopDelay: 5 });
  other[Symbol.dispose]();
  assert.ok(other.closed);
  assert.equal(shed.getMetrics().admitted, 1);
});

test('a listener that is taken away hears nothing; one for once hears once', () => {
  using shed = loadShed({ maxEventLoopDelay: 1 });
  let heard = 0;
  const listener = (): void => void heard++;
  shed.on('refuse', listener).once('refuse', listener);
  shed.admits();
  block(50);
  shed.admits();
  assert.equal(heard, 2);
  shed.off('refuse', listener);
  shed.admits();
  assert.equal(heard, 2);
});

test('the probe keeps no process alive', async () => {
  const { code } = await child(`
    const shed = millrace.loadShed({ maxEventLoopDelay: 100_000 });
    shed.admits();`);
  assert.equal(code, 0);
});

test('the signal is handed on, and one that has aborted ends the call', async () => {
  using shed = loadShed({ maxEventLoopDelay: 1000 });
  const { signal } = new AbortController();
  assert.equal(await shed.call((context) => context.signal, { signal }), signal);
  await assert.rejects(
    shed.call(() => assert.fail(), { signal: AbortSignal.abort() }),
    { name: 'AbortError' },
  );
});

test('what cannot be meant is refused by name', async () => {
  const invalid = { code: 'ERR_INVALID_ARGUMENT' };
  for (const [name, values] of [
    ['maxEventLoopDelay', [0, -1, NaN, Infinity, '3', null, undefined, {}]],
    ['priorities', [0, 1.5, 101, '3', null, {}]],
    ['unknown', [1]],
  ] as const)
    for (const value of values)
      assert.throws(() => loadShed({ maxEventLoopDelay: 5, [name]: value } as LoadShedConfig), {
        ...invalid,
        message: new RegExp(name),
      });
  for (const config of [undefined, null, 3])
    assert.throws(() => loadShed(config as unknown as LoadShedConfig), invalid);
  using shed = loadShed({ maxEventLoopDelay: 1000 });
  for (const priority of [-1, 3, 0.5, NaN, '1', null])
    assert.throws(() => shed.admits(priority as number), /priority/);
  const call = shed.call.bind(shed) as (...args: unknown[]) => Promise<unknown>;
  for (const args of [[], [3], [() => 1, null], [() => 1, { unknown: 1 }], [() => 1, { signal: 3 }]])
    await assert.rejects(call(...args), invalid);
  const middleware = shed.middleware.bind(shed) as (options: unknown) => void;
  for (const options of [null, 3, { unknown: 1 }]) assert.throws(() => middleware(options), invalid);
  for (const event of ['else', 'constructor', 7])
    assert.throws(() => shed.on(event as 'refuse', () => 1), invalid);
  assert.throws(() => shed.once('refuse', 7 as never), invalid);
});
