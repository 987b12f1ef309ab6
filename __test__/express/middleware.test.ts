/** The middleware in real Express 4 and 5, over real HTTP. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { type ClientRateLimitInfo, type RateLimitInfo, rateLimit, type Store } from 'millrace/express';
import { deferred, packageUrl, until } from '../helpers.js';
import { type App, ask, listen, statuses, versions } from './servers.js';

const hour = 3_600_000;
/** An error handler, which Express knows by its four parameters. */
const caught = ((
  error: Error,
  _request: unknown,
  response: { send(body: string): unknown },
  _next: unknown,
) => response.send(`caught ${error.message}`)) as never;
const ok = (_request: unknown, response: { send(body: string): unknown }): unknown => response.send('ok');

for (const [version, express] of Object.entries(versions)) {
  const serve = (...handlers: Parameters<App['use']>): Promise<number> => {
    const app = express();
    app.use(...handlers);
    app.get('/', ok);
    app.get('/fails', (_request, response) => response.status(500).send('failed'));
    return listen(app);
  };

  describe(version, () => {
    test('lets as many pass as the limit says, then refuses with 429, the message and Retry-After', async () => {
      const port = await serve(rateLimit({ limit: 2, windowMs: hour }));
      const first = await ask(port);
      assert.deepEqual([first.status, first.text, first.headers['retry-after']], [200, 'ok', undefined]);
      assert.deepEqual(
        [first.headers['x-ratelimit-limit'], first.headers['x-ratelimit-remaining']],
        ['2', '1'],
      );
      const reset = Number(first.headers['x-ratelimit-reset']) - Date.now() / 1000;
      assert.ok(Number.isInteger(Number(first.headers['x-ratelimit-reset'])) && reset > 3590 && reset < 3602);
      assert.equal((await ask(port)).status, 200);
      const refused = await ask(port);
      assert.deepEqual(
        [refused.status, refused.text, refused.headers['x-ratelimit-remaining']],
        [429, 'Too many requests, please try again later.', '0'],
      );
      assert.match(refused.headers['retry-after'] ?? '', /^3(600|59\d)$/);
    });

    test('a window begins with the first request and ends for all', async () => {
      const port = await serve(rateLimit({ limit: 1, windowMs: 30 }));
      const began = performance.now();
      assert.equal((await ask(port)).status, 200);
      let status = 429;
      while (status === 429) ({ status } = await ask(port));
      assert.ok(performance.now() - began >= 29);
    });

    test('the default is five a minute, max is another name for limit, and 0 refuses all', async () => {
      const five = [200, 200, 200, 200, 200, 429];
      assert.deepEqual(await statuses(await serve(rateLimit()), 6), five);
      assert.deepEqual(await statuses(await serve(rateLimit({ max: 1 })), 2), [200, 429]);
      assert.deepEqual(await statuses(await serve(rateLimit({ limit: 0, validate: false })), 1), [429]);
    });

    test('standard headers of each draft', async () => {
      const options = { limit: 3, windowMs: 90_500, legacyHeaders: false } as const;
      const six = (await ask(await serve(rateLimit({ ...options, standardHeaders: true })))).headers;
      assert.deepEqual(
        [six['ratelimit-policy'], six['ratelimit-limit'], six['ratelimit-remaining'], six['ratelimit-reset']],
        ['3;w=91', '3', '2', '91'],
      );
      assert.equal(six['x-ratelimit-limit'], undefined);
      const seven = (await ask(await serve(rateLimit({ ...options, standardHeaders: 'draft-7' })))).headers;
      assert.equal(seven['ratelimit-policy'], '3;w=91');
      assert.match(String(seven['ratelimit']), /^limit=3, remaining=2, reset=9[01]$/);
      const draft8 = { ...options, standardHeaders: 'draft-8' } as const;
      const port = await serve(
        rateLimit({ ...draft8, windowMs: 2 * hour }),
        rateLimit({ ...draft8, identifier: () => 'slow', requestPropertyName: 'slow' }),
      );
      const eight = (await ask(port)).headers;
      assert.match(String(eight['ratelimit']), /^"3-in-2hrs"; r=2; t=7\d+, "slow"; r=2; t=9[01]$/);
      const policy = '"[^"]+"; q=3; w=\\d+; pk=:[A-Za-z0-9+/]{16}:';
      assert.match(String(eight['ratelimit-policy']), new RegExp(`^${policy}, ${policy}$`));
    });

    test('no Retry-After when all headers are off', async () => {
      const port = await serve(rateLimit({ limit: 0, legacyHeaders: false, validate: false }));
      assert.equal((await ask(port)).headers['retry-after'], undefined);
      const old = await serve(rateLimit({ limit: 0, headers: false, validate: false }));
      assert.equal((await ask(old)).headers['retry-after'], undefined);
    });

    test('message may be an object or a function, statusCode any status', async () => {
      const json = await ask(
        await serve(rateLimit({ limit: 0, validate: false, message: { error: 'slow' } })),
      );
      assert.deepEqual(JSON.parse(json.text), { error: 'slow' });
      const message = async (request: { url?: string }): Promise<string> => `no ${request.url}`;
      const port = await serve(rateLimit({ limit: 0, validate: false, message, statusCode: 503 }));
      const { status, text } = await ask(port, '/x');
      assert.deepEqual([status, text], [503, 'no /x']);
    });

    test('a handler answers itself, and is given the options; what it throws goes to next', async () => {
      const port = await serve(
        rateLimit({
          limit: 1,
          handler: (_request, response, _next, { limit, statusCode }) => {
            response.statusCode = 418;
            response.end(`${limit} ${statusCode}`);
          },
        }),
      );
      await ask(port);
      const { status, text } = await ask(port);
      assert.deepEqual([status, text], [418, '1 429']);
      const throws = async (): Promise<never> => {
        throw new Error('handler');
      };
      const failing = await serve(rateLimit({ limit: 0, validate: false, handler: throws }), caught);
      assert.equal((await ask(failing)).text, 'caught handler');
    });

    test('keyGenerator tells clients apart, limit and skip may hang on the request', async () => {
      const port = await serve(
        rateLimit({
          keyGenerator: async (request) => String(request.headers['x-user']),
          limit: async (request) => (request.headers['x-user'] === 'rich' ? 3 : 1),
          skip: async (request) => request.headers['x-user'] === 'root',
        }),
      );
      const as = async (user: string): Promise<number> => (await ask(port, '/', { 'x-user': user })).status;
      const all: number[] = [];
      for (const user of ['poor', 'poor', 'rich', 'rich', 'rich', 'rich', 'root', 'root'])
        all.push(await as(user));
      assert.deepEqual(all, [200, 429, 200, 200, 200, 429, 200, 200]);
    });

    test('a request finds how it stands, under the name that was asked for', async () => {
      const seen: unknown[] = [];
      const look = (request: unknown, _response: unknown, next: () => void): void => {
        const of = request as { rateLimit: RateLimitInfo & { current: number }; own: RateLimitInfo };
        seen.push({ ...of.rateLimit }, of.rateLimit.current, of.own.limit);
        next();
      };
      await ask(
        await serve(
          rateLimit({ limit: 5, windowMs: hour }),
          rateLimit({ limit: 7, requestPropertyName: 'own' }),
          look,
        ),
      );
      const [info, current, own] = seen as [RateLimitInfo, number, number];
      assert.deepEqual(
        [info.limit, info.used, info.remaining, info.key, current, own],
        [5, 1, 4, '127.0.0.1', 1, 7],
      );
      assert.ok(info.resetTime instanceof Date && info.resetTime.getTime() > Date.now());
      assert.deepEqual(Object.keys(info), ['limit', 'used', 'remaining', 'resetTime', 'key']);
    });

    test('resetKey forgets a client, getKey says how it stands', async () => {
      const limiter = rateLimit({ limit: 1 });
      const port = await serve(limiter);
      assert.deepEqual(await statuses(port, 2), [200, 429]);
      assert.equal((await limiter.getKey('127.0.0.1'))?.totalHits, 2);
      await limiter.resetKey('127.0.0.1');
      assert.equal(await limiter.getKey('127.0.0.1'), undefined);
      assert.deepEqual(await statuses(port, 2), [200, 429]);
    });

    test('skipFailedRequests and skipSuccessfulRequests take hits back, and never below none', async () => {
      const failed = rateLimit({ limit: 2, skipFailedRequests: true });
      const port = await serve(failed);
      const hits = async (): Promise<number> => (await failed.getKey('127.0.0.1'))?.totalHits ?? 0;
      for (let at = 0; at < 4; at++) {
        assert.equal((await ask(port, '/fails')).status, 500);
        while ((await hits()) > 0) await new Promise((resolve) => setImmediate(resolve));
      }
      assert.deepEqual(await statuses(port, 3), [200, 200, 429]);
      const succeeded = rateLimit({
        limit: 1,
        skipSuccessfulRequests: true,
        requestWasSuccessful: async (request) => request.url === '/',
      });
      const other = await serve(succeeded);
      for (let at = 0; at < 3; at++) {
        assert.equal((await ask(other)).status, 200);
        await until(() => (succeeded.getKey('127.0.0.1') as ClientRateLimitInfo | undefined) === undefined);
      }
      assert.deepEqual(await statuses(other, 2, '/fails'), [500, 429]);
    });

    test('requestWasSuccessful says which hits are taken back', async () => {
      const limiter = rateLimit({
        limit: 1,
        skipSuccessfulRequests: true,
        requestWasSuccessful: (request, response) => request.url === '/fails' && response.statusCode === 500,
      });
      const port = await serve(limiter);
      for (let at = 0; at < 3; at++) {
        assert.equal((await ask(port, '/fails')).status, 500);
        await until(() => limiter.getKey('127.0.0.1') === undefined);
      }
      assert.deepEqual(await statuses(port, 2), [200, 429]);
    });

    test('ipv6Subnet: how much of an address tells clients apart', async () => {
      const statusOf = async (ipv6Subnet: number | false | (() => number), addresses: string[]) => {
        const app = express();
        app.set('trust proxy', 'loopback');
        app.use(rateLimit({ limit: 1, ipv6Subnet }));
        app.get('/', ok);
        const port = await listen(app);
        const each: number[] = [];
        for (const address of addresses)
          each.push((await ask(port, '/', { 'x-forwarded-for': address })).status);
        return each;
      };
      const apart = ['2001:db8:1:100::1', '2001:db8:1:200::1', '2001:db8:2::1', '2001:db8:2::2'];
      assert.deepEqual(await statusOf(56, apart), [200, 200, 200, 429]);
      assert.deepEqual(await statusOf(48, apart), [200, 429, 200, 429]);
      assert.deepEqual(await statusOf(false, apart), [200, 200, 200, 200]);
      assert.deepEqual(await statusOf(() => 32, apart), [200, 429, 429, 429]);
    });

    test('a hit whose client has gone away is taken back as failed', async () => {
      const limiter = rateLimit({ limit: 1, skipFailedRequests: true });
      const came = deferred<void>();
      const port = await serve(limiter, () => came.resolve());
      const socket = connect(port, '127.0.0.1');
      socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
      await came.promise;
      assert.equal((limiter.getKey('127.0.0.1') as ClientRateLimitInfo).totalHits, 1);
      socket.destroy();
      await until(() => limiter.getKey('127.0.0.1') === undefined);
    });

    test('a store that fails refuses with its error, or lets pass if asked to', async () => {
      const told: unknown[] = [];
      const logger = {
        error: (...args: unknown[]) => told.push(args),
        warn: (...args: unknown[]) => told.push(args),
      };
      const store = (): Store => ({
        increment: () => Promise.reject(new Error('no store')),
        decrement: () => undefined,
        resetKey: () => undefined,
      });
      assert.equal((await ask(await serve(rateLimit({ store: store() }), caught))).text, 'caught no store');
      const passing = await serve(rateLimit({ store: store(), passOnStoreError: true, logger }), caught);
      assert.equal((await ask(passing)).text, 'ok');
      assert.equal(told.length, 1);
      assert.throws(() => rateLimit({ store: store() }).getKey('x'), /no get/);
    });
  });
}

