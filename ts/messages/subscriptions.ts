/** The subscriptions of one thread, and calling them in order. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { isThenable } from '../thenable.js';
import { type Counts, count } from './metrics.js';
import { Pattern } from './names.js';

/** What a subscriber is called with beside the payload. */
export interface EventInfo<E extends string = string> {
  /** The event's name. */
  readonly event: E;
}

/** A subscriber's function. @internal */
export type SubscriberFunction = (payload: unknown, info: EventInfo) => unknown;

/** One subscription. @internal */
export class Subscription {
  readonly pattern: Pattern;
  /** In the context that it was made in. */
  readonly call: SubscriberFunction;
  closed = false;

  constructor(pattern: string, fn: SubscriberFunction) {
    this.pattern = new Pattern(pattern);
    this.call = AsyncLocalStorage.bind(fn);
  }
}

/** An event on its way to those who had subscribed when it came. */
interface Delivery {
  event: string;
  payload: unknown;
  to: readonly Subscription[];
}

/** @internal */
export class Subscriptions {
  readonly #all = new Set<Subscription>();
  readonly #counts: Counts;
  readonly #failed: (error: unknown, event: string) => void;
  #delivering = false;
  #queue: Delivery[] = [];

  constructor(counts: Counts, failed: (error: unknown, event: string) => void) {
    this.#counts = counts;
    this.#failed = failed;
  }

  get size(): number {
    return this.#all.size;
  }

  add(subscription: Subscription): void {
    this.#all.add(subscription);
  }

  /** Says whether it was there. */
  remove(subscription: Subscription): boolean {
    subscription.closed = true;
    return this.#all.delete(subscription);
  }

  clear(): void {
    for (const subscription of this.#all) this.remove(subscription);
  }

  /** The patterns, in order. */
  get patterns(): string[] {
    return Array.from(this.#all, ({ pattern }) => pattern.text);
  }

  /** Who is to be told of an event, in the order in which they subscribed. */
  matching(event: string): Subscription[] {
    return Array.from(this.#all).filter(({ pattern }) => pattern.matches(event));
  }

  /** Tells subscribers of an event. One that comes while another is told is told after it, so that all see the same order. */
  deliver(event: string, payload: unknown, to: readonly Subscription[]): void {
    if (this.#delivering) {
      this.#queue.push({ event, payload, to });
      return;
    }
    this.#delivering = true;
    this.#tell(event, payload, to);
    for (let at = 0; at < this.#queue.length; at++) {
      const next = this.#queue[at] as Delivery;
      this.#tell(next.event, next.payload, next.to);
    }
    this.#queue = [];
    this.#delivering = false;
  }

  #tell(event: string, payload: unknown, to: readonly Subscription[]): void {
    const info = { event };
    for (const subscription of to) {
      if (subscription.closed) continue;
      this.#counts.add(count.delivered);
      try {
        const result = subscription.call(payload, info);
        if (isThenable(result)) result.then(undefined, (error) => this.#failed(error, event));
      } catch (error) {
        this.#failed(error, event);
      }
    }
  }
}
