/** Shutting a process down: real servers in processes of their own, real clients, real signals. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gracefulShutdown, PatternRegistry } from 'millrace';
import { child, onBun, packageUrl, until } from '../helpers.js';

/** A process that serves: `/` at once, `/slow` when it is told to by a line on its standard input, `/late` with its headers sent before. */
const serving = (options: string, more = ''): string => `
  import { createServer } from 'node:http';
  import { createInterface } from 'node:readline';
  import { BasePattern, gracefulShutdown, PatternRegistry, FixedWorkerPool } from ${JSON.stringify(packageUrl)};
  const held = [];
  const server = createServer((request, response) => {
    console.log('request ' + request.url);
    if (request.url === '/slow') held.push(() => response.end('slow'));
    else if (request.url === '/late') {
      response.write('la');
      held.push(() => response.end('te'));
    } else response.end('quick');
  });
  class Base extends BasePattern {
    async start() {}
    async stop() { console.log('pattern stops'); await this.ends?.(); console.log('pattern stopped'); }
    isRunning() { return true; }
  }
  const registry = PatternRegistry.getInstance();
  const pattern = new Base({ name: 'base' });
  registry.register(pattern);
  ${more}
  const life = gracefulShutdown({ servers: [server], ${options} });
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    if (line === 'answer') for (const answer of held.splice(0)) answer();
    if (line === 'shutdown') life.shutdown().then(() => console.log('resolved'), (error) => console.log('rejected ' + error.code));
  });
  process.stdin.unref?.();
  server.on('close', () => console.log('server closed'));
  process.on('exit', (code) => console.log('exits ' + code));
  server.listen(0, '127.0.0.1', () => console.log('port ' + server.address().port));`;

class Served {
  readonly #run: ChildProcess;
  readonly lines: string[] = [];
  stderr = '';
  readonly ended: Promise<[number | null, NodeJS.Signals | null]>;
  port = 0;

  constructor(source: string) {
    this.#run = spawn(process.execPath, ['--input-type=module', '-e', source], {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
    });
    createInterface({ input: this.#run.stdout as never }).on('line', (line) => this.lines.push(line));
    this.#run.stderr?.on('data', (data) => (this.stderr += data));
    const limit = setTimeout(() => this.#run.kill('SIGKILL'), 40_000);
    this.ended = new Promise((resolve) =>
      this.#run.on('close', (code, signal) => {
        clearTimeout(limit);
        resolve([code, signal]);
      }),
    );
    running.add(this);
  }

  kill(signal: NodeJS.Signals): void {
    this.#run.kill(signal);
  }

  tell(line: string): void {
    this.#run.stdin?.write(`${line}\n`);
  }

  says(line: string): Promise<void> {
    return until(() => this.lines.includes(line));
  }

  async up(): Promise<this> {
    await until(() => this.lines.some((line) => line.startsWith('port ')));
    this.port = Number(this.lines[0]?.slice(5));
    return this;
  }

  /** What it said since it was up, without what it was asked. */
  get said(): string[] {
    return this.lines.filter((line) => !/^(port|request) /.test(line));
  }
}

const running = new Set<Served>();
after(() => {
  for (const served of running) served.kill('SIGKILL');
});

const serve = (options = '', more = ''): Promise<Served> => new Served(serving(options, more)).up();

interface Answer {
  text: string;
  connection: string | undefined;
  response: IncomingMessage;
}

function get(port: number, path: string, agent: Agent | false = false): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, path, agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ text, connection: response.headers.connection, response }));
      response.on('error', reject);
    });
    asking.on('error', reject).end();
  });
}

/** A connection on which one writes what one likes. */
async function raw(port: number): Promise<{ socket: Socket; closed: Promise<void>; got(): string }> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (data) => (text += data)).on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
  return { socket, closed, got: () => text };
}

