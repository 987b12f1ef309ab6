/** What a pool tells those who listen. */
import type { WorkerCrashedError } from '../errors.js';
import { Emitter } from '../events.js';
import { watch } from './protocol.js';

/** A pool's events, with what each listener gets. Only the thread that owns the pool hears them. */
export interface PoolEvents {
  /** A worker came or went. */
  worker: [event: { workerId: number; state: 'started' | 'retired' | 'crashed' | 'replaced' }];
  /** The number of workers is about to change. */
  scale: [event: { from: number; to: number; reason: string }];
  /** Nothing waits any more. */
  drain: [];
  /** A worker died unordered, or the scaling policy failed. Without a listener it is not thrown: tasks carry it too. */
  error: [error: WorkerCrashedError | Error];
  /** A worker wrote, with `stdout`, `stderr` or `captureOutput`. */
  output: [event: { workerId: number; stream: 'stdout' | 'stderr'; text: string }];
}

/** The listeners of a pool; its owner is told which kinds of events anybody listens to. @internal */
export function poolEmitter(watching: (mask: number) => void): Emitter<PoolEvents> {
  return new Emitter<PoolEvents>((emitter) => {
    let mask = 0;
    for (const [name, bit] of Object.entries(watch))
      if (emitter.listens(name as keyof PoolEvents)) mask |= bit;
    watching(mask);
  });
}
