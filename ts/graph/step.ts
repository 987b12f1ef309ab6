/** One step of a run: a node's functions, one after the other, until nobody wants the result any more. */

import { InvalidArgumentError } from '../errors.js';
import type { CallContext } from '../policy/call-context.js';
import { Cancelling } from '../policy/cancelling.js';
import { nextTurn, overspent } from '../turn.js';
import { shown } from '../wait-options.js';
import type { FallbackContext, PostContext, Routed } from './config.js';
import type { Engine } from './engine.js';
import { UnknownActionError } from './errors.js';
import type { PlanNode } from './plan.js';
import type { Store } from './store.js';
import type { OuterStep } from './sub-graph.js';
import type { RunTrace, StepTrace } from './trace.js';

/** What a listener throws is nobody's failure but its own. */
function tell<A extends unknown[]>(hook: ((...args: A) => void) | undefined, ...args: A): void {
  try {
    hook?.(...args);
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
  }
}

/** A step, and the context of the functions that it calls. */
export class Step implements PostContext<object, unknown, unknown>, FallbackContext<unknown>, OuterStep {
  readonly #engine: Engine;
  readonly #cancelling = new Cancelling();
  /** What it has called that has not ended, itself included. */
  #open = 0;
  #trace: StepTrace | undefined;
  /** Nobody waits for it any more. */
  over = false;
  readonly at: PlanNode;
  readonly step: number;
  readonly input: unknown;
  prepared: unknown;
  /** In which round of each loop it is. */
  readonly rounds: readonly number[];
  readonly from: readonly number[];

  constructor(
    engine: Engine,
    at: PlanNode,
    step: number,
    input: unknown,
    rounds: readonly number[],
    from: readonly number[],
  ) {
    this.#engine = engine;
    this.at = at;
    this.step = step;
    this.input = input;
    this.prepared = input;
    this.rounds = rounds;
    this.from = from;
  }

  get node(): string {
    return this.at.name;
  }

  get signal(): AbortSignal {
    return this.#cancelling.signal;
  }

  get store(): Store<object> {
    return this.#engine.store;
  }

  /** Begins it. What comes of it the engine is told. */
  async run(): Promise<void> {
    const { node } = this.at;
    const { config } = node;
    this.#open++;
    try {
      if (overspent()) await nextTurn(undefined);
      if (this.over) return;
      const trace = this.#engine.trace.begin(this.step, this.at.index, this.from);
      this.#trace = trace;
      if (config.onStart !== undefined) tell(config.onStart, this.input, trace.toJSON());
      if (config.prep !== undefined && !this.over) this.prepared = await config.prep(this.input, this);
      if (this.over) return;
      let result: unknown;
      if (node.guard !== undefined || config.fallback !== undefined) result = await this.#exec();
      else {
        // As #exec would, without its promises.
        trace.attempts = 1;
        result = await node.call(this.prepared, this.#cancelling, this);
      }
      if (this.over) return;
      const routed = config.post === undefined ? { output: result } : await config.post(result, this);
      if (this.over) return;
      const action = this.#actionOf(routed);
      this.over = true;
      trace.action = action;
      trace.end('ok');
      if (config.onSuccess !== undefined) tell(config.onSuccess, routed.output, trace.toJSON());
      if (config.onEnd !== undefined) tell(config.onEnd, trace.toJSON());
      this.#engine.succeeded(this, action, routed.output);
    } catch (error) {
      if (!this.over) this.#failed(error);
    } finally {
      this.#left();
    }
  }

  #actionOf(routed: Routed): string {
    if (typeof routed !== 'object' || routed === null || !('output' in routed))
      throw new InvalidArgumentError(`post of '${this.node}'`, shown(routed), '{ output, next }');
    const { next = 'default' } = routed;
    const { actions } = this.at.node;
    if (!actions.includes(next)) throw new UnknownActionError(this.node, next, actions);
    return next;
  }

  async #exec(): Promise<unknown> {
    const { guard, config } = this.at.node;
    const attempt = (context: CallContext): Promise<unknown> => this.#attempt(context);
    try {
      return await (guard === undefined ? attempt(this.#cancelling) : guard.call(attempt, this.#cancelling));
    } catch (error) {
      if (this.over || config.fallback === undefined) throw error;
      if (this.#trace !== undefined) {
        this.#trace.failure = { error };
        this.#trace.fellBack = true;
      }
      return await config.fallback(error, this);
    }
  }

  async #attempt(context: CallContext): Promise<unknown> {
    if (this.#trace !== undefined) this.#trace.attempts++;
    this.#open++;
    try {
      return await this.at.node.call(this.prepared, context, this);
    } finally {
      this.#left();
    }
  }

  #failed(error: unknown): void {
    const { config } = this.at.node;
    const trace = this.#trace;
    this.over = true;
    if (trace !== undefined) {
      trace.failure = { error };
      trace.fellBack = false;
      trace.end('failed');
      if (config.onError !== undefined) tell(config.onError, error, trace.toJSON());
      if (config.onEnd !== undefined) tell(config.onEnd, trace.toJSON());
    }
    this.#engine.failed(this, error);
  }

  /** Nobody wants its result: its functions are told, and no further one is called. */
  cancel(reason: unknown): void {
    if (this.over) return;
    this.over = true;
    this.#trace?.end('cancelled');
    this.#cancelling.cancel(reason);
    const { onEnd } = this.at.node.config;
    if (onEnd !== undefined && this.#trace !== undefined) tell(onEnd, this.#trace.toJSON());
  }

  began(trace: RunTrace): void {
    if (this.#trace !== undefined) this.#trace.within = trace;
  }

  leaves(drained: Promise<void>): void {
    this.#open++;
    void drained.then(() => this.#left());
  }

  #left(): void {
    if (--this.#open === 0) this.#engine.left();
  }
}
