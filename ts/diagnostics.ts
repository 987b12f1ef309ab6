/** What is alive in the process, for those who look for leaks. */
import { InvalidArgumentError } from './errors.js';
import { binding } from './isolate.js';
import { shown } from './wait-options.js';

/** One who waits: a promise of a thread's, or a thread that blocks. */
export interface LivingWait {
  /** The thread that waits, as `threadId` has it. */
  thread: number;
  /** Milliseconds since it began to wait. */
  age: number;
}

/** An object that threads share, or a goroutine, as it is now. */
export interface LivingObject {
  /**
   * `'channel'`, `'mutex'`, `'rwmutex'`, `'semaphore'`, `'waitgroup'`, `'latch'`, `'barrier'`, `'cond'`, `'once'`, `'singleflight'`,
   * `'broadcast'`, `'ticker'`, `'map'`, `'queue'`, `'ring'`, `'memory'`, `'atomic-i32'` and the other atomics, those of limiters and
   * breakers, or `'goroutine'`.
   */
  kind: string;
  /** An object's number, as in its handle; a goroutine's within its thread. */
  id: number;
  /** Its name, if it has one. A goroutine has its function's. */
  name?: string;
  /** Milliseconds since it was made or started. */
  age: number;
  /** How many wait for it, in all threads; for a map, those whose values others compute. */
  waiting: number;
  /**
   * What it holds: messages in a channel, a queue or the buffers of a broadcast's subscribers, bytes in a ring, permits that are out,
   * readers, 1 for a lock that is held, what is left to count, runs of a singleflight, entries of a map, a memory's bytes; 1 for a
   * ticker that ticks and a once that is done.
   */
  held: number;
  /** Of an object: each that waits for it, who has waited longest first. A `select` waits for each of its channels. */
  waits?: LivingWait[];
  /** Of a goroutine: the thread that started it, as `threadId` has it. */
  thread?: number;
  /** Of a goroutine: whether it runs in that thread, and not in the scheduler's. */
  local?: boolean;
}

/**
 * Lists what all threads of the process share and has not been let go of, with who waits since when and what is held, and then the
 * goroutines of all threads that have not ended. Waits for a context, a timer or a pool's task are not among them.
 *
 * @example
 * ```ts
 * const stuck = diagnostics().filter(({ waits = [] }) => waits.some(({ age }) => age > 60_000));
 * ```
 */
export function diagnostics(): LivingObject[] {
  return binding.diagnose();
}

/** Kinds of objects that are there to hold what they hold. */
const kept: ReadonlySet<string> = new Set(['map', 'memory', 'once']);

/**
 * What has come since an earlier look and is still there: goroutines that have not ended, objects that more wait for, and objects that
 * hold more, such as a lock that was not given back or a channel with messages that nobody has received. As they are now. An object that is
 * merely there is no leak: the garbage collector's turn may not have come; nor are the entries of a map, a memory's bytes or what a once
 * has done. The `waits` of each are those that
 * have begun since.
 *
 * @param before - What {@link diagnostics} gave then.
 * @throws {@link InvalidArgumentError} for anything else.
 * @example
 * ```ts
 * const before = diagnostics();
 * await handle(request);
 * assert.deepEqual(leaks(before), []);
 * ```
 */
export function leaks(before: readonly LivingObject[]): LivingObject[] {
  if (!Array.isArray(before) || !before.every(isLiving))
    throw new InvalidArgumentError('before', shown(before), 'what diagnostics() gave');
  const earlier = new Map(before.map((living) => [nameOf(living), living]));
  const come = diagnostics().filter((living) => {
    const then = earlier.get(nameOf(living));
    if (living.kind === 'goroutine') return then === undefined;
    const holdsMore = !kept.has(living.kind) && living.held > (then?.held ?? 0);
    return holdsMore || living.waiting > (then?.waiting ?? 0);
  });
  for (const living of come) {
    const then = earlier.get(nameOf(living));
    // As much older as it is now, so long ago was the look.
    const since = living.age - (then?.age ?? Number.NEGATIVE_INFINITY);
    if (living.waits !== undefined) living.waits = living.waits.filter(({ age }) => age < since);
  }
  return come;
}

function isLiving(value: unknown): value is LivingObject {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, id, age, waiting, held } = value as Partial<LivingObject>;
  return typeof kind === 'string' && [id, age, waiting, held].every((number) => typeof number === 'number');
}

function nameOf({ kind, thread, id }: LivingObject): string {
  return `${kind} ${thread ?? ''} ${id}`;
}
