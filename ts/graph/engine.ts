/**
 * Who runs when, in one run.
 *
 * What is under way is a set of steps. A step that ends starts one at each node where its action leads. A node that waits for all gathers what
 * comes, and counts who is under way that could still lead there: it runs when that is nobody. One that waits for any runs with what comes
 * first in its round. All counts are right before anything is started, and nothing of the user's is called in between.
 */
import { WaitTimeoutError } from '../errors.js';
import { Deque } from '../pipelines/deque.js';
import { type Ender, listenTo, unlistenTo } from '../policy/cancelling.js';
import { Deadline, startDeadline, stopDeadline } from '../policy/deadlines.js';
import { StepLimitError } from './errors.js';
import { markNode } from './failed-node.js';
import type { Plan, PlanEdge, PlanNode } from './plan.js';
import { Step } from './step.js';
import { Store } from './store.js';
import { RunTrace } from './trace.js';

/** What has come to a node that waits for all. */
interface Gathering {
  /** By the names of the nodes it came from, with the step; of what came twice the last. */
  readonly came: Map<string, { value: unknown; step: number }>;
  rounds: readonly number[];
}

export class Engine extends Deadline {
  readonly #plan: Plan;
  readonly #ender: Ender;
  readonly #timeout: number | undefined;
  readonly trace: RunTrace;
  /** Of the nodes at which branches have ended, by their numbers. */
  readonly outputs = new Map<number, unknown>();
  /** The last of them in the order of the plan. */
  #last = -1;
  readonly promise: Promise<unknown>;
  #resolve!: (value: unknown) => void;
  #reject!: (error: unknown) => void;
  #store: Store<object> | undefined;
  /** What is under way. */
  readonly #steps = new Set<Step>();
  /** Those of them that have not begun, and perhaps some that never will. */
  readonly #line = new Deque<Step>();
  #begun = 0;
  /** Steps that have begun and of whose calls some have not ended. */
  #inside = 0;
  readonly #gathering = new Map<number, Gathering>();
  /** For each node that waits for all, who is under way that could lead there. */
  readonly #coming: Int32Array;
  /** Those of them for whom that has become nobody. */
  readonly #ready: number[] = [];
  /** The rounds in which a node that waits for any has run. */
  readonly #ran = new Set<string>();
  /** Steps that nobody wants any more, and why: to be told when the counts are right. */
  readonly #unwanted: { step: Step; reason: unknown }[] = [];
  #over = false;
  /** For those who wait until nothing of it runs. */
  #drained: { promise: Promise<void>; resolve: () => void } | undefined;
  readonly #onEnd = (): void => this.cancel(this.#ender?.reason);

