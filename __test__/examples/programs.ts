/** Runs examples, as one would. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What an example said in the end. */
export interface Said {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Starts an example, such as `'etl/main'`. */
export function start(name: string, args: readonly string[]): { run: ChildProcess; said: Promise<Said> } {
  const main = fileURLToPath(new URL(`../../examples/${name}.js`, import.meta.url));
  const run = spawn(process.execPath, [main, ...args]);
  let [stdout, stderr] = ['', ''];
  run.stdout.on('data', (data) => (stdout += data));
  run.stderr.on('data', (data) => (stderr += data));
  const said = new Promise<Said>((resolve) => run.on('close', (code) => resolve({ code, stdout, stderr })));
  return { run, said };
}

/** Runs one to its end. */
export function program(name: string, ...args: string[]): Promise<Said> {
  return start(name, args).said;
}
