/**
 * Items that go through sub-pipelines in one run. Each has a ticket: its place in the line, as long as anything of it is on its way or
 * waits to be passed on. One that has been put in a list gives its place up, so that nobody waits for a list to become full; when it is,
 * it comes out in the place of its last item. If that place is passed by then, as when a list is cut by time, it is the next to come.
 */
import { Deque } from './deque.js';
import { Failing, type Verdict } from './failing.js';
import type { ForkStage } from './fork-stage.js';
import { Lane } from './lane.js';
import { Line } from './line.js';
import type { Origin } from './origin.js';
import type { Run } from './run.js';
import type { SlotWaiter } from './slots.js';
import { type Junction, Part, Ticket, type Waiting } from './ticket.js';
import { type Crossing, Way } from './way.js';

export class ForkLane extends Lane implements SlotWaiter, Junction, Crossing {
  readonly run: Run;
  readonly #stage: ForkStage;
  readonly #index: number;
  readonly #ordered: boolean;
  readonly #capacity: number;
  readonly #failing: Failing;
  readonly #ways: readonly Way[];
  /** Items that wait for a slot, or for their way to have room. */
  readonly #queue = new Deque<Ticket>();
  /** All that have a ticket, those included. */
  readonly #line = new Line();
  /** Results that have no place: none does without order, nor what another source has brought. */
  readonly #loose = new Deque<Waiting>();
  #number = 0;
  #standing = false;
  #starting = false;
  #flushing = false;
  #finishing = false;
  /** Nothing more goes the ways. */
  #ending = false;
  #over = false;

  constructor(run: Run, stage: ForkStage, index: number) {
    super();
    this.run = run;
    this.#stage = stage;
    this.#index = index;
    this.#ordered = stage.ordered ?? run.plan.ordered;
    this.#capacity = stage.slots.limit + stage.bufferSize;
    this.#failing = new Failing(run, stage, index, this.#ordered);
    this.#ways = stage.ways.map((to) => new Way(to, this));
  }

