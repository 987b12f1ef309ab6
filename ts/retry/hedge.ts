/** A second request beside one that is late. */
import { InvalidArgumentError } from '../errors.js';
import { HeardObject } from '../heard-object.js';
import { binding, fast } from '../isolate.js';
import { Cancelling, type Ender, enderOf, listenTo, unlistenTo } from '../policy/cancelling.js';
import { Deadline, startDeadline, stopDeadline } from '../policy/deadlines.js';
import {
  type CallOptions,
  checkCall,
  type GuardedFunction,
  type PolicyPart,
  wrapped,
} from '../policy/part.js';
import { nameOf, type Origin, type SharedHandle, type SharedOptions } from '../shared-object.js';
import { shown } from '../wait-options.js';
import { RetryBudget } from './budget.js';
import { HedgeClosedError, HedgeError } from './errors.js';

/** How calls are hedged. */
export interface HedgeOptions extends SharedOptions {
  /**
   * When a request is late: after so many milliseconds, or, as `'p95'`, after as long as that per cent of the calls of late took; then no second
   * one is sent before 20 calls are known.
   */
  after: number | `p${number}`;
  /** How many requests a call may send, the first included; at least 2. Default 2. */
  max?: number;
  /** Bounds the requests beside late ones. */
  budget?: RetryBudget;
}

/** What hedging has done, in all threads that share the object. */
export interface HedgeMetrics {
  /** Calls. */
  calls: number;
  /** Requests sent beside a late one. */
  extra: number;
  /** Calls that such a request answered. */
  won: number;
  /** Requests that the budget refused. */
  refused: number;
  /** Milliseconds after which a request is late; `undefined` while too little is known. */
  late: number | undefined;
}

/** The events of a hedge, with what each listener gets. */
export interface HedgeEvents {
  /** A request of this thread is late: another is sent, or the budget has refused it. */
  late: [event: { sent: boolean }];
  /** It is closed, by whichever thread. */
  close: [];
}

const events = ['late', 'close'] as const;
/** What `hedgeBegin` says of a closed one. */
const shut = -2;
/** A hundred years: more is a mistake of units. */
const longest = 3.2e12;

/** The share that `'p95'` names. */
function quantileOf(after: unknown): number | undefined {
  if (typeof after !== 'string') return undefined;
  const percent = /^p(\d{1,2}(?:\.\d+)?)$/.exec(after)?.[1];
  if (percent === undefined || Number(percent) === 0)
    throw new InvalidArgumentError('after', shown(after), "milliseconds, or a quantile such as 'p95'");
  return Number(percent) / 100;
}

/** The quantile, if there is one, and how many requests a call may send. */
function checked({ after, max = 2, budget }: HedgeOptions): [number | undefined, number] {
  const quantile = quantileOf(after);
  if (quantile === undefined && !(typeof after === 'number' && after >= 0 && after <= longest))
    throw new InvalidArgumentError(
      'after',
      shown(after),
      "milliseconds, at least 0, or a quantile such as 'p95'",
    );
  if (!Number.isInteger(max) || max < 2 || max > 100)
    throw new InvalidArgumentError('max', shown(max), 'a whole number from 2 to 100');
  if (budget !== undefined && !(budget instanceof RetryBudget))
    throw new InvalidArgumentError('budget', shown(budget), 'a RetryBudget');
  return [quantile, max];
}

/** What calls are hedged by. */
interface Hedging {
  /** How many requests a call may send. */
  readonly max: number;
  /** Whether it measures how long calls take. */
  readonly measures: boolean;
  /** Whether another request may be sent. */
  mayHedge(): boolean;
  /** A call was answered. */
  answered(ms: number, byExtra: boolean): void;
}

/** One call and its requests. */
class HedgedCall<T> extends Deadline {
  readonly #hedge: Hedging;
  readonly #fn: GuardedFunction<T>;
  readonly #late: number;
  readonly #ender: Ender;
  readonly #ended: (() => void) | undefined;
  readonly #began: number;
  readonly #requests: Cancelling[] = [];
  readonly #errors: unknown[] = [];
  #failed = 0;
  #done = false;
  #resolve!: (value: T) => void;
  #reject!: (error: unknown) => void;
  readonly promise: Promise<T>;

