/**
 * This thread's buffers over native memory, one for each: two over one address are nothing that an engine expects.
 */
import { rethrow, UnsupportedError } from '../errors.js';
import { binding } from '../isolate.js';
import type { NativeObject } from '../native/binding.js';

const buffers = new Map<number, WeakRef<ArrayBuffer>>();
/** The collected ones are swept when there are so many. */
let sweep = 8;

/** Bytes that left their buffer would be in another thread's hands when this one ends, so they could never be freed. */
function stay(): never {
  throw new UnsupportedError('shared memory cannot be moved out of its buffer: send its toHandle()');
}
const staying: PropertyDescriptorMap = {};
for (const name of ['transfer', 'transferToFixedLength'])
  if (name in ArrayBuffer.prototype) staying[name] = { value: stay };

/** The buffer of a memory. */
export function bufferOf(memory: NativeObject): ArrayBuffer {
  const { id } = memory;
  const known = buffers.get(id)?.deref();
  // One whose bytes were moved away is empty.
  if (known !== undefined && known.byteLength !== 0) return known;
  if (buffers.size >= sweep) {
    for (const [id, buffer] of buffers) if (buffer.deref() === undefined) buffers.delete(id);
    sweep = 2 * buffers.size + 8;
  }
  try {
    const made = Object.defineProperties(binding.memoryBuffer(memory), staying) as ArrayBuffer;
    buffers.set(id, new WeakRef(made));
    return made;
  } catch (error) {
    rethrow(error);
  }
}

/** A chunk of atomics' cells: each has a 32-bit value at its beginning, a 64-bit one 8 bytes on. */
interface Chunk {
  narrow: Int32Array;
  wide: BigInt64Array;
}

const chunks: (Chunk | undefined)[] = [];

/** Where an atomic's value is. */
export interface Cell<T> {
  /** The array that has it, with many others. */
  cells: T;
  /** At which index. */
  at: number;
}

function cellOf(atomic: NativeObject): { chunk: Chunk; offset: number } {
  try {
    const { chunk: number, offset } = binding.atomicCell(atomic);
    let chunk = chunks[number];
    if (chunk === undefined) {
      const buffer = binding.atomicChunk(number);
      chunk = { narrow: new Int32Array(buffer), wide: new BigInt64Array(buffer) };
      chunks[number] = chunk;
    }
    return { chunk, offset };
  } catch (error) {
    rethrow(error);
  }
}

/** The cell of an atomic of 32 bits. */
export function narrowCell(atomic: NativeObject): Cell<Int32Array> {
  const { chunk, offset } = cellOf(atomic);
  return { cells: chunk.narrow, at: offset / 4 };
}

/** The cell of an atomic of 64 bits. */
export function wideCell(atomic: NativeObject): Cell<BigInt64Array> {
  const { chunk, offset } = cellOf(atomic);
  return { cells: chunk.wide, at: offset / 8 + 1 };
}
