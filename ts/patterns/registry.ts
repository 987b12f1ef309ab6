/** One registry that sees all patterns, and ends them in their order. */
import { InvalidArgumentError, NameConflictError, NotFoundError } from '../errors.js';
import { signalOf } from '../signal.js';
import { checkWaitOptions, shown, type WaitOptions } from '../wait-options.js';
import { AdaptedPattern } from './as-pattern.js';
import { BasePattern } from './base-pattern.js';
import { ask, asked, type Registered, show, standings } from './board.js';
import { checkName } from './config.js';
import { DependencyCycleError, RegistryShutdownError } from './errors.js';
import { endOf, type Living, nameIn } from './living.js';
import { type GlobalMetrics, summed } from './metrics.js';
import { shutDown } from './shutdown.js';

/** How a pattern is registered. */
export interface RegisterOptions {
  /** What it is called here. Default: its own name. */
  name?: string;
  /** The names of registered patterns that it needs while it runs: they are stopped after it. */
  dependsOn?: readonly string[];
}

interface Entry extends Registered {
  /** Takes it from what all threads see. */
  hide(): void;
}

/**
 * Names patterns, sees those of all threads, and ends this thread's in reverse order of dependence. What is registered is kept until it is
 * unregistered or shut down. It keeps no process alive.
 *
 * It takes patterns of your own ({@link BasePattern}), everything of this package that lives (worker pools, pipelines and their stages, fans,
 * channels, queues, rings, broadcasts, limiters, breakers, bulkheads, load shedding, retry executors, locks, object and buffer pools, atomics,
 * shared memory, maps, singleflights and message buses), and what {@link asPattern} makes of anything else. How each is ended is told there.
 *
 * @example
 * ```ts
 * const registry = PatternRegistry.getInstance();
 * registry.register(pool);                                     // new FixedWorkerPool(4, { name: 'thumbnails', … })
 * registry.register(pipeline, { dependsOn: ['thumbnails'] });  // new Pipeline({ name: 'images' })
 * await registry.shutdownAll({ timeout: 10_000 });             // first the pipeline, then the pool
 * ```
 */
export class PatternRegistry implements AsyncDisposable {
  static #instance: PatternRegistry | undefined;
  readonly #patterns = new Map<string, Entry>();
  #closing: Promise<void> | undefined;
  #over = true;

