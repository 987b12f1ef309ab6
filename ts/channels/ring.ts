/**
 * The ring that a channel's numbers go through while nobody waits: memory that all threads fill and empty by themselves, by the protocol
 * of `core/src/channel/ring.rs`. Where it says no, the native call decides.
 */
import { isMainThread } from 'node:worker_threads';
import { binding } from '../isolate.js';
import type { NativeObject } from '../native/binding.js';

const head = binding.RING_HEAD;
const tail = binding.RING_TAIL;
const stamps = binding.RING_STAMPS;
/** Looks before the native call is asked, which lets the thread wait: ten microseconds in all, or a hundred where nothing else is to be done. */
const patience = isMainThread ? 6 : 24;
/** Steps of computing before the first look again, and so many more before each further one. */
const pace = 1024;
/** Looking again is tried once in so many times at least. */
const longestPause = 255;

/**
 * V8 14 (Node 26) has been seen to end a terminated thread between two steps of JavaScript on shared memory, which leaves a slot claimed for
 * ever: there all goes by native calls, which nothing ends.
 */
const mayBeCut = !('Bun' in globalThis) && Number.parseInt(process.versions.v8, 10) >= 14;

/** A ring as this thread sees it. Between claiming a slot and stamping it there is nothing at which a thread could be terminated. */
export class Ring {
  readonly #words: Int32Array;
  readonly #values: Float64Array;
  readonly #slots: number;
  /** The bit that says that native code has the ring to itself; the index is below it, the lap above. */
  readonly #mark: number;
  readonly #lap: number;
  /** Times that it is left to the native call at once, as looking again was in vain. */
  #skip = 0;
  #pause = 0;
  #steps = 0;

  private constructor(words: ArrayBuffer, values: ArrayBuffer) {
    this.#words = new Int32Array(words);
    this.#values = new Float64Array(values);
    this.#slots = this.#values.length;
    this.#mark = 1 << (32 - Math.clz32(this.#slots));
    this.#lap = this.#mark << 1;
  }

  /** The ring of a channel, if it has a buffer. */
  static of(channel: NativeObject): Ring | undefined {
    if (mayBeCut) return undefined;
    const words = binding.channelRingWords(channel);
    const values = binding.channelRingValues(channel);
    return words && values ? new Ring(words, values) : undefined;
  }

  #after(position: number, index: number): number {
    return (index + 1 < this.#slots ? position + 1 : (position & -this.#lap) + this.#lap) | 0;
  }

  /** Whether to look again, at the `look`th look that finds nothing to do. */
  #again(look: number): boolean {
    if (look === 0 && this.#skip > 0) {
      this.#skip--;
      return false;
    }
    if (look < patience) {
      // Not at once: the other thread gets on faster while nobody looks at the slot that it is about to use.
      for (let step = pace * (look + 1); step > 0; step--) this.#steps = (this.#steps + step) | 0;
      return true;
    }
    this.#pause = Math.min(this.#pause * 2 + 1, longestPause);
    this.#skip = this.#pause;
    return false;
  }

  /** Puts a number in, if there is room and the ring is open. One who is `patient` looks for a moment whether there is room soon. */
  push(value: number, patient: boolean): boolean {
    const words = this.#words;
    for (let look = 0; ; look++) {
      const position = Atomics.load(words, tail);
      if ((position & this.#mark) !== 0) return false;
      const index = position & (this.#mark - 1);
      const stamp = Atomics.load(words, stamps + index);
      if (stamp === position) {
        const next = this.#after(position, index);
        if (Atomics.compareExchange(words, tail, position, next) === position) {
          this.#values[index] = value;
          Atomics.store(words, stamps + index, (position + 1) | 0);
          if (look > 0) this.#pause = 0;
          return true;
        }
      } else if (((stamp + this.#lap) | 0) === ((position + 1) | 0) && !(patient && this.#again(look)))
        return false;
      if (look === patience) return false;
    }
  }

  /** Takes the first number out, if there is one and the ring is open. One who is `patient` looks for a moment whether one comes. */
  pop(patient: boolean): number | undefined {
    const words = this.#words;
    for (let look = 0; ; look++) {
      const position = Atomics.load(words, head);
      if ((position & this.#mark) !== 0) return undefined;
      const index = position & (this.#mark - 1);
      const stamp = Atomics.load(words, stamps + index);
      if (stamp === ((position + 1) | 0)) {
        const next = this.#after(position, index);
        if (Atomics.compareExchange(words, head, position, next) === position) {
          const value = this.#values[index];
          Atomics.store(words, stamps + index, (position + this.#lap) | 0);
          if (look > 0) this.#pause = 0;
          return value;
        }
      } else if (stamp === position && !(patient && this.#again(look))) return undefined;
      if (look === patience) return undefined;
    }
  }
}
