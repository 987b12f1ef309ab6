/** A call of a stage with a limiter, retries or a time limit: retry around limiter around time limit, so each attempt is limited. */

import type { LimiterLike } from '../concurrent/rate-limited.js';
import type { CallContext } from '../policy/call-context.js';
import type { Retrying, StageOptions } from './config.js';
import { StageTimeoutError } from './errors.js';
import type { RunContext } from './run-context.js';

/** What guards a stage's calls. */
export interface Guards {
  readonly stage: string;
  readonly retry: Retrying | undefined;
  readonly limiter: LimiterLike | undefined;
  readonly timeout: number | undefined;
  call(value: unknown, context: CallContext): unknown;
}

/** What guards the calls of a stage with these options, if anything does. */
export function guardsOf(
  stage: string,
  { retry, limiter, timeout }: StageOptions,
  call: Guards['call'],
): Guards | undefined {
  if (retry === undefined && limiter === undefined && timeout === undefined) return undefined;
  return { stage, retry, limiter, timeout, call };
}

/** Gives back what `acquire` gave, if it can be. */
function giveBack(permit: unknown): void {
  if (typeof permit !== 'object' || permit === null) return;
  const { [Symbol.dispose]: dispose } = permit as Partial<Disposable>;
  if (typeof dispose === 'function') dispose.call(permit);
}

/** One item's calls. */
export class GuardedCall {
  attempts = 0;
  /** What an attempt that was given up still runs; resolves when it has ended. */
  unfinished: Promise<void> | undefined;
  readonly #guards: Guards;
  readonly #value: unknown;
  readonly #context: RunContext;

  constructor(guards: Guards, value: unknown, context: RunContext) {
    this.#guards = guards;
    this.#value = value;
    this.#context = context;
  }

  async start(): Promise<unknown> {
    const { retry } = this.#guards;
    const { signal } = this.#context;
    if (retry === undefined) return this.#attempt(signal);
    const attempt = (context?: CallContext): Promise<unknown> => this.#attempt(context?.signal ?? signal);
    return 'call' in retry && typeof retry.call === 'function'
      ? retry.call(attempt, { signal })
      : (retry as Extract<Retrying, { execute: unknown }>).execute(attempt, { signal });
  }

  async #attempt(signal: AbortSignal): Promise<unknown> {
    signal.throwIfAborted();
    const { limiter, timeout } = this.#guards;
    const permit = limiter === undefined ? undefined : await limiter.acquire(1, { signal });
    if (signal.aborted) {
      giveBack(permit);
      throw signal.reason;
    }
    this.attempts++;
    if (timeout === undefined) return this.#run(permit, signal);
    return this.#timed(permit, timeout, signal);
  }

  async #run(permit: unknown, signal: AbortSignal): Promise<unknown> {
    try {
      return await this.#guards.call(this.#value, { signal });
    } finally {
      giveBack(permit);
    }
  }

  #timed(permit: unknown, timeout: number, outer: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const controller = new AbortController();
      const onAbort = (): void => controller.abort(outer.reason);
      outer.addEventListener('abort', onAbort, { once: true });
      const running = this.#run(permit, controller.signal);
      const timer = setTimeout(() => {
        const error = new StageTimeoutError(this.#guards.stage, timeout);
        const ended = running.then(
          () => undefined,
          () => undefined,
        );
        const before = this.unfinished;
        this.unfinished = before === undefined ? ended : before.then(() => ended);
        controller.abort(error);
        reject(error);
      }, timeout);
      const settled = (): void => {
        clearTimeout(timer);
        outer.removeEventListener('abort', onAbort);
      };
      running.then(
        (value) => {
          settled();
          resolve(value);
        },
        (error: unknown) => {
          settled();
          reject(error as Error);
        },
      );
    });
  }
}
