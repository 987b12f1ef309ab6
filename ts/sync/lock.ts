/** What locks and meeting points have in common: passing, waiting to, and giving back. */

import { block, blockingLimit } from '../blocking.js';
import { LockClosedError } from '../errors.js';
import { binding, fast } from '../isolate.js';
import { type Origin, SharedObject } from '../shared-object.js';
import { signalOf } from '../signal.js';
import { nextTurn, overspent } from '../turn.js';
import { checkWaitOptions, nativeLimit, SignalWait, type WaitOptions } from '../wait-options.js';
import { enter, nextWait, status } from '../waits.js';
import type { Holder, Watch } from './watch.js';

/** How passing went; the numbers of `src/lock.rs`. @internal */
export const passed = {
  waiting: 0,
  now: 1,
  closed: 2,
  poisoned: 3,
  tooMany: 4,
  broken: 5,
  first: 6,
} as const;

/** What can be read of a lock. @internal */
export const reading = { waiting: 0, value: 1, poisoned: 2, closed: 3, size: 4, holder: 5 } as const;

/** A lock of one kind, as this thread sees it. Not made itself. */
export abstract class SharedLock<Kind extends string> extends SharedObject<Kind> implements Disposable {
  /** @internal */
  protected readonly handle: number;

  /** @internal */
  protected constructor(kind: Kind, origin: Origin) {
    super(kind, origin);
    this.handle = this.native.handle;
  }

  /** How many wait. */
  get waiting(): number {
    return this.read(reading.waiting);
  }

  /** Whether it is closed. */
  get closed(): boolean {
    return this.read(reading.closed) === 1;
  }

  /** @internal */
  protected holders(): Holder[] {
    return binding.lockHolders(this.native);
  }

  /**
   * Closes it: those who wait reject with `LockClosedError`, and nobody passes any more. What is held can be given back. Again does no
   * harm.
   */
  close(): void {
    fast.lockClose(this.handle);
    this.unexport();
  }

  /** Closes it. To give back what is held is a guard's matter. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** @internal */
  protected read(what: number): number {
    return fast.lockRead(this.handle, what);
  }

  /**
   * Passes, now or later; a number tells how.
   *
   * @internal
   */
  protected pass(
    exclusive: boolean,
    count: number,
    options: WaitOptions | undefined,
  ): number | Promise<number> {
    const id = nextWait();
    let how: number;
    if (options === undefined) how = fast.lockPass(this.handle, id, exclusive, count);
    else {
      const signal = signalOf(options.signal);
      signal?.throwIfAborted();
      const limit = nativeLimit(options.timeout);
      how = fast.lockPassWith(this.handle, id, exclusive, count, limit, signal !== undefined);
    }
    if (how !== passed.waiting) {
      if (how === passed.closed) throw new LockClosedError();
      return overspent() ? nextTurn(how) : how;
    }
    return new Promise((resolve, reject) => {
      const end = (ended: number): void => {
        if (ended === status.signal) resolve(passed.waiting);
        else reject(this.refusal());
      };
      const wait = new SignalWait(options ?? {}, this, end, reject);
      enter(wait);
      wait.listen(id);
    });
  }

  /** As `pass`, while locks are watched: the watch knows of the wait, then of the hold. @internal */
  protected async passWatched(
    watch: Watch,
    exclusive: boolean,
    count: number,
    options: WaitOptions | undefined,
  ): Promise<number> {
    let how: number = fast.lockTry(this.handle, exclusive, count);
    try {
      if (how === passed.waiting) {
        if (options?.timeout === undefined) watch.wait(false);
        how = await this.pass(exclusive, count, options);
      }
    } finally {
      watch.ended();
    }
    if (how !== passed.tooMany) watch.held();
    return how;
  }

  /** As `passSync`, while locks are watched. @internal */
  protected passWatchedSync(
    watch: Watch,
    method: string,
    exclusive: boolean,
    count: number,
    options: WaitOptions,
  ): number {
    checkWaitOptions(options);
    blockingLimit(method, options);
    let how: number = fast.lockTry(this.handle, exclusive, count);
    try {
      if (how === passed.waiting) {
        if (options.timeout === undefined) watch.wait(true);
        how = this.passSync(method, exclusive, count, options);
      }
    } finally {
      watch.ended();
    }
    if (how !== passed.tooMany) watch.held();
    return how;
  }

  /** Why a wait ended without passing. @internal */
  protected refusal(): Error {
    return new LockClosedError();
  }

  /** Passes, and blocks this thread until it may; `queued` is called once nothing can be missed any more. @internal */
  protected passSync(
    method: string,
    exclusive: boolean,
    count: number,
    options: WaitOptions,
    queued?: () => void,
  ): number {
    checkWaitOptions(options);
    const limit = blockingLimit(method, options);
    const how = fast.lockPassBlocking(this.handle, limit, exclusive, count);
    if (how === passed.closed) throw new LockClosedError();
    queued?.();
    if (how !== passed.waiting) return how;
    if (block(options).how !== status.signal) throw this.refusal();
    return passed.waiting;
  }
}
