/** Which worker gets what. */
import { InvalidArgumentError } from '../errors.js';
import { shown } from '../wait-options.js';

/** A worker, as a load balancer sees it. */
export interface WorkerLoad {
  /** Its number, from 0. */
  readonly id: number;
  /** Inputs it has been given and has not done. */
  readonly pending: number;
  /** Inputs it has done, failed ones included. */
  readonly completed: number;
  /** What an input takes there, in milliseconds, of late; 0 before the first is done. */
  readonly meanTime: number;
}

/** A rule of one's own. */
export interface CustomLoadBalancer {
  /**
   * Chooses the worker that gets the next batch. If that one has enough to do, the batch waits, and the choice is made anew when a worker
   * has done something.
   *
   * @returns The `id` of one of them.
   */
  choose(workers: readonly WorkerLoad[]): number;
}

/**
 * How inputs find workers: `'least-loaded'`, whoever has least to do gets the next; `'round-robin'`, in strict turn; `'adaptive'`, whoever
 * is expected to be done with it first, by its measured speed; or a rule of one's own.
 */
export type LoadBalancer = 'round-robin' | 'least-loaded' | 'adaptive' | CustomLoadBalancer;

/** How a call's inputs are dealt: `'pull'`, a worker that is free takes the next; `'shares'`, each has its own part beforehand. @internal */
export type Dealing = 'pull' | 'shares' | 'round-robin' | CustomLoadBalancer;

/** The worker that is expected to be done with one input more first. */
const adaptive: CustomLoadBalancer = {
  choose(workers) {
    let best = 0;
    let soonest = Infinity;
    for (const { id, pending, meanTime } of workers) {
      // One that has done nothing yet is to be tried.
      const done = meanTime === 0 ? pending * 1e-9 : (pending + 1) * meanTime;
      if (done < soonest) {
        soonest = done;
        best = id;
      }
    }
    return best;
  },
};

/** @throws {@link InvalidArgumentError} for what is no load balancer. @internal */
export function dealingOf(balancer: LoadBalancer): Dealing {
  if (balancer === 'least-loaded') return 'pull';
  if (balancer === 'round-robin') return 'round-robin';
  if (balancer === 'adaptive') return adaptive;
  if (typeof balancer === 'object' && balancer !== null && typeof balancer.choose === 'function')
    return balancer;
  throw new InvalidArgumentError(
    'balancer',
    shown(balancer),
    "'round-robin', 'least-loaded', 'adaptive', or { choose }",
  );
}
