/** What several tests need. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Where the compiled package begins. */
export const packageUrl = new URL('../../dist/index.js', import.meta.url).href;
/** Modules that workers load. */
export const processors = new URL('./fixtures/processors.mjs', import.meta.url);
export const onBun = 'Bun' in globalThis;

/** How a child process ended. */
export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  ms: number;
}

/** Runs a module's text in a process of its own, which is killed, and told so, when it does not end. */
export function child(
  source: string,
  { deadline = 20_000, args = [] as string[], env = {} as Record<string, string> } = {},
): Promise<Ended> {
  const began = performance.now();
  const text = `import * as millrace from ${JSON.stringify(packageUrl)};\n${source}`;
  const run = spawn(process.execPath, [...args, '--input-type=module', '-e', text], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    env: { ...process.env, ...env },
  });
  let stdout = '';
  let stderr = '';
  run.stdout.on('data', (data) => (stdout += data));
  run.stderr.on('data', (data) => (stderr += data));
  return new Promise((resolve) => {
    const timer = setTimeout(() => run.kill('SIGKILL'), deadline);
    run.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, stdout, stderr, ms: performance.now() - began });
    });
  });
}

/** A promise, and what settles it. */
export function deferred<T>(): {
  promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
} {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