const ask = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: local\r\n\r\n`;
const ok = [0, null];

describe('a signal', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    test(`${signal} ends what idles: the server, then the patterns, then the process, with 0`, async () => {
      const served = await serve();
      served.kill(signal);
      assert.deepEqual(await served.ended, ok);
      assert.deepEqual(served.said, ['server closed', 'pattern stops', 'pattern stopped', 'exits 0']);
      assert.equal(served.stderr, '');
    });

  test('that is not among the signals does what it ever did', async () => {
    const served = await serve(`signals: ['SIGUSR2']`);
    served.kill('SIGTERM');
    assert.deepEqual(await served.ended, [null, 'SIGTERM']);
    assert.deepEqual(served.said, []);
  });

  test('among the signals begins it', async () => {
    const served = await serve(`signals: ['SIGUSR2']`);
    served.kill('SIGUSR2');
    assert.deepEqual(await served.ended, ok);
    assert.ok(served.said.includes('pattern stopped'));
  });
});

describe('connections', () => {
  test('that are kept alive and idle are ended at once', async () => {
    const served = await serve('timeout: 60_000');
    const agent = new Agent({ keepAlive: true });
    const { text } = await get(served.port, '/', agent);
    const { socket, closed, got } = await raw(served.port);
    socket.write(ask('/'));
    await until(() => got().endsWith('quick'));
    served.kill('SIGTERM');
    await closed;
    assert.deepEqual([text, await served.ended], ['quick', ok]);
    agent.destroy();
  });

  test('on which nothing was asked yet are ended too', {
    skip: onBun && 'Bun tells of a connection only with its first request',
  }, async () => {
    const served = await serve('timeout: 60_000');
    const { closed } = await raw(served.port);
    // Once this is answered, the server has seen the other one.
    await get(served.port, '/');
    served.kill('SIGTERM');
    await closed;
    assert.deepEqual(await served.ended, ok);
  });

  test('with a request in flight end after its answer, which says so; no new ones are accepted', async () => {
    const served = await serve('timeout: 60_000');
    const agent = new Agent({ keepAlive: true });
    const slow = get(served.port, '/slow', agent);
    await served.says('request /slow');
    const idle = await raw(served.port);
    idle.socket.write(ask('/'));
    await until(() => idle.got().endsWith('quick'));
    served.kill('SIGTERM');
    await idle.closed;
    await assert.rejects(get(served.port, '/'), { code: /^ECONN(REFUSED|RESET)$/ });
    assert.ok(!served.lines.includes('pattern stops'));
    served.tell('answer');
    const { text, connection } = await slow;
    assert.deepEqual([text, connection], ['slow', 'close']);
    assert.deepEqual(await served.ended, ok);
    assert.deepEqual(served.said, ['server closed', 'pattern stops', 'pattern stopped', 'exits 0']);
    agent.destroy();
  });

  test('whose answer had begun end after it all the same', async () => {
    const served = await serve('timeout: 60_000');
    const agent = new Agent({ keepAlive: true });
    const late = get(served.port, '/late', agent);
    const { socket, closed, got } = await raw(served.port);
    socket.write(ask('/late'));
    await until(() => served.lines.filter((line) => line === 'request /late').length === 2);
    await until(() => got().includes('la'));
    served.kill('SIGTERM');
    served.tell('answer');
    assert.equal((await late).text, 'late');
    await closed;
    assert.match(got(), /te\r\n0\r\n\r\n$/);
    assert.deepEqual(await served.ended, ok);
    agent.destroy();
  });

  test('on which a request is on its way get their answer', {
    skip: onBun && 'Bun does not tell what a connection has read',
  }, async () => {
    const served = await serve(`timeout: 60_000, onShutdown: () => console.log('begun')`);
    const { socket, closed, got } = await raw(served.port);
    const [first, second] = [ask('/').slice(0, 20), ask('/').slice(20)];
    socket.write(ask('/'));
    await until(() => got().endsWith('quick'));
    socket.write(first);
    // Once this is answered, the server has read the other one's beginning.
    await get(served.port, '/');
    const blocker = get(served.port, '/slow');
    await served.says('request /slow');
    served.kill('SIGTERM');
    await served.says('begun');
    socket.write(second);
    await until(() => got().split('quick').length === 3);
    assert.match(got().split('quick')[1] as string, /connection: close/i);
    await closed;
    served.tell('answer');
    assert.equal((await blocker).text, 'slow');
    assert.deepEqual(await served.ended, ok);
  });
});

describe('the deadline', () => {
  test('forces the end with 1 while a request is stuck', async () => {
    const served = await serve('timeout: 300');
    const stuck = get(served.port, '/slow');
    stuck.catch(() => undefined);
    await served.says('request /slow');
    served.kill('SIGTERM');
    assert.deepEqual(await served.ended, [1, null]);
    await assert.rejects(stuck);
    assert.deepEqual(served.said, ['exits 1']);
  });

  test('forces the end with 1 while something else keeps the process alive', async () => {
    const served = await serve('timeout: 300', 'setInterval(() => undefined, 1000);');
    served.kill('SIGTERM');
    assert.deepEqual(await served.ended, [1, null]);
    assert.deepEqual(served.said, ['server closed', 'pattern stops', 'pattern stopped', 'exits 1']);
  });

  test('there is none with Infinity; a second signal forces the end with 1', async () => {
    const served = await serve('timeout: Infinity');
    get(served.port, '/slow').catch(() => undefined);
    await served.says('request /slow');
    served.kill('SIGTERM');
    await until(() => connectionRefused(served.port));
    served.kill('SIGINT');
    assert.deepEqual(await served.ended, [1, null]);
  });
});

let refusals = 0;
/** Whether a server accepts no more: asked for now, known a turn later. */
function connectionRefused(port: number): boolean {
  const before = refusals;
  connect(port, '127.0.0.1')
    .on('error', () => refusals++)
    .on('connect', function (this: Socket) {
      this.destroy();
    });
  return before > 0;
}

describe('patterns', () => {
  test('that do not end well are told, and the exit code is 1', async () => {
    const served = await serve('', `pattern.ends = () => { throw new Error('cannot'); };`);
    served.kill('SIGTERM');
    assert.deepEqual(await served.ended, [1, null]);
    assert.match(served.stderr, /these patterns did not end well: 'base': cannot/);
    assert.deepEqual(served.said, ['server closed', 'pattern stops', 'exits 1']);
  });

  test('are those of the registry that is given', async () => {
    const served = await serve(
      'registry: other',
      `
      const other = new PatternRegistry();
      const pool = new FixedWorkerPool(1, { name: 'pool', processor: (n) => n });
      other.register(pool);
      process.on('exit', () => console.log('pool closed ' + pool.closed));`,
    );
    served.kill('SIGTERM');
    assert.deepEqual(await served.ended, ok);
    assert.deepEqual(served.said, ['server closed', 'pool closed true', 'exits 0']);
  });
});

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

/** A certificate for an hour, if there is a tool that makes one. */
function certificate(): { key: string; cert: string } | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'certificate-'));
  const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
  const args = `req -x509 -newkey rsa:2048 -nodes -keyout ${key} -out ${cert} -days 1 -subj /CN=localhost`;
  try {
    if (spawnSync('openssl', args.split(' ')).status !== 0) return undefined;
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a server over TLS: what idles, and what has asked nothing, ends at once; what is in flight ends first', {
  skip: onBun && 'Bun tells of a connection only with its first request',
}, async (t) => {
  const keys = certificate();
  if (keys === undefined) return t.skip('openssl is not there');
  const { code, stdout, stderr } = await child(
    `
    import { once } from 'node:events';
    import { Agent, createServer, request } from 'node:https';
    import { connect } from 'node:tls';
    let answer;
    const asked = new Promise((resolve) => (answer = resolve));
    const server = createServer(JSON.parse(process.env.KEYS), (request, response) => {
      if (request.url === '/slow') answer(() => response.end('slow'));
      else response.end('quick');
    });
    const life = millrace.gracefulShutdown({ servers: [server], timeout: 15_000 });
    await once(server.listen(0), 'listening');
    const to = { port: server.address().port, rejectUnauthorized: false };
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
    { env: { KEYS: JSON.stringify(keys) } },
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
