/** Go's contexts: deadlines, cancellation and values that go down a tree of calls, and across threads. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { Channel } from '../channels/channel.js';
import { Timer } from '../channels/timers.js';
import { ContextCanceledError, DeadlineExceededError, InvalidArgumentError } from '../errors.js';
import { fast } from '../isolate.js';
import type { SharedHandle } from '../shared-object.js';
import { Once } from '../sync/once.js';
import { type Packed, pack, unpack } from '../thrown.js';
import { shown } from '../wait-options.js';
import { enter, nextWait } from '../waits.js';

/** Cancels a context. Again does no harm. `using` cancels at the end of the block. */
export type CancelFunction<A extends unknown[] = []> = ((...args: A) => void) & Disposable;

/** A context on its way to another thread: give it to `postMessage`, and to `Context.from` there. */
export interface ContextHandle {
  readonly millrace: 'context';
  readonly done: SharedHandle<'channel'>;
  readonly cause: SharedHandle<'once'>;
  /** On the clock that all threads of the process share. */
  readonly deadline: number | undefined;
  /** Those whose keys are texts. */
  readonly values: Record<string, unknown>;
}

const storage = new AsyncLocalStorage<Context>();
/** The longest time a deadline may be away, in milliseconds. */
const longest = 3.2e12;

function cancelFunction<A extends unknown[]>(cancel: (...args: A) => void): CancelFunction<A> {
  return Object.assign(cancel, { [Symbol.dispose]: cancel as () => void });
}

/**
 * A context: it is cancelled at most once, with all that were derived from it, by its cancel function, its deadline or its parent. It
 * stands wherever a signal does: `{ signal: ctx }`.
 *
 * @example
 * ```ts
 * const [ctx, cancel] = Context.background().withTimeout(500);
 * using _ = cancel;
 * const { value } = await channel.receive({ signal: ctx });
 * ```
 */
export class Context {
  static #root: Context | undefined;

  readonly #parent: Context | undefined;
  readonly #deadline: number | undefined;
  readonly #children = new Set<Context>();
  #values: ReadonlyMap<unknown, unknown> | undefined;
  #controller: AbortController | undefined;
  #error: ContextCanceledError | DeadlineExceededError | undefined;
  #done: Channel<never> | undefined;
  #shared: Once<Packed> | undefined;
  #timer: Timer | undefined;

