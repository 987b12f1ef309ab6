/** One request to many services. */

import { checkNames, checkTime, checkWord } from '../arguments.js';
import { InvalidArgumentError } from '../errors.js';
import type { CallContext } from '../policy/call-context.js';
import { Deadline, startDeadline, stopDeadline } from '../policy/deadlines.js';
import { CallTimeoutError } from '../policy/errors.js';
import { type Cancellation, signalOf } from '../signal.js';
import { checkWaitOptions, shown } from '../wait-options.js';
import { QuorumError } from './errors.js';

/** Functions by name; each gets the request and a context with a signal. */
export type Services<Q> = Record<string, (request: Q, context: CallContext) => unknown>;

/** What came back, by the services' names. A name stands in one of the two; in none if its answer was not waited for. */
export interface Gathered<S> {
  /** The answers. */
  answers: { -readonly [K in keyof S]?: S[K] extends (...args: never[]) => infer R ? Awaited<R> : never };
  /** The errors; `CallTimeoutError` of a service that took too long. */
  errors: { -readonly [K in keyof S]?: unknown };
}

/** How a request is scattered. Times are in milliseconds. */
export interface ScatterOptions<Names extends string = string> {
  /** How long a service may take: each, or by their names. Default: no limit. */
  timeout?: number | { readonly [K in Names]?: number };
  /** How many must answer; with less it rejects, as soon as that is certain. Default 1, or 0 if there are no services. */
  atLeast?: number;
  /** `'quorum'`: it ends as soon as `atLeast` have answered, and the others are told by their signal. Default `'all'`. */
  until?: 'all' | 'quorum';
  /** Ends it. */
  signal?: Cancellation;
}

/**
 * Sends a request to all services at once, and gathers what they answer, each within its time.
 *
 * @returns The answers and the errors by the services' names.
 * @throws {@link QuorumError}, with the answers and errors there are, if fewer than `atLeast` answer; the signal's reason.
 * @example
 * ```ts
 * const { answers, errors } = await scatterGather({ eu: askEurope, us: askAmerica }, query, { timeout: 500, atLeast: 1 });
 * ```
 */
export async function scatterGather<Q, S extends Services<Q>>(
  services: S & Services<Q>,
  request: Q,
  options: ScatterOptions<keyof S & string> = {},
): Promise<Gathered<S>> {
  if (typeof services !== 'object' || services === null)
    throw new InvalidArgumentError('services', shown(services), 'functions by their names');
  for (const [name, service] of Object.entries(services)) {
    if (typeof service !== 'function')
      throw new InvalidArgumentError(`services.${name}`, shown(service), 'a function');
  }
  checkNames(options, ['timeout', 'atLeast', 'until', 'signal']);
  const { timeout, signal } = options;
  if (signal !== undefined) checkWaitOptions({ signal });
  signalOf(signal)?.throwIfAborted();
  const names = Object.keys(services);
  const limits = limitsOf(names, timeout as number | Record<string, number> | undefined);
  return (await new Scatter(services, limits, options).send(request)) as Gathered<S>;
}

function limitsOf(
  names: readonly string[],
  timeout: number | Record<string, number> | undefined,
): Map<string, number | undefined> {
  if (typeof timeout !== 'object' || timeout === null) {
    const limit = checkTime('timeout', timeout);
    return new Map(names.map((name) => [name, limit]));
  }
  for (const name of Object.keys(timeout)) {
    if (!names.includes(name))
      throw new InvalidArgumentError(`timeout.${name}`, 'an unknown service', names.join(', '));
  }
  return new Map(names.map((name) => [name, checkTime(`timeout.${name}`, timeout[name])]));
}

