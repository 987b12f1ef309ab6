/**
 * The words that locks keep their state in while nobody waits: memory that native code and every thread see, so that what needs no
 * waiting is a compare-and-set. The rules are those of `core/src/lock/gate.rs`: a word that native code guards is
 * negative, no compare-and-set meets it, and the native call decides.
 *
 * A fair lock without a name whose `toHandle` was never called is this thread's alone: then the thread reads the word and writes it,
 * which takes a fifth of the time. Why that is sound stands there too. Between the two nothing may be called.
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

/** Changes a word from one value to another, if that is what it is. `alone`: no other thread has the lock. */
export function change(words: Int32Array, at: number, from: number, to: number, alone: boolean): boolean {
  if (!alone) return Atomics.compareExchange(words, at, from, to) === from;
  if (words[at] !== from) return false;
  words[at] = to;
  return true;
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
