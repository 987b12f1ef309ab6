/** Buffers that are used again, within one thread. */
import { InvalidArgumentError, LockClosedError, NotHeldError, PoolClosedError } from '../errors.js';
import type { Guard } from '../sync/guard.js';
import { Semaphore } from '../sync/semaphore.js';
import { checkWaitOptions, shown, type WaitOptions } from '../wait-options.js';

/** What buffers a pool has. */
export interface BufferPoolOptions {
  /** How many bytes each buffer has. Default: as many as are asked for, rounded up to a power of two of at least 64. */
  size?: number;
  /** How many buffers are lent at once, a whole number from 1; who asks for more waits. */
  max: number;
  /** How many idle buffers are kept, a whole number from 0. Default: `max`. */
  maxIdle?: number;
  /** Whether a buffer is filled with zeros when it is lent. Default false: it has whatever was in it before. */
  zero?: boolean;
}

/** What a pool of buffers has counted. */
export interface BufferPoolStatistics {
  /** Buffers made. */
  created: number;
  /** Loans of a buffer that had been lent before. */
  reused: number;
  /** Idle buffers that were dropped because there were `maxIdle`, and buffers that came back without their memory. */
  dropped: number;
  /** Calls of `acquire` that had to wait because `max` buffers were lent. */
  waits: number;
}

const known = ['size', 'max', 'maxIdle', 'zero'] as const;
const smallest = 64;
const largest = 2 ** 31;

/**
 * A buffer in somebody's hands. `using` gives it back at the end of the block. Nothing can keep a view of it from being used after
 * that: whoever does so writes into what somebody else has borrowed.
 */
export class BufferLease implements Disposable {
  readonly #buffer: Uint8Array<ArrayBuffer>;
  #giveBack: (() => void) | undefined;

  /** @internal */
  constructor(buffer: Uint8Array<ArrayBuffer>, giveBack: () => void) {
    this.#buffer = buffer;
    this.#giveBack = giveBack;
  }

  /** The bytes, as many as were asked for. @throws {@link NotHeldError} once they have been given back. */
  get buffer(): Uint8Array<ArrayBuffer> {
    if (this.#giveBack === undefined) throw new NotHeldError('this buffer has been given back to its pool');
    return this.#buffer;
  }

  /** Whether it is still lent. */
  get held(): boolean {
    return this.#giveBack !== undefined;
  }

  /** Fills the buffer with zeros, for instance before a secret in it is given back. */
  reset(): void {
    this.buffer.fill(0);
  }

  /** Gives the buffer back. @throws {@link NotHeldError} if that was done before. */
  release(): void {
    const giveBack = this.#giveBack;
    if (giveBack === undefined) throw new NotHeldError('this buffer has been given back to its pool');
    this.#giveBack = undefined;
    giveBack();
  }

  [Symbol.dispose](): void {
    if (this.held) this.release();
  }
}

/**
 * A pool of buffers within one thread: at most `max` are lent at once, and those that come back are lent again. Who waits is served
 * in the order of coming.
 *
 * @example
 * ```ts
 * const pool = new BufferPool({ size: 65_536, max: 100 });
 * using lease = await pool.acquire();
 * const { bytesRead } = await file.read(lease.buffer);
 * ```
 */
export class BufferPool implements Disposable {
  readonly #size: number | undefined;
  readonly #maxIdle: number;
  readonly #zero: boolean;
  readonly #permits: Semaphore;
  /** By size; the size that was used last is the last. */
  readonly #idle = new Map<number, ArrayBuffer[]>();
  #available = 0;
  #borrowed = 0;
  readonly #stats: BufferPoolStatistics = { created: 0, reused: 0, dropped: 0, waits: 0 };

  /** @throws {@link InvalidArgumentError} for what cannot be meant. */
  constructor(options: BufferPoolOptions) {
    check(options);
    this.#size = options.size;
    this.#maxIdle = options.maxIdle ?? options.max;
    this.#zero = options.zero ?? false;
    this.#permits = new Semaphore(options.max);
  }

  /** How many idle buffers are kept. */
  get available(): number {
    return this.#available;
  }

  /** How many are lent. */
  get borrowed(): number {
    return this.#borrowed;
  }

  /** How many buffers there are, idle and lent. */
  get size(): number {
    return this.#available + this.#borrowed;
  }

  /** How many wait because `max` buffers are lent. */
  get pending(): number {
    return this.#permits.waiting;
  }

  /** Whether it lends nothing any more. */
  get closed(): boolean {
    return this.#permits.closed;
  }

