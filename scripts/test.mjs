/**
 * Runs the compiled JavaScript tests: `node scripts/test.mjs [--with RUNTIME] [words of file names…]`.
 *
 * RUNTIME is the path of another node or bun binary. Each file runs in a process of its own, one after the other: many of them use
 * every core. A process that does not end is killed, and what its threads were at is told.
 */
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

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

if (basename(runtime).startsWith('bun')) {
  const args = ['test', '--timeout', '120000', ...files.map((file) => `./${file}`)];
  process.exit(spawnSync(runtime, args, { stdio: 'inherit' }).status ?? 1);
}

/** Milliseconds that a test, and a file, may take: far more than they need on a busy machine. */
const testLimit = 120_000;
const fileLimit = 400_000;
const reporter = fileURLToPath(new URL('./reporter.mjs', import.meta.url));
const total = { passed: 0, failed: 0, skipped: 0 };

/** What the threads of a process are at, as far as Linux tells. */
function threads(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`).map((thread) => {
      const of = (what) => {
        try {
          return readFileSync(`/proc/${pid}/task/${thread}/${what}`, 'utf8').trim();
        } catch {
          return '?';
        }
      };
      return `  ${thread} ${of('comm')}: ${of('wchan')}, system call ${of('syscall').split(' ')[0]}, ${of('stat').split(' ')[2]}`;
    });
  } catch {
    return [];
  }
}

function run(file) {
  const args = ['--expose-gc', `--test-timeout=${testLimit}`, `--test-reporter=${reporter}`, file];
  return new Promise((resolve) => {
    const child = spawn(runtime, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
    const timer = setTimeout(() => {
      output += `\n✖ it does not end; its threads:\n${threads(child.pid).join('\n')}\n`;
      child.kill('SIGKILL');
    }, fileLimit);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ output, ended: code === 0 ? undefined : (signal ?? `code ${code}`) });
    });
  });
}

for (const file of files) {
  const began = performance.now();
  const { output, ended } = await run(file);
  const counted = /^::(\{.*\})$/m.exec(output)?.[1];
  const counts = counted === undefined ? { passed: 0, failed: 0, skipped: 0 } : JSON.parse(counted);
  if (counts.failed === 0 && (ended !== undefined || counted === undefined)) counts.failed = 1;
  for (const key of Object.keys(total)) total[key] += counts[key];
  const said = output.replace(/^::\{.*\}\n?/m, '').trim();
  if (said !== '') console.log(said);
  const how = counts.failed === 0 ? '✔' : '✖';
  const why = ended === undefined ? '' : `, ended with ${ended}`;
  console.log(
    `${how} ${file.slice('build/test/'.length, -'.test.js'.length)}: ${counts.passed} passed` +
      `${counts.failed > 0 ? `, ${counts.failed} failed` : ''}${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}` +
      ` (${((performance.now() - began) / 1000).toFixed(1)} s${why})`,
  );
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed === 0 ? 0 : 1);
