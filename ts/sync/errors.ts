/** Errors of locks and meeting points. */
import { MillraceError, register } from '../errors/base.js';

/** The lock, or meeting point, is closed: nobody passes any more. */
export class LockClosedError extends MillraceError {
  override name = 'LockClosedError';
  /** @internal */
  constructor() {
    super('ERR_LOCK_CLOSED', 'it is closed: nobody passes any more');
  }
}

/** One step of a deadlock: this thread waits for that one. */
export interface DeadlockLink {
  /** The thread that waits: its `threadId`. */
  readonly thread: number;
  /** Where in the code it asked for the lock. */
  readonly place: string;
  /** The lock: its kind, and its name or number. */
  readonly lock: string;
  /** The thread that holds the lock. */
  readonly holder: number;
  /** Where in the code it took the lock. */
  readonly taken: string;
}

/** A wait for a lock would never end: those who hold it wait, in the end, for the one who asked. Thrown while `debugLocks` is on. */
export class DeadlockError extends MillraceError {
  override name = 'DeadlockError';
  /** Who waits for whom, from the one who asked on. */
  readonly cycle: readonly DeadlockLink[];

  /** @internal */
  constructor(cycle: readonly DeadlockLink[]) {
    const steps = cycle.map(
      ({ thread, place, lock, holder, taken }) =>
        `thread ${thread} at ${place} waits for ${lock}, which thread ${holder} holds since ${taken}`,
    );
    super('ERR_DEADLOCK', `this wait would never end: ${steps.join('; ')}`);
    this.cycle = cycle;
  }
}

/** Something is given back that is not held, or counted below zero. */
export class NotHeldError extends MillraceError {
  override name = 'NotHeldError';
  /** @internal */
  constructor(message: string) {
    super('ERR_NOT_HELD', message);
  }
}

/** Somebody at the barrier has given up, or its thread has ended. */
export class BarrierBrokenError extends MillraceError {
  override name = 'BarrierBrokenError';
  /** @internal */
  constructor() {
    super('ERR_BARRIER_BROKEN', 'the barrier is broken: somebody who was to meet here has given up');
  }
}

register('ERR_LOCK_CLOSED', LockClosedError);
register('ERR_DEADLOCK', DeadlockError);
register('ERR_NOT_HELD', NotHeldError);
register('ERR_BARRIER_BROKEN', BarrierBrokenError);
