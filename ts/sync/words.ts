/**
 * The words that locks keep their state in while nobody waits: memory that native code and every thread see, so that what needs no
 * waiting is a compare-and-set. The rules are those of `core/src/lock/gate.rs`: a word that native code guards is
 * negative, no compare-and-set meets it, and the native call decides.
 */
import { binding, fast } from '../isolate.js';

/** 32-bit words to a place, which is a cache line. */
const line = 16;
const chunks: Int32Array[] = [];

/** This thread, as the holder of a lock. */
export const me = fast.lockOwner();

/** A word: `Atomics` reaches it at `at` of `words`. */
export interface Word {
  readonly words: Int32Array;
  readonly at: number;
}

/** The word at a place that native code told. */
export function wordAt(place: number): Word {
  const number = Math.floor(place / binding.WORD_PLACES);
  let words = chunks[number];
  if (words === undefined) {
    words = new Int32Array(binding.sharedWords(number));
    chunks[number] = words;
  }
  return { words, at: (place % binding.WORD_PLACES) * line };
}