test('works in a plain http server', async () => {
  const limiter = rateLimit({ limit: 1, keyGenerator: () => 'all', message: { error: 'slow' } });
  const port = await listen((request, response) => void limiter(request, response, () => response.end('ok')));
  assert.equal((await ask(port)).text, 'ok');
  const refused = await ask(port);
  assert.deepEqual(
    [refused.status, refused.headers['content-type'], refused.text],
    [429, 'application/json; charset=utf-8', '{"error":"slow"}'],
  );
});

test('a store of another kind: windows that are over are left alone, what it begins with is told', async () => {
  const calls: string[] = [];
  const told: unknown[] = [];
  let resetTime = new Date(Date.now() + hour);
  const make = (init: () => Promise<void> | void): Store => ({
    init,
    increment: (key) => {
      calls.push(`increment ${key}`);
      return { totalHits: 1, resetTime };
    },
    decrement: (key) => void calls.push(`decrement ${key}`),
    resetKey: (key) => void calls.push(`reset ${key}`),
  });
  const logger = { error: (error: unknown) => told.push(error), warn: () => undefined };
  const options = { keyGenerator: () => 'a', skipSuccessfulRequests: true, logger };
  const store = make(() => Promise.reject(new Error('async')));
  const limiter = rateLimit({ ...options, store });
  rateLimit({
    ...options,
    store: make(() => {
      throw new Error('sync');
    }),
  });
  const port = await listen((request, response) => void limiter(request, response, () => response.end()));
  await ask(port);
  await until(() => calls.length === 2);
  resetTime = new Date(Date.now() - 1);
  await ask(port);
  await limiter.resetKey('b');
  assert.deepEqual(calls, ['increment a', 'decrement a', 'increment a', 'reset b']);
  assert.deepEqual(told.map((error) => (error as Error).message).sort(), ['async', 'sync']);
});

test('one budget for a server with four worker threads that listen', async () => {
  const source = `
    import { createServer } from 'node:http';
    import { parentPort } from 'node:worker_threads';
    import { rateLimit } from ${JSON.stringify(new URL('./express/index.js', packageUrl).href)};
    const limiter = rateLimit({ name: 'four', limit: 100, windowMs: 3_600_000, keyGenerator: () => 'client' });
    const server = createServer((request, response) => void limiter(request, response, () => response.end('ok')));
    server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
    parentPort.once('message', () => { server.close(); server.closeAllConnections(); });`;
  const url = new URL(`data:text/javascript,${encodeURIComponent(source)}`);
  const workers = Array.from({ length: 4 }, () => new Worker(url));
  const exits = workers.map((worker) => once(worker, 'exit'));
  const ports = await Promise.all(
    workers.map(async (worker) => (await once(worker, 'message'))[0] as number),
  );
  const all = (await Promise.all(ports.map((port) => statuses(port, 50)))).flat();
  assert.equal(all.filter((status) => status === 200).length, 100);
  assert.equal(all.filter((status) => status === 429).length, 100);
  for (const worker of workers) worker.postMessage('end');
  await Promise.all(exits);
});
