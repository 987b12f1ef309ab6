/** The permits of a semaphore, as far as a thread takes and gives them back by itself. */
import { type Word, wordAt } from './words.js';

/**
 * What is free stands in a word of all threads, what this thread has taken from it in its purse; native code adds that to what it has
 * given the thread itself. The two change with nothing in between at which a thread could be terminated.
 */
export class Permits {
  readonly #free: Word;
  readonly #purse: Word;

  constructor(word: number, purse: number) {
    this.#free = wordAt(word);
    this.#purse = wordAt(purse);
  }

  /** Takes permits if there are so many, nobody waits, and no holder has died. */
  take(count: number): boolean {
    const { words, at } = this.#free;
    // A guess, which the exchange checks.
    let there = words[at] as number;
    while (there >= count) {
      const found = Atomics.compareExchange(words, at, there, there - count);
      if (found === there) {
        const purse = this.#purse;
        (purse.words[purse.at] as number) += count;
        return true;
      }
      there = found;
    }
    return false;
  }

  /** The other way round, if the purse has so many and nobody waits. */
  give(count: number): boolean {
    const purse = this.#purse;
    if ((purse.words[purse.at] as number) < count) return false;
    const { words, at } = this.#free;
    let there = words[at] as number;
    while (there >= 0) {
      const found = Atomics.compareExchange(words, at, there, there + count);
      if (found === there) {
        (purse.words[purse.at] as number) -= count;
        return true;
      }
      there = found;
    }
    return false;
  }
}