  constructor(hedge: Hedging, fn: GuardedFunction<T>, late: number, ender: Ender) {
    super();
    this.#hedge = hedge;
    this.#fn = fn;
    this.#late = late;
    this.#ender = ender;
    this.#began = hedge.measures ? fast.now() : 0;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (ender !== undefined) {
      this.#ended = () => {
        this.#end(undefined, ender.reason);
        this.#reject(ender.reason);
      };
      listenTo(ender, this.#ended);
    }
    this.#send();
  }

  overdue(): void {
    if (!this.#hedge.mayHedge()) return;
    this.#send();
  }

  #send(): void {
    const context = new Cancelling();
    const at = this.#requests.push(context) - 1;
    let result: T | PromiseLike<T>;
    try {
      result = this.#fn(context);
    } catch (error) {
      this.#fail(error, at);
      return;
    }
    Promise.resolve(result).then(
      (value) => this.#succeed(value, context, at),
      (error) => this.#fail(error, at),
    );
    if (!this.#done && this.#late >= 0 && at + 1 < this.#hedge.max) startDeadline(this, this.#late);
  }

  #succeed(value: T, winner: Cancelling, at: number): void {
    if (this.#done) return;
    const took = this.#hedge.measures ? fast.now() - this.#began : 0;
    this.#hedge.answered(took, at > 0);
    this.#resolve(value);
    // The others' reason takes longer to make than all the rest, so only if there are any.
    if (this.#requests.length === 1) this.#end(winner, undefined);
    else this.#end(winner, new DOMException('another request was quicker', 'AbortError'));
  }

  #fail(error: unknown, at: number): void {
    if (this.#done) return;
    this.#errors[at] = error;
    if (++this.#failed < this.#requests.length) return;
    this.#reject(this.#failed === 1 ? error : new HedgeError(this.#errors));
    this.#end(undefined, error);
  }

  /** No more requests; those under way, but for the winner, are told to end. */
  #end(winner: Cancelling | undefined, reason: unknown): void {
    this.#done = true;
    stopDeadline(this);
    if (this.#ended !== undefined) unlistenTo(this.#ender, this.#ended);
    for (const request of this.#requests) if (request !== winner) request.cancel(reason);
  }
}

/**
 * Sends a second request when the first is late; the first that succeeds is the answer, and the `signal` of the others aborts. What is measured
 * and counted is shared by all threads that share the object.
 *
 * Only for what may be done twice. A request that fails before another was sent is not sent again: that is what retries are for.
 *
 * @example
 * ```ts
 * const hedged = new Hedge({ after: 'p95', name: 'search' });
 * const found = await hedged.call(({ signal }) => fetch(url, { signal }));
 * ```
 */
export class Hedge extends HeardObject<'hedge', HedgeEvents> implements PolicyPart, Disposable {
  readonly #handle: number;
  /** @internal */
  protected readonly events = events;
  readonly #budget: RetryBudget | undefined;
  /** How many requests a call may send. @internal */
  readonly max: number;
  /** Whether it measures how long calls take. @internal */
  readonly measures: boolean;

  /** @param options - `after` says when a request is late; `max`, `budget`; `name` shares it by name. */
  constructor(options: HedgeOptions);
  /** @internal */
  constructor(options: HedgeOptions, origin: Origin);
  constructor(options: HedgeOptions, origin?: Origin) {
    const name = nameOf(options, ['after', 'max', 'budget']);
    const { after, budget } = options;
    const [quantile, max] = checked(options);
    super('hedge', origin ?? { options: quantile === undefined ? { after } : { quantile }, name });
    this.max = max;
    this.measures = quantile !== undefined;
    this.#budget = budget;
    this.#handle = this.native.handle;
  }

  /** A hedge that measures and counts together with the one that `toHandle` names; `options` as there. */
  static from(handle: SharedHandle<'hedge'>, options: Omit<HedgeOptions, 'name'>): Hedge {
    return new Hedge(options, { handle });
  }

  /**
   * Calls a function, and once more, beside, if it is late.
   *
   * @throws {@link HedgeError} if all of several requests fail, what the function throws if it was called once; the signal's reason;
   * {@link HedgeClosedError}.
   */
  async call<T>(fn: GuardedFunction<T>, options?: CallOptions): Promise<T> {
    checkCall(fn, options);
    const ender = enderOf(options);
    if (ender?.aborted) throw ender.reason;
    const late = fast.hedgeBegin(this.#handle);
    if (late === shut) throw new HedgeClosedError();
    this.#budget?.deposit();
    return new HedgedCall(this, fn, late, ender).promise;
  }

  /** A function that calls another, hedged, with its own `this` and arguments. */
  wrap<This, Args extends unknown[], R>(
    fn: (this: This, ...args: Args) => R,
  ): (this: This, ...args: Args) => Promise<Awaited<R>> {
    return wrapped(this, fn) as (this: This, ...args: Args) => Promise<Awaited<R>>;
  }

  /** Whether another request may be sent, which is counted. @internal */
  mayHedge(): boolean {
    if (this.closed) return false;
    const sent = this.#budget === undefined || this.#budget.withdraw();
    fast.hedgeLate(this.#handle, sent);
    this.emitter?.emit('late', { sent });
    return sent;
  }

  /** A call was answered. @internal */
  answered(ms: number, byExtra: boolean): void {
    // Nothing to tell when no time is wanted and the first request has answered.
    if (this.measures || byExtra) fast.hedgeAnswered(this.#handle, ms, byExtra);
  }

  /** What it has counted. */
  getMetrics(): HedgeMetrics {
    const { calls, extra, won, refused, late } = binding.hedgeCounts(this.native);
    return { calls, extra, won, refused, late: late ?? undefined };
  }

  /** Whether it is closed. */
  get closed(): boolean {
    return fast.hedgeClosed(this.#handle);
  }

  /**
   * Closes it for all threads: new calls reject with {@link HedgeClosedError}, and those under way send no further requests. Again does no
   * harm.
   */
  close(): void {
    fast.hedgeClose(this.#handle);
    this.unexport();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** One call by itself: nothing is measured or counted. */
class Once implements Hedging {
  readonly max: number;
  readonly measures = false;
  readonly #budget: RetryBudget | undefined;

  constructor(max: number, budget: RetryBudget | undefined) {
    this.max = max;
    this.#budget = budget;
    budget?.deposit();
  }

  mayHedge(): boolean {
    return this.#budget === undefined || this.#budget.withdraw();
  }

  answered(): void {}
}

/** Those of `hedge` with a name: what they have measured is for the next call. */
const named = new Map<string, Hedge>();

/**
 * Calls a function, and once more, beside, if it is late: one call of a {@link Hedge}.
 *
 * @param fn - Gets a context whose `signal` aborts when another request was quicker.
 * @param options - As those of a `Hedge`, and `signal`. A quantile needs a `name`, under which calls are measured.
 * @throws As a `Hedge`'s `call`.
 * @example
 * ```ts
 * const answer = await hedge(({ signal }) => fetch(url, { signal }), { after: 50 });
 * ```
 */
export async function hedge<T>(fn: GuardedFunction<T>, options: HedgeOptions & CallOptions): Promise<T> {
  if (typeof options !== 'object' || options === null)
    throw new InvalidArgumentError('options', shown(options), 'an object');
  const { signal, ...rest } = options;
  const { name, after } = rest;
  const call = signal === undefined ? undefined : { signal };
  if (name === undefined) {
    nameOf(rest, ['after', 'max', 'budget']);
    checkCall(fn, call);
    const [quantile, max] = checked(rest);
    if (quantile !== undefined)
      throw new InvalidArgumentError('after', shown(after), 'a name, under which calls are measured');
    const ender = enderOf(call);
    if (ender?.aborted) throw ender.reason;
    return new HedgedCall(new Once(max, rest.budget), fn, after as number, ender).promise;
  }
  const made = new Hedge(rest);
  // The first of a name keeps what was measured.
  if (!named.has(name)) named.set(name, made);
  return made.call(fn, call);
}
