/** Standing in the line before a bulkhead or an adaptive limit. */
import { InvalidArgumentError } from '../errors.js';
import type { CallContext } from '../policy/call-context.js';
import { signalOf } from '../signal.js';
import type { Received } from '../values.js';
import { checkWaitOptions, nativeLimit, SignalWait, shown, type WaitOptions } from '../wait-options.js';
import { enter, status } from '../waits.js';

/** How a call waits for its turn. */
export interface QueuedCallOptions extends WaitOptions {
  /**
   * Who goes first of those who wait: higher numbers, and of equal ones who came first. Each second of waiting counts as one more, so that
   * nobody waits for ever. A whole number. Default 0.
   */
  priority?: number;
}

/** How asking to enter went; the numbers of `src/bulkhead.rs`, and one for a wait that was too long. @internal */
export const entered = { waiting: 0, now: 1, closed: 2, full: 3, late: 4 } as const;

/** What listeners are told; the numbers of `src/bulkhead.rs`. @internal */
export const told = { reject: 0, queue: 1, limit: 2 } as const;

/** What is waited for. @internal */
export interface Entrance {
  /** The longest wait, in milliseconds. */
  readonly maxWait: number;
  /** The error of one of {@link entered}. */
  refusal(how: number): Error;
}

/** With nothing that could end the call. @internal */
export const unending: CallContext = Object.freeze({ signal: undefined });

/** What the function is called with. @internal */
export function contextOf(options: WaitOptions): CallContext {
  return options.signal === undefined ? unending : { signal: signalOf(options.signal) };
}

/** @throws {@link InvalidArgumentError} for the first option that cannot be meant; the signal's reason if it has aborted. @internal */
export function checkQueuedCall(options: QueuedCallOptions): void {
  checkWaitOptions(options, ['priority']);
  const { priority } = options;
  if (priority !== undefined && (!Number.isInteger(priority) || priority !== (priority | 0)))
    throw new InvalidArgumentError('priority', shown(priority), 'a whole number of 32 bits');
  signalOf(options.signal)?.throwIfAborted();
}

/** The time limit of a wait, for native code. @internal */
export function limitOf({ timeout = Infinity }: WaitOptions, { maxWait }: Entrance): number {
  return nativeLimit(Math.min(timeout, maxWait));
}

class LineWait extends SignalWait {
  /** A wait that is too long for its own limit is told so; else it was too long for the line. */
  readonly #late: boolean;

  constructor(
    options: WaitOptions,
    entrance: Entrance,
    end: (how: number) => void,
    reject: (error: unknown) => void,
  ) {
    super(options, entrance, end, reject);
    this.#late = (options.timeout ?? Infinity) > entrance.maxWait;
  }

  override settle(how: number, detail: number, value: Received): void {
    if (how === status.timedOut && this.#late) super.settle(status.timedOutWaiting, detail, value);
    else super.settle(how, detail, value);
  }
}

/** Waits in line, as native code was told under this number. @internal */
export function standInLine(id: number, options: WaitOptions, entrance: Entrance): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (how: number): void => {
      if (how === status.signal) resolve();
      else reject(entrance.refusal(how === status.timedOutWaiting ? entered.late : entered.closed));
    };
    const wait = new LineWait(options, entrance, end, reject);
    enter(wait);
    wait.listen(id);
  });
}
