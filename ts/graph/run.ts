/** A run of a graph. */
import { within as withinTime } from '../concurrent/within.js';
import type { CallContext } from '../policy/call-context.js';
import { type Ender, enderOf } from '../policy/cancelling.js';
import { checkWaitOptions, type WaitOptions } from '../wait-options.js';
import { Engine } from './engine.js';
import type { Plan } from './plan.js';
import { checkStore, type Store } from './store.js';
import type { OuterStep } from './sub-graph.js';
import type { RunTrace } from './trace.js';

/**
 * A run of a graph: a promise of its result that can be cancelled, and that shows what has been done.
 *
 * @example
 * ```ts
 * await using run = graph.run(order, { timeout: 5000 });
 * const receipt = await run.catch((error) => console.log(run.trace.toMermaid()));
 * ```
 */
export class GraphRun<T> implements Promise<T>, AsyncDisposable {
  readonly #engine: Engine;
  readonly #plan: Plan;

  private constructor(plan: Plan, store: Store<object> | undefined, ender: Ender, timeout?: number) {
    this.#plan = plan;
    this.#engine = new Engine(plan, store, ender, timeout);
  }

  /** @internal */
  static start<T>(plan: Plan, input: unknown, options: WaitOptions & { store?: unknown }): GraphRun<T> {
    checkWaitOptions(options, ['store']);
    const { store, timeout } = options;
    checkStore(store);
    const run = new GraphRun<T>(plan, store, enderOf(options), timeout);
    run.#engine.start(input);
    return run;
  }

  /** Runs as a node of another run. @internal */
  static within<T>(plan: Plan, input: unknown, context: CallContext, step: OuterStep): GraphRun<T> {
    const run = new GraphRun<T>(plan, step.store as Store<object>, enderOf(context));
    step.began(run.trace);
    run.#engine.start(input);
    step.leaves(run.#engine.drain());
    return run;
  }

  /** What has been done, as it is now. */
  get trace(): RunTrace {
    return this.#engine.trace;
  }

  /** What the nodes gave at which branches have ended, by their names. */
  get outputs(): Record<string, unknown> {
    const outputs = [...this.#engine.outputs];
    return Object.fromEntries(outputs.map(([node, output]) => [this.#plan.nodes[node]?.name, output]));
  }

  /**
   * Ends it: it rejects with the reason, functions that run are told by their signal, and no further one is called. Does nothing once it is
   * over. Who cancels it need not look at its promise.
   */
  cancel(reason: unknown = new DOMException('the run was cancelled', 'AbortError')): void {
    this.#engine.promise.catch(() => undefined);
    this.#engine.cancel(reason);
  }

  /**
   * Resolves when it is over and all that it has called has ended: a function that does not look at its signal may take its time.
   *
   * @throws {@link WaitTimeoutError}; the signal's reason.
   */
  async drain(options: WaitOptions = {}): Promise<void> {
    checkWaitOptions(options);
    await withinTime(options, () => this.#engine.drain());
  }

  // biome-ignore lint/suspicious/noThenProperty: `await graph.run(input)` is the way to its result, so it must be a thenable, with its trace beside.
  then<R = T, E = never>(
    onFulfilled?: ((value: T) => R | PromiseLike<R>) | null,
    onRejected?: ((error: unknown) => E | PromiseLike<E>) | null,
  ): Promise<R | E> {
    return (this.#engine.promise as Promise<T>).then(onFulfilled, onRejected);
  }

  /** As a promise's. */
  catch<E = never>(onRejected?: ((error: unknown) => E | PromiseLike<E>) | null): Promise<T | E> {
    return this.then(undefined, onRejected);
  }

  /** As a promise's. */
  finally(onFinally?: (() => void) | null): Promise<T> {
    return (this.#engine.promise as Promise<T>).finally(onFinally);
  }

  get [Symbol.toStringTag](): string {
    return 'GraphRun';
  }

  /** Cancels it, and waits until nothing of it runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel();
    await this.drain();
  }
}
