/** The memory of ring buffers: what stands where, and one view of each for all that open it. */
import { binding } from '../isolate.js';
import type { NativeObject } from '../native/binding.js';

/** Where each word stands; the numbers of `src/ring.rs`. */
export const word = {
  head: 0,
  reader: 1,
  readerBusy: 2,
  tail: 16,
  writer: 17,
  writerBusy: 18,
  readerWants: 32,
  writerWants: 33,
  closed: 34,
  capacity: 35,
} as const;
/** The bytes come after so many. */
export const header = 192;

/** The memory of each ring buffer as this thread sees it: one view for all that open it. */
const views = new Map<number, WeakRef<ArrayBuffer>>();
const collected = new FinalizationRegistry<number>((id) => {
  if (views.get(id)?.deref() === undefined) views.delete(id);
});

/** The memory of a ring buffer. */
export function memoryOf(native: NativeObject): ArrayBuffer {
  const known = views.get(native.id)?.deref();
  if (known !== undefined) return known;
  const memory = binding.ringMemory(native);
  views.set(native.id, new WeakRef(memory));
  collected.register(memory, native.id);
  return memory;
}
