/** Of all threads that ask for the same thing at once, one gets it, for all. */
import { checkFunction } from '../arguments.js';
import { block, blockingLimit, callSync } from '../blocking.js';
import { InvalidArgumentError, rethrow, UnsupportedError } from '../errors.js';
import { binding } from '../isolate.js';
import type { NativeObject } from '../native/binding.js';
import {
  nameOf,
  type Origin,
  type SharedHandle,
  SharedObject,
  type SharedOptions,
} from '../shared-object.js';
import { signalOf } from '../signal.js';
import { type Packed, pack, unpack } from '../thrown.js';
import { put, putNum, putTag, type Received } from '../values.js';
import { checkWaitOptions, nativeLimit, SignalWait, shown, type WaitOptions } from '../wait-options.js';
import { enter, nextWait, status } from '../waits.js';
import { LockClosedError } from './errors.js';

/** What a wait for somebody else's call came to. */
type Landing<T> = { value: T } | { lead: true };

/**
 * Singleflight: calls with the same key at the same time, in any thread, share one run of the function and its result, or its error.
 *
 * @example
 * ```ts
 * const flights = new Singleflight<User>({ name: 'users' });
 * const user = await flights.do(id, () => database.load(id));
 * ```
 */
export class Singleflight<T> extends SharedObject<'singleflight'> implements Disposable {
  #closed = false;

  /** @param options - `name` shares it by name. */
  constructor(options?: SharedOptions);
  /** @internal */
  constructor(origin: Origin, internal: true);
  constructor(first: SharedOptions | Origin = {}, internal = false) {
    super(
      'singleflight',
      internal ? (first as Origin) : { options: {}, name: nameOf(first as SharedOptions) },
    );
  }

  /** Opens the one of a name. @throws {@link NotFoundError} if there is none. */
  static open<T>(name: string): Singleflight<T> {
    return new Singleflight<T>({ name }, true);
  }

  /** Opens the one that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
  static from<T>(handle: SharedHandle<'singleflight'>): Singleflight<T> {
    return new Singleflight<T>({ handle }, true);
  }

  /**
   * Runs the function, or waits for the run of another that is on its way. If the thread that runs it ends, one who waits runs it.
   *
   * @param key - What it is about.
   * @returns What the function returned: the value itself for the one who ran it, a clone for the others.
   * @throws What the function throws, for all; {@link WaitTimeoutError} and the signal's reason, for one who waits; {@link LockClosedError}.
   */
  async do(key: string, fn: () => T | PromiseLike<T>, options: WaitOptions = {}): Promise<T> {
    if (typeof key !== 'string') throw new InvalidArgumentError('key', shown(key), 'a text');
    this.#checkOpen();
    return flightFor(this.native, this, key, fn, options);
  }

  /**
   * As `do`, with a function that is done when it returns, and blocks this thread while another runs it: worker threads only. A thread
   * that runs it itself, in `do`, would wait for what it keeps from ending.
   *
   * @param key - What it is about.
   * @returns What the function returned: the value itself for the one who ran it, a clone for the others.
   * @throws What the function throws, for all; {@link InvalidArgumentError} for all if it returns a promise; {@link WaitTimeoutError} and
   * the signal's reason, for one who waits; {@link UnsupportedError} in the main thread; {@link LockClosedError}.
   */
  doSync(key: string, fn: () => T, options: WaitOptions = {}): T {
    if (typeof key !== 'string') throw new InvalidArgumentError('key', shown(key), 'a text');
    this.#checkOpen();
    return flightForSync(this.native, 'doSync', key, fn, options);
  }

  /** Whether this object is closed. Others of the same flights may be open. */
  get closed(): boolean {
    return this.#closed;
  }

  override toHandle(): SharedHandle<'singleflight'> {
    this.#checkOpen();
    return super.toHandle();
  }

  #checkOpen(): void {
    if (this.#closed) throw new LockClosedError();
  }

  /**
   * Lets go of it: this object begins and awaits no run any more, and what its `toHandle` told is kept no longer. Runs and waits under way end as
   * they do; other objects of the same flights, in any thread, go on. Again does no harm.
   */
  close(): void {
    this.#closed = true;
    this.unexport();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** As `flightFor`, and blocks this thread. @internal */
export function flightForSync<T>(
  flights: NativeObject,
  method: string,
  key: string,
  fn: () => T,
  options: WaitOptions,
): T {
  checkFunction('fn', fn);
  checkWaitOptions(options);
  if (!boardSync(flights, key, blockingLimit(method, options))) {
    const { how, value } = block(options);
    if (how === status.fulfilled) return value as T;
    if (how !== status.signal) throw unpack(value as Packed);
  }
  try {
    const result = callSync(fn);
    land(flights, key, result);
    return result;
  } catch (error) {
    fail(flights, key, error);
    throw error;
  }
}

/** Runs a function for a key, or waits for the run that is on its way. @internal */
export async function flightFor<T>(
  flights: NativeObject,
  keeps: unknown,
  key: string,
  fn: () => T | PromiseLike<T>,
  options: WaitOptions,
): Promise<T> {
  checkFunction('fn', fn);
  checkWaitOptions(options);
  const signal = signalOf(options.signal);
  signal?.throwIfAborted();
  const wait = nextWait();
  if (!board(flights, key, wait, nativeLimit(options.timeout), signal !== undefined)) {
    const landing = await new Promise<Landing<T>>((resolve, reject) => {
      const end = (how: number, _detail: number, value: Received): void => {
        if (how === status.fulfilled) resolve({ value: value as T });
        else if (how === status.signal) resolve({ lead: true });
        else reject(unpack(value as Packed) as Error);
      };
      const entry = new SignalWait(options, keeps, end, reject);
      enter(entry);
      entry.listen(wait);
    });
    if ('value' in landing) return landing.value;
  }
  return lead(flights, key, fn);
}

function board(
  flights: NativeObject,
  key: string,
  wait: number,
  limit: number,
  cancellable: boolean,
): boolean {
  try {
    return binding.singleflightBoard(flights, key, wait, limit, cancellable);
  } catch (error) {
    rethrow(error);
  }
}

function boardSync(flights: NativeObject, key: string, limit: number): boolean {
  try {
    return binding.singleflightBoardBlocking(flights, key, limit);
  } catch (error) {
    rethrow(error);
  }
}

async function lead<T>(flights: NativeObject, key: string, fn: () => T | PromiseLike<T>): Promise<T> {
  try {
    const result = await fn();
    land(flights, key, result);
    return result;
  } catch (error) {
    fail(flights, key, error);
    throw error;
  }
}

function land(flights: NativeObject, key: string, result: unknown): void {
  if (!put(result))
    throw new UnsupportedError(
      'the platform alone can clone this result, which every thread that waits must get',
    );
  binding.singleflightLand(flights, key, true, putTag, putNum);
}

function fail(flights: NativeObject, key: string, error: unknown): void {
  put(pack(error));
  binding.singleflightLand(flights, key, false, putTag, putNum);
}
