/** The crew of a fan by its options: places in this thread, threads of its own, or somebody's pool. */

import { checkFunction } from '../arguments.js';
import { InvalidArgumentError } from '../errors.js';
import type { WorkerPoolOptions } from '../worker-pools/config.js';
import { FixedWorkerPool } from '../worker-pools/fixed-pool.js';
import { processorText } from '../worker-pools/processor.js';
import { Crew } from './crew.js';
import type { FanOutTerms } from './fan-out-config.js';
import type { AnyProcessor, RunTerms } from './run.js';
import type { BatchJob, BatchRan } from './run-batch.js';
import { ahead, batchModule, ThreadLane } from './thread-lane.js';

type BatchPool = FixedWorkerPool<BatchJob, BatchRan>;
/** The longest grace that pools know: eleven days. */
const longestGrace = 1e9;
const leastLimit = 0.001;

/** A crew, and what there is to close. @internal */
export interface FanCrew {
  crew: Crew;
  /** Pools of the fan's own, one thread each. */
  pools: BatchPool[];
  threads: boolean;
}

/** @internal */
export function fanCrew(terms: FanOutTerms): FanCrew {
  const { on, workerCount: width, abortGrace, timeout } = terms;
  const pools: BatchPool[] = [];
  if (on === undefined) return { crew: new Crew({ width, abortGrace }), pools, threads: false };
  if (on !== 'workers') {
    const limit = timeout === undefined ? {} : { timeout };
    const shared = on as unknown as BatchPool;
    const hire = (crew: Crew, id: number): ThreadLane =>
      new ThreadLane(crew, id, shared, ({ signal }) => ({ signal, processor: batchModule, ...limit }));
    return { crew: new Crew({ width, abortGrace, hire, depth: ahead }), pools, threads: true };
  }
  const options: WorkerPoolOptions<BatchJob, BatchRan> = {
    processor: batchModule,
    abortGrace: Math.min(abortGrace, longestGrace),
    // To a pool, 0 is no limit.
    ...(timeout !== undefined && { taskTimeout: Math.max(timeout, leastLimit) }),
  };
  const hire = (crew: Crew, id: number): ThreadLane => {
    // A pool for each: what a worker is given runs on that worker.
    const pool = new FixedWorkerPool<BatchJob, BatchRan>(1, options);
    pools.push(pool);
    return new ThreadLane(crew, id, pool, ({ signal }) => ({ signal }));
  };
  return { crew: new Crew({ width, abortGrace, hire, depth: ahead }), pools, threads: true };
}

/** Where a processor runs: here, or as text elsewhere. @internal */
export function processorFor(processor: unknown, threads: boolean): Pick<RunTerms, 'processor' | 'text'> {
  if (threads) return { processor: undefined, text: processorText(processor as never) };
  if (typeof processor === 'string' || processor instanceof URL)
    throw new InvalidArgumentError(
      'processor',
      'a module',
      "a function: modules run with on: 'workers' or a pool",
    );
  checkFunction('processor', processor);
  return { processor: processor as AnyProcessor, text: undefined };
}
