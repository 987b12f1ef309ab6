/** What a bus counts. Each thread has a place of its own in memory that all of them see, so counting is no more than adding to a number. */
import { threadId } from 'node:worker_threads';
import { fast } from '../isolate.js';
import { SharedMemory } from '../memory/shared-memory.js';
import { bucketOf, buckets, quantileOf } from '../pipelines/times.js';
import type { TimeStatistics } from '../worker-pools/metrics.js';

/** A bus's counts over all threads, those that have ended included, since it was made. */
export interface MessageBusMetrics {
  /** Commands sent. Those that no other count below has were answered, are on their way, could not be cloned or were ended by `close`. */
  commands: number;
  /** Commands whose handler threw, or ran longer than it may. */
  failures: number;
  /** Commands that were not answered in time. */
  timeouts: number;
  /** Commands that were cancelled. */
  cancelled: number;
  /** Commands that no handler had room for. */
  refused: number;
  /** Commands whose thread ended before it answered. */
  lost: number;
  /** Commands that nobody handles. */
  deadLetters: number;
  /** Events published. */
  published: number;
  /** Calls of subscribers: an event counts as often as it has them. */
  delivered: number;
  /** Handlers there are now. */
  handlers: number;
  /** Subscriptions there are now. */
  subscriptions: number;
  /**
   * Milliseconds from sending a command to its answer, whether result or error, as the sender saw it: of each of the first 1024 of a thread,
   * then of every 64th.
   */
  latency: TimeStatistics;
}

/** What is counted, by its place. @internal */
export const count = {
  commands: 0,
  failures: 1,
  timeouts: 2,
  cancelled: 3,
  refused: 4,
  lost: 5,
  deadLetters: 6,
  published: 7,
  delivered: 8,
} as const;
/** Then what concerns times. */
const [timed, sum, min, max, numbers] = [9, 10, 11, 12, 16];

/** Before the seats: the directory's version, then a bit for each seat that was ever taken. */
const head = 256;
const seats = 1024;
/** A multiple of a cache line. */
const seatBytes = 24 * 128;
/** Commands of a thread that are all measured, and of how many one is after that. */
const [first, every] = [1024, 64];

/** The memory that the threads of a bus share. It takes real memory only for threads that there were. @internal */
export class Counts {
  readonly #memory: SharedMemory;
  /** The directory's version is the first of them. */
  words: Int32Array;
  #numbers: Float64Array;
  #times: Uint32Array;
  #last: Omit<MessageBusMetrics, 'handlers' | 'subscriptions'> | undefined;

  constructor(name: string) {
    this.#memory = new SharedMemory(head + seats * seatBytes, { name });
    this.words = this.#memory.view(Int32Array, 0, head / 4);
    // Thread numbers grow: two that share a seat live a thousand threads apart, and none does with the main thread.
    const seat = threadId === 0 ? 0 : 1 + (threadId % (seats - 1));
    const at = head + seat * seatBytes;
    this.#numbers = this.#memory.view(Float64Array, at, numbers);
    this.#times = this.#memory.view(Uint32Array, at + numbers * 8, buckets);
    Atomics.or(this.words, 1 + (seat >> 5), 1 << (seat & 31));
  }

  /** Counts one. */
  add(what: number): void {
    (this.#numbers[what] as number)++;
  }

  /** Counts a command. Says when it begins, if it is one to be measured; otherwise 0. */
  begin(): number {
    const sent = ++(this.#numbers[count.commands] as number);
    return sent > first && sent % every !== 0 ? 0 : fast.now();
  }

  /** A command that was measured has its answer. */
  end(began: number): void {
    const ms = fast.now() - began;
    const numbers = this.#numbers;
    (numbers[timed] as number)++;
    (numbers[sum] as number) += ms;
    if (numbers[timed] === 1 || ms < (numbers[min] as number)) numbers[min] = ms;
    if (ms > (numbers[max] as number)) numbers[max] = ms;
    (this.#times[bucketOf(ms)] as number)++;
  }

  /** All threads' counts. */
  read(): Omit<MessageBusMetrics, 'handlers' | 'subscriptions'> {
    if (this.#last !== undefined) return this.#last;
    const totals = new Array<number>(numbers).fill(0);
    const times = new Array<number>(buckets).fill(0);
    let [shortest, longest] = [Infinity, 0];
    for (let seat = 0; seat < seats; seat++) {
      if (((this.words[1 + (seat >> 5)] as number) & (1 << (seat & 31))) === 0) continue;
      const at = head + seat * seatBytes;
      const own = this.#memory.view(Float64Array, at, numbers);
      own.forEach((value, n) => ((totals[n] as number) += value));
      this.#memory.view(Uint32Array, at + numbers * 8, buckets).forEach((value, n) => {
        (times[n] as number) += value;
      });
      if ((own[timed] as number) > 0) shortest = Math.min(shortest, own[min] as number);
      longest = Math.max(longest, own[max] as number);
    }
    const of = (what: number): number => totals[what] as number;
    const measured = of(timed);
    const quantile = (q: number): number =>
      measured === 0 ? 0 : Math.min(Math.max(quantileOf(times, measured, q), shortest), longest);
    return {
      commands: of(count.commands),
      failures: of(count.failures),
      timeouts: of(count.timeouts),
      cancelled: of(count.cancelled),
      refused: of(count.refused),
      lost: of(count.lost),
      deadLetters: of(count.deadLetters),
      published: of(count.published),
      delivered: of(count.delivered),
      latency: {
        count: measured,
        mean: measured === 0 ? 0 : of(sum) / measured,
        min: measured === 0 ? 0 : shortest,
        p50: quantile(0.5),
        p90: quantile(0.9),
        p99: quantile(0.99),
        p999: quantile(0.999),
        max: longest,
      },
    };
  }

  /** Lets go of the memory. What was counted until then can still be read. */
  close(): void {
    if (this.#last !== undefined) return;
    this.#last = this.read();
    // What still ends is counted nowhere.
    this.words = new Int32Array(head / 4);
    this.#numbers = new Float64Array(numbers);
    this.#times = new Uint32Array(buckets);
    this.#memory.close();
  }
}
