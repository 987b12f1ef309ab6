/** Turns a value into bytes with structured clone's semantics. */
import { attachmentSize, errorNames, kind, tag, viewNames } from './kinds.js';
import { arrivesPlain, errorsAreOurs, refuse, types, viewName } from './nature.js';

/** Thrown within, when the value holds something only the platform can clone. */
const bail = Symbol('bail');
/** Deeper graphs are left to the platform, which has its own limit. */
const maxDepth = 1000;
/** Up to so many objects, a search through them beats a map. */
const fewObjects = 12;
/** Strings up to this length are copied by hand: a native call costs more. */
const shortString = 40;
const wideChar = /[^\x00-\xff]/;

const viewNumber = new Map<string, number>(viewNames.map((name, number) => [name, number]));
const errorNumber = new Map<string, number>(errorNames.map((name, number) => [name, number]));

/**
 * Encodes one value at a time into a scratch array that is used again and again.
 *
 * @example
 * ```ts
 * const encoder = new Encoder();
 * if (encoder.encode({ id: 1 })) send(encoder.kind, encoder.num, encoder.bytes.subarray(0, encoder.length));
 * ```
 */
export class Encoder {
  /** How the last value travels. */
  kind: number = kind.undefined;
  /** Its number, if it is a number or boolean. */
  num = 0;
  /** Its bytes, valid until the next call. */
  bytes: Uint8Array;
  /** How many of them. */
  length = 0;
  /** Its large binary bodies, in the order the bytes refer to them. */
  attachments: Uint8Array[] | undefined;

  readonly #home: Uint8Array;
  #bytes: Uint8Array;
  #view: DataView;
  #buffer: Buffer;
  #at = 0;
  #depth = 0;
  #busy = false;
  #few: object[] = [];
  #many: Map<object, number> | undefined;
  #attachments: Uint8Array[] | undefined;

  /** @param scratch - Written to as long as a value fits; a larger one gets an array of its own. */
  constructor(scratch: Uint8Array = new Uint8Array(4096)) {
    this.#home = scratch;
    this.bytes = scratch;
    this.#bytes = scratch;
    this.#view = new DataView(scratch.buffer, scratch.byteOffset, scratch.byteLength);
    this.#buffer = Buffer.from(scratch.buffer, scratch.byteOffset, scratch.byteLength);
  }

  /** A value is being encoded: this is called by one of its getters. */
  get busy(): boolean {
    return this.#busy;
  }

  /**
   * Encodes a value.
   *
   * @returns `false` if it holds something only the platform can clone.
   * @throws what `structuredClone` throws for what cannot be cloned, and what the value's getters throw.
   */
  encode(value: unknown): boolean {
    switch (typeof value) {
      case 'number':
        this.kind = kind.number;
        this.num = value;
        this.length = 0;
        this.attachments = undefined;
        return true;
      case 'undefined':
        return this.#scalar(kind.undefined, 0);
      case 'boolean':
        return this.#scalar(kind.boolean, value ? 1 : 0);
      case 'function':
      case 'symbol':
        return refuse(value);
      default:
        if (value === null) return this.#scalar(kind.null, 0);
    }
    if (this.#busy) return this.#nested(value);
    this.#busy = true;
    this.#at = 0;
    try {
      if (typeof value === 'string') {
        this.kind = this.#string(value, false) ? kind.utf16 : kind.latin1;
      } else {
        this.#depth = 0;
        this.#attachments = undefined;
        this.#write(value);
        this.kind = kind.graph;
      }
      this.num = 0;
      this.bytes = this.#bytes;
      this.length = this.#at;
      this.attachments = this.#attachments;
      return true;
    } catch (error) {
      if (error === bail) return false;
      throw error;
    } finally {
      this.#busy = false;
      this.#attachments = undefined;
      if (this.#few.length > 0) this.#few = [];
      this.#many = undefined;
      if (this.#bytes !== this.#home) this.#use(this.#home);
    }
  }

  #scalar(how: number, num: number): boolean {
    this.kind = how;
    this.num = num;
    this.length = 0;
    this.attachments = undefined;
    return true;
  }

  /** A getter of the value at hand encodes another value. */
  #nested(value: unknown): boolean {
    const inner = new Encoder();
    const encoded = inner.encode(value);
    this.kind = inner.kind;
    this.num = inner.num;
    this.bytes = inner.bytes;
    this.length = inner.length;
    this.attachments = inner.attachments;
    return encoded;
  }

  #use(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #room(count: number): void {
    const need = this.#at + count;
    if (need <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(need, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#use(larger);
  }

  #byte(byte: number): void {
    if (this.#at === this.#bytes.length) this.#room(1);
    this.#bytes[this.#at++] = byte;
  }

  /** A whole number below 2^53, seven bits a byte. */
  #count(count: number): void {
    this.#room(8);
    while (count > 127) {
      this.#bytes[this.#at++] = (count & 127) | 128;
      count = count > 0x7fffffff ? Math.floor(count / 128) : count >>> 7;
    }
    this.#bytes[this.#at++] = count;
  }

  #double(number: number): void {
    this.#room(8);
    this.#view.setFloat64(this.#at, number, true);
    this.#at += 8;
  }