  constructor(plan: Plan, store: Store<object> | undefined, ender: Ender, timeout: number | undefined) {
    super();
    this.#plan = plan;
    this.#store = store;
    this.#ender = ender;
    this.#timeout = timeout;
    this.trace = new RunTrace(plan);
    this.#coming = new Int32Array(plan.nodes.length);
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** The store: made when somebody asks for it, if none was given. */
  get store(): Store<object> {
    this.#store ??= new Store<object>();
    return this.#store;
  }

  start(input: unknown): void {
    if (this.#ender?.aborted) return this.cancel(this.#ender.reason);
    listenTo(this.#ender, this.#onEnd);
    if (this.#timeout !== undefined && this.#timeout !== Infinity) startDeadline(this, this.#timeout);
    this.#send(this.#plan.nodes[0] as PlanNode, input, new Array(this.#plan.loops).fill(0), []);
    this.#pump();
  }

  overdue(): void {
    this.cancel(new WaitTimeoutError(this.#timeout as number));
  }

  /** Ends it before its time, unless it is over. */
  cancel(reason: unknown): void {
    this.#end('cancelled', reason);
  }

  /** A step's node has given its output, which goes the way of an action. */
  succeeded(step: Step, action: string, output: unknown): void {
    // What its hooks have done may have ended the run.
    if (this.#over) return;
    const edges = step.at.out.get(action);
    if (edges === undefined) this.#ended(step.at.index, output);
    else for (const edge of edges) this.#arrive(edge, output, step);
    this.#retire(step);
    this.#settle();
  }

  /** A branch has ended. */
  #ended(index: number, output: unknown): void {
    this.outputs.set(index, output);
    if (index > this.#last) this.#last = index;
  }

  failed(step: Step, error: unknown): void {
    markNode(error, step.at);
    this.#end('failed', error);
  }

  /** All that a step has called has ended. */
  left(): void {
    this.#inside--;
    if (!this.#over) this.#pump();
    else if (this.#inside === 0) this.#drained?.resolve();
  }

  /** Resolves when it is over, and all that it has called has ended. */
  drain(): Promise<void> {
    if (this.#drained === undefined) {
      let resolve!: () => void;
      const promise = new Promise<void>((drained) => (resolve = drained));
      this.#drained = { promise, resolve };
      if (this.#over && this.#inside === 0) resolve();
    }
    return this.#drained.promise;
  }

  /** Something comes to a node. */
  #arrive({ to, loop }: PlanEdge, value: unknown, sender: Step): void {
    const target = this.#plan.nodes[to] as PlanNode;
    const { rounds } = sender;
    const now = loop < 0 ? rounds : rounds.with(loop, (rounds[loop] as number) + 1);
    if (target.node.waitFor === 'all') this.#gather(target, value, sender);
    else if (!target.firstOnly) this.#send(target, value, now, [sender.step]);
    else {
      const round = roundOf(target, now);
      if (this.#ran.has(round)) return;
      this.#ran.add(round);
      this.#send(target, value, now, [sender.step]);
      this.#dismiss(target, round, sender);
    }
  }

  #gather(target: PlanNode, value: unknown, { at, rounds, step }: Step): void {
    let gathering = this.#gathering.get(target.index);
    if (gathering === undefined) {
      gathering = { came: new Map(), rounds };
      this.#gathering.set(target.index, gathering);
      this.#count(target.onward, 1);
    }
    gathering.came.set(at.name, { value, step });
    if (rounds.length > 0)
      gathering.rounds = gathering.rounds.map((round, loop) => Math.max(round, rounds[loop] as number));
  }

  /** One was first: the others of its round that lead nowhere else are not wanted any more. */
  #dismiss(target: PlanNode, round: string, sender: Step): void {
    const unwanted = (at: PlanNode, rounds: readonly number[]): boolean =>
      target.idle?.[at.index] === 1 && roundOf(target, rounds) === round;
    for (const step of [...this.#steps]) {
      if (step === sender || !unwanted(step.at, step.rounds)) continue;
      this.#retire(step);
      const reason = new DOMException(`'${target.name}' waits for no other`, 'AbortError');
      this.#unwanted.push({ step, reason });
    }
    for (const [index, { rounds }] of [...this.#gathering]) {
      const at = this.#plan.nodes[index] as PlanNode;
      if (unwanted(at, rounds)) this.#drop(at);
    }
  }

  /** A node is to run. */
  #send(at: PlanNode, input: unknown, rounds: readonly number[], from: readonly number[]): void {
    const { maxSteps, name } = this.#plan;
    if (this.#over) return;
    if (this.#begun === maxSteps) return this.#end('failed', new StepLimitError(name, maxSteps, at.name), at);
    const step = new Step(this, at, ++this.#begun, input, rounds, from);
    this.#steps.add(step);
    this.#line.push(step);
    this.#count(at.ahead, 1);
  }

  /** A node is to run with all that has come to it. */
  #sendAll(at: PlanNode, { came, rounds }: Gathering): void {
    const input: Record<string, unknown> = {};
    const from: number[] = [];
    for (const [name, { value, step }] of came) {
      // A node may be called anything.
      if (name === '__proto__') Object.defineProperty(input, name, { value, enumerable: true });
      else input[name] = value;
      from.push(step);
    }
    this.#send(at, input, rounds, from);
  }

  /** A step is not under way any more. */
  #retire(step: Step): void {
    if (this.#steps.delete(step)) this.#count(step.at.ahead, -1);
  }

  /** A node that waits for all does not any more. */
  #drop(at: PlanNode): void {
    if (this.#gathering.delete(at.index)) this.#count(at.onward, -1);
  }

  #count(nodes: readonly number[], change: 1 | -1): void {
    for (const node of nodes) {
      const left = (this.#coming[node] as number) + change;
      this.#coming[node] = left;
      if (left === 0) this.#ready.push(node);
    }
  }

  /** Starts what has become ready; ends the run if nothing is under way. */
  #settle(): void {
    for (let index = this.#ready.pop(); index !== undefined; index = this.#ready.pop()) {
      const gathering = this.#gathering.get(index);
      if (this.#coming[index] !== 0 || gathering === undefined) continue;
      const at = this.#plan.nodes[index] as PlanNode;
      this.#sendAll(at, gathering);
      this.#drop(at);
    }
    if (this.#unwanted.length > 0)
      for (const { step, reason } of this.#unwanted.splice(0)) step.cancel(reason);
    if (this.#over) return;
    if (this.#steps.size > 0) this.#pump();
    else this.#end('ok', undefined);
  }

  #pump(): void {
    const { concurrency } = this.#plan;
    while (this.#inside < concurrency) {
      const step = this.#line.shift();
      if (step === undefined) return;
      if (step.over) continue;
      this.#inside++;
      void step.run();
    }
  }

  #end(how: 'ok' | 'failed' | 'cancelled', reason: unknown, at?: PlanNode): void {
    if (this.#over) return;
    this.#over = true;
    stopDeadline(this);
    unlistenTo(this.#ender, this.#onEnd);
    if (at !== undefined) markNode(reason, at);
    if (how !== 'ok') this.trace.failure = { error: reason };
    this.trace.end(how);
    if (how === 'ok') this.#resolve(this.outputs.get(this.#last));
    else {
      const steps = [...this.#steps];
      this.#steps.clear();
      this.#line.clear();
      this.#gathering.clear();
      this.#reject(reason);
      for (const step of steps) step.cancel(reason);
    }
    if (this.#inside === 0) this.#drained?.resolve();
  }
}

/** The round of a node's loops, as a key. */
function roundOf({ index, loops }: PlanNode, rounds: readonly number[]): string {
  return `${index} ${loops.map((loop) => rounds[loop])}`;
}
