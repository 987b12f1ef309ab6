/** The permits of a semaphore, as far as a thread takes and gives them back by itself. */
import { type Word, wordAt } from './words.js';

/**
 * What is free stands in a word of all threads, what this thread has taken from it in its purse; native code adds that to what it has
 * given the thread itself. The two change with nothing in between at which a thread could be terminated.
 */
export class Permits {
  readonly #free: Word;
  readonly #purse: Word;
  #alone: boolean;

  /** `alone`: no other thread has the semaphore, until it is shared. */
  constructor(word: number, purse: number, alone: boolean) {
    this.#free = wordAt(word);
    this.#purse = wordAt(purse);
    this.#alone = alone;
  }

  /** Other threads may come. */
  share(): void {
    this.#alone = false;
  }

  /** Takes permits if there are so many, nobody waits, and no holder has died. */
  take(count: number): boolean {
    return this.#move(count);
  }

  /** The other way round, if the purse has so many and nobody waits. */
  give(count: number): boolean {
    const { words, at } = this.#purse;
    return (words[at] as number) >= count && this.#move(-count);
  }

  /** From the word to the purse, unless native code guards the word or there are not so many. */
  #move(count: number): boolean {
    const { words, at } = this.#free;
    // A guess, which the exchange checks.
    let there = words[at] as number;
    while (there >= 0 && there >= count) {
      const found = this.#alone ? there : Atomics.compareExchange(words, at, there, there - count);
      if (found === there) {
        if (this.#alone) words[at] = there - count;
        const purse = this.#purse;
        (purse.words[purse.at] as number) += count;
        return true;
      }
      there = found;
    }
    return false;
  }
}
