/** A stage by itself. */
import { InvalidArgumentError, UnsupportedError } from '../errors.js';
import { shown, type WaitOptions } from '../wait-options.js';
import { checkStage } from './check.js';
import type { PipelineStageConfig } from './config.js';
import { Keeper } from './keeper.js';
import { Activity } from './meter.js';
import type { StageMetrics } from './metrics.js';
import { callOf } from './place.js';
import { RunContext } from './run-context.js';
import { runBatch } from './running.js';
import { CallStage, type Plan } from './stages.js';
import { Walking } from './walk.js';

/**
 * A stage: a function that is called with each item, so many at once. It can be used alone, and in several pipelines, which share its
 * places then.
 *
 * @example
 * ```ts
 * const parse = new PipelineStage({ name: 'parse', processor: JSON.parse, concurrency: 2 });
 * const pipeline = new Pipeline<string>().addStage(parse);
 * ```
 */
export class PipelineStage<TInput, TOutput> implements AsyncDisposable {
  /** @internal */
  readonly core: CallStage;
  readonly #plan: Plan;
  readonly #keeper = new Keeper();
  readonly #walking: Walking;

  /** @throws {@link InvalidArgumentError} for what cannot be meant; `ProcessorError` for what cannot be sent to workers. */
  constructor(config: PipelineStageConfig<TInput, TOutput>) {
    checkStage(config, ['processor', 'on']);
    if (config.name === undefined)
      throw new InvalidArgumentError('name', 'undefined', 'a text that is not empty');
    const { call, place } = callOf(config as PipelineStageConfig<never, unknown>);
    const activity = new Activity();
    this.core = new CallStage(activity, config.name, 'map', call, config, place);
    this.#plan = {
      stages: [this.core],
      simple: true,
      activities: [activity],
      counts: { in: 0, out: 0 },
      ordered: true,
      onError: 'fail',
      bury: () => {
        throw new UnsupportedError('a stage by itself has no dead letters: its pipeline has');
      },
    };
    const context = new RunContext();
    this.#walking = new Walking(this.#plan, context, this.#keeper, true);
  }

  /** Its name. */
  get name(): string {
    return this.core.name;
  }

  /** How many calls may run at once. */
  get concurrency(): number {
    return this.core.slots.limit;
  }

  /** How many items may wait beyond those. */
  get bufferSize(): number {
    return this.core.bufferSize;
  }

  /**
   * Processes one item, when there is a place.
   *
   * @throws What the processor throws; {@link ItemDroppedError} if the stage leaves out what fails; {@link PipelineClosedError}.
   */
  async process(input: TInput): Promise<TOutput> {
    this.#keeper.check();
    return this.#walking.walk(input) as TOutput;
  }

  /**
   * Processes items; the results come in their order, without those that were left out.
   *
   * @throws The first error, by the order of the items.
   */
  async processBatch(inputs: readonly TInput[], options: WaitOptions = {}): Promise<TOutput[]> {
    this.#keeper.check();
    if (!Array.isArray(inputs)) throw new InvalidArgumentError('inputs', shown(inputs), 'an array');
    return runBatch(this.#plan, this.#keeper, inputs, options) as Promise<TOutput[]>;
  }

  /** Its counts, over all pipelines it is part of. */
  getMetrics(): StageMetrics {
    return this.core.meter.metrics(this.core.name, this.core.slots.limit);
  }

  /** Items processed per second, over the time in which any was under way. */
  getThroughput(): number {
    return this.core.meter.throughput();
  }

  /** How long a call takes, in milliseconds: the mean of those measured. */
  getLatency(): number {
    return this.core.meter.times.mean;
  }

  /** Takes no more by itself, waits for what it has, and ends its own worker threads. Again does no harm. */
  async close(): Promise<void> {
    this.#keeper.over = true;
    await this.#keeper.idle();
    await this.core.place?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
