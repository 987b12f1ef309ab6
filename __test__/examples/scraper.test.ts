/** The scraper, on a small site. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onBun } from '../helpers.js';
import { program } from './programs.js';

test('fetches every page of a flaky site, and each part tells what it did', async () => {
  const { code, stdout, stderr } = await program(
    'scraper/main',
    ...['--pages', '30', '--flaky', '25', '--patience', '1500', '--json'],
  );
  assert.equal(code, 0, stderr);
  const { pages, fetched, failed, server, limiter, breaker, retry } = JSON.parse(stdout);
  assert.deepEqual([pages, fetched, failed], [30, 30, []]);
  // Each page came once; all else that the server did went wrong, and was tried again.
  assert.equal(server.page, 30);
  assert.equal(server.outage, 8);
  const wrong = server.failure + server.stall + server.busy + server.reset + server.outage;
  // After a reset, Bun's fetch sends the request again by itself.
  const { failures } = breaker;
  assert.ok(onBun ? failures >= wrong - server.reset && failures <= wrong : failures === wrong);
  assert.equal(breaker.timeouts, server.stall);
  assert.equal(breaker.successes, 30);
  assert.ok(breaker.history.some(({ to }: { to: string }) => to === 'open'));
  assert.equal(retry.successes, 30);
  assert.equal(retry.attempts, 30 + failures + breaker.rejections);
  assert.equal(retry.retries, failures + breaker.rejections);
  assert.equal(limiter.allowed, retry.attempts);
});

test('a site without moods is fetched with one attempt for each page', async () => {
  const { code, stdout } = await program('scraper/main', '--pages', '12', '--flaky', '0');
  assert.equal(code, 0);
  assert.match(stdout, /^12 of 12 pages in /);
  assert.match(stdout, /12 calls, 12 attempts, 0 retries/);
  assert.match(stdout, /opened 0 times/);
});

test('help is help, and nonsense is one line and exit code 1', async () => {
  assert.match((await program('scraper/main', '--help')).stdout, /--pages N/);
  for (const args of [['--pages', '0'], ['--flaky', '96'], ['--colour'], ['--rate', 'x']]) {
    const { code, stdout, stderr } = await program('scraper/main', ...args);
    assert.deepEqual([code, stdout, stderr.trim().split('\n').length], [1, '', 1], args.join(' '));
  }
});