  override begin(): void {
    try {
      for (const way of this.#ways) if (way.eager && !this.run.ended) way.begin();
    } catch (error) {
      void this.run.stop(error);
    }
  }

  admits(): boolean {
    if (this.#line.length < this.#capacity) return true;
    this.wanted = true;
    return false;
  }

  take(value: unknown, origin?: Origin): void {
    if (this.#index > this.run.cutAt) this.#enter(new Ticket(value, 0, origin, this.#number++));
  }

  override takeAgain(value: unknown, attempts: number): void {
    this.#enter(new Ticket(value, attempts, undefined, this.#number++));
  }

  #enter(ticket: Ticket): void {
    this.#stage.meter.in++;
    this.#stand(ticket);
    this.#queue.push(ticket);
    this.start();
  }

  #stand(ticket: Ticket): void {
    this.#stage.meter.held++;
    this.#line.add(ticket);
  }

  /** Sends on their ways as many as can go. */
  start(): void {
    // What it calls may come back here.
    if (this.#starting) return;
    this.#starting = true;
    while (!this.#standing && !this.run.ended && this.#index > this.run.cutAt) if (!this.#next()) break;
    this.#starting = false;
  }

  /** Sends the next on its ways. Whether there is one that can go. */
  #next(): boolean {
    const { slots } = this.#stage;
    const ticket = this.#queue.peek();
    if (ticket === undefined) return false;
    if (ticket.parts.length === 0 && !this.#choose(ticket)) return true;
    if (!ticket.parts.every(({ way }) => way?.admits())) return false;
    if (slots.take()) this.#begin(ticket);
    else {
      this.#standing = true;
      slots.wait(this);
    }
    return true;
  }

  granted(direct: boolean): void {
    this.#standing = false;
    if (direct) this.#resumed();
    else this.run.resource.runInAsyncScope(this.#resumed, this);
  }

  /** It has a slot. */
  #resumed(): void {
    const ticket = this.#index > this.run.cutAt ? this.#queue.peek() : undefined;
    // The way may have been blocked meanwhile: whoever opens it calls.
    if (ticket?.parts.every(({ way }) => way?.admits())) this.#begin(ticket);
    else this.#stage.slots.give(undefined);
    this.start();
  }

  /** Asks where an item goes. If that fails it goes nowhere. */
  #choose(ticket: Ticket): boolean {
    try {
      const parts = this.#stage.choose(ticket.item).map((at) => new Part(ticket, this.#ways[at], this));
      // The call itself may have ended the run.
      if (this.run.ended) return false;
      for (const { way } of parts) way?.begin();
      ticket.parts = parts;
      return true;
    } catch (error) {
      this.#queue.shift();
      const part = new Part(ticket, undefined, this);
      ticket.parts = [part];
      this.failed(part, error);
      return false;
    }
  }

  /** Sends the next on its ways, with a slot. */
  #begin(ticket: Ticket): void {
    const { meter } = this.#stage;
    this.#queue.shift();
    meter.inFlight++;
    ticket.pending = ticket.parts.length;
    ticket.began = meter.begin();
    for (const part of ticket.parts) {
      if (this.run.ended) part.settle();
      else part.way?.send(part);
    }
  }

  settled({ began }: Ticket): void {
    const { meter, slots } = this.#stage;
    if (began !== 0) meter.end(began);
    meter.inFlight--;
    slots.give(this.run.ended ? undefined : this.run);
  }

  returned(part: Part): void {
    const { ticket, way } = part;
    if (!ticket.standing) {
      ticket.origin?.hold();
      this.#stand(ticket);
    }
    if (!this.#ending) return;
    part.count++;
    way?.back.push(part);
  }

  emptied({ ticket }: Part): void {
    if (this.run.ended) return;
    this.#close(ticket);
    this.#flush();
  }

  /** Gives its place up, if nothing of it is left. */
  #close(ticket: Ticket): void {
    if (!ticket.standing || !ticket.empty) return;
    const { meter } = this.#stage;
    this.#line.remove(ticket);
    meter.held--;
    if (!ticket.counted) meter.filtered++;
    if (ticket.gathered) ticket.origin?.gathered();
    else ticket.origin?.leave();
  }

  gave(value: unknown, failed: boolean, origin: Origin | undefined, way: Way | undefined): void {
    if (this.run.ended) return;
    const part = origin?.part;
    if (way !== undefined) way.stored++;
    const waiting = { value, failed, origin, way };
    if (part === undefined) this.#loose.push(waiting);
    else {
      part.ticket.waiting++;
      part.ticket.counted = true;
      if (this.#ordered) part.results.push(waiting);
      else this.#loose.push(waiting);
    }
    origin?.leave();
    this.#flush();
  }

  failed(part: Part, error: unknown): void {
    part.settle();
    if (this.run.ended) return;
    const judged = (verdict: Verdict): void => {
      if (verdict === undefined) part.leave();
      else this.gave(verdict.error, true, part, part.way);
    };
    const verdict = this.judge(error, part);
    if (!(verdict instanceof Promise)) {
      judged(verdict);
      return;
    }
    this.run.calls++;
    void verdict.then((late) => {
      this.run.left();
      if (!this.run.ended) judged(late);
    });
  }

  judge(error: unknown, origin: Origin | undefined): Verdict | Promise<Verdict> {
    const parts = origin?.parts ?? [undefined];
    const outer = this.#outer(origin);
    const buries = this.#failing.policy === 'dead-letter';
    // What another source has brought into a sub-pipeline cannot be sent again.
    if (buries && parts.includes(undefined)) return this.#failing.fail(error, outer);
    const tickets = new Set(parts.map((part) => part?.ticket));
    const items = [...tickets].flatMap((ticket) => {
      if (ticket === undefined) return [{ item: undefined, attempts: 0 }];
      if (buries && ticket.dead) return [];
      ticket.counted = true;
      ticket.dead ||= buries;
      return [{ item: ticket.item, attempts: ticket.prior + 1 }];
    });
    return this.#failing.judge(items, error, outer);
  }

  #outer(origin: Origin | undefined): Origin | undefined {
    return this.run.host === undefined ? undefined : origin?.outer();
  }

  room(way: Way): boolean {
    if (way.stored < this.#capacity) return true;
    if (!this.#ordered) return false;
    // What the first one waits for may be behind others in its way.
    for (const { count, results, way: its } of this.#line.first?.parts ?? []) {
      if (results.length > 0) return false;
      if (count > 0) return its === way;
    }
    return false;
  }

  /** Passes on what has its turn. */
  #flush(): void {
    if (this.#flushing || this.run.ended) return;
    this.#flushing = true;
    while (!this.run.ended && this.#pass());
    this.#flushing = false;
    if (this.run.ended) return;
    for (const way of this.#ways) way.wake();
    if (this.#line.length < this.#capacity) this.wake();
    this.#end();
  }

  /** Passes on one result, if it may. */
  #pass(): boolean {
    const loose = this.#loose.peek();
    if (loose !== undefined) return this.#emit(loose, this.#loose);
    for (const { count, results } of this.#line.first?.parts ?? []) {
      const [result] = results;
      if (result !== undefined) return this.#emit(result, results);
      if (count > 0) return false;
    }
    return false;
  }

  #emit(waiting: Waiting, from: { shift(): unknown }): boolean {
    const { value, failed, origin, way } = waiting;
    if (!failed && !this.next.admits()) return false;
    from.shift();
    if (way !== undefined) way.stored--;
    const ticket = origin?.part?.ticket;
    if (ticket !== undefined) ticket.waiting--;
    const outer = this.#outer(origin);
    outer?.hold();
    if (failed) this.next.takeError(value, outer);
    else {
      this.#stage.meter.out++;
      this.next.take(value, outer);
    }
    if (ticket !== undefined && !this.run.ended) this.#close(ticket);
    return true;
  }

  takeError(error: unknown, origin?: Origin): void {
    if (!this.#ordered && this.run.host === undefined) void this.run.stop(error);
    else if (!this.#ordered) this.next.takeError(error, origin);
    else {
      const ticket = new Ticket(undefined, 0, origin, this.#number++);
      const part = new Part(ticket, undefined, this);
      ticket.parts = [part];
      this.#stand(ticket);
      this.gave(error, true, part, undefined);
    }
  }

  finish(): void {
    this.#finishing = true;
    this.#flush();
  }

  /**
   * When all items are through, or in lists, these are given out as they are. Each has its place before the first comes, and keeps it until
   * its way has ended.
   */
  #end(): void {
    if (!this.#finishing || this.#over || this.#line.length > 0 || this.#loose.length > 0) return;
    if (this.#ending) {
      if (!this.#ways.every(({ over }) => over)) return;
      this.#over = true;
      this.next.finish();
      return;
    }
    this.#ending = true;
    this.#flushing = true;
    for (const part of this.#ways.flatMap((way) => way.open)) {
      part.hold();
      part.leave();
    }
    for (const way of this.#ways) if (!this.run.ended) way.finish();
    this.#flushing = false;
    this.#flush();
  }

  override get open(): readonly Part[] {
    return this.#ways.flatMap((way) => way.open).flatMap((part) => part.outer()?.part ?? []);
  }

  ended(): void {
    this.#flush();
  }

  resume(): void {
    this.#flush();
  }

  stop(reason: unknown): void {
    this.#stage.meter.held -= this.#line.length;
    for (const way of this.#ways) way.stop(reason);
    for (const { parts } of this.#line) {
      // What goes its way alone has its slot until it is back.
      for (const part of parts) if (part.way?.shared) part.settle();
    }
    this.#line.clear();
    this.#queue.clear();
    this.#loose.clear();
  }
}
