/** What several tests need. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import * as millrace from 'millrace';

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

/** A promise of another realm: a thenable that is no `Promise` here. */
export function foreignPromise<T>(value: T): PromiseLike<T> {
  return (runInNewContext('(value) => Promise.resolve(value)') as (value: T) => PromiseLike<T>)(value);
}

/** Starts a thread that runs `text` with what of the package it names and does not declare itself, `parentPort`, and `data`. */
export function thread(text: string, data: unknown): Worker {
  const names = Object.keys(millrace).filter(
    (name) =>
      new RegExp(`\\b${name}\\b`).test(text) &&
      !new RegExp(`\\b(?:const|let|function) ${name}\\b`).test(text),
  );
  const source = `import { ${names} } from ${JSON.stringify(packageUrl)};
    import { parentPort, workerData as data } from 'node:worker_threads';
    ${text}`;
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), { workerData: data });
}

/** Gives the event loop so many turns. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Waits until something is so, turn by turn; fails when it is not within half a minute. */
export async function until(condition: () => boolean): Promise<void> {
  const latest = performance.now() + 30_000;
  while (!condition()) {
    assert.ok(performance.now() < latest, `never came true: ${condition}`);
    await turns(1);
  }
}

/** Whether a promise has not settled once everything that could has had its turns. */
export async function pending(promise: Promise<unknown>): Promise<boolean> {
  const still = Symbol('still');
  const settled = promise.catch(() => undefined);
  return (await Promise.race([settled, turns(10).then(() => still)])) === still;
}

/** Waits until a pool runs so many tasks. */
export function started(pool: { getHealthStatus(): { running: number } }, count = 1): Promise<void> {
  return until(() => pool.getHealthStatus().running >= count);
}

/** A processor whose work takes as long as it is told, in milliseconds. Self-contained, as it is sent by its source. */
export const wait = (ms: number): Promise<number> =>
  new Promise((resolve) => setTimeout(() => resolve(ms), ms));
