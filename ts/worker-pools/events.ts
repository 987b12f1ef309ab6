/** What a pool tells those who listen. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import type { WorkerCrashedError } from '../errors.js';
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

type Name = keyof PoolEvents;
type Listener<K extends Name> = (...args: PoolEvents[K]) => void;

/** Listeners of a pool. Each is called in the AsyncLocalStorage context it was added in. */
export class PoolEmitter {
  readonly #emitter = new EventEmitter();
  readonly #bound = new Map<Name, Map<unknown, ((...args: unknown[]) => void)[]>>();
  readonly #watch: (mask: number) => void;

  constructor(watching: (mask: number) => void) {
    this.#watch = watching;
  }

  add<K extends Name>(name: K, listener: Listener<K>, once: boolean): void {
    const inContext = AsyncLocalStorage.bind(listener as (...args: unknown[]) => void);
    const call = once
      ? (...args: unknown[]): void => {
          this.remove(name, listener);
          inContext(...args);
        }
      : inContext;
    const byListener = this.#bound.get(name) ?? new Map<unknown, ((...args: unknown[]) => void)[]>();
    this.#bound.set(name, byListener);
    byListener.set(listener, [...(byListener.get(listener) ?? []), call]);
    this.#emitter.on(name, call);
    this.#announce();
  }

  remove<K extends Name>(name: K, listener: Listener<K>): void {
    const calls = this.#bound.get(name)?.get(listener);
    const call = calls?.pop();
    if (call === undefined) return;
    if (calls?.length === 0) this.#bound.get(name)?.delete(listener);
    this.#emitter.off(name, call);
    this.#announce();
  }

  emit<K extends Name>(name: K, ...args: PoolEvents[K]): void {
    if (this.#emitter.listenerCount(name) > 0) this.#emitter.emit(name, ...(args as unknown[]));
  }

  #announce(): void {
    let mask = 0;
    for (const [name, bit] of Object.entries(watch)) if (this.#emitter.listenerCount(name) > 0) mask |= bit;
    this.#watch(mask);
  }
}
