/** The parts of the middleware: addresses, the store, options, checks. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';
import {
  ipKeyGenerator,
  MillraceStore,
  type MillraceStoreOptions,
  type RateLimitOptions,
  type RateLimitValidationError,
  rateLimit,
} from 'millrace/express';
import { onBun, until } from '../helpers.js';
import { ask, listen, statuses, versions } from './servers.js';

/** Express-rate-limit's own. Its types need those of Express. */
const theirs = (
  createRequire(import.meta.url)('express-rate-limit') as {
    rateLimit(options: object): ReturnType<typeof rateLimit>;
  }
).rateLimit;
const hour = 3_600_000;

describe('ipKeyGenerator', () => {
  const cases: [string, string, (number | false)?][] = [
    ['1.2.3.4', '1.2.3.4'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['::FFFF:102:304', '1.2.3.4'],
    ['0:0:0:0:0:ffff:0102:0304', '1.2.3.4'],
    ['::ffff:1.2.3.4', '1.2.3.4', false],
    ['2001:db8::1.2.3.4', '2001:db8::/56'],
    ['2001:db8:1:2345:6:7:8:9', '2001:db8:1:2300::/56'],
    ['2001:0DB8:1:23ff::1', '2001:db8:1:2300::/56'],
    ['2001:db8:1:2345:6:7:8:9', '2001:db8:1:2345::/64', 64],
    ['2001:db8:1:2345:6:7:8:9', '2001:db8:1:2344::/63', 63],
    ['2001:db8:1:2345:6:7:8:9', '2000::/4', 4],
    ['2001:db8::0:1', '2001:db8::1/128', 128],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1', false],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8', false],
    ['1:0:3:4:5:6:7:8', '1:0:3:4:5:6:7:8', false],
    ['1:2:3:4:5:6::', '1:2:3:4:5:6::', false],
    ['fe80::1%eth0', 'fe80::/56'],
    ['::1', '::/56'],
    ['::', '::', false],
    ['not an address', 'not an address'],
  ];
  for (const [ip, key, subnet] of cases)
    test(`${ip} ${subnet ?? ''}`, () => assert.equal(ipKeyGenerator(ip, subnet), key));

  test('garbage is refused', () => {
    for (const subnet of [0, 129, 1.5, '56', null, true])
      assert.throws(() => ipKeyGenerator('::1', subnet as number), { code: 'ERR_INVALID_ARGUMENT' });
    assert.throws(() => ipKeyGenerator(undefined as unknown as string), { code: 'ERR_INVALID_ARGUMENT' });
  });
});

