/** The same bytes in every thread. */
import { InvalidArgumentError, MemoryClosedError, rethrow } from '../errors.js';
import { binding } from '../isolate.js';
import {
  nameOf,
  type Origin,
  type SharedHandle,
  SharedObject,
  type SharedOptions,
} from '../shared-object.js';
import { shown } from '../wait-options.js';
import { bufferOf } from './buffers.js';

/** A typed array's class, or `DataView`. */
export interface ViewType<T extends ArrayBufferView> {
  new (buffer: ArrayBuffer, byteOffset?: number, length?: number): T;
  /** Bytes per element; a `DataView` has none. */
  readonly BYTES_PER_ELEMENT?: number;
}

const typedArray = Object.getPrototypeOf(Uint8Array) as object;

/**
 * Bytes that all threads of the process share. Nothing is copied: what one thread writes is there for the others. They begin as
 * zeros, at an address that 128 divides, and take real memory as they are first touched.
 *
 * Each thread sees them as an `ArrayBuffer`, and not as a `SharedArrayBuffer`: neither Node nor Bun lets native code make one over
 * memory of its own. Typed arrays, `DataView` and `Atomics.load`, `store`, `add`, `compareExchange` and so on work on it as on a
 * shared one; `Atomics.wait` and `waitAsync` do not: wait by an {@link AtomicI32} or any lock. What is written without `Atomics`
 * has no order for other threads until both meet at a lock, a channel or an atomic.
 *
 * The bytes are freed when the last thread has let go: closed it, or forgotten it, and with it every buffer and view that was
 * taken. A thread that ends lets go of what it had.
 *
 * The bytes cannot be moved out of the buffer: `transfer()` throws, and `postMessage` and `structuredClone` refuse to move it (on
 * Node 20 they copy). Send `toHandle()`. Whoever gets around that by `ArrayBuffer.prototype.transfer.call(buffer)` may use what was moved
 * in any thread for as long as he likes; but when the thread ends that moved it, those bytes are kept for good: nobody can tell any
 * more when they are forgotten.
 *
 * @example
 * ```ts
 * const memory = SharedMemory.open('frame', 1920 * 1080 * 4);      // in any thread
 * const pixels = memory.view(Uint8Array);
 * const header = memory.view(Int32Array, 0, 4);
 * Atomics.add(header, 0, 1);
 * ```
 */
export class SharedMemory extends SharedObject<'memory'> implements Disposable {
  /** How many bytes there are. */
  readonly byteLength: number;
  #buffer: ArrayBuffer | undefined;
  #closed = false;

  /**
   * @param bytes - How many, a whole number from 1 to 2^31.
   * @param options - `name` shares it by name.
   * @throws {@link NameConflictError} if the memory of that name has another size; {@link OutOfMemoryError}.
   */
  constructor(bytes: number, options?: SharedOptions);
  /** @internal */
  constructor(origin: Origin, internal: true);
  constructor(first: number | Origin, second: SharedOptions | true = {}) {
    if (second === true) super('memory', first as Origin);
    else super('memory', { options: { bytes: checked(first) }, name: nameOf(second) });
    this.byteLength = binding.memoryBytes(this.native);
  }

  /**
   * Opens the memory of a name, in any thread; makes it if there is none.
   *
   * @param name - Its name.
   * @param bytes - How many bytes it has, a whole number from 1 to 2^31. Left out, it must be there.
   * @throws {@link NameConflictError} if it has another size; {@link NotFoundError} if there is none and `bytes` is left out;
   * {@link OutOfMemoryError}.
   */
  static open(name: string, bytes?: number): SharedMemory {
    if (bytes === undefined) return new SharedMemory({ name }, true);
    if (typeof name !== 'string') throw new InvalidArgumentError('name', shown(name), 'a text');
    return new SharedMemory(bytes, { name });
  }

  /** Opens the memory that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
  static from(handle: SharedHandle<'memory'>): SharedMemory {
    return new SharedMemory({ handle }, true);
  }

  /** Whether this object is closed. Others of the same memory may be open. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * The bytes. It is one buffer for all objects of this memory in a thread, and the same each time unless it was moved away.
   *
   * @throws {@link MemoryClosedError} if it is closed; {@link UnsupportedError} where the runtime takes no memory but its own.
   */
  get buffer(): ArrayBuffer {
    if (this.#closed) throw new MemoryClosedError();
    if (this.#buffer === undefined || this.#buffer.byteLength === 0) this.#buffer = bufferOf(this.native);
    return this.#buffer;
  }

  /**
   * Some of the bytes as elements.
   *
   * @param type - The class of a typed array, or `DataView`.
   * @param offset - The byte at which it begins, a multiple of an element's size. Default 0.
   * @param length - How many elements. Default: to the end.
   * @throws {@link MemoryClosedError} if it is closed; {@link InvalidArgumentError} for what is not within the bytes.
   * @example
   * ```ts
   * const counters = memory.view(BigInt64Array, 64, 8);
   * ```
   */
  view<T extends ArrayBufferView>(type: ViewType<T>, offset = 0, length?: number): T {
    if (typeof type !== 'function' || !(Object.getPrototypeOf(type) === typedArray || isDataView(type)))
      throw new InvalidArgumentError('type', shown(type), 'the class of a typed array, or DataView');
    const { buffer } = this;
    const size = type.BYTES_PER_ELEMENT ?? 1;
    if (!Number.isInteger(offset) || offset < 0 || offset > this.byteLength || offset % size !== 0)
      throw new InvalidArgumentError(
        'offset',
        shown(offset),
        `a multiple of ${size} from 0 to ${this.byteLength}`,
      );
    const most = Math.floor((this.byteLength - offset) / size);
    if (length !== undefined && !(Number.isInteger(length) && length >= 0 && length <= most))
      throw new InvalidArgumentError('length', shown(length), `a whole number from 0 to ${most}`);
    return new type(buffer, offset, length ?? most);
  }

  /** @throws {@link MemoryClosedError} if it is closed. */
  override toHandle(): SharedHandle<'memory'> {
    if (this.#closed) throw new MemoryClosedError();
    return super.toHandle();
  }

  /** Lets go of the bytes here. Views that were taken stay good, and keep the bytes. Other threads' objects stay open. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#buffer = undefined;
    this.unexport();
    try {
      binding.memoryClose(this.native);
    } catch (error) {
      rethrow(error);
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function isDataView(type: unknown): boolean {
  return type === DataView;
}

function checked(bytes: unknown): number {
  if (typeof bytes !== 'number' || !Number.isInteger(bytes) || bytes < 1 || bytes > 2 ** 31)
    throw new InvalidArgumentError('bytes', shown(bytes), 'a whole number from 1 to 2^31');
  return bytes;
}
