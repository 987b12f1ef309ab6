/** Processors written in TypeScript, which no build step has touched. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FixedWorkerPool } from 'millrace';
import { onBun } from '../helpers.js';

const typed = new URL('../../../__test__/fixtures/typed.ts', import.meta.url);
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const stripsTypes = onBun || major > 22 || (major === 22 && minor >= 18);

test('run as they are', { skip: !stripsTypes && 'this runtime does not strip types' }, async () => {
  await using pool = new FixedWorkerPool<object, number>(1, { processor: typed });
  assert.equal(await pool.submit({ price: 3, count: 4 }), 12);
});

test('run with --import tsx', { skip: onBun && 'Bun needs no loader' }, async () => {
  const execArgv = ['--import', 'tsx'];
  await using pool = new FixedWorkerPool<object, number>(1, { processor: typed, execArgv });
  assert.equal(await pool.submit({ price: 3, count: 4 }), 12);
});
