/** Shutting a process down: real servers in processes of their own, real clients, real signals. */
import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { onBun, until } from '../helpers.js';
import { ask, get, ok, raw, serve } from './serving.js';

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
