/**
 * Time limits of calls: one timer for all that run in this thread. To start and stop one costs some list links and neither a timer nor
 * a look at the clock: what begins in one turn of the event loop shares a stamp that is taken when the turn ends, so a limit is never
 * early, and late by what is left of the turn in which it began.
 *
 * Limits of one length stand in one list, which is in order of their ends by itself; lengths are rounded up to whole milliseconds. While
 * one runs it keeps the event loop alive.
 */
import { AsyncResource } from 'node:async_hooks';

/** The clock's answer for all that began in one turn of the event loop. */
interface Turn {
  began: number;
}

/** Something to be told when its time is over. Runs from `startDeadline` to `stopDeadline`, or to its end. */
export abstract class Deadline {
  /** @internal */
  list: List | undefined;
  /** @internal */
  turn: Turn | undefined;
  /** @internal */
  previous: Deadline | undefined;
  /** @internal */
  next: Deadline | undefined;

  /** Its time is over. Must not throw. */
  abstract overdue(): void;
}

/** All of one length. */
class List {
  readonly ms: number;
  first: Deadline | undefined;
  last: Deadline | undefined;
  constructor(ms: number) {
    this.ms = ms;
  }

  /** When its first one ends: never, if it has none or their turn lasts. */
  get ends(): number {
    return this.first === undefined ? Infinity : (this.first.turn as Turn).began + this.ms;
  }

  add(deadline: Deadline): void {
    deadline.previous = this.last;
    if (this.last === undefined) this.first = deadline;
    else this.last.next = deadline;
    this.last = deadline;
  }

  remove({ previous, next }: Deadline): void {
    if (previous === undefined) this.first = next;
    else previous.next = next;
    if (next === undefined) this.last = previous;
    else next.previous = previous;
  }
}

/** The longest that a timer of the platform waits. */
const longest = 2 ** 31 - 1;
/** The lists nobody stands in are kept up to here, as the next call will want its own again. */
const kept = 64;

const lists = new Map<number, List>();
let recent: List | undefined;
let running = 0;
let turn: Turn | undefined;
let alarm: NodeJS.Timeout | undefined;
let alarmAt = Infinity;
let holding = false;
/** Timers hold the context they are made in: not that of the call which happens to need the first. */
const root = new AsyncResource('millrace', { requireManualDestroy: true });

function listOf(ms: number): List {
  const whole = Math.ceil(ms);
  if (recent?.ms === whole) return recent;
  let list = lists.get(whole);
  if (list === undefined) lists.set(whole, (list = new List(whole)));
  return (recent = list);
}

/** Begins the time of a deadline that is not running. `ms` is checked by the caller: at least 0. */
export function startDeadline(deadline: Deadline, ms: number): void {
  const list = listOf(ms);
  if (turn === undefined) {
    turn = { began: Infinity };
    root.runInAsyncScope(setImmediate, undefined, endTurn);
  }
  deadline.turn = turn;
  deadline.list = list;
  list.add(deadline);
  running++;
}

/** Ends it before its time. Does nothing to one that is not running. */
export function stopDeadline(deadline: Deadline): void {
  const { list } = deadline;
  if (list === undefined) return;
  list.remove(deadline);
  deadline.list = undefined;
  deadline.turn = undefined;
  deadline.previous = undefined;
  deadline.next = undefined;
  if (--running === 0 && holding) {
    holding = false;
    alarm?.unref();
  }
}

function endTurn(): void {
  const now = performance.now();
  (turn as Turn).began = now;
  turn = undefined;
  setAlarm(now);
}

/** Sets the timer to the next end, if it is not set to an earlier one. */
function setAlarm(now: number): void {
  if (running === 0) return;
  let next = Infinity;
  for (const list of lists.values()) {
    if (list.ends < next) next = list.ends;
    else if (list.first === undefined && list !== recent && lists.size > kept) lists.delete(list.ms);
  }
  if (next < alarmAt) {
    if (alarm !== undefined) clearTimeout(alarm);
    alarmAt = next;
    const wait = Math.min(Math.max(Math.ceil(next - now), 1), longest);
    alarm = root.runInAsyncScope(setTimeout, undefined, ring, wait) as unknown as NodeJS.Timeout;
    holding = true;
  } else if (!holding && alarm !== undefined) {
    holding = true;
    alarm.ref();
  }
}

function ring(): void {
  alarm = undefined;
  alarmAt = Infinity;
  holding = false;
  const now = performance.now();
  for (let due = firstDue(now); due !== undefined; due = firstDue(now)) {
    stopDeadline(due);
    due.overdue();
  }
  setAlarm(now);
}

/** Whose time was over first. */
function firstDue(now: number): Deadline | undefined {
  let due: List | undefined;
  for (const list of lists.values()) {
    if (list.ends <= (due?.ends ?? now)) due = list;
  }
  return due?.first;
}
