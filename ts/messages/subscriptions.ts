/** The subscriptions of one thread, and calling them in order. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { isThenable } from '../thenable.js';
import { type Counts, count } from './metrics.js';
import { Pattern } from './names.js';
import type { Within } from './run.js';

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
  readonly fn: SubscriberFunction;
  /** The context that it was made in: events of other threads have no other. */
  readonly within: Within = AsyncLocalStorage.snapshot();
  closed = false;

  constructor(pattern: string, fn: SubscriberFunction) {
    this.pattern = new Pattern(pattern);
    this.fn = fn;
  }
}

/** An event on its way to those who had subscribed when it came. */
interface Delivery {
  event: string;
  payload: unknown;
  to: readonly Subscription[];
  /** The publisher's context, if it is in this thread. */
  within: Within | undefined;
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

  /**
   * Tells subscribers of an event, of this thread's in the current context. One that comes while another is told is told after it, so that all
   * see the same order.
   */
  deliver(event: string, payload: unknown, to: readonly Subscription[], far: boolean): void {
    if (this.#delivering) {
      const within: Within | undefined = far ? undefined : AsyncLocalStorage.snapshot();
      this.#queue.push({ event, payload, to, within });
      return;
    }
    this.#delivering = true;
    this.#tell(event, payload, to, far);
    for (let at = 0; at < this.#queue.length; at++) {
      const next = this.#queue[at] as Delivery;
      if (next.within === undefined) this.#tell(next.event, next.payload, next.to, true);
      else next.within(() => this.#tell(next.event, next.payload, next.to, false));
    }
    this.#queue = [];
    this.#delivering = false;
  }

  #tell(event: string, payload: unknown, to: readonly Subscription[], far: boolean): void {
    const info = { event };
    for (const subscription of to) {
      if (subscription.closed) continue;
      this.#counts.add(count.delivered);
      try {
        const { fn, within } = subscription;
        const result = far ? within(() => fn(payload, info)) : fn(payload, info);
        if (isThenable(result)) result.then(undefined, (error) => this.#failed(error, event));
      } catch (error) {
        this.#failed(error, event);
      }
    }
  }
}
