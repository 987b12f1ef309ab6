/** Shutting down by hand, over TLS, in threads, and what cannot be meant. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gracefulShutdown, PatternRegistry } from 'millrace';
import { child, onBun, packageUrl } from '../helpers.js';
import { ok, serve } from './serving.js';

describe('onShutdown', () => {
  test('is called first, with the signal, in its context; patterns end after it', async () => {
    const served = await serve(
      `onShutdown: (signal) => new Promise((resolve) => { console.log('told ' + signal + ' ' + life.shuttingDown); setTimeout(() => { console.log('told all'); resolve(); }, 50); })`,
    );
    served.kill('SIGINT');
    assert.deepEqual(await served.ended, ok);
    assert.deepEqual(
      served.said.filter((line) => line !== 'server closed'),
      ['told SIGINT true', 'told all', 'pattern stops', 'pattern stopped', 'exits 0'],
    );
  });

  test('that fails keeps nothing from ending; the exit code is 1', async () => {
    const served = await serve(`onShutdown() { throw new Error('will not'); }`);
    served.kill('SIGTERM');
    assert.deepEqual(await served.ended, [1, null]);
    assert.match(served.stderr, /will not/);
    assert.deepEqual(served.said, ['server closed', 'pattern stops', 'pattern stopped', 'exits 1']);
  });
});

describe('by hand', () => {
  test('it does the same, once', async () => {
    const served = await serve('', 'setTimeout(() => undefined, 200);');
    served.tell('shutdown');
    served.tell('shutdown');
    assert.deepEqual(await served.ended, ok);
    assert.deepEqual(served.said, [
      'server closed',
      'pattern stops',
      'pattern stopped',
      'resolved',
      'resolved',
      'exits 0',
    ]);
  });

  test('it rejects with what went wrong', async () => {
    const served = await serve('', `pattern.ends = () => { throw new Error('cannot'); };`);
    served.tell('shutdown');
    assert.deepEqual(await served.ended, [1, null]);
    assert.ok(served.said.includes('rejected ERR_PATTERN_SHUTDOWN'));
    assert.equal(served.stderr, '');
  });
});

test('a server over TLS: what idles, and what has asked nothing, ends at once; what is in flight ends first', {
  skip: onBun && 'Bun tells of a connection only with its first request',
}, async () => {
  const { code, stdout, stderr } = await child(
    `
    import { once } from 'node:events';
    import { Agent, createServer, request } from 'node:https';
    import { connect } from 'node:tls';
    let answer;
    const asked = new Promise((resolve) => (answer = resolve));
    // A key that both sides know needs no certificate.
    const psk = Buffer.alloc(16, 1);
    const ciphers = 'PSK-AES128-GCM-SHA256';
    const keys = { ciphers, maxVersion: 'TLSv1.2', pskCallback: () => psk };
    const server = createServer(keys, (request, response) => {
      if (request.url === '/slow') answer(() => response.end('slow'));
      else response.end('quick');
    });
    const life = millrace.gracefulShutdown({ servers: [server], timeout: 15_000 });
    await once(server.listen(0), 'listening');
    const pskCallback = () => ({ psk, identity: 'client' });
    const to = { ...keys, port: server.address().port, pskCallback, checkServerIdentity: () => undefined };
    const agent = new Agent({ keepAlive: true, ...to });
    const get = async (path) => {
      const [response] = await once(request({ ...to, path, agent }).end(), 'response');
      return (await response.toArray()).join('') + ' ' + response.headers.connection;
    };
    console.log(await get('/'));
    const unused = connect(to);
    const closed = once(unused.resume(), 'close');
    await once(unused, 'secureConnect');
    const slow = get('/slow');
    const end = await asked;
    const over = life.shutdown();
    await closed;
    end();
    console.log(await slow);
    await over;
    console.log('over');`,
  );
  assert.deepEqual([code, stdout, stderr], [0, 'quick keep-alive\nslow close\nover\n', '']);
});

test('disposing takes the listeners away', async () => {
  const { code, stdout } = await child(`
    import { createServer } from 'node:http';
    const server = createServer();
    const counts = () => [process.listenerCount('SIGTERM'), process.listenerCount('SIGINT'), server.listenerCount('connection'), server.listenerCount('request')].join();
    const before = counts();
    const life = millrace.gracefulShutdown({ servers: [server] });
    const during = counts();
    life[Symbol.dispose]();
    life[Symbol.dispose]();
    console.log(before === counts(), before !== during, life.shuttingDown);`);
  assert.deepEqual([code, stdout], [0, 'true true false\n']);
});

test('it keeps no process alive', async () => {
  const { code, stderr } = await child(`millrace.gracefulShutdown();`);
  assert.deepEqual([code, stderr], [0, '']);
});

test('a server that does not listen is at its end', async () => {
  const { code, stdout } = await child(`
    import { createServer } from 'node:http';
    await millrace.gracefulShutdown({ servers: [createServer()] }).shutdown();
    console.log('over');`);
  assert.deepEqual([code, stdout], [0, 'over\n']);
});

test('in a worker thread there are no signals to be had', async () => {
  const { code, stdout } = await child(`
    import { Worker, isMainThread } from 'node:worker_threads';
    const text = 'import { gracefulShutdown } from ${packageUrl
      .replaceAll("'", '')
      .replace(/^/, '"')
      .replace(/$/, '"')}; try { gracefulShutdown(); } catch (error) { console.log(error.code); }';
    new Worker(new URL('data:text/javascript,' + encodeURIComponent(text)));`);
  assert.deepEqual([code, stdout], [0, 'ERR_UNSUPPORTED\n']);
});

test('what cannot be meant is refused, and leaves no listener behind', () => {
  const bad: Record<string, unknown[]> = {
    signals: ['SIGTERM', ['NOPE'], ['SIGKILL'], ['SIGSTOP'], [1], [null], {}, null],
    servers: [{}, [{}], [null], ['server'], null],
    registry: [{}, null, 1],
    timeout: [-1, Number.NaN, '1', 2 ** 31, null],
    onShutdown: [1, {}, null],
    colour: ['red'],
  };
  const before = process.listenerCount('SIGTERM');
  for (const [name, values] of Object.entries(bad))
    for (const value of values)
      assert.throws(
        () => gracefulShutdown({ [name]: value }),
        (error: Error & { code: string }) =>
          error.code === 'ERR_INVALID_ARGUMENT' && error.message.startsWith(`${name}: `),
        `${name}: ${String(value)}`,
      );
  for (const options of [null, 1, 'all']) assert.throws(() => gracefulShutdown(options as never));
  assert.equal(process.listenerCount('SIGTERM'), before);
  assert.ok(PatternRegistry.getInstance());
});
