/** Many inputs through a pool, all at once. */

import type { Client } from './client.js';
import type { SubmitOptions } from './config.js';

/** How many a batch, and how it ends. */
export interface BatchOptions<TInput, TOutput> extends SubmitOptions<TInput, TOutput> {
  /** Every outcome instead of the first error. */
  settle?: boolean;
}

/** The results in the order of the inputs, or each outcome. The first error withdraws the tasks that no worker has begun. @internal */
export async function runBatch<I, O>(
  client: Client,
  tasks: readonly I[],
  options: BatchOptions<I, O>,
): Promise<O[] | PromiseSettledResult<O>[]> {
  if (options.settle === true) {
    return Promise.allSettled(tasks.map((task) => client.submitWith(task, options as never) as Promise<O>));
  }
  const tickets: (ReturnType<Client['open']> | undefined)[] = [];
  const results = tasks.map(
    (task) =>
      new Promise<unknown>((resolve, reject) => {
        tickets.push(client.open(task, options as never, { resolve, reject, adopts: true }, false));
      }),
  );
  try {
    return (await Promise.all(results)) as O[];
  } finally {
    // After success nothing is left to withdraw.
    for (const ticket of tickets) ticket?.withdraw();
  }
}