  /** This thread's own registry, which {@link gracefulShutdown} ends if it is given no other. */
  static getInstance(): PatternRegistry {
    return (PatternRegistry.#instance ??= new PatternRegistry());
  }

  /**
   * Registers a pattern, or anything of this package that lives.
   *
   * @param pattern - The pattern. What has no name needs one in `options`.
   * @param options - `name`, `dependsOn`.
   * @throws {@link NameConflictError} if the name is taken; {@link NotFoundError} if it depends on what is not registered;
   * {@link DependencyCycleError}; {@link RegistryShutdownError} while all are shut down; {@link InvalidArgumentError}.
   */
  register(pattern: BasePattern | Living, options: RegisterOptions = {}): void {
    const { dependsOn, name } = checked(pattern, options);
    if (!this.#over) throw new RegistryShutdownError();
    if (this.#patterns.has(name))
      throw new NameConflictError('ERR_NAME_CONFLICT', `a pattern is registered by the name '${name}'`);
    for (const other of dependsOn) this.#checkDependence(name, other);
    const registered = {
      name,
      pattern: pattern instanceof BasePattern ? pattern : new AdaptedPattern(name, pattern, {}),
      dependsOn: Object.freeze([...dependsOn]),
    };
    this.#patterns.set(name, { ...registered, hide: show(registered) });
    this.#closing = undefined;
  }

  #checkDependence(name: string, other: string): void {
    const path = this.#path(other, name, new Set());
    if (path !== undefined) throw new DependencyCycleError([name, ...path]);
    if (!this.#patterns.has(other))
      throw new NotFoundError('ERR_NOT_FOUND', `dependsOn: no pattern is registered by the name '${other}'`);
  }

  /** How one depends on another, from name to name. One that left while others depend on it may have come back. */
  #path(from: string, to: string, seen: Set<string>): string[] | undefined {
    if (from === to) return [to];
    if (seen.has(from)) return undefined;
    seen.add(from);
    for (const next of this.#patterns.get(from)?.dependsOn ?? []) {
      const path = this.#path(next, to, seen);
      if (path !== undefined) return [from, ...path];
    }
    return undefined;
  }

  /**
   * Forgets a pattern, which goes on; a shutdown that has begun ends it all the same. What depends on it is ended without regard to it,
   * unless one of that name is registered again.
   *
   * @returns Whether there was one.
   */
  unregister(name: string): boolean {
    const entry = this.#patterns.get(name);
    entry?.hide();
    return this.#patterns.delete(name);
  }

  /** The pattern of a name: itself, or an {@link AdaptedPattern} whose `object` is what was registered. */
  getPattern(name: string): BasePattern | undefined {
    return this.#patterns.get(name)?.pattern;
  }

  /** The names, in the order in which they were registered. */
  listPatterns(): string[] {
    return [...this.#patterns.keys()];
  }

  /**
   * How the patterns of all registries in all threads stand, and what they come to. Those of this thread are told as they are now. Those
   * of other threads are told as their thread last wrote (`age`): it does when one is registered, when calls through {@link BasePattern} have ended, by the end of its event loop's turn,
   * and soon after anybody has called this. {@link collectGlobalMetrics} waits for that. A thread that has ended no longer counts.
   */
  getGlobalMetrics(): GlobalMetrics {
    ask();
    return summed(standings());
  }

  /**
   * The same, once every other thread has told how its patterns stand now.
   *
   * @throws {@link WaitTimeoutError} if a thread does not come to it in time; the signal's reason.
   */
  async collectGlobalMetrics(options: WaitOptions = {}): Promise<GlobalMetrics> {
    checkWaitOptions(options);
    signalOf(options.signal)?.throwIfAborted();
    await asked(options);
    return summed(standings());
  }

  /**
   * Stops all patterns of this registry: each when those that depend on it have ended, independent ones at once. One that fails stops none of
   * the rest. When all is over the registry is empty, and can be used again. A second call gives the same promise, whatever its options.
   *
   * @param options - `timeout`, in milliseconds, and `signal`: when the time is up, or the signal aborts, what has not ended is ended at once
   * where that can be (`terminate`), and not waited for. A signal that has aborted before leaves all as it is.
   * @throws {@link PatternShutdownError} with each that failed, or had not ended in time; the signal's reason, if it had aborted before.
   */
  shutdownAll(options: WaitOptions = {}): Promise<void> {
    if (this.#closing !== undefined) return this.#closing;
    try {
      checkWaitOptions(options);
      signalOf(options.signal)?.throwIfAborted();
    } catch (error) {
      return Promise.reject(error as Error);
    }
    return (this.#closing = this.#shutDown(options));
  }

  async #shutDown(options: WaitOptions): Promise<void> {
    this.#over = false;
    try {
      await shutDown(new Map(this.#patterns), options);
    } finally {
      for (const { hide } of this.#patterns.values()) hide();
      this.#patterns.clear();
      this.#over = true;
    }
  }

  /** Stops all patterns. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdownAll();
  }
}

function checked(pattern: unknown, options: RegisterOptions): { name: string; dependsOn: readonly string[] } {
  if ((typeof pattern !== 'object' && typeof pattern !== 'function') || pattern === null)
    throw new InvalidArgumentError('pattern', shown(pattern), 'a pattern');
  if (!(pattern instanceof BasePattern) && endOf(pattern) === undefined)
    throw new InvalidArgumentError(
      'pattern',
      'one that nothing ends',
      'a pattern, or what asPattern() gives',
    );
  if (typeof options !== 'object' || options === null)
    throw new InvalidArgumentError('options', shown(options), 'an object');
  for (const name of Object.keys(options)) {
    if (name !== 'name' && name !== 'dependsOn')
      throw new InvalidArgumentError(name, 'an unknown option', 'name, dependsOn');
  }
  const { name = nameIn(pattern), dependsOn = [] } = options;
  checkName(name);
  if (!Array.isArray(dependsOn) || !dependsOn.every((other) => typeof other === 'string'))
    throw new InvalidArgumentError('dependsOn', shown(dependsOn), 'names of registered patterns');
  return { name, dependsOn };
}