  /** What it has counted. */
  get stats(): BufferPoolStatistics {
    return { ...this.#stats };
  }

  /**
   * Borrows a buffer; waits while `max` are lent.
   *
   * @param bytes - How many bytes it is to have, from 1. Default: the pool's `size`, which is also the most.
   * @throws {@link InvalidArgumentError}; {@link PoolClosedError}; {@link WaitTimeoutError}; the signal's reason.
   */
  async acquire(bytes: number | undefined = this.#size, options: WaitOptions = {}): Promise<BufferLease> {
    const length = this.#check(bytes);
    checkWaitOptions(options);
    let permit = this.#permits.tryAcquire();
    if (permit === undefined) {
      if (!this.closed) this.#stats.waits++;
      try {
        permit = await this.#permits.acquire(1, options);
      } catch (error) {
        throw error instanceof LockClosedError ? new PoolClosedError() : error;
      }
    }
    return this.#lend(length, permit);
  }

  /**
   * Borrows a buffer if fewer than `max` are lent.
   *
   * @returns `undefined` if `max` are, or the pool is closed.
   */
  tryAcquire(bytes: number | undefined = this.#size): BufferLease | undefined {
    const length = this.#check(bytes);
    const permit = this.#permits.tryAcquire();
    return permit === undefined ? undefined : this.#lend(length, permit);
  }

  #check(bytes: number | undefined): number {
    const most = this.#size ?? largest;
    if (bytes === undefined || !Number.isInteger(bytes) || bytes < 1 || bytes > most)
      throw new InvalidArgumentError('bytes', shown(bytes), `a whole number from 1 to ${most}`);
    return bytes;
  }

  #lend(length: number, permit: Guard): BufferLease {
    const size = this.#size ?? Math.max(smallest, 2 ** Math.ceil(Math.log2(length)));
    let memory: ArrayBuffer;
    let buffer: Uint8Array<ArrayBuffer>;
    try {
      memory = this.#reuse(size) ?? this.#make(size);
      buffer = new Uint8Array(memory, 0, length);
    } catch (error) {
      permit.release();
      throw error;
    }
    this.#borrowed++;
    return new BufferLease(buffer, () => {
      this.#borrowed--;
      this.#keep(memory, size);
      permit.release();
    });
  }

  #reuse(size: number): ArrayBuffer | undefined {
    const line = this.#idle.get(size);
    const memory = line?.pop();
    if (line === undefined || memory === undefined) return undefined;
    this.#available--;
    this.#stats.reused++;
    this.#idle.delete(size);
    if (line.length > 0) this.#idle.set(size, line);
    if (this.#zero) new Uint8Array(memory).fill(0);
    return memory;
  }

  #make(size: number): ArrayBuffer {
    const memory = this.#zero ? new ArrayBuffer(size) : (Buffer.allocUnsafeSlow(size).buffer as ArrayBuffer);
    this.#stats.created++;
    return memory;
  }

  #keep(memory: ArrayBuffer, size: number): void {
    // What was moved to another thread is gone.
    if (this.closed || memory.byteLength !== size || this.#maxIdle === 0) {
      this.#stats.dropped++;
      return;
    }
    if (this.#available === this.#maxIdle) this.#drop();
    const line = this.#idle.get(size) ?? [];
    this.#idle.delete(size);
    this.#idle.set(size, line);
    line.push(memory);
    this.#available++;
  }

  /** Drops one of the size that has not been used for longest. */
  #drop(): void {
    for (const [size, line] of this.#idle) {
      line.shift();
      if (line.length === 0) this.#idle.delete(size);
      this.#available--;
      this.#stats.dropped++;
      return;
    }
  }

  /** Drops all idle buffers; those lent are kept when they come back. */
  clear(): void {
    this.#stats.dropped += this.#available;
    this.#idle.clear();
    this.#available = 0;
  }

  /**
   * Closes the pool: those who wait reject with {@link PoolClosedError}, and no buffer is kept any more. What is lent can still be
   * used and given back. Again does no harm.
   */
  close(): void {
    this.#permits.close();
    this.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function check(options: BufferPoolOptions): void {
  if (typeof options !== 'object' || options === null)
    throw new InvalidArgumentError('options', shown(options), 'an object');
  for (const name of Object.keys(options)) {
    if (!(known as readonly string[]).includes(name))
      throw new InvalidArgumentError(name, 'an unknown option', known.join(', '));
  }
  const { size, max, maxIdle = max, zero = false } = options;
  if (size !== undefined && (!Number.isInteger(size) || size < 1 || size > largest))
    throw new InvalidArgumentError('size', shown(size), `a whole number from 1 to ${largest}`);
  if (!Number.isInteger(max) || max < 1 || max > 0xffffffff)
    throw new InvalidArgumentError('max', shown(max), 'a whole number from 1 to 4294967295');
  if (!Number.isInteger(maxIdle) || maxIdle < 0)
    throw new InvalidArgumentError('maxIdle', shown(maxIdle), 'a whole number of at least 0');
  if (typeof zero !== 'boolean') throw new InvalidArgumentError('zero', shown(zero), 'a boolean');
}
