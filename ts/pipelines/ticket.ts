/** What an item has while it is in sub-pipelines: its place among the others, and what came of it and waits for its turn. */
import type { Origin } from './origin.js';
import type { Way } from './way.js';

/** Where tickets are of. */
export interface Junction {
  /** Nothing of a part is on its way any more. */
  emptied(part: Part): void;
  /** Something of it is again: a list with it is complete. */
  returned(part: Part): void;
  /** All parts of an item have been gathered or are through for the first time. */
  settled(ticket: Ticket): void;
}

/** What came out of a sub-pipeline, and waits to be passed on. */
export interface Waiting {
  readonly value: unknown;
  /** Whether it is an error. */
  readonly failed: boolean;
  readonly origin: Origin | undefined;
  readonly way: Way | undefined;
}

/** One item. */
export class Ticket {
  readonly item: unknown;
  /** Calls for it in earlier runs. */
  readonly prior: number;
  /** Of the pipeline around that which has the sub-pipelines. */
  readonly origin: Origin | undefined;
  /** Its place. */
  readonly number: number;
  parts: readonly Part[] = [];
  /** Parts that are in their sub-pipelines for the first time. The slot is held for them. */
  pending = 0;
  /** Results that wait to be passed on. */
  waiting = 0;
  /** When its call began, if that is measured. */
  began = 0;
  /** Whether it stands in the line, between those two. */
  standing = false;
  before: Ticket | undefined;
  after: Ticket | undefined;
  /** It has come to something: a result, a list, or an error. */
  counted = false;
  /** It has been put in a list. */
  gathered = false;
  /** It has become a dead letter. */
  dead = false;

  constructor(item: unknown, prior: number, origin: Origin | undefined, number: number) {
    this.item = item;
    this.prior = prior;
    this.origin = origin;
    this.number = number;
  }

  /** Whether nothing of it is on its way, or waits. */
  get empty(): boolean {
    return this.waiting === 0 && this.parts.every(({ count }) => count === 0);
  }
}

/** An item on one of its ways. */
export class Part implements Origin {
  readonly ticket: Ticket;
  /** Where it goes; none for one that was sent nowhere. */
  readonly way: Way | undefined;
  readonly #junction: Junction;
  /** Things of it that are on their way. */
  count = 1;
  /** What came of it, in order, and waits for its turn. */
  readonly results: Waiting[] = [];
  #settled = false;

  constructor(ticket: Ticket, way: Way | undefined, junction: Junction) {
    this.ticket = ticket;
    this.way = way;
    this.#junction = junction;
  }

  get part(): this {
    return this;
  }

  get parts(): readonly [this] {
    return [this];
  }

  hold(): void {
    if (this.count++ === 0) this.#junction.returned(this);
  }

  leave(): void {
    if (--this.count > 0) return;
    this.settle();
    this.#junction.emptied(this);
  }

  gathered(): void {
    this.ticket.counted = true;
    this.ticket.gathered = true;
    this.settle();
    this.leave();
  }

  /** It is through for the first time. */
  settle(): void {
    if (this.#settled) return;
    this.#settled = true;
    if (--this.ticket.pending === 0) this.#junction.settled(this.ticket);
  }

  outer(): Origin | undefined {
    return this.ticket.origin;
  }
}
