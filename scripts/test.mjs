/**
 * Runs the compiled JavaScript tests: `node scripts/test.mjs [--with RUNTIME] [words of file names…]`.
 *
 * RUNTIME is the path of another node or bun binary. Files run one after the other: many of them use every core.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

const words = process.argv.slice(2);
let runtime = process.execPath;
const at = words.indexOf('--with');
if (at >= 0) [, runtime] = words.splice(at, 2);

const files = readdirSync('build/test', { recursive: true })
  .filter((name) => name.endsWith('.test.js'))
  .filter((name) => words.length === 0 || words.some((word) => name.includes(word)))
  .map((name) => join('build/test', name))
  .sort();
if (files.length === 0) {
  console.error('no test file matches');
  process.exit(1);
}
const bun = basename(runtime).startsWith('bun');
const args = bun
  ? ['test', '--timeout', '120000', ...files.map((file) => `./${file}`)]
  : ['--test', '--test-concurrency=1', '--test-reporter=spec', '--expose-gc', ...files];
const { status } = spawnSync(runtime, args, { stdio: 'inherit' });
process.exit(status ?? 1);