/** One request on its way. */
class Scatter {
  readonly #services: Services<never>;
  readonly #limits: Map<string, number | undefined>;
  readonly #atLeast: number;
  readonly #atQuorum: boolean;
  readonly #signal: AbortSignal | undefined;
  // Without a prototype: a service may be called anything.
  readonly #answers: Record<string, unknown> = Object.create(null);
  readonly #errors: Record<string, unknown> = Object.create(null);
  readonly #open = new Map<string, Service>();
  #answered = 0;
  #resolve!: (gathered: Gathered<Services<never>>) => void;
  #reject!: (error: unknown) => void;
  readonly #onAbort = (): void => {
    this.#end(this.#signal?.reason);
    this.#reject(this.#signal?.reason);
  };

  constructor(services: Services<never>, limits: Map<string, number | undefined>, options: ScatterOptions) {
    const { atLeast = Math.min(1, limits.size), until = 'all', signal } = options;
    if (!Number.isInteger(atLeast) || atLeast < 0 || atLeast > limits.size)
      throw new InvalidArgumentError('atLeast', shown(atLeast), `a whole number from 0 to ${limits.size}`);
    checkWord('until', until, ['all', 'quorum']);
    this.#services = services;
    this.#limits = limits;
    this.#atLeast = atLeast;
    this.#atQuorum = until === 'quorum';
    this.#signal = signalOf(signal);
  }

  send(request: unknown): Promise<Gathered<Services<never>>> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#signal?.addEventListener('abort', this.#onAbort, { once: true });
      for (const [name, limit] of this.#limits) {
        this.#open.set(name, new Service(limit, (error) => this.#failed(name, error)));
      }
      if (this.#done()) return;
      for (const [name, service] of [...this.#open]) {
        // What one did at once may have ended it all.
        if (this.#open.has(name)) this.#ask(name, service, request);
      }
    });
  }

  #ask(name: string, service: Service, request: unknown): void {
    const call = this.#services[name] as (request: unknown, context: CallContext) => unknown;
    const asked = (async () => call.call(this.#services, request, service))();
    service.begin();
    asked.then(
      (answer) => this.#came(name, answer),
      (error: unknown) => this.#failed(name, error),
    );
  }

  #came(name: string, answer: unknown): void {
    if (!this.#close(name)) return;
    this.#answers[name] = answer;
    this.#answered++;
    this.#done();
  }

  #failed(name: string, error: unknown): void {
    if (!this.#close(name)) return;
    this.#errors[name] = error;
    this.#done();
  }

  /** A service's part is over. @returns Whether it was open. */
  #close(name: string): boolean {
    this.#open.get(name)?.end();
    return this.#open.delete(name);
  }

  /** Ends it if nothing more is to be waited for. @returns Whether it has. */
  #done(): boolean {
    const enough = this.#answered >= this.#atLeast;
    const hopeless = this.#answered + this.#open.size < this.#atLeast;
    if (this.#open.size > 0 && !hopeless && !(enough && this.#atQuorum)) return false;
    this.#end(new DOMException('the answer is not waited for any more', 'AbortError'));
    const answers = { ...this.#answers };
    const errors = { ...this.#errors };
    if (enough) this.#resolve({ answers, errors });
    else this.#reject(new QuorumError(this.#atLeast, answers, errors));
    return true;
  }

  #end(reason: unknown): void {
    this.#signal?.removeEventListener('abort', this.#onAbort);
    for (const service of this.#open.values()) {
      service.end();
      service.abort(reason);
    }
    this.#open.clear();
  }
}

/** A service that is asked: its time, and its context. */
class Service extends Deadline implements CallContext {
  readonly #limit: number | undefined;
  readonly #late: (error: CallTimeoutError) => void;
  readonly #controller = new AbortController();

  constructor(limit: number | undefined, late: (error: CallTimeoutError) => void) {
    super();
    this.#limit = limit;
    this.#late = late;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  begin(): void {
    if (this.#limit !== undefined) startDeadline(this, this.#limit);
  }

  end(): void {
    stopDeadline(this);
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  overdue(): void {
    const error = new CallTimeoutError(this.#limit as number);
    this.abort(error);
    this.#late(error);
  }
}
