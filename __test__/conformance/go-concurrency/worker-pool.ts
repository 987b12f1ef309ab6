/** The text's worker pool. */
import { Channel, select, WaitGroup } from 'millrace';
import { go } from './goroutines.js';

type Work = (id: number, data: number) => Error | null;

export class WorkerPool {
  readonly wg = new WaitGroup();
  readonly jobs: Channel<number>;
  readonly results: Channel<Error | null>;
  readonly #workers: number;

  constructor(workers: number) {
    this.#workers = workers;
    this.jobs = new Channel(workers * 2);
    this.results = new Channel(workers * 2);
  }

  start(ctx: AbortSignal, worker: Work): void {
    this.wg.add(this.#workers);
    for (let id = 1; id <= this.#workers; id++) {
      go(ctx, async () => {
        try {
          for (;;) {
            const job = await select({ job: this.jobs }, { signal: ctx });
            if (job.done) return;
            await this.results.send(worker(id, job.value), { signal: ctx });
          }
        } finally {
          this.wg.done();
        }
      });
    }
  }

  submit(job: number): Promise<void> {
    return this.jobs.send(job);
  }

  async close(): Promise<void> {
    this.jobs.close();
    await this.wg.wait();
    this.results.close();
  }
}
