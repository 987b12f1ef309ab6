/** Go's own numbers, where `go` is installed: those of benches/go, run once in a process. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';

const folder = new URL('../go/', import.meta.url);
const benches = [
  'channels, numbers one way',
  'channels, there and back',
  'channels, select, one is ready',
  'locks, mutex, nobody waits',
];

/** By bench, then by way, nanoseconds for one; or why there are none. */
function run() {
  const installed = spawnSync('go', ['version'], { encoding: 'utf8' });
  if (installed.status !== 0)
    return { missing: 'go is not installed, so there are no numbers of its own here' };
  const files = readdirSync(folder).filter((file) => file.endsWith('.go'));
  const { status, stdout, stderr } = spawnSync('go', ['run', ...files], { cwd: folder, encoding: 'utf8' });
  if (status !== 0) return { missing: `go run failed: ${stderr.trim()}` };
  const figures = {};
  for (const line of stdout.trim().split('\n')) {
    const [bench, way, each] = line.split('\t');
    figures[bench] ??= {};
    figures[bench][way] = Number(each);
  }
  return { version: installed.stdout.trim().split(' ')[2], figures };
}

let ran;
/**
 * What stands beside a bench.
 *
 * @param unit - Nanoseconds, unless it begins with `'µs'`.
 * @returns A line; `undefined` if Go has nothing of the kind, or has said why not before.
 */
export function besideGo(bench, unit) {
  if (!benches.includes(bench)) return undefined;
  const first = ran === undefined;
  ran ??= run();
  if (ran.missing !== undefined) return first ? `  ${ran.missing}` : undefined;
  const one = unit.startsWith('µs') ? 1000 : 1;
  const shown = ([way, each]) => `${way} ${Math.round((each / one) * 100) / 100}`;
  return `  ${ran.version}: ${Object.entries(ran.figures[bench] ?? {})
    .map(shown)
    .join('  ')} ${unit}`;
}
