/** Counts of times by size, in constant memory. */
import type { TimeStatistics } from '../worker-pools/metrics.js';

/** Buckets for each power of two: values are exact to about 3 %. */
const fine = 16;
/** Times are counted from 1 ns to about an hour; what is longer shares the last bucket. */
export const buckets = 42 * fine;
const nanos = 1e6;

/** The bucket that counts a time. */
export function bucketOf(ms: number): number {
  return ms * nanos <= 1 ? 0 : Math.min(buckets - 1, Math.floor(Math.log2(ms * nanos) * fine));
}

/** What a share `q` of `count` times does not exceed. */
export function quantileOf(counts: ArrayLike<number>, count: number, q: number): number {
  const wanted = Math.max(1, Math.ceil(q * count));
  let seen = 0;
  for (let at = 0; at < buckets; at++) {
    seen += counts[at] ?? 0;
    if (seen >= wanted) return 2 ** ((at + 0.5) / fine) / nanos;
  }
  return Infinity;
}

/** A histogram of milliseconds. */
export class Times {
  #counts: Uint32Array | undefined;
  #count = 0;
  #sum = 0;
  #min = Infinity;
  #max = 0;

  record(ms: number): void {
    this.#counts ??= new Uint32Array(buckets);
    (this.#counts[bucketOf(ms)] as number)++;
    this.#count++;
    this.#sum += ms;
    if (ms < this.#min) this.#min = ms;
    if (ms > this.#max) this.#max = ms;
  }

  get count(): number {
    return this.#count;
  }

  get mean(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count;
  }

  /** What a share `q` of all times does not exceed. */
  quantile(q: number): number {
    const middle = quantileOf(this.#counts ?? [], this.#count, q);
    return Math.min(Math.max(middle, this.#min), this.#max);
  }

  statistics(): TimeStatistics {
    const of = (q: number): number => (this.#count === 0 ? 0 : this.quantile(q));
    return {
      count: this.#count,
      mean: this.mean,
      min: this.#count === 0 ? 0 : this.#min,
      p50: of(0.5),
      p90: of(0.9),
      p99: of(0.99),
      p999: of(0.999),
      max: this.#max,
    };
  }

  clear(): void {
    this.#counts = undefined;
    this.#count = 0;
    this.#sum = 0;
    this.#min = Infinity;
    this.#max = 0;
  }
}
