/** Pipelines: stages in a row, through which items flow with back-pressure. */

import { checkNames } from '../arguments.js';
import type { Channel } from '../channels/channel.js';
import { InvalidArgumentError, WaitTimeoutError } from '../errors.js';
import { nextTurn, overspent } from '../turn.js';
import { checkWaitOptions, shown, type WaitOptions } from '../wait-options.js';
import type { Branch, BranchResult } from './branch.js';
import { checkConfig } from './check.js';
import type {
  DeadLetter,
  NamedStageOptions,
  PipelineCloseOptions,
  PipelineConfig,
  PipelineStageConfig,
  StageProcessor,
  WindowOptions,
} from './config.js';
import type { End } from './ends.js';
import type { Host } from './failing.js';
import { bottleneckOf, metricsOf, stageOf, throughputOf } from './figures.js';
import { Keeper } from './keeper.js';
import { Letters } from './letters.js';
import { Activity } from './meter.js';
import type { PipelineMetrics } from './metrics.js';
import { gatherNode, mergeNode, methodNode, type Node, nameFor, stageNode } from './nodes.js';
import { closePlaces, planOf } from './plan.js';
import { Replay } from './replay.js';
import { Run } from './run.js';
import { RunContext } from './run-context.js';
import { limitsOf, passOne, runBatch, runOne } from './running.js';
import { checkSource, type PipelineSource, sourceOf } from './source.js';
import { PipelineStage } from './stage.js';
import { defaults, type Plan } from './stages.js';
import { PipelineStream } from './stream.js';
import { Walking } from './walk.js';
import { bothNode, branchNode, type Route } from './ways.js';

/**
 * A pipeline: items go through its stages in a row, several at once in each, and come out in their order unless it is told otherwise.
 *
 * Each method that adds a stage gives a new pipeline, with counts of its own. A stage's `concurrency` is for all that runs through the
 * pipeline at once; its buffer is each run's own. When a stage has no room the one before it waits, and so on up to the source, which is
 * read no further ahead than the buffers hold. A pipeline that nothing runs through holds nothing and keeps no process alive.
 *
 * @example
 * ```ts
 * const pipeline = new Pipeline<string>({ onError: 'dead-letter' })
 *   .addStage({ name: 'parse', processor: parseOrder, concurrency: 2, bufferSize: 100 })
 *   .addFilter((order) => order.total > 0)
 *   .addStage({ name: 'enrich', processor: enrich, concurrency: 8, retry: executor, timeout: 1_000 })
 *   .batch(100, 50);
 * for await (const orders of pipeline.processStream(lines)) await insert(orders);
 * for await (const letter of pipeline.replay()) console.log('this time it went', letter);
 * ```
 */
export class BuiltPipeline<TInput, TOutput> implements AsyncDisposable {
  readonly #config: Partial<PipelineConfig>;
  readonly #nodes: readonly Node[];
  readonly #keeper = new Keeper();
  readonly #context = new RunContext();
  readonly #activity = new Activity();
  #plan: Plan | undefined;
  #walking: Walking | undefined;
  readonly #letters: Letters;
  #closing: Promise<void> | undefined;

  /** @throws {@link InvalidArgumentError} for what cannot be meant. */
  constructor(config?: Partial<PipelineConfig>);
  /** @internal */
  constructor(config: Partial<PipelineConfig>, nodes: readonly Node[]);
  constructor(config: Partial<PipelineConfig> = {}, nodes: readonly Node[] = []) {
    checkConfig(config);
    this.#config = config;
    this.#nodes = nodes;
    this.#letters = new Letters(config.deadLetters);
  }

  #with<T>(node: Node): BuiltPipeline<TInput, T> {
    return new BuiltPipeline<TInput, T>(this.#config, [...this.#nodes, node]);
  }