describe('MillraceStore', () => {
  test('counts, takes back, and forgets', () => {
    using store = new MillraceStore({ windowMs: hour });
    assert.equal(store.get('a'), undefined);
    const first = store.increment('a');
    assert.equal(first.totalHits, 1);
    const ends = (first.resetTime?.getTime() ?? 0) - Date.now();
    assert.ok(ends > hour - 60_000 && ends <= hour);
    assert.equal(store.increment('a').totalHits, 2);
    store.decrement('a');
    assert.equal(store.get('a')?.totalHits, 1);
    for (let at = 0; at < 3; at++) store.decrement('a');
    assert.equal(store.increment('a').totalHits, 1);
    store.increment('b');
    store.resetKey('a');
    assert.deepEqual([store.get('a'), store.get('b')?.totalHits, store.size], [undefined, 1, 1]);
    store.resetAll();
    assert.equal(store.get('b'), undefined);
    store.increment('b');
    store.shutdown();
    store.shutdown();
    assert.equal(store.get('b'), undefined);
    store.increment('c');
    store[Symbol.dispose]();
    assert.equal(store.get('c'), undefined);
  });

  test('a hit of a window that is over is not taken from the next', async () => {
    using store = new MillraceStore({ windowMs: 5 });
    const old = store.increment('a');
    await until(() => store.get('a') === undefined);
    using limitless = new MillraceStore({ windowMs: hour });
    limitless.increment('a');
    limitless.decrement('a', old);
    assert.equal(limitless.get('a')?.totalHits, 1);
  });

  test('a name counts together, and has one window', () => {
    using one = new MillraceStore({ name: 'store', windowMs: hour });
    using two = new MillraceStore({ name: 'store' });
    two.init({ windowMs: hour });
    one.increment('a');
    assert.equal(two.increment('a').totalHits, 2);
    two.shutdown();
    assert.equal(one.get('a')?.totalHits, 2);
    assert.deepEqual([one.localKeys, one.prefix, new MillraceStore().localKeys], [false, 'store:', true]);
    assert.throws(() => new MillraceStore({ name: 'store', windowMs: 1 }), { code: 'ERR_NAME_CONFLICT' });
    assert.throws(() => rateLimit({ name: 'store', windowMs: 1 }), { code: 'ERR_NAME_CONFLICT' });
  });

  test('maxKeys bounds it: new clients are refused, or pass uncounted', async () => {
    for (const onFull of ['refuse', 'allow'] as const) {
      const store = new MillraceStore({ maxKeys: 1, onFull });
      const keyGenerator = (request: { url?: string | undefined }): string => request.url ?? '';
      const limiter = rateLimit({ store, windowMs: hour, limit: 2, keyGenerator });
      const port = await listen((request, response) => void limiter(request, response, () => response.end()));
      assert.deepEqual(await statuses(port, 1, '/a'), [200]);
      const late = onFull === 'allow' ? 200 : 429;
      assert.deepEqual(await statuses(port, 3, '/b'), [late, late, late]);
      assert.deepEqual(await statuses(port, 2, '/a'), [200, 429]);
    }
  });

  test('refuses garbage, and to count without a window', () => {
    const wrong: unknown[] = [
      null,
      { windowMs: 0 },
      { windowMs: '1' },
      { maxKeys: 0, windowMs: 1 },
      { limit: 1 },
    ];
    wrong.push({ onFull: 'x', windowMs: 1 }, { name: '', windowMs: 1 });
    for (const options of wrong)
      assert.throws(() => new MillraceStore(options as MillraceStoreOptions), {
        code: 'ERR_INVALID_ARGUMENT',
      });
    assert.throws(() => new MillraceStore().increment('a'), {
      code: 'ERR_INVALID_ARGUMENT',
      message: /windowMs/,
    });
  });

  test('serves express-rate-limit itself', async () => {
    const store = new MillraceStore({ name: 'theirs' });
    const limiter = theirs({ windowMs: hour, limit: 2, store, skipFailedRequests: true });
    const app = versions.express5();
    app.use(limiter);
    app.get('/', (_request, response) => response.send('ok'));
    assert.deepEqual(await statuses(await listen(app), 3), [200, 200, 429]);
    assert.equal((await limiter.getKey('127.0.0.1'))?.totalHits, 2, 'one that was refused has failed');
    await limiter.resetKey('127.0.0.1');
    assert.equal(await limiter.getKey('127.0.0.1'), undefined);
  });
});

describe('options', () => {
  test('garbage is refused by name, undefined is no option', () => {
    const wrong: [unknown, RegExp][] = [
      [null, /^options/],
      [{ window: 1 }, /^window: got an unknown option/],
      [{ windowMs: 0 }, /^windowMs/],
      [{ windowMs: '1000' }, /^windowMs/],
      [{ limit: -1 }, /^limit/],
      [{ limit: 1.5 }, /^limit/],
      [{ max: '5' }, /^limit/],
      [{ statusCode: 20 }, /^statusCode/],
      [{ standardHeaders: 'draft-9' }, /^standardHeaders/],
      [{ legacyHeaders: 1 }, /^legacyHeaders/],
      [{ keyGenerator: 'ip' }, /^keyGenerator/],
      [{ skip: true }, /^skip/],
      [{ handler: 1 }, /^handler/],
      [{ identifier: 1 }, /^identifier/],
      [{ requestPropertyName: 1 }, /^requestPropertyName/],
      [{ requestWasSuccessful: 1 }, /^requestWasSuccessful/],
      [{ passOnStoreError: 'yes' }, /^passOnStoreError/],
      [{ ipv6Subnet: 200 }, /^ipv6Subnet/],
      [{ logger: {} }, /^logger/],
      [{ validate: 1 }, /^validate/],
      [{ validate: { ip: 1 } }, /^validate\.ip/],
      [{ validate: { ips: true } }, /^validate\.ips/],
      [{ store: {} }, /^store/],
      [{ store: new MillraceStore(), name: 'x' }, /^name/],
    ];
    for (const [options, message] of wrong)
      assert.throws(() => rateLimit(options as RateLimitOptions), { code: 'ERR_INVALID_ARGUMENT', message });
    const nothing = { limit: undefined, windowMs: undefined, store: undefined, keyGenerator: undefined };
    rateLimit(nothing as unknown as RateLimitOptions);
  });

  test('a window may be longer than a timer can be, and shorter than a second', async () => {
    const keyGenerator = (): string => 'all';
    const long = rateLimit({ windowMs: 2 ** 31 * 10, limit: 1, keyGenerator });
    const port = await listen((request, response) => void long(request, response, () => response.end()));
    assert.deepEqual(await statuses(port, 3), [200, 429, 429]);
  });
});

