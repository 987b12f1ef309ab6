/** What a worker thread runs for a fan: a function over one batch. Gives each outcome, and how long all took. */
import { compile } from '../go/parallel-run.js';
import { isThenable } from '../thenable.js';
import { type Packed, pack } from '../thrown.js';
import type { TaskContext } from '../worker-pools/config.js';
import type { FanContext } from './item-context.js';

/** What is sent to a worker. */
export interface BatchJob {
  text: string;
  inputs: unknown[];
  /** The first input's number. */
  first: number;
  /** The fan's worker. */
  worker: number;
  /** The function gets all inputs at once. */
  whole: boolean;
  /** Go on when one fails. */
  goOn: boolean;
}

/** What comes back. */
export interface BatchRan {
  /** One for each input, up to the first that failed, or to the end; of a whole batch the one. */
  results: unknown[];
  /** Which have failed, and how. */
  failed: [at: number, error: Packed][];
  ms: number;
}

class ThreadContext implements FanContext {
  readonly index: number;
  readonly worker: number;
  readonly #task: TaskContext;

  constructor(index: number, worker: number, task: TaskContext) {
    this.index = index;
    this.worker = worker;
    this.#task = task;
  }

  get signal(): AbortSignal {
    return this.#task.signal;
  }
}

export default async function runBatch(job: BatchJob, task: TaskContext): Promise<BatchRan> {
  const fn = await compile(job.text);
  const began = performance.now();
  const { inputs, first, worker, whole, goOn } = job;
  const results: unknown[] = [];
  const failed: [number, Packed][] = [];
  const count = whole ? 1 : inputs.length;
  for (let at = 0; at < count; at++) {
    if (at > 0 && task.signal.aborted) break;
    try {
      const input = whole ? inputs : inputs[at];
      let result = fn(input, new ThreadContext(first + at, worker, task));
      if (isThenable(result)) result = await result;
      results.push(result);
    } catch (error) {
      failed.push([at, pack(error)]);
      if (!goOn) break;
      results.push(undefined);
    }
  }
  return { results, failed, ms: performance.now() - began };
}
