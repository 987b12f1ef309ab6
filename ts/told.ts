/** What other threads do to an object that this one listens to. */
import { afterDrain, binding, onRecord, recordKind, records } from './isolate.js';
import type { NativeObject } from './native/binding.js';

/** The change that an object's end is, of whatever kind it is; the number of `src/watchers.rs`. */
export const closed = 255;

/** Takes one change: which, and four numbers that say more. */
export type Told = (what: number, a: number, b: number, c: number, d: number) => void;

/** While somebody listens to an object, it is kept. */
const listening = new Map<number, { native: NativeObject; told: Told }>();
let last = 0;

/**
 * Hears of an object's changes, whichever thread makes them, until the function that it gives is called. Keeps the object, and no process,
 * alive. There is none to hear of, and no function, if the object is closed.
 */
export function hear(native: NativeObject, told: Told): (() => void) | undefined {
  last = (last + 1) >>> 0;
  const key = last;
  if (!binding.watchObject(native, key)) return undefined;
  listening.set(key, { native, told });
  return () => {
    if (listening.delete(key)) binding.unwatchObject(native, key);
  };
}

onRecord(recordKind.told, (at) => {
  const told = listening.get(records[at + 1] as number)?.told;
  if (told === undefined) return;
  const [what, a, b, c, d] = records.subarray(at + 2, at + 7) as unknown as [
    number,
    number,
    number,
    number,
    number,
  ];
  // A listener may run the user's code, which may need the page.
  afterDrain(() => told(what, a, b, c, d));
});
