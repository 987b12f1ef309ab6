/**
 * What this thread waits for: a table of numbers that native code settles, each exactly once.
 *
 * The table's entry is the promise's own `resolve` wherever that is enough, so a plain wait costs one array slot.
 * While anything waits here, the event loop is kept alive.
 */

import { onRecord, recordKind, records } from './isolate.js';
import { planLinger } from './linger.js';
import { hold, release } from './loop.js';
import type { Received } from './values.js';
import { received } from './values.js';

/** How a wait ended; the numbers of `src/pool/message.rs`. */
export const status = {
  fulfilled: 0,
  rejected: 1,
  aborted: 2,
  timedOutWaiting: 3,
  timedOutRunning: 4,
  crashed: 5,
  replaced: 6,
  closed: 7,
  broken: 8,
  signal: 9,
  full: 10,
  ended: 11,
  timedOut: 12,
} as const;

/** A wait that needs to know more than its result. */
export interface Wait {
  /** Called once, when the wait ends. */
  settle(how: number, detail: number, value: Received): void;
  /** It does not keep the event loop alive. */
  readonly idle?: true;
  /** Called for each item of a stream. */
  item?(value: Received): void;
}

type Resolve = (value: unknown) => void;
type Entry = Resolve | Wait | undefined;

/** Makes the error a plain wait is rejected with. */
export type Failing = (how: number, detail: number, value: unknown) => unknown;

const table: Entry[] = [];
const free: number[] = [];
let failing: Failing = (how) => new Error(`status ${how}`);

/** Says how a failed plain wait becomes an error. */
export function onFailure(make: Failing): void {
  failing = make;
}

/** The number that the next wait to be entered gets: native code may be told of it before it is. */
export function nextWait(): number {
  return free.length > 0 ? (free[free.length - 1] as number) : table.length;
}

/** Enters a wait and gives its number. */
export function enter(entry: Resolve | Wait): number {
  if (typeof entry === 'function' || entry.idle === undefined) {
    hold();
    planLinger();
  }
  const id = free.pop();
  if (id === undefined) return table.push(entry) - 1;
  table[id] = entry;
  return id;
}

/** Takes a wait back that native code has not heard of. */
export function withdraw(id: number): void {
  const entry = table[id];
  table[id] = undefined;
  free.push(id);
  if (typeof entry === 'function' || entry?.idle === undefined) release();
}

/** Keeps the event loop alive for something that is no wait, such as being a worker; the counterpart lets go. */
export function holdLoop(): () => void {
  hold();
  return release;
}

onRecord(recordKind.settled, (at) => {
  const id = records[at + 1] as number;
  const how = records[at + 2] as number;
  const entry = table[id];
  const detail = records[at + 7] as number;
  const value = received(at + 3);
  withdraw(id);
  if (typeof entry === 'function') {
    if (how === status.fulfilled && !(value instanceof Promise)) entry(value);
    else entry(finish(how, detail, value));
  } else entry?.settle(how, detail, value);
});

onRecord(recordKind.item, (at) => {
  const entry = table[records[at + 1] as number];
  const value = received(at + 3);
  if (typeof entry === 'object') entry.item?.(value);
});

/**
 * The promise of a wait that failed, or whose value is still on its way from another thread. A promise that is resolved with
 * it gets an error whose stack names the functions that await that promise.
 */
export async function finish(how: number, detail: number, value: Received): Promise<unknown> {
  const settled = await value;
  if (how === status.fulfilled || how === status.signal) return settled;
  // Only after another turn does the engine know who awaits this promise in the end.
  await undefined;
  throw failing(how, detail, settled);
}
