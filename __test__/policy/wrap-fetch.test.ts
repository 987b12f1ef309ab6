/** `wrapFetch` against a real server that fails, stalls, resets connections, and asks to be left alone for a while. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import {
  CircuitBreaker,
  CircuitOpenError,
  limited,
  policy,
  RetryExecutor,
  RetryPolicy,
  TokenBucketRateLimiter,
  timeout,
  wrapFetch,
} from 'millrace';
import { request as undiciRequest } from 'undici';
import { onBun } from '../helpers.js';

type Answer = (request: IncomingMessage, response: ServerResponse, nth: number) => void;

/** What the server does by path, and how often it was asked for it. */
const answers: Record<string, Answer> = {
  '/good': (_request, response) => response.end('good'),
  '/fails': (_request, response) => response.writeHead(500).end('bad'),
  '/fails-once': (_request, response, nth) => response.writeHead(nth === 1 ? 500 : 200).end(`answer ${nth}`),
  '/missing': (_request, response) => response.writeHead(404).end('missing'),
  '/resets': (request) => request.socket.destroy(),
  '/resets-once': (request, response, nth) => (nth === 1 ? request.socket.destroy() : response.end('whole')),
  '/stalls': () => undefined,
  '/stalls-once': (_request, response, nth) => (nth === 1 ? undefined : response.end('at last')),
  '/busy-once': (_request, response, nth) =>
    nth === 1 ? response.writeHead(429, { 'retry-after': '1' }).end('later') : response.end('now'),
  '/down-until': (_request, response, nth) =>
    nth === 1
      ? response.writeHead(503, { 'retry-after': new Date(Date.now() + 1500).toUTCString() }).end('later')
      : response.end('up'),
  '/echo': async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const nth = asked.get('/echo') as number;
    response.writeHead(nth === 1 ? 503 : 200).end(Buffer.concat(parts));
  },
};
const asked = new Map<string, number>();
const times = (path: string): number => asked.get(path) ?? 0;
const servers: Server[] = [];
async function serve(): Promise<string> {
  const server = createServer((request, response) => {
    const path = request.url as string;
    const nth = times(path) + 1;
    asked.set(path, nth);
    answers[path]?.(request, response, nth);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  servers.push(server);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('wrapFetch', () => {
  let url = '';
  before(async () => {
    url = await serve();
  });
  after(() => {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  });
  const retry = (attempts = 3): RetryExecutor =>
    new RetryExecutor(new RetryPolicy({ maxAttempts: attempts, initialDelay: 1, jitter: false }));

  test('a response that is good comes as from fetch', async () => {
    const response = await wrapFetch(fetch, retry())(`${url}/good`);
    assert.equal(response.status, 200);
    assert.equal(await response.text(), 'good');
  });

  test('a server that fails once is asked again', async () => {
    const response = await wrapFetch(fetch, retry())(`${url}/fails-once`);
    assert.equal(await response.text(), 'answer 2');
  });

  test('when it fails for good, the caller gets the last response', async () => {
    const response = await wrapFetch(fetch, retry())(`${url}/fails`);
    assert.equal(response.status, 500);
    assert.equal(await response.text(), 'bad');
    assert.equal(times('/fails'), 3);
  });

  test('what is no failure is asked for once', async () => {
    assert.equal((await wrapFetch(fetch, retry())(`${url}/missing`)).status, 404);
    assert.equal(times('/missing'), 1);
  });

  test('a connection that is reset is tried again; in the end the error is that of fetch', async () => {
    assert.equal(await (await wrapFetch(fetch, retry())(`${url}/resets-once`)).text(), 'whole');
    await assert.rejects(wrapFetch(fetch, retry(2))(`${url}/resets`), onBun ? Error : TypeError);
    // Bun's fetch tries a connection again by itself.
    assert.ok(onBun ? times('/resets') >= 2 : times('/resets') === 2);
  });

  test('a server that stalls is given up, and asked again', async () => {
    const ask = wrapFetch(fetch, policy(retry(), timeout(150, 'aggressive')));
    assert.equal(await (await ask(`${url}/stalls-once`)).text(), 'at last');
  });

  test('the signal of a request ends it, also while it waits to be sent again', async () => {
    const ask = wrapFetch(fetch, retry());
    await assert.rejects(ask(`${url}/stalls`, { signal: AbortSignal.timeout(50) }), { name: 'TimeoutError' });
    const slow = new RetryExecutor(
      new RetryPolicy({ initialDelay: 60_000, maxDelay: 60_000, jitter: false }),
    );
    await assert.rejects(wrapFetch(fetch, slow)(`${url}/fails`, { signal: AbortSignal.timeout(50) }), {
      name: 'TimeoutError',
    });
  });

  test('Retry-After is waited for, in seconds and as a date', async () => {
    let began = performance.now();
    assert.equal(await (await wrapFetch(fetch, retry())(`${url}/busy-once`)).text(), 'now');
    assert.ok(performance.now() - began >= 990);
    began = performance.now();
    assert.equal(await (await wrapFetch(fetch, retry())(`${url}/down-until`)).text(), 'up');
    assert.ok(performance.now() - began >= 450, 'a date has whole seconds');
  });

  test('a POST is sent once, unless it is said to be repeatable; so is a body that is a stream', async () => {
    const post = { method: 'POST', body: 'text' };
    assert.equal((await wrapFetch(fetch, retry())(`${url}/echo`, post)).status, 503);
    assert.equal(times('/echo'), 1);
    asked.delete('/echo');
    const ask = wrapFetch(fetch, retry(), { repeatable: ['post'] });
    const again = await ask(`${url}/echo`, post);
    assert.deepEqual([again.status, await again.text(), times('/echo')], [200, 'text', 2]);
    asked.delete('/echo');
    const stream = new Blob(['streamed']).stream();
    const streamed = await ask(`${url}/echo`, {
      method: 'POST',
      body: stream,
      duplex: 'half',
    } as RequestInit);
    assert.equal(streamed.status, 503);
    asked.delete('/echo');
    const put = new Request(`${url}/echo`, { method: 'PUT', body: 'request' });
    const once = await wrapFetch(fetch, retry())(put);
    assert.deepEqual([once.status, await once.text(), times('/echo')], [200, 'request', 2]);
  });

  test('each host has a breaker of its own', async () => {
    const other = await serve();
    const made: string[] = [];
    const ask = wrapFetch(fetch, (host) => {
      made.push(host);
      return new CircuitBreaker({ failureThreshold: 2, recoveryTimeout: 60_000 });
    });
    for (let i = 0; i < 2; i++) assert.equal((await ask(`${url}/fails`)).status, 500);
    await assert.rejects(ask(`${url}/good`), CircuitOpenError);
    assert.equal((await ask(`${other}/good`)).status, 200);
    assert.deepEqual(made, [new URL(url).host, new URL(other).host]);
  });

  test('each host has a limit of its own', async () => {
    const ask = wrapFetch(fetch, () =>
      policy(
        limited(
          new TokenBucketRateLimiter({
            capacity: 1,
            refillRate: 1,
            refillInterval: 200,
            enableBurst: true,
          }),
        ),
      ),
    );
    const began = performance.now();
    for (let i = 0; i < 3; i++) await (await ask(`${url}/good`)).text();
    assert.ok(performance.now() - began >= 395);
  });

  test('the hosts that were asked least recently are forgotten', async () => {
    let made = 0;
    const options = { maxHosts: 1, keyOf: ({ pathname }: URL) => pathname };
    const make = (): CircuitBreaker => {
      made++;
      return new CircuitBreaker({});
    };
    const ask = wrapFetch(fetch, make, options);
    for (const path of ['/good', '/good', '/missing', '/good']) await (await ask(`${url}${path}`)).text();
    assert.equal(made, 3);
  });

  test('isFailure decides', async () => {
    const ask = wrapFetch(fetch, retry(2), { isFailure: ({ status }) => status === 404 });
    asked.delete('/missing');
    assert.equal((await ask(`${url}/missing`)).status, 404);
    assert.equal(times('/missing'), 2);
  });

  test('undici’s request is wrapped as well', async () => {
    asked.delete('/fails-once');
    const { statusCode, body } = await wrapFetch(undiciRequest, retry())(`${url}/fails-once`);
    assert.equal(statusCode, 200);
    assert.equal(await body.text(), 'answer 2');
  });

  test('what cannot be meant is refused at once', () => {
    const bad = { code: 'ERR_INVALID_ARGUMENT' };
    assert.throws(() => wrapFetch(undefined as never, retry()), bad);
    assert.throws(() => wrapFetch(fetch, undefined as never), bad);
    assert.throws(() => wrapFetch(fetch, retry(), { retries: 3 } as never), /retries: got an unknown option/);
    assert.throws(() => wrapFetch(fetch, retry(), { maxHosts: 0 }), /maxHosts: got 0/);
    assert.throws(() => wrapFetch(fetch, retry(), { repeatable: 'GET' as never }), /repeatable/);
  });
});
