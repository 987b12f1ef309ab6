import type { WorkerPoolOptions } from './config.js';
import { checkHandle, type Opening, type PoolHandle } from './opening.js';
import { WorkerPool } from './pool.js';

/**
 * A pool of worker threads that grows with its queue and shrinks when its workers idle.
 *
 * It is one object for the whole process: any thread opens it by name or handle and submits, and the result comes to the
 * thread that asked. A pool with nothing to do does not keep the process alive.
 *
 * @example
 * ```ts
 * const pool = new DynamicWorkerPool<string, number>({
 *   processor: new URL('./count-words.js', import.meta.url),
 *   minWorkers: 2,
 *   maxWorkers: 10,
 * });
 * const words = await pool.submit('some text');
 * await pool.close();
 * ```
 */
export class DynamicWorkerPool<TInput, TOutput> extends WorkerPool<TInput, TOutput> {
  /**
   * @throws `InvalidArgumentError` for an option that cannot be meant, `NameConflictError` for a name in use with another
   * configuration, `ProcessorError` for a function that cannot be sent to another thread.
   */
  constructor(config: WorkerPoolOptions<TInput, TOutput> = {}) {
    super(isOpening(config) ? config[opening] : { options: config });
  }

  /**
   * Opens the pool that another thread calls so.
   *
   * @throws `NotFoundError` if there is none.
   */
  static open<TInput, TOutput>(name: string): DynamicWorkerPool<TInput, TOutput> {
    return new DynamicWorkerPool({ [opening]: { name: String(name) } } as never);
  }

  /**
   * Opens the pool of a token that another thread has sent.
   *
   * @throws `NotFoundError` if that pool is gone.
   */
  static from<TInput, TOutput>(handle: PoolHandle): DynamicWorkerPool<TInput, TOutput> {
    return new DynamicWorkerPool({ [opening]: { handle: checkHandle(handle) } } as never);
  }
}

const opening: unique symbol = Symbol('opening');

function isOpening(config: object): config is { [opening]: Opening } {
  return typeof config === 'object' && config !== null && opening in config;
}
