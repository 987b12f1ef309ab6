import { InvalidArgumentError } from '../errors.js';
import type { WorkerPoolOptions } from './config.js';
import { checkHandle, type Opening, type PoolHandle } from './opening.js';
import { WorkerPool } from './pool.js';

/**
 * A pool with a fixed number of worker threads.
 *
 * It is one object for the whole process, as {@link DynamicWorkerPool} is.
 *
 * @example
 * ```ts
 * const pool = new FixedWorkerPool<string, number>(4, { processor: (text: string) => text.length });
 * const lengths = await pool.submitBatch(['one', 'three']);
 * ```
 */
export class FixedWorkerPool<TInput, TOutput> extends WorkerPool<TInput, TOutput> {
  /**
   * @param workerCount - How many workers, 1 to 1024.
   * @throws As the constructor of {@link DynamicWorkerPool}.
   */
  constructor(workerCount: number, config: WorkerPoolOptions<TInput, TOutput> = {}) {
    if (typeof workerCount !== 'number') {
      if (typeof workerCount !== 'object' || workerCount === null || !(opening in workerCount)) {
        throw new InvalidArgumentError('workerCount', typeof workerCount, 'a whole number from 1 to 1024');
      }
      super((workerCount as { [opening]: Opening })[opening]);
    } else super({ options: config, workers: workerCount });
  }

  /**
   * Opens the pool that another thread calls so.
   *
   * @throws `NotFoundError` if there is none.
   */
  static open<TInput, TOutput>(name: string): FixedWorkerPool<TInput, TOutput> {
    return new FixedWorkerPool({ [opening]: { name: String(name) } } as never);
  }

  /**
   * Opens the pool of a token that another thread has sent.
   *
   * @throws `NotFoundError` if that pool is gone.
   */
  static from<TInput, TOutput>(handle: PoolHandle): FixedWorkerPool<TInput, TOutput> {
    return new FixedWorkerPool({ [opening]: { handle: checkHandle(handle) } } as never);
  }
}

const opening: unique symbol = Symbol('opening');
