/** What tasks write, kept for the report of a crash. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { MessagePort } from 'node:worker_threads';
import type { Written } from './protocol.js';
import type { Observer } from './runner.js';

/**
 * Sends what tasks write to the owner as they write it, so that it survives the thread. What is written outside a task is
 * left alone, and all of it still goes where it went.
 */
export function captureOutput(link: MessagePort, concurrency: number): Observer {
  const current = new AsyncLocalStorage<number>();
  // With one task at a time, the task at hand is known without following its promises.
  let alone: number | undefined;
  const inTask = (): boolean => (concurrency === 1 ? alone : current.getStore()) !== undefined;
  for (const stream of ['stdout', 'stderr'] as const) {
    const target = process[stream];
    const write = target.write.bind(target) as (...args: unknown[]) => boolean;
    target.write = ((chunk: unknown, ...rest: unknown[]): boolean => {
      if (inTask()) {
        const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk as Uint8Array).toString();
        link.postMessage({ 'millrace.written': true, stream, text } satisfies Written);
      }
      return write(chunk, ...rest);
    }) as typeof target.write;
  }
  return {
    run(taskId, work) {
      alone = taskId;
      return current.run(taskId, work);
    },
  };
}
