/** Objects that are no patterns, as patterns. */
import { InvalidArgumentError } from '../errors.js';
import { shown } from '../wait-options.js';
import { BasePattern } from './base-pattern.js';
import { checkName } from './config.js';
import { countsOf, cutOf, endedOf, endOf, metricsIn } from './living.js';
import type { PatternMetrics } from './metrics.js';

/** How an object lives, where its own methods do not say it. Each function gets the object. */
export interface PatternLife<T> {
  /** Starts it. Default: nothing, as ours live from their making on. */
  start?(object: T): unknown;
  /** Stops it. Default: what {@link asPattern} finds. */
  stop?(object: T): unknown;
  /** Ends it at once, if `stop` takes too long. Default: its `terminate()`, `abort()` or `cancel()`, if it has one. */
  terminate?(object: T): unknown;
  /** Whether it runs. Default: its `closed`, if it has that; otherwise until it is stopped here. */
  isRunning?(object: T): boolean;
  /** What it counts. Default: its `getMetrics()`, `getStats()` or `stats`, if it has one. */
  getMetrics?(object: T): unknown;
}

const functions = ['start', 'stop', 'terminate', 'isRunning', 'getMetrics'];

/** An object with a life, as a pattern. Made by {@link asPattern}, and by a registry of what it is given. */
export class AdaptedPattern<T extends object = object> extends BasePattern {
  /** The object. */
  readonly object: T;
  readonly #life: PatternLife<T>;
  #stopping: Promise<void> | undefined;

  /** @internal */
  constructor(name: string, object: T, life: PatternLife<T>) {
    super({ name });
    this.object = object;
    this.#life = life;
    const cut = life.terminate ?? cutOf(object);
    if (cut !== undefined) this.terminate = async () => void (await cut(object));
  }

  /** Starts the object, if there is a way. */
  async start(): Promise<void> {
    await this.#life.start?.(this.object);
    if (this.#life.start !== undefined) this.#stopping = undefined;
  }

  /** Ends the object, once. */
  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }

  async #stop(): Promise<void> {
    const { stop } = this.#life;
    await (stop === undefined ? endOf(this.object)?.() : stop(this.object));
  }

  /** Whether the object has not ended, as far as it says so. */
  isRunning(): boolean {
    if (this.#life.isRunning !== undefined) return this.#life.isRunning(this.object);
    return this.#stopping === undefined && endedOf(this.object) !== true;
  }

  /** What the object has counted: in its own words as `details`, and in a pattern's as far as they say the same. */
  override getMetrics(): PatternMetrics {
    const { getMetrics } = this.#life;
    const told = metricsIn(getMetrics === undefined ? countsOf(this.object) : getMetrics(this.object));
    return { ...told, errors: this.metrics.errors };
  }

  /** Lets the object count anew, if it has a `resetMetrics`. */
  override resetMetrics(): void {
    super.resetMetrics();
    (this.object as { resetMetrics?: () => void }).resetMetrics?.();
  }
}

/**
 * Makes a pattern of an object, so that a registry can end it in its turn.
 *
 * What ends it is the first there is of `[Symbol.asyncDispose]()`, `close()`, `shutdown()`, `[Symbol.dispose]()`, `stop()` and `drain()`, or
 * what `life.stop` does. All classes of this package that live are ended by what their `close()` does: a pool, pipeline, stage, fan-out or
 * object pool finishes what it was given; a fan-in and a task group end as their iteration and their tasks do; a channel, queue, ring,
 * broadcast, limiter, breaker, bulkhead, lock, retry executor or piece of shared memory is closed at once, **for all threads**. A timer and a
 * ticker are stopped, the threads of a `WorkerThreadManager` terminated.
 *
 * If a shutdown's time is up before, `terminate()`, `abort()` or `cancel()` is called, which pools, fans, pipelines and task groups have.
 *
 * @param name - What it is called in a registry.
 * @param object - Anything with a life.
 * @param life - How it lives, where its methods do not say it.
 * @throws {@link InvalidArgumentError} for an object that nothing ends.
 * @example
 * ```ts
 * registry.register(asPattern('database', client, { stop: (client) => client.end() }));
 * ```
 */
export function asPattern<T extends object>(
  name: string,
  object: T,
  life: PatternLife<T> = {},
): AdaptedPattern<T> {
  checkName(name);
  if ((typeof object !== 'object' && typeof object !== 'function') || object === null)
    throw new InvalidArgumentError('object', shown(object), 'an object');
  checkLife(life);
  if (life.stop === undefined && endOf(object) === undefined)
    throw new InvalidArgumentError(
      'object',
      'one that nothing ends',
      'one with close(), or `stop` beside it',
    );
  return new AdaptedPattern(name, object, life);
}

function checkLife(life: object): void {
  if (typeof life !== 'object' || life === null)
    throw new InvalidArgumentError('life', shown(life), 'an object');
  for (const [name, value] of Object.entries(life)) {
    if (!functions.includes(name))
      throw new InvalidArgumentError(name, 'an unknown option', functions.join(', '));
    if (value !== undefined && typeof value !== 'function')
      throw new InvalidArgumentError(name, shown(value), 'a function');
  }
}
