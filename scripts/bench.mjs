/** `npm run bench [-- words]`: builds, installs the peers if they are not there, and runs the benches. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';

function run(command, args) {
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

if (!existsSync('dist/index.js')) run('npm', ['run', 'build']);
const modules = 'benches/peers/node_modules';
const { dependencies, devDependencies } = JSON.parse(readFileSync('benches/peers/package.json', 'utf8'));
const peers = Object.keys({ ...dependencies, ...devDependencies });
if (peers.some((peer) => !existsSync(`${modules}/${peer}`)))
  run('npm', ['install', '--prefix', 'benches/peers', '--no-package-lock']);
if (!existsSync(`${modules}/millrace`)) {
  mkdirSync(modules, { recursive: true });
  symlinkSync('../../..', `${modules}/millrace`, 'dir');
}
const words = process.argv.slice(2);
for (const file of [
  'run',
  'channels',
  'locks',
  'map',
  'atomics',
  'limiters',
  'breakers',
  'policies',
  'retry',
  'express',
  'pipelines',
  'fans',
  'messages',
  'graphs',
])
  run(process.execPath, ['--expose-gc', `benches/peers/${file}.mjs`, ...words]);
if (words.length === 0) {
  run(process.execPath, ['--expose-gc', 'benches/alone.mjs']);
  run(process.execPath, ['benches/exit.mjs']);
  run('cargo', ['bench', '-p', 'millrace-core', '--', '--quick']);
}
