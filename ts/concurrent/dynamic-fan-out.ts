/** A fan-out that is as wide as the machine allows. */
import { availableParallelism } from 'node:os';
import { checkFunction, checkNames } from '../arguments.js';
import { InvalidArgumentError } from '../errors.js';
import { ArrayRun } from '../fan-patterns/array-run.js';
import { single } from '../fan-patterns/batch-size.js';
import { Crew } from '../fan-patterns/crew.js';
import type { FanContext } from '../fan-patterns/item-context.js';
import type { AnyProcessor } from '../fan-patterns/run.js';
import { fast } from '../isolate.js';
import { signalOf } from '../signal.js';
import { checkWaitOptions, shown, type WaitOptions } from '../wait-options.js';
import { checkCount } from '../worker-pools/submit-options.js';
import { listOf } from './fan-out.js';
import { OthersLoad } from './others-load.js';

/** What measures a load. */
export interface LoadMonitor {
  /** 0 to 1; `undefined` if there is nothing new. */
  load(): number | undefined;
}

/** How a dynamic fan-out is made. */
export interface DynamicFanOutOptions {
  /** Calls that may run at once in any case. Default 1. */
  min?: number;
  /** Calls that run at once at most. Default: four for each of the machine's processors. */
  max?: number;
  /** Measures the load. Default: how busy other processes keep the machine's processors. */
  monitor?: LoadMonitor;
}

/** Above this the machine is busy, below that it is not. */
const high = 0.8;
const low = 0.3;
/** So many items for each call that runs at once, on a machine that is not busy. */
const itemsEach = 10;
/** The least time between two looks at the load, in milliseconds. */
const span = 100;

/**
 * Runs as many calls at once as the machine's load allows, between a least and a most: the least when others keep it busy, a tenth of the number of
 * items when they do not, something between otherwise. It looks at the load when a call of `process` begins, and again and again as items are done.
 *
 * @example
 * ```ts
 * const fan = new DynamicFanOut({ min: 2, max: 32 });
 * const results = await fan.process(items, (item, { signal }) => handle(item, signal), { signal: ctx });
 * ```
 */
export class DynamicFanOut {
  readonly #min: number;
  readonly #max: number;
  readonly #monitor: LoadMonitor;
  #load = 0;

  /** @throws {@link InvalidArgumentError} for an option that cannot be meant. */
  constructor(options: DynamicFanOutOptions = {}) {
    checkNames(options, ['min', 'max', 'monitor']);
    const { min = 1, monitor } = options;
    this.#min = checkCount('min', min);
    const { max = Math.max(min, availableParallelism() * 4) } = options;
    this.#max = checkCount('max', max, min);
    if (monitor !== undefined && typeof (monitor as LoadMonitor | null)?.load !== 'function')
      throw new InvalidArgumentError('monitor', shown(monitor), '{ load() }');
    this.#monitor = monitor ?? new OthersLoad();
  }

  /** The load as it was last measured, 0 to 1. */
  get load(): number {
    return this.#load;
  }

  /** How many calls would run at once for so many items, by the load as it was last measured. */
  workersFor(items: number): number {
    checkCount('items', items, 0);
    if (this.#load > high) return this.#min;
    const wanted =
      this.#load < low
        ? Math.ceil(items / itemsEach)
        : Math.floor(this.#min + (1 - this.#load) * (this.#max - this.#min));
    return Math.min(Math.max(wanted, this.#min), this.#max);
  }

  #look(): void {
    const load = this.#monitor.load();
    if (load === undefined) return;
    if (!(typeof load === 'number' && load >= 0 && load <= 1))
      throw new InvalidArgumentError('load()', shown(load), 'a number from 0 to 1');
    this.#load = load;
  }

  /**
   * Calls a function with each item.
   *
   * @returns The results in the order of the items.
   * @throws The first error of the function, by which the calls that run are told; {@link WaitTimeoutError}; the signal's reason; what the
   * monitor throws.
   */
  async process<T, R>(
    items: Iterable<T>,
    fn: (item: T, context: FanContext) => R | PromiseLike<R>,
    options: WaitOptions = {},
  ): Promise<R[]> {
    checkFunction('fn', fn);
    checkWaitOptions(options);
    const list = listOf('items', items);
    signalOf(options.signal)?.throwIfAborted();
    this.#look();
    const crew = new Crew({ width: this.workersFor(list.length), abortGrace: Infinity });
    const watched = new WatchedRun(crew, fn as AnyProcessor, list, () => {
      this.#look();
      crew.resize(this.workersFor(list.length));
    });
    return (await watched.run(options)) as R[];
  }
}

/** Looks at the load as items are done. */
class WatchedRun extends ArrayRun {
  readonly #look: () => void;
  #last = fast.now();

  constructor(crew: Crew, processor: AnyProcessor, items: readonly unknown[], look: () => void) {
    const terms = { crew, processor, text: undefined, whole: false, goOn: false, timeout: undefined };
    super({ ...terms, dealing: 'pull', size: single }, items, true);
    this.#look = look;
  }

  override measured(count: number, ms: number): void {
    super.measured(count, ms);
    const now = fast.now();
    if (now - this.#last < span) return;
    this.#last = now;
    try {
      this.#look();
    } catch (error) {
      this.abandon(error);
    }
  }
}