describe('checks', () => {
  /** The codes that are told for some requests. */
  async function told(
    options: RateLimitOptions,
    { headers = {} as Record<string, string>, proxy = false as unknown, requests = 2 } = {},
  ): Promise<string[]> {
    const codes: string[] = [];
    const note = (error: unknown): void => void codes.push((error as RateLimitValidationError).code);
    const app = versions.express5();
    app.set('trust proxy', proxy);
    app.use(rateLimit({ logger: { error: note, warn: note }, ...options }));
    app.get('/', (_request, response) => response.send('ok'));
    const port = await listen(app);
    for (let at = 0; at < requests; at++) await ask(port, '/', headers);
    return codes;
  }

  test('tell each mistake once', async () => {
    assert.deepEqual(await told({}), []);
    assert.deepEqual(await told({}, { proxy: true }), ['ERR_ERL_PERMISSIVE_TRUST_PROXY']);
    const forwarded = { headers: { 'x-forwarded-for': '9.9.9.9' } };
    assert.deepEqual(await told({}, forwarded), ['ERR_ERL_UNEXPECTED_X_FORWARDED_FOR']);
    assert.deepEqual(await told({}, { ...forwarded, proxy: 1 }), []);
    assert.deepEqual(await told({}, { headers: { forwarded: 'for=9.9.9.9' } }), ['ERR_ERL_FORWARDED_HEADER']);
    assert.deepEqual(await told({ limit: 0 }), ['WRN_ERL_MAX_ZERO']);
    assert.deepEqual(await told({ ipv6Subnet: 20 }), ['ERR_ERL_IPV6_SUBNET']);
    const keyGenerator = (request: { ip?: string | undefined }): string => request.ip ?? '';
    assert.deepEqual(await told({ keyGenerator }), ['ERR_ERL_KEY_GEN_IPV6']);
    const safe = (request: { ip?: string | undefined }): string => ipKeyGenerator(request.ip ?? '');
    assert.deepEqual(await told({ keyGenerator: safe, ipv6Subnet: 56 }), [
      'ERR_ERL_IPV6SUBNET_OR_KEYGENERATOR',
    ]);
    const store = new MillraceStore();
    assert.deepEqual(await told({ store }), []);
    assert.deepEqual(await told({ store }), ['ERR_ERL_STORE_REUSE']);
    const strange = {
      increment: () => ({ totalHits: 0.5, resetTime: undefined }),
      decrement: () => undefined,
      resetKey: () => undefined,
    };
    assert.deepEqual(await told({ store: strange, standardHeaders: 'draft-7' }), [
      'ERR_ERL_INVALID_HITS',
      'ERR_ERL_HEADERS_NO_RESET',
    ]);
  });

  test('can be switched off, all or each', async () => {
    const headers = { 'x-forwarded-for': '9.9.9.9' };
    assert.deepEqual(await told({ validate: false, limit: 0 }, { headers }), []);
    assert.deepEqual(await told({ validate: { limit: false }, limit: 0 }, { headers }), [
      'ERR_ERL_UNEXPECTED_X_FORWARDED_FOR',
    ]);
    assert.deepEqual(await told({ validate: { default: false, limit: true }, limit: 0 }, { headers }), [
      'WRN_ERL_MAX_ZERO',
    ]);
  });

  test('a request without an address, one counted twice, and a limiter made in a handler', async () => {
    const codes: string[] = [];
    const note = (error: unknown): void => void codes.push((error as RateLimitValidationError).code);
    const logger = { error: note, warn: note };
    const bare = rateLimit({ logger });
    const port = await listen((request, response) => void bare(request, response, () => response.end()));
    assert.equal((await ask(port)).status, 200);
    assert.deepEqual(codes.splice(0), ['ERR_ERL_UNDEFINED_IP_ADDRESS']);
    for (const express of Object.values(versions)) {
      const app = express();
      const twice = rateLimit({ logger });
      app.use(twice, twice);
      app.get('/', (request, response, next) => void rateLimit({ logger })(request, response, next));
      await ask(await listen(app));
      // Bun leaves callers out of a stack that Node has in it.
      const made = onBun ? [] : ['ERR_ERL_CREATED_IN_REQUEST_HANDLER'];
      assert.deepEqual(codes.splice(0), ['ERR_ERL_DOUBLE_COUNT', ...made]);
    }
  });

  test('go to the console if there is no logger', async (t) => {
    const error = t.mock.method(console, 'error', () => undefined);
    const warn = t.mock.method(console, 'warn', () => undefined);
    rateLimit({ ipv6Subnet: 20 });
    const limiter = rateLimit({ limit: 0, keyGenerator: () => 'a' });
    const port = await listen((request, response) => void limiter(request, response, () => response.end()));
    await ask(port);
    assert.deepEqual([error.mock.callCount(), warn.mock.callCount()], [1, 1]);
  });
});
