/** Turns bytes back into a value. */
import { errorNames, kind, tag, viewNames } from './kinds.js';

type ViewConstructor = new (buffer: ArrayBuffer, offset: number, length: number) => ArrayBufferView;
type ErrorConstructorLike = new (message?: string) => Error;

const globals = globalThis as unknown as Record<string, unknown>;
const viewTypes = viewNames.map((name) => globals[name] as ViewConstructor | undefined);
const errorTypes = errorNames.map((name) => globals[name] as ErrorConstructorLike);

const noBytes = new Uint8Array(0);
/** Strings up to this length are read by hand: a native call costs more. */
const shortString = 24;
/** Keys that are seen again and again are kept as strings, one per place of this table. */
const internTable = 1024;

/** Decodes what an `Encoder` wrote. Uses nothing of the bytes after it has returned. */
export class Decoder {
  #bytes: Uint8Array = noBytes;
  #view: DataView = new DataView(noBytes.buffer);
  #buffer: Buffer = Buffer.alloc(0);
  #at = 0;
  #objects: unknown[] = [];
  #attachments: readonly ArrayBuffer[] = [];
  readonly #interned: string[] = new Array<string>(internTable).fill('');

  /**
   * @param how - A kind.
   * @param num - The number of a scalar kind.
   * @param bytes - Where the value's bytes are.
   * @param start - Where they begin.
   * @param end - Where they end.
   * @param attachments - Its large bodies, which become part of the value.
   */
  decode(
    how: number,
    num: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    attachments: readonly ArrayBuffer[] = [],
  ): unknown {
    switch (how) {
      case kind.undefined:
        return undefined;
      case kind.null:
        return null;
      case kind.boolean:
        return num !== 0;
      case kind.number:
        return num;
    }
    if (this.#bytes !== bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    this.#at = start;
    if (how === kind.latin1) return this.#latin1(end - start);
    if (how === kind.utf16) return this.#buffer.toString('utf16le', start, end);
    this.#attachments = attachments;
    try {
      return this.#read();
    } finally {
      if (this.#objects.length > 0) this.#objects = [];
      this.#attachments = [];
    }
  }

  #byte(): number {
    return this.#bytes[this.#at++] as number;
  }

  #count(): number {
    let count = 0;
    let scale = 1;
    for (;;) {
      const byte = this.#bytes[this.#at++] as number;
      count += (byte & 127) * scale;
      if (byte < 128) return count;
      scale *= 128;
    }
  }

  #double(): number {
    const number = this.#view.getFloat64(this.#at, true);
    this.#at += 8;
    return number;
  }

  #latin1(length: number): string {
    const start = this.#at;
    this.#at += length;
    if (length > shortString) return this.#buffer.toString('latin1', start, this.#at);
    return this.#intern(start, length);
  }

  /** A short string: the one kept at its place in the table if it is the same, so that it need not be made again. */
  #intern(start: number, length: number): string {
    const bytes = this.#bytes;
    let hash = length;
    for (let i = start, end = start + length; i < end; i++) hash = (hash * 31 + (bytes[i] as number)) | 0;
    const place = hash & (internTable - 1);
    const known = this.#interned[place] as string;
    if (known.length === length) {
      let i = 0;
      while (i < length && known.charCodeAt(i) === bytes[start + i]) i++;
      if (i === length) return known;
    }
    let text = '';
    for (let i = start, end = start + length; i < end; i++) text += String.fromCharCode(bytes[i] as number);
    this.#interned[place] = text;
    return text;
  }

  #string(): string {
    const how = this.#byte();
    const length = this.#count();
    if (how === tag.latin1) return this.#latin1(length);
    const start = this.#at;
    this.#at += length * 2;
    return this.#buffer.toString('utf16le', start, this.#at);
  }

  #keep<T>(object: T): T {
    this.#objects.push(object);
    return object;
  }

  #read(): unknown {
    const how = this.#byte();
    switch (how) {
      case tag.int: {
        const number = this.#view.getInt32(this.#at, true);
        this.#at += 4;
        return number;
      }
      case tag.latin1:
      case tag.utf16:
        this.#at--;
        return this.#string();
      case tag.double:
        return this.#double();
      case tag.true:
        return true;
      case tag.false:
        return false;
      case tag.null:
        return null;
      case tag.undefined:
        return undefined;
      case tag.object:
        return this.#properties(this.#keep({}));
      case tag.array: {
        const length = this.#count();
        const array: unknown[] = this.#keep([]);
        for (let i = 0; i < length; i++) array.push(this.#read());
        return array;
      }
      case tag.reference:
        return this.#objects[this.#count()];
      case tag.bigint:
        return BigInt(this.#string());
      default:
        return this.#other(how);
    }
  }

  #properties<T extends object>(target: T): T {
    const count = this.#count();
    for (let i = 0; i < count; i++) {
      const key = this.#string();
      const value = this.#read();
      if (key === '__proto__') {
        Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
      } else (target as Record<string, unknown>)[key] = value;
    }
    return target;
  }

  #other(how: number): unknown {
    switch (how) {
      case tag.sparse: {
        const array = this.#properties(this.#keep([] as unknown[]));
        array.length = this.#count();
        return array;
      }
      case tag.date:
        return this.#keep(new Date(this.#double()));
      case tag.regexp: {
        const source = this.#string();
        return this.#keep(new RegExp(source, this.#string()));
      }
      case tag.map: {
        const map = this.#keep(new Map<unknown, unknown>());
        for (let left = this.#count(); left > 0; left--) {
          const key = this.#read();
          map.set(key, this.#read());
        }
        return map;
      }
      case tag.set: {
        const set = this.#keep(new Set<unknown>());
        for (let left = this.#count(); left > 0; left--) set.add(this.#read());
        return set;
      }
      case tag.boxed:
        return this.#keep(Object(this.#read()) as object);
      case tag.buffer: {
        const length = this.#count();
        const start = this.#at;
        this.#at += length;
        return this.#keep(this.#bytes.slice(start, this.#at).buffer);
      }
      case tag.attachment:
        return this.#keep(this.#attachments[this.#count()]);
      case tag.view:
        return this.#arrayView();
      case tag.error:
        return this.#error();
      default:
        throw new TypeError(`a value from another build of the package: tag ${how}`);
    }
  }

  #arrayView(): unknown {
    const place = this.#objects.push(undefined) - 1;
    const View = viewTypes[this.#byte()];
    const offset = this.#count();
    const length = this.#count();
    const buffer = this.#read() as ArrayBuffer;
    if (View === undefined) throw new TypeError('this runtime has no such typed array');
    return (this.#objects[place] = new View(buffer, offset, length));
  }

  #error(): Error {
    const place = this.#objects.push(undefined) - 1;
    const Type = errorTypes[this.#byte()] ?? Error;
    const message = this.#read() as string | undefined;
    const stack = this.#read() as string | undefined;
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    const error = message === undefined ? new Type() : new Type(message);
    Error.stackTraceLimit = limit;
    Object.defineProperty(error, 'stack', {
      value: stack,
      writable: true,
      enumerable: false,
      configurable: true,
    });
    this.#objects[place] = error;
    if (this.#byte() === 1) {
      const value = this.#read();
      Object.defineProperty(error, 'cause', { value, writable: true, enumerable: false, configurable: true });
    }
    return error;
  }
}
