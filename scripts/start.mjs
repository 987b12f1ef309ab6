/** `npm start -- [paths]`: installs and builds what is missing, then runs the audit example. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

function run(command, args) {
  // The example's own output is all that belongs on standard output.
  const { status } = spawnSync(command, args, { stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(status ?? 1);
}

/** The time of the newest file below some folders. */
function newest(...paths) {
  let latest = 0;
  for (const path of paths) {
    const state = statSync(path, { throwIfNoEntry: false });
    if (state === undefined) continue;
    if (!state.isDirectory()) latest = Math.max(latest, state.mtimeMs);
    else for (const name of readdirSync(path)) latest = Math.max(latest, newest(join(path, name)));
  }
  return latest;
}

const entry = 'build/examples/audit/main.js';
if (!existsSync('node_modules/typescript')) run('npm', ['install', '--no-audit', '--no-fund']);
const built = statSync(entry, { throwIfNoEntry: false })?.mtimeMs ?? 0;
if (built < newest('ts', 'src', 'core/src', 'examples', 'Cargo.toml')) {
  console.error('building…');
  run('npm', ['run', '--silent', 'build']);
  run('npm', ['run', '--silent', 'build:api']);
  run('npm', ['run', '--silent', 'build:examples']);
}
// Ctrl-C is the example's to handle: this process only waits for it.
process.on('SIGINT', () => undefined);
const { status } = spawnSync(process.execPath, [entry, ...process.argv.slice(2)], { stdio: 'inherit' });
process.exit(status ?? 130);
