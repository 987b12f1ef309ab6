/** One call of a fan: what it takes its inputs from, and what becomes of them. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { WaitTimeoutError } from '../errors.js';
import { Deadline, startDeadline, stopDeadline } from '../policy/deadlines.js';
import { signalOf } from '../signal.js';
import type { WaitOptions } from '../wait-options.js';
import type { BatchSize } from './batch-size.js';
import type { Crew } from './crew.js';
import type { ItemContext } from './item-context.js';
import type { Lane } from './lane.js';
import type { Dealing } from './load-balancer.js';

/** What is called for an input, or for a batch. @internal */
export type AnyProcessor = (input: never, context: ItemContext) => unknown;

/** How a run is done. @internal */
export interface RunTerms {
  crew: Crew;
  /** What is called in this thread. */
  processor: AnyProcessor | undefined;
  /** What is sent to worker threads. */
  text: string | undefined;
  /** The processor gets a batch at a time. */
  whole: boolean;
  /** Go on when one input fails. */
  goOn: boolean;
  dealing: Dealing;
  size: BatchSize;
  /** What a call may take, in milliseconds. */
  timeout: number | undefined;
  /** The number that the processor is told for the first input. Default 0. */
  first?: number;
}

/** A call of a fan. Inputs are known by their numbers. @internal */
export abstract class Run {
  readonly crew: Crew;
  readonly processor: AnyProcessor | undefined;
  readonly text: string | undefined;
  readonly whole: boolean;
  readonly goOn: boolean;
  readonly dealing: Dealing;
  readonly size: BatchSize;
  readonly timeout: number | undefined;
  readonly first: number;
  /** Nothing of it begins any more, and what it was still to give is nobody's. */
  stopped = false;
  /** Calls a function in the AsyncLocalStorage context of the run's caller. */
  readonly inContext: (call: () => void) => void = AsyncLocalStorage.snapshot();
  #signal: AbortSignal | undefined;
  #limit: RunLimit | undefined;
  readonly #onAbort = (): void => this.abandon(this.#signal?.reason);
  #stop: AbortController | undefined;
  readonly #ended: (() => void)[] = [];

  constructor(terms: RunTerms) {
    this.crew = terms.crew;
    this.processor = terms.processor;
    this.text = terms.text;
    this.whole = terms.whole;
    this.goOn = terms.goOn;
    this.dealing = terms.dealing;
    this.size = terms.size;
    this.timeout = terms.timeout;
    this.first = terms.first ?? 0;
  }

  /** Writes the next batch for a worker into its lane. @returns Whether there is one. */
  abstract take(lane: Lane): boolean;
  /** Whether some worker could be given something. */
  abstract get has(): boolean;
  /** The inputs from one number up to another, which are now with a worker. */
  abstract inputs(from: number, to: number): unknown[];
  /** Calls the processor in this thread. */
  abstract call(from: number, to: number, context: ItemContext): unknown;
  /** The outcome of an input, or of a batch. */
  abstract succeeded(from: number, count: number, value: unknown): void;
  abstract failed(from: number, count: number, error: unknown): void;
  /** Somebody outside ends it. */
  abstract abandon(error: unknown): void;

  /** A call took too long: a failure. */
  overdue(from: number, count: number, error: unknown): void {
    this.crew.counts.timedOut += count;
    this.failed(from, count, error);
  }

  measured(count: number, ms: number): void {
    const { counts } = this.crew;
    counts.time += ms;
    counts.timed += count;
    this.size.learn(count, ms);
  }

  /** Aborts when it is stopped. */
  get signal(): AbortSignal {
    this.#stop ??= new AbortController();
    return this.#stop.signal;
  }

  /** Listens to who may end it. */
  protected guard({ signal, timeout }: WaitOptions): void {
    this.#signal = signalOf(signal);
    this.#signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (timeout === undefined || timeout === Infinity) return;
    this.#limit = new RunLimit(this, timeout);
    startDeadline(this.#limit, timeout);
  }

  /** It is over: nobody needs to end it, and nothing of it goes on. */
  protected stop(reason: unknown): void {
    if (this.stopped) return;
    this.stopped = true;
    this.#signal?.removeEventListener('abort', this.#onAbort);
    if (this.#limit !== undefined) stopDeadline(this.#limit);
    this.crew.remove(this, reason);
    this.#stop?.abort(reason);
    for (const ended of this.#ended) ended();
  }

  /** Resolves when it is over. */
  get over(): Promise<void> {
    return new Promise((resolve) => (this.stopped ? resolve() : this.#ended.push(resolve)));
  }
}

/** The time that a whole run has. */
class RunLimit extends Deadline {
  readonly #run: Run;
  readonly #ms: number;

  constructor(run: Run, ms: number) {
    super();
    this.#run = run;
    this.#ms = ms;
  }

  overdue(): void {
    this.#run.abandon(new WaitTimeoutError(this.#ms));
  }
}