  private constructor(parent: Context | undefined, deadline: number | undefined) {
    this.#parent = parent;
    const inherited = parent === undefined ? undefined : parent.#deadline;
    this.#deadline = deadline === undefined || (inherited ?? Infinity) < deadline ? inherited : deadline;
    // The root is never cancelled, and would keep all its children for ever.
    if (parent === undefined || parent.#parent === undefined) return;
    if (parent.#error !== undefined) this.#cancel(parent.#error);
    else parent.#children.add(this);
  }

  /** The root of all contexts: it is never cancelled. */
  static background(): Context {
    Context.#root ??= new Context(undefined, undefined);
    return Context.#root;
  }

  /** The context of the running asynchronous call, as {@link run} has set it; otherwise the background. */
  static current(): Context {
    return storage.getStore() ?? Context.background();
  }

  /** A context that is cancelled when a signal aborts, with the signal's reason as its cause. */
  static fromSignal(signal: AbortSignal): Context {
    if (!(signal instanceof AbortSignal))
      throw new InvalidArgumentError('signal', shown(signal), 'an AbortSignal');
    const context = new Context(Context.background(), undefined);
    const cancel = (): void => context.#cancel(new ContextCanceledError(signal.reason));
    if (signal.aborted) cancel();
    else signal.addEventListener('abort', cancel, { once: true });
    return context;
  }

  /** The context that another thread's {@link toHandle} names: cancelled when that one is, and at its deadline in any case. */
  static from(handle: ContextHandle): Context {
    if (!isHandle(handle))
      throw new InvalidArgumentError('handle', shown(handle), 'what toHandle() of a context gave');
    const context = new Context(Context.background(), handle.deadline);
    context.#values = new Map(Object.entries(handle.values));
    const cause = Once.from<Packed>(handle.cause);
    context.#done = Channel.from<never>(handle.done);
    context.#shared = cause;
    whenFired(context.#done, context, () => {
      const packed = cause.result();
      const error = packed === undefined ? new ContextCanceledError(undefined) : unpack(packed);
      context.#cancel(error as ContextCanceledError);
    });
    context.#arm();
    return context;
  }

  /** A token by which another thread gets this context. */
  toHandle(): ContextHandle {
    const done = this.done;
    this.#shared ??= new Once<Packed>();
    if (this.#error !== undefined) this.#share(this.#error);
    const values: Record<string, unknown> = {};
    for (let at: Context | undefined = this; at !== undefined; at = at.#parent) {
      for (const [key, value] of at.#values ?? [])
        if (typeof key === 'string' && !(key in values)) values[key] = value;
    }
    return {
      millrace: 'context',
      done: done.toHandle(),
      cause: this.#shared.toHandle(),
      deadline: this.#deadline,
      values,
    };
  }

  /** A context that can be cancelled, and what cancels it. */
  withCancel(): [ctx: Context, cancel: CancelFunction] {
    const context = new Context(this, undefined);
    return [context, cancelFunction(() => context.#cancel(new ContextCanceledError(undefined)))];
  }

  /** The same; whoever cancels it says why. */
  withCancelCause(): [ctx: Context, cancel: CancelFunction<[cause?: unknown]>] {
    const context = new Context(this, undefined);
    return [context, cancelFunction((cause?: unknown) => context.#cancel(new ContextCanceledError(cause)))];
  }

  /** A context that is cancelled after a time, unless it is before. */
  withTimeout(ms: number): [ctx: Context, cancel: CancelFunction] {
    if (typeof ms !== 'number' || !(ms >= 0 && ms <= longest))
      throw new InvalidArgumentError('ms', shown(ms), 'milliseconds, at least 0');
    const context = new Context(this, fast.now() + ms);
    context.#arm();
    return [context, cancelFunction(() => context.#cancel(new ContextCanceledError(undefined)))];
  }

  /** The same, at a date or a number of milliseconds since the epoch. */
  withDeadline(deadline: Date | number): [ctx: Context, cancel: CancelFunction] {
    const known = typeof deadline === 'number' || deadline instanceof Date;
    const ms = known ? Number(deadline) - Date.now() : NaN;
    if (Number.isNaN(ms) || ms > longest)
      throw new InvalidArgumentError('deadline', shown(deadline), 'a date, or milliseconds since the epoch');
    return this.withTimeout(Math.max(ms, 0));
  }

  /** A context that has a value. */
  withValue(key: unknown, value: unknown): Context {
    const context = new Context(this, undefined);
    context.#values = new Map([[key, value]]);
    return context;
  }

  /** The value of a key, here or in the nearest ancestor that has it. */
  value<T = unknown>(key: unknown): T | undefined {
    for (let at: Context | undefined = this; at !== undefined; at = at.#parent) {
      if (at.#values?.has(key)) return at.#values.get(key) as T;
    }
    return undefined;
  }

  /** Why it is cancelled: `ContextCanceledError` or `DeadlineExceededError`; `undefined` while it is not. */
  get err(): ContextCanceledError | DeadlineExceededError | undefined {
    return this.#error;
  }

  /** What whoever cancelled it gave as the cause; otherwise {@link err}. */
  get cause(): unknown {
    return this.#error?.cause ?? this.#error;
  }

  /** Milliseconds until it is cancelled, if it has a deadline. */
  get remaining(): number | undefined {
    return this.#deadline === undefined ? undefined : Math.max(0, this.#deadline - fast.now());
  }

  /** Aborts when it is cancelled; the reason is {@link err}. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#error !== undefined) this.#controller.abort(this.#error);
    }
    return this.#controller.signal;
  }

  /** A channel that is closed when it is cancelled: a case for `select`. */
  get done(): Channel<never> {
    if (this.#done === undefined) {
      this.#done = new Channel<never>();
      if (this.#error !== undefined) this.#done.close();
    }
    return this.#done;
  }

  /** Runs a function in whose asynchronous calls {@link Context.current} is this context. */
  run<T>(fn: () => T): T {
    return storage.run(this, fn);
  }

  #arm(): void {
    if (this.#deadline === undefined || this.#error !== undefined) return;
    const timer = new Timer(Math.max(0, this.#deadline - fast.now()));
    this.#timer = timer;
    whenFired(timer.channel, [this, timer], () => this.#cancel(new DeadlineExceededError()));
  }

  #cancel(error: ContextCanceledError | DeadlineExceededError): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    if (this.#parent !== undefined) this.#parent.#children.delete(this);
    this.#timer?.stop();
    this.#share(error);
    this.#done?.close();
    this.#controller?.abort(error);
    for (const child of [...this.#children]) child.#cancel(error);
  }

  /** Leaves the cause where other threads find it. */
  #share(error: Error): void {
    const shared = this.#shared;
    if (shared !== undefined && !shared.done) shared.set(pack(error));
  }
}

/** Whether it has what a context's handle has; the handles in it are looked at where they are opened. */
function isHandle(handle: unknown): handle is ContextHandle {
  if (typeof handle !== 'object' || handle === null) return false;
  const { millrace, values, deadline } = handle as Partial<ContextHandle>;
  const timed = deadline === undefined || (typeof deadline === 'number' && !Number.isNaN(deadline));
  return millrace === 'context' && timed && typeof values === 'object' && values !== null;
}

/** Calls once something comes, or the channel is closed; this alone keeps no event loop alive. `keeps` stays alive until then. */
function whenFired(channel: Channel<unknown>, keeps: unknown, call: () => void): void {
  const got = fast.channelReceive(channel.handle, nextWait());
  if (got === false) enter({ idle: true, settle: call, keeps: [channel, keeps] } as never);
  else call();
}
