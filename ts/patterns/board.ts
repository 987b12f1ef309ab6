/**
 * What the threads of the process see of each other's patterns: a map in which each thread writes how its own stand. A thread writes when
 * one is registered, when calls through `BasePattern` end, and when it is asked to, by a broadcast to which the threads with patterns
 * subscribe. Who subscribes no more has none, or has ended: what it wrote counts no longer.
 */
import { threadId } from 'node:worker_threads';
import { Broadcast } from '../channels/broadcast.js';
import type { Channel } from '../channels/channel.js';
import { WaitTimeoutError } from '../errors.js';
import { fast } from '../isolate.js';
import { AtomicI32 } from '../memory/atomic-i32.js';
import { SharedMap } from '../memory/shared-map.js';
import type { WaitOptions } from '../wait-options.js';
import { enter, nextWait, status } from '../waits.js';
import { AdaptedPattern } from './as-pattern.js';
import type { BasePattern } from './base-pattern.js';
import { onCounted } from './counted.js';
import { nothingCounted, type PatternStanding } from './metrics.js';

/** A pattern as it is registered. */
export interface Registered {
  readonly name: string;
  readonly pattern: BasePattern;
  readonly dependsOn: readonly string[];
}

/** What is in the map: a pattern's standing with the time at which it was so, or by its number a thread's last answer. */
type Post = Omit<PatternStanding, 'age'> & { at: number };

interface Board {
  readonly posts: SharedMap<string, Post | number>;
  readonly asks: Broadcast<null>;
  readonly answers: AtomicI32;
}

/** Who does not answer is looked after so often, in milliseconds: its thread may have ended. */
const patience = 50;
const me = String(threadId);
/** What is registered in this thread, by numbers that are never used again. */
const mine = new Map<number, Registered>();
/** Changes that are written at once in one turn of the event loop: about a tenth of a millisecond of them. */
const atOnce = 16;
let spent = 0;
/** What else has changed in it. */
const changed = new Set<number>();
let last = 0;
let opened: Board | undefined;

function board(): Board {
  return (opened ??= {
    posts: new SharedMap({ name: 'millrace.patterns' }),
    asks: new Broadcast({ name: 'millrace.patterns' }),
    answers: new AtomicI32(0, { name: 'millrace.patterns' }),
  });
}

/** Lets all threads see a pattern, until the function that it gives is called. */
export function show(registered: Registered): () => void {
  const id = ++last;
  if (mine.size === 0) listen(board().asks.subscribe(me, 1, { onSlow: 'drop-newest' }));
  mine.set(id, registered);
  post(id);
  const forget = onCounted(registered.pattern, () => postSoon(id));
  return () => {
    forget();
    if (!mine.delete(id)) return;
    board().posts.delete(`${me}/${id}`);
    if (mine.size > 0) return;
    board().asks.unsubscribe(me);
    board().posts.delete(me);
  };
}

/** Writes what has changed: before anything else goes on, or when the event loop's turn ends if there is much to be written. */
function postSoon(id: number): void {
  if (spent === 0) setImmediate(endTurn).unref();
  if (++spent > atOnce) changed.add(id);
  else queueMicrotask(() => mine.has(id) && post(id));
}

function endTurn(): void {
  spent = 0;
  for (const id of changed) if (mine.has(id)) post(id);
  changed.clear();
}

/** Answers whoever asks. This alone keeps no event loop alive. */
function listen(asks: Channel<null>): void {
  const heard = (how: number): void => {
    if (how !== status.fulfilled) return;
    answer();
    listen(asks);
  };
  const got = fast.channelReceive(asks.handle, nextWait());
  if (got === false) enter({ idle: true, settle: heard, keeps: asks } as never);
  else if (got !== undefined) heard(status.fulfilled);
}

function answer(): void {
  const { posts, answers } = board();
  for (const id of mine.keys()) post(id);
  posts.set(me, fast.now());
  answers.add(1);
  answers.notify();
}

function standing({ name, pattern, dependsOn }: Registered): Omit<PatternStanding, 'age'> {
  const kind = (pattern instanceof AdaptedPattern ? pattern.object : pattern).constructor.name;
  try {
    const [running, metrics] = [pattern.isRunning(), pattern.getMetrics()];
    return { name, kind, thread: threadId, running, dependsOn, metrics };
  } catch (error) {
    // One that cannot tell must not keep the others from it.
    const metrics = { ...nothingCounted(), details: error };
    return { name, kind, thread: threadId, running: false, dependsOn, metrics };
  }
}

function post(id: number): void {
  const { posts } = board();
  const now = { ...standing(mine.get(id) as Registered), at: fast.now() };
  try {
    posts.set(`${me}/${id}`, now);
  } catch {
    // What it tells of itself cannot be cloned.
    const { details, ...metrics } = now.metrics;
    posts.set(`${me}/${id}`, { ...now, metrics });
  }
}

/** How all patterns stand: this thread's now, the others' as they last wrote. */
export function standings(): PatternStanding[] {
  const { posts, asks } = board();
  const alive = new Set(asks.subscribers.map(({ id }) => id));
  const all = [...mine.values()].map((registered) => ({ ...standing(registered), age: 0 }));
  const own = mine.size + (posts.has(me) ? 1 : 0);
  if (posts.size === own) return all;
  const now = fast.now();
  for (const [key, value] of posts) {
    const [thread = ''] = key.split('/');
    if (!alive.has(thread)) posts.delete(key);
    else if (thread !== me && typeof value === 'object') {
      const { at, ...others } = value;
      all.push({ ...others, age: Math.max(0, now - at) });
    }
  }
  return all.sort((one, other) => one.thread - other.thread);
}

/** Asks all other threads to write how theirs stand. */
export function ask(): void {
  const { asks } = board();
  // Whoever has a question waiting answers it later than this one.
  void asks.send(null);
}

/** Resolves when all other threads have written how theirs stand now. */
export async function asked({ signal, timeout = Infinity }: WaitOptions): Promise<void> {
  const { posts, asks, answers } = board();
  const began = fast.now();
  ask();
  for (;;) {
    const seen = answers.load();
    const late = asks.subscribers.some(
      ({ id }) => id !== me && Number(posts.get(id) ?? Number.NEGATIVE_INFINITY) < began,
    );
    if (!late) return;
    const left = began + timeout - fast.now();
    if (left <= 0) throw new WaitTimeoutError(timeout);
    try {
      await answers.wait(seen, { timeout: Math.min(left, patience), ...(signal && { signal }) });
    } catch (error) {
      if (!(error instanceof WaitTimeoutError)) throw error;
    }
  }
}
