/** Ends patterns: each when all that depend on it have ended, those that are independent at once. */
import { WaitTimeoutError } from '../errors.js';
import { alarm } from '../pipelines/alarm.js';
import { signalOf } from '../signal.js';
import { nextTurn } from '../turn.js';
import type { WaitOptions } from '../wait-options.js';
import { holdLoop } from '../waits.js';
import type { BasePattern } from './base-pattern.js';
import type { Registered } from './board.js';
import { type PatternFailure, PatternShutdownError } from './errors.js';

/** One shutdown. */
class Shutdown {
  readonly #all: ReadonlyMap<string, Registered>;
  readonly #ends = new Map<Registered, Promise<void>>();
  readonly #failures: PatternFailure[] = [];
  readonly #cut: Promise<void>;
  /** Ends all that has not ended yet. */
  cut!: (why: unknown) => void;
  #why: { error: unknown } | undefined;

  constructor(all: ReadonlyMap<string, Registered>) {
    this.#all = all;
    this.#cut = new Promise((resolve) => {
      this.cut = (error) => {
        this.#why ??= { error };
        resolve();
      };
    });
  }

  async run(): Promise<void> {
    await Promise.all(Array.from(this.#all.values(), (one) => this.#end(one)));
    if (this.#failures.length > 0) throw new PatternShutdownError(this.#failures);
  }

  #end(one: Registered): Promise<void> {
    let end = this.#ends.get(one);
    if (end === undefined) this.#ends.set(one, (end = this.#endAfter(one)));
    return end;
  }

  async #endAfter(one: Registered): Promise<void> {
    const first = [...this.#all.values()].filter(({ dependsOn }) => dependsOn.includes(one.name));
    await Promise.all(first.map((other) => this.#end(other)));
    try {
      await this.#stop(one.pattern);
    } catch (error) {
      this.#failures.push({ name: one.name, error });
    }
  }

  async #stop(pattern: BasePattern): Promise<void> {
    let stopped: Promise<unknown> | undefined;
    if (this.#why === undefined || pattern.terminate === undefined) stopped = called(() => pattern.stop());
    if (this.#why === undefined && (await Promise.race([stopped?.then(yes), this.#cut]))) return;
    // The time is up. What ends within a turn of the event loop is not too late.
    const ended = Promise.all([stopped, called(() => pattern.terminate?.())]);
    ended.catch(() => undefined);
    if (!(await Promise.race([ended.then(yes), nextTurn(false)]))) throw this.#why?.error;
  }
}

const yes = (): true => true;

async function called(fn: () => unknown): Promise<unknown> {
  return fn();
}

/**
 * Ends all. The options are checked by the caller.
 *
 * @throws {@link PatternShutdownError} if not all have ended well.
 */
export async function shutDown(
  all: ReadonlyMap<string, Registered>,
  { signal: cancellation, timeout = Infinity }: WaitOptions,
): Promise<void> {
  const shutdown = new Shutdown(all);
  const signal = signalOf(cancellation);
  const onAbort = (): void => shutdown.cut(signal?.reason);
  const letGo = holdLoop();
  const late = (): void => shutdown.cut(new WaitTimeoutError(timeout));
  const disarm = timeout === Infinity ? undefined : alarm(timeout, late);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    await shutdown.run();
  } finally {
    signal?.removeEventListener('abort', onAbort);
    disarm?.();
    letGo();
  }
}
