/** What a pool's owner, its workers and native code agree on; the numbers are those of `src/pool/`. */
import type { MessagePort } from 'node:worker_threads';

/** What `workerNext` answers. */
export const next = { empty: 0, task: 1, retire: 2 } as const;

/** What a pool says to a worker. */
export const nudge = { wake: 0, abort: 1, ping: 2, retire: 3, credit: 4 } as const;

/** What a pool says to its owner. */
export const order = { spawn: 0, terminate: 1, consult: 2, event: 3, error: 4 } as const;

/** The kinds of events somebody may listen to, as bits. */
export const watch = { worker: 1, scale: 2, drain: 4, error: 8 } as const;

/** Bits of a submit's flags. */
export const flag = { idempotent: 1, streams: 2, cancellable: 4 } as const;

/** In the record of a task, this much is added to the processor's number when the submitter reads a stream. */
export const streamMark = 65_536;

/** Items of a stream that may be on their way before the reader takes one. */
export const streamCredit = 16;

/** What a worker is started with. */
export interface Birth {
  pool: number;
  worker: number;
  owner: number;
  link: MessagePort;
  capture: boolean;
  concurrency: number;
  userData: unknown;
  /** The text of the processor to load before the first task. */
  preload: string | undefined;
}

/** What a worker tells its owner of a task's output. */
export interface Written {
  'millrace.written': true;
  stream: 'stdout' | 'stderr';
  text: string;
}
