/** Threads on a message bus, for tests. */
import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import type { MessageBus } from 'millrace';
import { thread } from '../helpers.js';

/** Starts a thread that opens a bus, does what `text` says and tells that it has; it ends when it is sent anything. */
export async function member(bus: MessageBus, text: string, data: unknown = undefined): Promise<Worker> {
  const worker = thread(
    `const bus = MessageBus.from(data.bus);
    const given = data.data;
    ${text}
    parentPort.once('message', () => parentPort.close());
    parentPort.postMessage('up');`,
    { bus: bus.toHandle(), data },
  );
  await once(worker, 'message');
  return worker;
}

export async function end(...workers: Worker[]): Promise<void> {
  const ends = workers.map((worker) => once(worker, 'exit'));
  for (const worker of workers) worker.postMessage('end');
  await Promise.all(ends);
}

/** The code of the error that a promise is rejected with. */
export const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: { code?: unknown }) => error.code ?? error,
  );
