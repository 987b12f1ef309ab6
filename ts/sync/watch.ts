/**
 * The debug mode of locks: who holds what, where it was taken, and which waits would never end. `core/src/lock/deadlock.rs` decides
 * that; here it is found out which holds and which waits belong to the same flow of calls.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { fileURLToPath } from 'node:url';
import { DeadlockError, InvalidArgumentError } from '../errors.js';
import { binding } from '../isolate.js';
import type { NativeObject } from '../native/binding.js';
import { shown } from '../wait-options.js';
import { wordAt } from './words.js';

/** Who holds a lock, or part of it. */
export interface Holder {
  /** The thread's number: its `threadId`. */
  thread: number;
  /** How many permits or readers; 1 for a mutex or a writer. */
  count: number;
  /** Whether nobody else may hold any of it: a mutex, or a writer. */
  exclusive: boolean;
  /** Where in the code it was taken, for each hold that {@link debugLocks} has watched. */
  taken: string[];
}

const { words, at } = wordAt(binding.lockWatchWord());
const flow = new AsyncLocalStorage<Watch | undefined>();
/** What this thread holds of each lock. */
const held = new WeakMap<NativeObject, Set<Watch>>();
const ours = new URL('..', import.meta.url);
const ourFiles = [ours.href, fileURLToPath(ours)];

/**
 * Watches the locks of all threads of the process, for debugging: `holders()` tells where each lock was taken, and a wait for a mutex, a
 * readers-writer lock or permits that would never end is refused with a {@link DeadlockError}, which lists who waits for whom. Locks that are held
 * already are not known to it. The environment variable `MILLRACE_DEBUG=locks` does the same from the start. Every lock gets slower by some microseconds.
 *
 * What belongs together is followed through `await`s, as `AsyncLocalStorage` does: a function that awaits one lock and then another
 * holds the first while it waits for the second. One that starts such a function, does not await it, and takes locks later on, is
 * taken for part of it; `runExclusive` and `run` keep the two apart. A thread that blocks (`lockSync`) gives nothing back meanwhile. A wait with
 * a `timeout` ends by itself, so it is part of no deadlock.
 *
 * @param enabled - `false` ends it. Default true.
 * @throws {@link InvalidArgumentError} for anything but a boolean.
 * @example
 * ```ts
 * debugLocks();
 * await ledger.lock();    // somewhere else: audit.lock(), then ledger.lock()
 * await audit.lock();     // DeadlockError: thread 0 at pay.js:8 waits for mutex 'audit', which thread 2 holds since audit.js:3; …
 * console.log(ledger.holders());
 * ```
 */
export function debugLocks(enabled = true): void {
  if (typeof enabled !== 'boolean') throw new InvalidArgumentError('enabled', shown(enabled), 'a boolean');
  binding.lockWatch(enabled);
}

if (process.env['MILLRACE_DEBUG']?.split(',').includes('locks') === true) debugLocks();

/** Whether locks are watched. @internal */
export function watching(): boolean {
  return words[at] !== 0;
}

/** The first line of the stack that is not ours. */
function place(): string {
  const lines = new Error().stack?.split('\n').slice(1) ?? [];
  const line = lines.find((line) => !ourFiles.some((files) => line.includes(files)));
  return line?.trim().replace(/^at /, '') ?? 'an unknown place';
}

/** One lock that is asked for, then held, in a flow of calls. @internal */
export class Watch {
  readonly #native: NativeObject;
  readonly #exclusive: boolean;
  readonly #count: number;
  readonly #place = place();
  /** What the same flow held when it asked for this. */
  readonly #before: Watch | undefined;
  #wait = 0;
  #hold = 0;
  /** Whether its flow has gone on with it in its hands. */
  #entered = false;

  /**
   * To be made in the very call that asks for the lock: what comes after it in the caller belongs to the same flow, unless that is
   * `apart`, to be {@link run}.
   */
  constructor(native: NativeObject, exclusive: boolean, count: number, apart = false) {
    this.#native = native;
    this.#exclusive = exclusive;
    this.#count = count;
    // One that has not gone on yet cannot ask for more: it was begun by whoever asks now.
    let before = flow.getStore();
    while (before !== undefined && !(before.#entered && before.#hold !== 0)) before = before.#before;
    this.#before = before;
    if (!apart) flow.enterWith(this);
  }

  /** Lets go of so many permits that were given back without their guard. */
  static letGoOf(native: NativeObject, count: number): void {
    let left = count;
    for (const watch of [...(held.get(native) ?? [])].reverse()) {
      if (left <= 0) return;
      left -= watch.#count;
      watch.letGo();
    }
  }

  /** Calls a function as part of the flow that holds this. */
  run<T>(fn: () => T): T {
    return flow.run(this, fn);
  }

  /** The lock must be waited for. @throws {@link DeadlockError} if that would never end. */
  wait(blocking: boolean): void {
    const holding: number[] = [];
    for (let held = this.#before; held !== undefined; held = held.#before)
      if (held.#hold !== 0) holding.push(held.#hold);
    const { id, deadlock } = binding.lockWatchWait(
      this.#native,
      this.#exclusive,
      this.#count,
      this.#place,
      holding,
      blocking,
    );
    if (id === 0) throw new DeadlockError(deadlock);
    this.#wait = id;
  }

  /** The wait has ended. */
  ended(): void {
    if (this.#wait !== 0) binding.lockWatchEnd(this.#wait);
    this.#wait = 0;
  }

  /** It is held. */
  held(): void {
    this.ended();
    this.#hold = binding.lockWatchHold(this.#native, this.#exclusive, this.#count, this.#place);
    const watches = held.get(this.#native) ?? new Set();
    held.set(this.#native, watches.add(this));
    // Runs before whoever awaits the lock goes on.
    queueMicrotask(() => {
      this.#entered = true;
    });
  }

  /** It is about to be given back. */
  letGo(): void {
    if (this.#hold !== 0) binding.lockWatchLetGo(this.#hold);
    this.#hold = 0;
    held.get(this.#native)?.delete(this);
  }
}
