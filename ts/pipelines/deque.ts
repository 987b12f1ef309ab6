/** A queue with two ends, in a ring that grows: nothing is moved when its head leaves. */

/** First in, first out. */
export class Deque<T> {
  #ring: (T | undefined)[] = new Array(8);
  #head = 0;
  length = 0;

  push(value: T): void {
    if (this.length === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.length++) & (this.#ring.length - 1)] = value;
  }

  /** The first, which stays. */
  peek(): T | undefined {
    return this.#ring[this.#head];
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const value = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.length--;
    return value;
  }

  clear(): void {
    this.#ring = new Array(8);
    this.#head = 0;
    this.length = 0;
  }

  #grow(): void {
    const { length } = this.#ring;
    const ring = new Array<T | undefined>(length * 2);
    for (let i = 0; i < length; i++) ring[i] = this.#ring[(this.#head + i) & (length - 1)];
    this.#ring = ring;
    this.#head = 0;
  }
}
