/** What a run has done, step by step. Times are in milliseconds since the run began. */
import { mermaidOf } from './mermaid.js';
import type { Plan } from './plan.js';

/** How a step, or a run, is or has ended. */
export type StepState = 'running' | 'ok' | 'failed' | 'cancelled';

/** The same of a node: that of its last step; before its first it waits, or was skipped when the run is over. */
export type NodeState = StepState | 'waiting' | 'skipped';

/** An error, as far as JSON can tell of it. */
export interface ErrorJson {
  name: string;
  message: string;
  /** The error's `code`, if it has one. */
  code?: string;
}

/** One step: a node that ran once. */
export interface StepJson {
  /** Its number in the run, from 1. */
  step: number;
  node: string;
  state: StepState;
  /** How often `exec` was called. */
  attempts: number;
  /** When it began. */
  start: number;
  /** How long it took, or has taken until now. */
  duration: number;
  /** The steps that led to it. */
  from: number[];
  /** What `post` said. */
  action?: string;
  /** What `exec` threw in the end. */
  error?: ErrorJson;
  /** Whether the fallback stood in for that error. */
  fallback?: true;
  /** Of a graph that ran as this node. */
  trace?: TraceJson;
}

/** A run. */
export interface TraceJson {
  /** The graph's name. */
  graph: string;
  state: StepState;
  /** When it began, as `Date` gives it for JSON. */
  startedAt: string;
  /** How long it took, or has taken until now. */
  duration: number;
  /** What the run rejected with, or rejects with. */
  error?: ErrorJson;
  /** The graph's nodes, in the order in which they were added, and how often each ran. */
  nodes: { node: string; state: NodeState; steps: number }[];
  /** In the order in which they began. */
  steps: StepJson[];
}

function errorJson(error: unknown): ErrorJson {
  if (typeof error !== 'object' || error === null) return { name: typeof error, message: String(error) };
  // By its looks: it may come of another realm.
  const { name, message, code } = error as { name?: unknown; message?: unknown; code?: unknown };
  return {
    name: typeof name === 'string' ? name : 'object',
    message: typeof message === 'string' ? message : '[object]',
    ...(typeof code === 'string' && { code }),
  };
}

/** One step's part. */
export class StepTrace {
  readonly #run: RunTrace;
  readonly step: number;
  /** The node's number in the plan. */
  readonly node: number;
  readonly from: readonly number[];
  readonly start: number;
  state: StepState = 'running';
  attempts = 0;
  action: string | undefined;
  failure: { error: unknown } | undefined;
  fellBack = false;
  /** Of a graph that runs as this node, in its last attempt. */
  within: RunTrace | undefined;
  #end: number | undefined;

  constructor(run: RunTrace, step: number, node: number, from: readonly number[]) {
    this.#run = run;
    this.step = step;
    this.node = node;
    this.from = from;
    this.start = run.now();
  }

  get duration(): number {
    return (this.#end ?? this.#run.now()) - this.start;
  }

  end(state: StepState): void {
    this.state = state;
    this.#end = this.#run.now();
  }

  toJSON(): StepJson {
    const { step, state, attempts, start, duration, from, action, failure, within } = this;
    return {
      step,
      node: this.#run.nameOf(this.node),
      state,
      attempts,
      start,
      duration,
      from: [...from],
      ...(action !== undefined && { action }),
      ...(failure !== undefined && { error: errorJson(failure.error) }),
      ...(this.fellBack && { fallback: true as const }),
      ...(within !== undefined && { trace: within.toJSON() }),
    };
  }
}

/** What a run has done, as it is now. */
export class RunTrace {
  /** @internal */
  readonly plan: Plan;
  readonly #began = performance.now();
  #end: number | undefined;
  /** @internal */
  readonly steps: StepTrace[] = [];
  /** @internal */
  state: StepState = 'running';
  /** @internal */
  failure: { error: unknown } | undefined;

  /** @internal */
  constructor(plan: Plan) {
    this.plan = plan;
  }

  /** @internal */
  now(): number {
    return performance.now() - this.#began;
  }

  /** @internal */
  get duration(): number {
    return this.#end ?? this.now();
  }

  /** @internal */
  nameOf(node: number): string {
    return this.plan.nodes[node]?.name ?? '';
  }

  /** A step begins. @internal */
  begin(step: number, node: number, from: readonly number[]): StepTrace {
    const trace = new StepTrace(this, step, node, from);
    this.steps.push(trace);
    return trace;
  }

  /** @internal */
  end(state: StepState): void {
    this.state = state;
    this.#end = this.now();
  }

  /** Each node's state, and its steps. @internal */
  nodes(): { state: NodeState; steps: StepTrace[] }[] {
    const none = this.state === 'running' ? 'waiting' : 'skipped';
    const nodes = this.plan.nodes.map(() => ({ state: none as NodeState, steps: [] as StepTrace[] }));
    for (const step of this.steps) {
      const node = nodes[step.node];
      if (node === undefined) continue;
      node.steps.push(step);
      node.state = step.state;
    }
    return nodes;
  }

  /** As plain data; `JSON.stringify` asks for it. */
  toJSON(): TraceJson {
    const { state, duration, failure } = this;
    return {
      graph: this.plan.name,
      state,
      startedAt: new Date(performance.timeOrigin + this.#began).toJSON(),
      duration,
      ...(failure !== undefined && { error: errorJson(failure.error) }),
      nodes: this.nodes().map(({ state, steps }, at) => ({
        node: this.nameOf(at),
        state,
        steps: steps.length,
      })),
      steps: this.steps.map((step) => step.toJSON()),
    };
  }

  /** As a flowchart of Mermaid's: each node with its state, time and attempts, the ways that were taken drawn thick. */
  toMermaid(): string {
    return mermaidOf(this.plan, this);
  }
}
