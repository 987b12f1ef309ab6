/** The end of an iteration that is read: who waits for items gets them in the order of asking. */
import { WaitTimeoutError } from '../errors.js';
import { Deadline, startDeadline, stopDeadline } from '../policy/deadlines.js';
import { signalOf } from '../signal.js';
import { nextTurn, overspent } from '../turn.js';
import type { WaitOptions } from '../wait-options.js';

interface Reader<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: unknown): void;
}

/** The end of every iteration. @internal */
export const ended: IteratorReturnResult<undefined> = Object.freeze({ value: undefined, done: true });

/** An iteration whose items come as they will. Its life begins with the first `next`. @internal */
export abstract class Outlet<T> implements AsyncIterableIterator<T, undefined>, AsyncDisposable {
  readonly #readers: Reader<T>[] = [];
  #first = 0;
  #life: 'new' | 'open' | 'ended' = 'new';
  /** What ended it while nobody asked. */
  #error: { error: unknown } | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => this.fail(this.#signal?.reason);
  readonly #limit: Patience | undefined;

  /** @param wait - What ends the iteration, and how long a reader waits for an item. Checked by the caller. */
  constructor({ signal, timeout }: WaitOptions) {
    this.#signal = signalOf(signal);
    if (timeout !== undefined && timeout !== Infinity) this.#limit = new Patience(this, timeout);
  }

  /** It is read for the first time. */
  protected abstract begin(): void;
  /** What can be given now; `undefined` if its reader must wait. What it throws ends the iteration. Must not call `flush`. */
  protected abstract take(): IteratorResult<T, undefined> | undefined;
  /** Nothing is wanted any more: the reader has left, or the end has come, with an error or without. Called once. */
  protected abstract leave(reason: unknown): Promise<void> | undefined;

  /** Whether somebody waits. */
  protected get awaited(): boolean {
    return this.#first < this.#readers.length;
  }

  /** Whether it has begun and not ended. @internal */
  get open(): boolean {
    return this.#life === 'open';
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#life === 'ended') return this.#afterEnd();
    try {
      if (this.#life === 'new') this.#begin();
      if (!this.awaited) {
        const result = this.#taken();
        if (result !== undefined) return overspent() ? nextTurn(result) : Promise.resolve(result);
      }
    } catch (error) {
      return Promise.reject(error as Error);
    }
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
      if (this.#limit !== undefined && this.#readers.length - this.#first === 1) this.#limit.start();
    });
  }

  #begin(): void {
    this.#life = 'open';
    try {
      this.#signal?.throwIfAborted();
      this.#signal?.addEventListener('abort', this.#onAbort, { once: true });
      this.begin();
    } catch (error) {
      void this.#end(error);
      throw error;
    }
  }

  #taken(): IteratorResult<T, undefined> | undefined {
    // What goes on outside may have ended it meanwhile.
    if (this.#life === 'ended') return this.#error === undefined ? ended : this.#thrown(this.#error.error);
    try {
      const result = this.take();
      if (result?.done === true) void this.#end(undefined);
      return result;
    } catch (error) {
      void this.#end(error);
      throw error;
    }
  }

  #thrown(error: unknown): never {
    this.#error = undefined;
    throw error;
  }

  #end(reason: unknown): Promise<void> | undefined {
    if (this.#life === 'ended') return undefined;
    const begun = this.#life === 'open';
    this.#life = 'ended';
    this.#limit?.stop();
    this.#signal?.removeEventListener('abort', this.#onAbort);
    if (!begun) return undefined;
    const left = this.leave(reason);
    // Who leaves awaits it; who is told of an error has enough of that.
    left?.catch(() => undefined);
    return left;
  }

  /** Something may be there for those who wait. @internal */
  flush(): void {
    while (this.awaited) {
      const { resolve, reject } = this.#readers[this.#first] as Reader<T>;
      try {
        const result = this.#taken();
        if (result === undefined) return;
        this.#shift();
        resolve(result);
      } catch (error) {
        this.#shift();
        reject(error);
      }
    }
  }

  #shift(): void {
    this.#limit?.stop();
    if (++this.#first < this.#readers.length) {
      if (this.#life === 'open') this.#limit?.start();
      return;
    }
    this.#readers.length = 0;
    this.#first = 0;
  }

  /** Ends it: the first who waits, or the next who comes, gets the error. @internal */
  fail(error: unknown): void {
    if (this.#life === 'ended') return;
    const begun = this.#life === 'open';
    void this.#end(error);
    if (begun) this.#error = { error };
    this.flush();
  }

  #afterEnd(): Promise<IteratorResult<T, undefined>> {
    const failed = this.#error;
    this.#error = undefined;
    return failed === undefined ? Promise.resolve(ended) : Promise.reject(failed.error as Error);
  }

  /** Leaves the iteration: nothing of it goes on. Those who wait get its end. */
  async return(): Promise<IteratorResult<T, undefined>> {
    const left = this.#end(undefined);
    this.#error = undefined;
    this.flush();
    await left;
    return ended;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}

/** How long the first reader waits. */
class Patience extends Deadline {
  readonly #outlet: Outlet<unknown>;
  readonly #ms: number;
  #runs = false;

  constructor(outlet: Outlet<unknown>, ms: number) {
    super();
    this.#outlet = outlet;
    this.#ms = ms;
  }

  start(): void {
    this.#runs = true;
    startDeadline(this, this.#ms);
  }

  stop(): void {
    if (this.#runs) stopDeadline(this);
    this.#runs = false;
  }

  overdue(): void {
    this.#runs = false;
    this.#outlet.fail(new WaitTimeoutError(this.#ms));
  }
}
