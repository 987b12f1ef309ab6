/** A worker that is a thread: it is sent batches, one ahead of the one it works on. */
import { CallTimeoutError } from '../policy/errors.js';
import { unpack } from '../thrown.js';
import type { SubmitOptions } from '../worker-pools/config.js';
import type { WorkerPool } from '../worker-pools/pool.js';
import type { Crew } from './crew.js';
import { Lane } from './lane.js';
import type { Run } from './run.js';
import type { BatchJob, BatchRan } from './run-batch.js';

/** The module that workers load. @internal */
export const batchModule = new URL('./run-batch.js', import.meta.url);
/** Batches that a worker has: one that it works on, and one that follows at once. @internal */
export const ahead = 2;

/** A batch that is with the thread. */
interface Sent {
  run: Run;
  from: number;
  count: number;
  wanted: boolean;
}

/** Sends to a pool. A pool of its own has one thread, so what is given to this worker runs there. @internal */
export class ThreadLane extends Lane {
  readonly #crew: Crew;
  readonly #pool: WorkerPool<BatchJob, BatchRan>;
  /** What the pool does not know by itself. */
  readonly #terms: (run: Run) => SubmitOptions<BatchJob, BatchRan>;
  readonly #sent = new Set<Sent>();
  #starting = false;

  constructor(
    crew: Crew,
    id: number,
    pool: WorkerPool<BatchJob, BatchRan>,
    terms: (run: Run) => SubmitOptions<BatchJob, BatchRan>,
  ) {
    super(id);
    this.#crew = crew;
    this.#pool = pool;
    this.#terms = terms;
  }

  get batches(): number {
    return this.#sent.size;
  }

  /** Sends what has been taken for it, or one batch that it takes. */
  start(): void {
    if (this.#starting || this.#sent.size >= ahead) return;
    this.#starting = true;
    const has = this.at < this.end || this.#crew.more(this);
    this.#starting = false;
    if (has) this.#send();
  }

  #send(): void {
    const run = this.run as Run;
    const from = this.at;
    const count = this.end - from;
    this.at = this.end;
    const sent: Sent = { run, from, count, wanted: true };
    this.#sent.add(sent);
    const job: BatchJob = {
      text: run.text as string,
      inputs: run.inputs(from, from + count),
      first: from,
      worker: this.id,
      whole: run.whole,
      goOn: run.goOn,
    };
    run.inContext(() => {
      this.#pool.submit(job, this.#terms(run)).then(
        (ran) => this.#done(sent, ran),
        (error: unknown) => this.#lost(sent, error),
      );
    });
  }

  #done(sent: Sent, { results, failed, ms }: BatchRan): void {
    this.#end(sent, ms);
    const { run, from, count } = sent;
    const errors = new Map(failed);
    if (run.whole) {
      const error = errors.get(0);
      if (error === undefined) run.succeeded(from, count, results[0]);
      else run.failed(from, count, unpack(error));
    } else {
      for (let at = 0; at < count && !run.stopped; at++) {
        const error = errors.get(at);
        if (error !== undefined) run.failed(from + at, 1, unpack(error));
        else if (at < results.length) run.succeeded(from + at, 1, results[at]);
      }
    }
    this.#goOn();
  }

  /** The whole batch failed: it could not be sent or given back, took too long, or its thread died. */
  #lost(sent: Sent, error: unknown): void {
    this.#end(sent, 0);
    const { run, from, count } = sent;
    if ((error as { code?: unknown } | null)?.code === 'ERR_TASK_TIMEOUT')
      run.overdue(from, count, new CallTimeoutError(run.timeout ?? 0, { cause: error }));
    else if (run.whole) run.failed(from, count, error);
    else for (let at = 0; at < count; at++) run.failed(from + at, 1, error);
    this.#goOn();
  }

  #end(sent: Sent, ms: number): void {
    this.#sent.delete(sent);
    if (!sent.wanted) return;
    this.pending -= sent.count;
    if (ms === 0) return;
    this.measured(sent.count, ms);
    sent.run.measured(sent.count, ms);
  }

  #goOn(): void {
    this.start();
    this.#crew.idle();
  }

  leave(run: Run): void {
    for (const sent of this.#sent) {
      if (sent.run !== run || !sent.wanted) continue;
      sent.wanted = false;
      this.pending -= sent.count;
    }
  }
}
