/** Graphs beside one another. */
import { type ConcurrentOptions, fanOut } from '../concurrent/fan-out.js';
import { InvalidArgumentError } from '../errors.js';
import { checkWaitOptions, shown } from '../wait-options.js';
import type { RunOptions, SubGraph } from './config.js';
import { Graph } from './graph.js';
import { checkStore } from './store.js';
import type { Any } from './types.js';

/** What each graph gets, by its name. */
export type GraphInputs<G> = {
  readonly [K in keyof G]: G[K] extends SubGraph<infer I, unknown> ? I : never;
};

/** What came of each graph: its name stands in one of the two. */
export interface GraphResults<G> {
  /** The results. */
  results: { -readonly [K in keyof G]?: G[K] extends SubGraph<never, infer O> ? O : never };
  /** The errors. */
  errors: { -readonly [K in keyof G]?: unknown };
}

/** How graphs are run beside one another. */
export interface RunGraphsOptions extends ConcurrentOptions, Pick<RunOptions, 'store'> {}

/**
 * Runs graphs that do not depend on one another. One that fails does not end the others.
 *
 * @param graphs - By name.
 * @param inputs - What each gets, by the same names.
 * @param options - `concurrency`: how many run at once, by default all; `store`: one for all, by default each has its own; `signal` and
 * `timeout` end them all.
 * @returns The results and the errors, by name.
 * @throws {@link WaitTimeoutError}; the signal's reason; {@link InvalidArgumentError} for what cannot be meant.
 * @example
 * ```ts
 * const { results, errors } = await runGraphs({ users, orders }, { users: 'eu', orders: 7 }, { concurrency: 2, signal: ctx });
 * const error = combineErrors(Object.values(errors));
 * ```
 */
export async function runGraphs<G extends Record<string, SubGraph<Any, unknown>>>(
  graphs: G,
  inputs: GraphInputs<G>,
  options: RunGraphsOptions = {},
): Promise<GraphResults<G>> {
  checkWaitOptions(options, ['concurrency', 'store']);
  for (const [name, value] of Object.entries({ graphs, inputs })) {
    if (typeof value !== 'object' || value === null)
      throw new InvalidArgumentError(name, shown(value), 'an object, by the names of the graphs');
  }
  for (const [name, graph] of Object.entries(graphs)) {
    if (!(graph instanceof Graph)) throw new InvalidArgumentError(`graphs.${name}`, shown(graph), 'a Graph');
  }
  for (const name of Object.keys(inputs)) {
    if (!Object.hasOwn(graphs, name))
      throw new InvalidArgumentError(`inputs.${name}`, 'an unknown graph', Object.keys(graphs).join(', '));
  }
  const { store, ...wait } = options;
  checkStore(store);
  const ends: [name: string, outcome: { result: unknown } | { error: unknown }][] = [];
  await fanOut(
    async ([name, graph], { signal }) => {
      const given = inputs[name as keyof typeof inputs];
      try {
        const result: unknown = await graph.run(given, { signal, ...(store !== undefined && { store }) });
        ends.push([name, { result }]);
      } catch (error) {
        if (signal.aborted) throw error;
        ends.push([name, { error }]);
      }
    },
    Object.entries(graphs),
    wait,
  );
  const results = ends.flatMap(([name, end]) => ('result' in end ? [[name, end.result]] : []));
  const errors = ends.flatMap(([name, end]) => ('error' in end ? [[name, end.error]] : []));
  return { results: Object.fromEntries(results), errors: Object.fromEntries(errors) } as GraphResults<G>;
}