  /** The characters of a string, with tag and length if it stands in a graph. Says whether they are two bytes wide. */
  #string(text: string, inGraph: boolean): boolean {
    const length = text.length;
    this.#room(length * 2 + 10);
    const start = this.#at;
    if (length <= shortString) {
      const bytes = this.#bytes;
      let at = start;
      if (inGraph) {
        bytes[at++] = tag.latin1;
        bytes[at++] = length;
      }
      let i = 0;
      for (; i < length; i++) {
        const char = text.charCodeAt(i);
        if (char > 255) break;
        bytes[at++] = char;
      }
      if (i === length) {
        this.#at = at;
        return false;
      }
    }
    const wide = wideChar.test(text);
    if (inGraph) {
      this.#byte(wide ? tag.utf16 : tag.latin1);
      this.#count(length);
    }
    this.#at += wide
      ? this.#buffer.write(text, this.#at, 'utf16le')
      : this.#buffer.write(text, this.#at, 'latin1');
    return wide;
  }

  #reference(object: object): boolean {
    const many = this.#many;
    let at: number;
    if (many === undefined) {
      const few = this.#few;
      at = few.indexOf(object);
      if (at < 0) {
        few.push(object);
        if (few.length > fewObjects) this.#many = new Map(few.map((known, number) => [known, number]));
        return false;
      }
    } else {
      const known = many.get(object);
      if (known === undefined) {
        many.set(object, many.size);
        return false;
      }
      at = known;
    }
    this.#byte(tag.reference);
    this.#count(at);
    return true;
  }

  #write(value: unknown): void {
    switch (typeof value) {
      case 'number':
        if ((value | 0) === value && !Object.is(value, -0)) {
          this.#room(5);
          this.#bytes[this.#at] = tag.int;
          this.#view.setInt32(this.#at + 1, value, true);
          this.#at += 5;
        } else {
          this.#byte(tag.double);
          this.#double(value);
        }
        return;
      case 'string':
        this.#string(value, true);
        return;
      case 'boolean':
        return this.#byte(value ? tag.true : tag.false);
      case 'undefined':
        return this.#byte(tag.undefined);
      case 'bigint':
        this.#byte(tag.bigint);
        this.#string(value.toString(), true);
        return;
      case 'function':
      case 'symbol':
        return refuse(value);
      default:
        if (value === null) return this.#byte(tag.null);
        return this.#object(value as object);
    }
  }

  #object(value: object): void {
    if (this.#reference(value)) return;
    if (types.isProxy(value)) throw bail;
    if (++this.#depth > maxDepth) throw bail;
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype) this.#properties(value, Object.keys(value));
    else if (Array.isArray(value)) this.#array(value);
    else this.#other(value, prototype as object | null);
    this.#depth--;
  }

  #properties(value: object, keys: string[], how: number = tag.object): void {
    this.#byte(how);
    this.#count(keys.length);
    for (const key of keys) {
      this.#string(key, true);
      this.#write((value as Record<string, unknown>)[key]);
    }
  }

  #array(value: unknown[]): void {
    const keys = Object.keys(value);
    const length = value.length;
    if (keys.length !== length || (length > 0 && keys[length - 1] !== String(length - 1))) {
      this.#properties(value, keys, tag.sparse);
      this.#count(length);
      return;
    }
    this.#byte(tag.array);
    this.#count(length);
    for (let i = 0; i < length; i++) this.#write(value[i]);
  }

  #other(value: object, prototype: object | null): void {
    if (ArrayBuffer.isView(value)) return this.#arrayView(value);
    if (types.isArrayBuffer(value)) return this.#arrayBuffer(value);
    if (types.isDate(value)) {
      this.#byte(tag.date);
      return this.#double(Date.prototype.getTime.call(value));
    }
    if (types.isMap(value)) {
      const entries = [...Map.prototype.entries.call(value)];
      this.#byte(tag.map);
      this.#count(entries.length);
      for (const [key, item] of entries) {
        this.#write(key);
        this.#write(item);
      }
      return;
    }
    if (types.isSet(value)) {
      const items = [...Set.prototype.values.call(value)];
      this.#byte(tag.set);
      this.#count(items.length);
      for (const item of items) this.#write(item);
      return;
    }
    if (types.isNativeError(value)) return this.#error(value);
    if (types.isRegExp(value)) {
      this.#byte(tag.regexp);
      this.#string(value.source, true);
      this.#string(value.flags, true);
      return;
    }
    if (types.isBoxedPrimitive(value)) {
      if (types.isSymbolObject(value)) return refuse(value);
      this.#byte(tag.boxed);
      return this.#write((value as { valueOf(): unknown }).valueOf());
    }
    if (types.isSharedArrayBuffer(value) || types.isModuleNamespaceObject(value)) throw bail;
    if (prototype === null || arrivesPlain(value, prototype))
      return this.#properties(value, Object.keys(value));
    throw bail;
  }

  #error(error: Error): void {
    if (!errorsAreOurs) throw bail;
    const message = Object.getOwnPropertyDescriptor(error, 'message');
    const name: unknown = error.name;
    this.#byte(tag.error);
    this.#byte(errorNumber.get(String(name)) ?? 0);
    this.#write(message && 'value' in message ? String(message.value) : undefined);
    const stack: unknown = error.stack;
    this.#write(typeof stack === 'string' ? stack : undefined);
    const hasCause = Object.hasOwn(error, 'cause');
    this.#byte(hasCause ? 1 : 0);
    if (hasCause) this.#write(error.cause);
  }

  #arrayBuffer(buffer: ArrayBuffer): void {
    if ((buffer as { resizable?: boolean }).resizable === true) throw bail;
    const length = buffer.byteLength;
    let bytes: Uint8Array;
    try {
      bytes = new Uint8Array(buffer);
    } catch {
      return refuse(buffer);
    }
    if (length >= attachmentSize) {
      this.#attachments ??= [];
      this.#byte(tag.attachment);
      this.#count(this.#attachments.push(bytes) - 1);
      return;
    }
    this.#byte(tag.buffer);
    this.#count(length);
    this.#room(length);
    this.#bytes.set(bytes, this.#at);
    this.#at += length;
  }

  #arrayView(view: ArrayBufferView): void {
    const buffer = view.buffer;
    if (types.isSharedArrayBuffer(buffer) || (buffer as { resizable?: boolean }).resizable === true)
      throw bail;
    const name = viewName(view);
    const number = viewNumber.get(name);
    if (number === undefined) throw bail;
    this.#byte(tag.view);
    this.#byte(number);
    this.#count(view.byteOffset);
    this.#count(name === 'DataView' ? view.byteLength : (view as Uint8Array).length);
    if (!this.#reference(buffer)) this.#arrayBuffer(buffer as ArrayBuffer);
  }
}