  /**
   * Adds a stage. One that is a {@link PipelineStage} keeps its own concurrency, shared with all others that use it.
   *
   * @throws {@link InvalidArgumentError} for what cannot be meant; `ProcessorError` for what cannot be sent to workers.
   */
  addStage<TNext>(
    stage: PipelineStageConfig<TOutput, TNext> | PipelineStage<TOutput, TNext>,
  ): BuiltPipeline<TInput, TNext> {
    if (!(stage instanceof PipelineStage))
      return this.#with(stageNode(this.#nodes, stage as PipelineStageConfig<never, unknown>));
    const { core } = stage;
    nameFor(this.#nodes, core.name, '');
    return this.#with({ name: core.name, single: true, shared: true, make: () => core });
  }

  /** Lets pass the items of which the filter says so. */
  addFilter<TNext extends TOutput>(
    filter: (input: TOutput) => input is TNext,
    options?: NamedStageOptions,
  ): BuiltPipeline<TInput, TNext>;
  addFilter<_TNext>(
    filter: (input: TOutput) => boolean | Promise<boolean>,
    options?: NamedStageOptions,
  ): BuiltPipeline<TInput, TOutput>;
  addFilter(
    filter: (input: TOutput) => boolean | Promise<boolean>,
    options: NamedStageOptions = {},
  ): BuiltPipeline<TInput, TOutput> {
    return this.#with(methodNode(this.#nodes, 'filter', 'filter', filter, options));
  }

  /** Adds a stage that is little more than a function. */
  map<TNext>(
    fn: StageProcessor<TOutput, TNext>,
    options: NamedStageOptions = {},
  ): BuiltPipeline<TInput, TNext> {
    return this.#with(methodNode(this.#nodes, 'map', 'map', fn, options));
  }

  /**
   * Passes on each value of what the function gives, as there is room. A generator is read no further, and has its stage's place until it
   * has ended if it is an asynchronous one.
   */
  flatMap<TNext>(
    fn: StageProcessor<TOutput, Iterable<TNext> | AsyncIterable<TNext>>,
    options: NamedStageOptions = {},
  ): BuiltPipeline<TInput, TNext> {
    return this.#with(methodNode(this.#nodes, 'flatMap', 'flat', fn, options));
  }

  /** Calls the function with each item, waits if it gives a promise, and passes the item on as it is. */
  tap(fn: StageProcessor<TOutput, unknown>, options: NamedStageOptions = {}): BuiltPipeline<TInput, TOutput> {
    return this.#with(methodNode(this.#nodes, 'tap', 'tap', fn, options));
  }

  /**
   * Gathers items to lists.
   *
   * @param size - Items of a list. The last one of a run may have fewer.
   * @param ms - A list is passed on so many milliseconds after its first item, however few it has. Default: never.
   */
  batch(
    size: number,
    ms?: number,
    { name, ...rest }: { name?: string } = {},
  ): BuiltPipeline<TInput, TOutput[]> {
    checkNames(rest, []);
    const gathering = { size, ...(ms !== undefined && { ms }) };
    // Said so: without a size it would be by time alone.
    if (size === undefined)
      throw new InvalidArgumentError('size', 'undefined', 'a whole number of at least 1');
    return this.#with(gatherNode(nameFor(this.#nodes, name, 'batch'), gathering));
  }

  /** Gathers items to lists by number, overlapping ones with `slide`, or by time alone: then a list holds all that came in it. */
  window({ name, ...options }: WindowOptions & { name?: string }): BuiltPipeline<TInput, TOutput[]> {
    checkNames(options, ['size', 'slide', 'ms']);
    return this.#with(gatherNode(nameFor(this.#nodes, name, 'window'), options));
  }

  /**
   * With a pipeline: each item goes through this one and that one, and the results of both come out, this one's first. With a source: its
   * items come in here, as both come; a function is called for it in each run, otherwise only the first run gets anything.
   *
   * If one of two pipelines gathers, all items of a run go through it together, as in {@link branch}; what becomes of an item in the one
   * and in the other is then decided for each by itself.
   *
   * @throws {@link InvalidArgumentError} for what nothing can be read from.
   */
  merge<TOther>(
    other: BuiltPipeline<TInput, TOther> | PipelineSource<TOther> | (() => PipelineSource<TOther>),
  ): BuiltPipeline<TInput, TOutput | TOther> {
    if (other instanceof BuiltPipeline)
      return new BuiltPipeline<TInput, TOutput | TOther>(this.#config, [bothNode(this, other)]);
    if (typeof other !== 'function') checkSource('other', other);
    const open = typeof other === 'function' ? (other as () => unknown) : () => other;
    return this.#with(mergeNode(nameFor(this.#nodes, undefined, 'merge'), open));
  }

  /**
   * Sends each item through the first branch that takes it; the results come out in the order of the items. An item that no branch takes
   * fails with {@link NoBranchError}.
   *
   * A branch may gather, with {@link batch} and {@link window}: the items of a run that go its way come together in lists. A list comes out
   * in the place of its last item. Nobody waits for one that is not full: one that is cut by time comes as soon as it is, behind what was
   * before its last item, and what is left at the end of the run comes in the order of the last items. What another source brings into a
   * branch comes out as it comes.
   *
   * What fails in a branch, and is not left out there, is for this stage's `onError`: a list that fails is each of its items, and as many
   * dead letters, which go their way again in {@link replay}. What another source has brought cannot be one, so that its error ends the
   * run. Aborting a branch that gathers ends the runs that go through it.
   *
   * @param options - `concurrency` is how many items may be in branches, without those in lists; default: as many as their stages run at
   * once.
   * @throws {@link InvalidArgumentError} for what cannot be meant.
   *
   * @example
   * ```ts
   * const orders = new Pipeline<Order>().branch({
   *   large: { when: (order) => order.total > 1000, to: new Pipeline<Order>().map(review) },
   *   rest: { to: new Pipeline<Order>().batch(100, 50).map(insertAll) },
   * });
   * ```
   */
  branch<R extends Record<string, Branch<TOutput, unknown>>>(
    branches: R,
    options: Omit<NamedStageOptions, 'timeout' | 'retry' | 'limiter'> = {},
  ): BuiltPipeline<TInput, BranchResult<TOutput, R>> {
    const isPipeline = (value: unknown): boolean => value instanceof BuiltPipeline;
    return this.#with(branchNode(this.#nodes, branches as Record<string, Route>, options, isPipeline));
  }

  /** Whether items go through it one by one. @internal */
  get single(): boolean {
    return this.#nodes.every(({ single }) => single);
  }

  /** Whether something comes in that is none of its items. @internal */
  get merges(): boolean {
    return this.#nodes.some(({ merges }) => merges);
  }

  /** How many items its stages can be at work on. @internal */
  get width(): number {
    const { stages } = this.#planned();
    return stages.reduce((sum, stage) => sum + ('slots' in stage ? stage.slots.limit : 0), 0);
  }

  #planned(): Plan {
    return (this.#plan ??= planOf(this.#nodes, this.#config, this.#activity, this.#letters));
  }

  /**
   * Sends one item through.
   *
   * @throws What the item fails with; {@link ItemDroppedError} if it was filtered or left out; `UnsupportedError` if it has several results;
   * the signal's reason; `WaitTimeoutError`; {@link PipelineClosedError}.
   */
  process(input: TInput, options?: WaitOptions): Promise<TOutput> {
    try {
      this.#keeper.check();
      const plan = this.#planned();
      if (options !== undefined || !plan.simple) {
        return runOne(plan, this.#keeper, input, options ?? {}) as Promise<TOutput>;
      }
      this.#walking ??= new Walking(plan, this.#context, this.#keeper, true);
      const result = this.#walking.walk(input) as TOutput;
      if (result instanceof Promise) return result;
      return overspent() ? nextTurn(result) : Promise.resolve(result);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  /** The result of one item, `nothing`, or {@link Many}, in another pipeline's run. @internal */
  pass(item: unknown, context: RunContext): unknown {
    this.#keeper.check();
    return passOne(this.#planned(), this.#keeper, item, context);
  }

  /** A run of items that another pipeline's run sends. `left` is called when it has ended, and its calls have. @internal */
  host(end: End, host: Host, left: () => void): Run {
    this.#keeper.check();
    return new Run(this.#planned(), this.#keeper.also(left), end, undefined, host);
  }

  /**
   * Sends items through.
   *
   * @returns The results in the order of the items, without those of items that were filtered or left out.
   * @throws The first error, by the order of the items; the rest is aborted. The signal's reason; `WaitTimeoutError`;
   * {@link PipelineClosedError}.
   */
  async processBatch(inputs: readonly TInput[], options: WaitOptions = {}): Promise<TOutput[]> {
    this.#keeper.check();
    if (!Array.isArray(inputs)) throw new InvalidArgumentError('inputs', shown(inputs), 'an array');
    return runBatch(this.#planned(), this.#keeper, inputs, options) as Promise<TOutput[]>;
  }

  /**
   * Sends the items of a source through, as their results are read.
   *
   * @param inputs - Anything iterable, a Web or Node stream, or a channel, until it is closed.
   * @param options - `signal` ends it; `timeout` is for all of it, from the first read on.
   * @returns The results. What goes wrong is thrown to whoever reads them.
   * @throws {@link InvalidArgumentError} for what nothing can be read from.
   */
  processStream(inputs: PipelineSource<TInput>, options: WaitOptions = {}): PipelineStream<TOutput> {
    checkSource('inputs', inputs);
    checkWaitOptions(options);
    return this.#stream((run) => run.start(sourceOf('inputs', inputs), limitsOf(options)));
  }

  #stream(start: (run: Run) => void): PipelineStream<TOutput> {
    const begin = (end: End): Run => {
      this.#keeper.check();
      const run = new Run(this.#planned(), this.#keeper, end);
      start(run);
      return run;
    };
    return new PipelineStream<TOutput>(begin, this.#config.bufferSize ?? defaults.bufferSize);
  }

  /**
   * Where dead letters go: the `deadLetters` it was made with, or a channel of its own within this thread, which is closed with the
   * pipeline.
   */
  get deadLetters(): Channel<DeadLetter> {
    return this.#letters.channel;
  }

  /**
   * Sends dead letters again, each from its stage on. What fails once more becomes a letter again, with its attempts added.
   *
   * @param letters - Default: those that are in {@link deadLetters} now.
   * @returns The results; they come in the order of the letters as far as these are of one stage. A letter whose stage there is not fails
   * with {@link InvalidArgumentError}.
   */
  replay(letters?: PipelineSource<DeadLetter>, options: WaitOptions = {}): PipelineStream<TOutput> {
    if (letters !== undefined) checkSource('letters', letters);
    checkWaitOptions(options);
    return this.#stream((run) => {
      const limits = limitsOf(options);
      const source = sourceOf('letters', letters ?? this.#letters.now());
      run.start((of) => new Replay(source, of), limits);
    });
  }

  /** Its counts, and those of each stage. */
  getMetrics(): PipelineMetrics {
    return metricsOf(this.#config.name, this.#planned(), this.#activity);
  }

  /** Results per second, or items that a stage has passed on, over the time in which any item was under way. */
  getThroughput(stage?: string): number {
    const plan = this.#planned();
    return stage === undefined ? throughputOf(plan, this.#activity) : stageOf(plan, stage).meter.throughput();
  }

  /** How long a stage's call takes, in milliseconds, or one call of each stage: the means of those measured, without waits in buffers. */
  getLatency(stage?: string): number {
    const plan = this.#planned();
    const stages = stage === undefined ? plan.stages : [stageOf(plan, stage)];
    return stages.reduce((sum, { meter }) => sum + meter.times.mean, 0);
  }

  /** The stage whose calls take most time for their concurrency: it holds up the others. `undefined` while nothing was called. */
  bottleneck(): string | undefined {
    return bottleneckOf(this.#planned());
  }

  /** Begins counting anew, also in stages that other pipelines have too. */
  resetMetrics(): void {
    const { stages, counts, activities } = this.#planned();
    counts.in = counts.out = 0;
    for (const { meter } of stages) meter.reset();
    for (const activity of activities) activity.reset();
  }

  /** Resolves when nothing is under way, what was given up included. More may come meanwhile. */
  drain(options: WaitOptions = {}): Promise<void> {
    return this.#keeper.idle(options);
  }

  /**
   * Ends everything: what is under way rejects with the reason, sources are let go of, and no call begins any more. The pipeline takes no
   * more.
   *
   * @returns Resolves when the calls that ran have ended too; their `signal` has told them to.
   */
  async abort(reason: unknown = new DOMException('the pipeline was aborted', 'AbortError')): Promise<void> {
    this.#keeper.over = true;
    this.#keeper.stop(reason);
    this.#context.abort(reason);
    await this.close();
  }

  /**
   * Takes no more, waits for what is under way, and ends the worker threads of its own stages. A stream that nobody reads is under way.
   * A second call waits for the first.
   */
  close(options: PipelineCloseOptions = {}): Promise<void> {
    try {
      checkNames(options, ['timeout']);
      checkWaitOptions(options);
    } catch (error) {
      return Promise.reject(error as Error);
    }
    return (this.#closing ??= this.#close(options));
  }

  async #close({ timeout }: PipelineCloseOptions): Promise<void> {
    this.#keeper.over = true;
    if (timeout !== undefined && timeout !== Infinity) {
      const late = new WaitTimeoutError(timeout);
      await this.#keeper.idle({ timeout }).catch(() => {
        this.#keeper.stop(late);
        this.#context.abort(late);
      });
    }
    await this.#keeper.idle();
    this.#letters.close();
    if (this.#plan !== undefined) await closePlaces(this.#plan, this.#nodes);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
