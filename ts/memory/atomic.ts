/** What atomics have in common: waiting until one changes, and being notified of it. */
import { block, blockingLimit } from '../blocking.js';
import { InvalidArgumentError, MemoryClosedError } from '../errors.js';
import { fast } from '../isolate.js';
import { nameOf, type Origin, SharedObject, type SharedOptions } from '../shared-object.js';
import { signalOf } from '../signal.js';
import { nextTurn, overspent } from '../turn.js';
import { checkWaitOptions, nativeLimit, SignalWait, shown, type WaitOptions } from '../wait-options.js';
import { enter, nextWait, status } from '../waits.js';

/** How a wait for a change ended: notified, or the value was another one already. */
export type AtomicWaitResult = 'ok' | 'not-equal';

/** How waiting went; the numbers of `src/memory/atomics.rs`. */
const watched = { waiting: 0, changed: 1, closed: 2 } as const;
/** What can be read of an atomic. */
const reading = { waiting: 0, closed: 1 } as const;

/** Where the origin of an atomic comes from: options of the user's, or an origin of ours. @internal */
export function originOf(options: SharedOptions): Origin {
  return { options: {}, name: nameOf(options) };
}

/** An atomic of one kind, as this thread sees it. Not made itself. */
export abstract class SharedAtomic<Kind extends string, T> extends SharedObject<Kind> implements Disposable {
  /** @internal */
  protected readonly handle: number;

  /** @internal */
  protected constructor(kind: Kind, origin: Origin) {
    super(kind, origin);
    this.handle = this.native.handle;
  }

  /** How many wait, in all threads. */
  get waiting(): number {
    return fast.atomicRead(this.handle, reading.waiting);
  }

  /** Whether it is closed. */
  get closed(): boolean {
    return fast.atomicRead(this.handle, reading.closed) === 1;
  }

  /**
   * Closes it for all threads: those who wait reject with `MemoryClosedError`, and nobody waits any more. Its value can still be
   * read and written, for as long as somebody has it.
   */
  close(): void {
    fast.atomicClose(this.handle);
    this.unexport();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Begins a wait by the bits of the value that is expected, or by the value itself where it has been made ready.
   *
   * @internal
   */
  protected abstract expect(expected: T, begin: (lower: number, upper: number) => number): number;

  /**
   * Waits to be notified, if the value still is what the caller has seen. Nothing is missed in between: whoever changes it and
   * notifies then, is noticed.
   *
   * @param expected - The value that was seen.
   * @returns `'ok'` once it is notified, `'not-equal'` at once if the value is another one.
   * @throws {@link WaitTimeoutError}; the signal's reason; {@link MemoryClosedError}; {@link InvalidArgumentError} for a
   * value it cannot have.
   */
  async wait(expected: T, options: WaitOptions = {}): Promise<AtomicWaitResult> {
    checkWaitOptions(options);
    const signal = signalOf(options.signal);
    signal?.throwIfAborted();
    const limit = nativeLimit(options.timeout);
    // Numbered after the value is made ready, as that may run the user's code.
    let id = 0;
    const how = this.expect(expected, (lower, upper) => {
      id = nextWait();
      return fast.atomicWait(this.handle, id, lower, upper, limit, signal !== undefined);
    });
    if (how === watched.closed) throw new MemoryClosedError();
    if (how === watched.changed) return overspent() ? nextTurn('not-equal') : 'not-equal';
    return new Promise((resolve, reject) => {
      const end = (ended: number): void => {
        if (ended === status.signal) resolve('ok');
        else reject(new MemoryClosedError());
      };
      const wait = new SignalWait(options, this, end, reject);
      enter(wait);
      wait.listen(id);
    });
  }

  /** As `wait`, and blocks this thread: worker threads only. @throws {@link UnsupportedError} in the main thread. */
  waitSync(expected: T, options: WaitOptions = {}): AtomicWaitResult {
    checkWaitOptions(options);
    const limit = blockingLimit('waitSync', options);
    const how = this.expect(expected, (lower, upper) =>
      fast.atomicWaitBlocking(this.handle, limit, lower, upper),
    );
    if (how === watched.closed) throw new MemoryClosedError();
    if (how === watched.changed) return 'not-equal';
    if (block(options).how !== status.signal) throw new MemoryClosedError();
    return 'ok';
  }

  /**
   * Notifies those who wait, first come, first served. Changing the value notifies nobody: do it after.
   *
   * @param count - How many at most, a whole number from 0. Default: all.
   * @returns How many there were.
   */
  notify(count = Infinity): number {
    if (count !== Infinity && !(Number.isInteger(count) && count >= 0))
      throw new InvalidArgumentError('count', shown(count), 'a whole number of at least 0, or Infinity');
    return fast.atomicNotify(this.handle, count);
  }
}
