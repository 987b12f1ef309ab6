/** The Express server, with real requests, and a signal while one is in flight. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { pbkdf2Sync } from 'node:crypto';
import { after, test } from 'node:test';
import { ask } from '../express/servers.js';
import { until } from '../helpers.js';
import { program, type Said, start } from './programs.js';

interface Serving {
  run: ChildProcess;
  said: Promise<Said>;
  port: number;
}

const running = new Set<ChildProcess>();
after(() => {
  for (const run of running) run.kill('SIGKILL');
});

async function serve(...args: string[]): Promise<Serving> {
  const { run, said } = start('server/main', ['--port', '0', ...args]);
  running.add(run);
  let heard = '';
  run.stdout?.on('data', (data) => (heard += data));
  await until(() => /port \d+\n/.test(heard));
  return { run, said, port: Number(/port (\d+)/.exec(heard)?.[1]) };
}

/** What the bulkhead, or the pool, has counted. */
async function metricsOf(port: number, name: string): Promise<Record<string, number>> {
  const { patterns } = JSON.parse((await ask(port, '/metrics')).text);
  return patterns.find((pattern: { name: string }) => pattern.name === name).metrics;
}

async function inFlight(port: number, count: number): Promise<void> {
  while (((await metricsOf(port, 'bulkhead'))['active'] ?? 0) < count);
}

const slow = '/hash/secret?rounds=1000000&salt=pepper';

test('answers with what its workers have worked out, and ends well at SIGTERM', async () => {
  const { run, said, port } = await serve();
  const hashed = await ask(port, '/hash/secret?salt=pepper&rounds=1000');
  const expected = pbkdf2Sync('secret', 'pepper', 1000, 32, 'sha256').toString('hex');
  assert.deepEqual([hashed.status, JSON.parse(hashed.text)], [200, { hash: expected }]);
  assert.deepEqual(JSON.parse((await ask(port, '/primes/1000')).text), { primes: 168 });
  assert.equal((await ask(port, '/primes/many')).status, 400);
  assert.deepEqual([(await ask(port, '/ready')).status, (await ask(port, '/nowhere')).status], [200, 404]);
  assert.equal((await metricsOf(port, 'pool'))['succeeded'], 2);
  run.kill('SIGTERM');
  const { code, stdout, stderr } = await said;
  assert.deepEqual([code, stderr], [0, '']);
  assert.equal(stdout, `listening on port ${port}\nall requests are answered\n`);
});

test('a request in flight at SIGTERM is answered, and its connection closed', async () => {
  const { run, said, port } = await serve('--workers', '1', '--timeout', '60000');
  const answer = ask(port, slow);
  await inFlight(port, 1);
  run.kill('SIGTERM');
  const { status, text, headers } = await answer;
  assert.equal(status, 200);
  assert.equal(JSON.parse(text).hash.length, 64);
  assert.equal(headers.connection, 'close');
  assert.equal((await said).code, 0);
});

test('one that takes longer than the shutdown may is cut off, with exit code 1', async () => {
  const { run, said, port } = await serve('--workers', '1', '--timeout', '200');
  const answer = ask(port, '/hash/secret?rounds=10000000');
  answer.catch(() => undefined);
  await inFlight(port, 1);
  run.kill('SIGTERM');
  assert.equal((await said).code, 1);
  await assert.rejects(answer);
});

test('the event loop answers while the workers are busy; who finds no room is told so', async () => {
  const { run, said, port } = await serve('--workers', '1', '--concurrent', '1', '--timeout', '60000');
  const first = ask(port, slow);
  await inFlight(port, 1);
  assert.equal((await ask(port, '/ready')).status, 200);
  const others = await Promise.all([ask(port, slow), ask(port, slow), ask(port, slow)]);
  const refusals = others.filter(({ status }) => status === 503);
  assert.ok(refusals.length >= 2);
  assert.deepEqual(
    refusals.map(({ headers, text }) => [headers['retry-after'], JSON.parse(text)]),
    refusals.map(() => ['1', { error: 'ERR_BULKHEAD_FULL' }]),
  );
  assert.equal((await first).status, 200);
  run.kill('SIGINT');
  assert.equal((await said).code, 0);
});

test('a client has so many requests in a minute, and no more', async () => {
  const { run, said, port } = await serve('--limit', '3');
  const statuses: number[] = [];
  for (let i = 0; i < 5; i++) statuses.push((await ask(port, '/primes/10')).status);
  assert.deepEqual(statuses, [200, 200, 200, 429, 429]);
  assert.equal((await ask(port, '/ready')).status, 200);
  run.kill('SIGTERM');
  assert.equal((await said).code, 0);
});

test('help is help, and nonsense is one line and exit code 1', async () => {
  assert.match((await program('server/main', '--help')).stdout, /--workers N/);
  for (const args of [['--port', '-1'], ['--workers', '0'], ['--colour']]) {
    const { code, stdout, stderr } = await program('server/main', ...args);
    assert.deepEqual([code, stdout, stderr.trim().split('\n').length], [1, '', 1], args.join(' '));
  }
});
