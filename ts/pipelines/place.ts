/** Where a stage's processor runs. */
import { availableParallelism } from 'node:os';
import { checkFunction } from '../arguments.js';
import { InvalidArgumentError } from '../errors.js';
import { shown } from '../wait-options.js';
import type { Processor } from '../worker-pools/config.js';
import { FixedWorkerPool } from '../worker-pools/fixed-pool.js';
import { WorkerPool } from '../worker-pools/pool.js';
import { processorText } from '../worker-pools/processor.js';
import type { PipelineStageConfig } from './config.js';
import { type Call, defaults } from './stages.js';

type Pool = WorkerPool<unknown, unknown>;

/** Worker threads of a stage's own. They are started when the first item comes. */
export class Place {
  readonly #processor: Processor<unknown, unknown>;
  readonly #concurrency: number;
  #pool: Pool | undefined;

  constructor(processor: Processor<unknown, unknown>, concurrency: number) {
    this.#processor = processor;
    this.#concurrency = concurrency;
  }

  get pool(): Pool {
    if (this.#pool === undefined) {
      const workers = Math.min(this.#concurrency, availableParallelism());
      this.#pool = new FixedWorkerPool<unknown, unknown>(workers, {
        processor: this.#processor,
        concurrentTasksPerWorker: Math.ceil(this.#concurrency / workers),
      });
    }
    return this.#pool;
  }

  async close(): Promise<void> {
    const pool = this.#pool;
    this.#pool = undefined;
    await pool?.close();
  }
}

/** What a stage calls with each item. */
export function callOf({
  processor,
  on,
  concurrency = defaults.concurrency,
}: PipelineStageConfig<never, unknown>): { call: Call; place?: Place } {
  if (on === undefined) {
    checkFunction('processor', processor);
    return { call: processor as Call };
  }
  if (on instanceof WorkerPool) {
    const pool = on as Pool;
    if (processor === undefined)
      return { call: (value, { signal }) => pool.submit(value, signal && { signal }) };
    processorText(processor as Processor<never, unknown>);
    const terms = { processor: processor as Processor<unknown, unknown> };
    return { call: (value, { signal }) => pool.submit(value, { ...terms, ...(signal && { signal }) }) };
  }
  if (on !== 'workers') throw new InvalidArgumentError('on', shown(on), "a pool, or 'workers'");
  if (processor === undefined)
    throw new InvalidArgumentError('processor', 'undefined', 'a function, or a module');
  processorText(processor as Processor<never, unknown>);
  const place = new Place(processor as Processor<unknown, unknown>, concurrency);
  return { call: (value, { signal }) => place.pool.submit(value, signal && { signal }), place };
}
