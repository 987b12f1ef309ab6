/** The places in a bulkhead that this thread takes by itself: the protocol of `core/src/bulkhead/gate.rs`. */
import { type Word, wordAt } from '../sync/words.js';

/**
 * How many may be inside, and how many are, stands in a word of all threads; how many of them are this thread's, in its purse. The two
 * change with nothing in between at which a thread could be terminated. Beside the purse it counts, as `core/src/bulkhead/tally.rs` says.
 */
export class Places {
  readonly #words: Int32Array;
  readonly #at: number;
  readonly #purse: Int32Array;
  readonly #own: number;

  constructor(word: number, purse: number) {
    const all: Word = wordAt(word);
    this.#words = all.words;
    this.#at = all.at;
    const mine = wordAt(purse);
    this.#purse = mine.words;
    this.#own = mine.at;
  }

  /** Takes a place if there is one and nobody waits. */
  enter(): boolean {
    const words = this.#words;
    const at = this.#at;
    // A guess, which the exchange checks. The word of a bulkhead that native code guards is -1.
    let there = words[at] as number;
    while ((there & 0xffff) < there >> 16) {
      const found = Atomics.compareExchange(words, at, there, there + 1);
      if (found === there) {
        const purse = this.#purse;
        const own = this.#own;
        (purse[own] as number) += 1;
        const calls = ((purse[own + 1] as number) + 1) | 0;
        purse[own + 1] = calls;
        if (calls === 0) (purse[own + 2] as number) += 1;
        const inside = (there & 0xffff) + 1;
        if (inside > (purse[own + 3] as number)) purse[own + 3] = inside;
        return true;
      }
      there = found;
    }
    return false;
  }

  /** The other way round, if nobody waits and the place was taken so. */
  exit(): boolean {
    const purse = this.#purse;
    const own = this.#own;
    if ((purse[own] as number) < 1) return false;
    const words = this.#words;
    const at = this.#at;
    let there = words[at] as number;
    while (there >= 0) {
      const found = Atomics.compareExchange(words, at, there, there - 1);
      if (found === there) {
        (purse[own] as number) -= 1;
        return true;
      }
      there = found;
    }
    return false;
  }
}
