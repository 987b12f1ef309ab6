/**
 * Which threads have a bus open, and who of them handles and hears what: a map that they share, and a version that changes with it. A
 * thread is known by its inbox's number.
 */
import { Channel } from '../channels/channel.js';
import { NotFoundError } from '../errors.js';
import type { SharedMap } from '../memory/shared-map.js';
import type { Counts } from './metrics.js';
import { Pattern } from './names.js';
import type { Message } from './protocol.js';

/** A handler, as other threads know it: its thread, its number there, that of its load, and how much of it it takes. @internal */
export type ListedHandler = readonly [thread: number, id: number, load: number, limit: number];
/** How often a thread has subscribed to a pattern. */
type ListedPattern = readonly [thread: number, pattern: string, count: number];
/** A thread that wants to know of dead letters. */
type ListedListener = readonly [thread: number];
type Listed = ListedHandler | ListedPattern | ListedListener;
/** What a key has: a list, or of a thread the number of the channel that is closed when it ends. @internal */
export type Entry = readonly Listed[] | number;

const thread = 'thread ';
const command = 'command ';
/** Subscriptions to one event are found by its name, all others together. */
const event = 'event ';
const patterns = 'patterns';
const letters = 'letters';
const keyOf = (pattern: Pattern): string => (pattern.exact ? event + pattern.text : patterns);
const none: readonly never[] = [];
/** Says that a list is not empty. */
const inUse = new Error('in use');

/** @internal */
export class Directory {
  readonly #entries: SharedMap<string, Entry>;
  readonly #counts: Counts;

  constructor(entries: SharedMap<string, Entry>, counts: Counts) {
    this.#entries = entries;
    this.#counts = counts;
  }

  /** It is read before what it is the version of, and changed after it. */
  get version(): number {
    return Atomics.load(this.#counts.words, 0);
  }

  /** A thread has the bus open. Those that have ended, and nobody has noticed, go. */
  join(id: number, life: number): void {
    for (const key of this.#entries.keys()) {
      const other = key.startsWith(thread) ? Number(key.slice(thread.length)) : undefined;
      if (other !== undefined && lifeOf(this.life(other)) === undefined) this.remove(other);
    }
    this.#entries.set(thread + id, life);
  }

  /** The number of the channel that is closed when a thread ends; `undefined` if it has. */
  life(id: number): number | undefined {
    return this.#entries.get(thread + id) as number | undefined;
  }

  /** A thread has left, with all that it did. */
  remove(id: number): void {
    if (!this.#entries.delete(thread + id)) return;
    for (const [key, entry] of this.#entries) {
      if (typeof entry !== 'number' && entry.some(([of]) => of === id))
        this.#change(key, (list) => list.filter(([of]) => of !== id));
    }
    this.#changed();
  }

  handlers(name: string): readonly ListedHandler[] {
    return this.#list(command + name) as readonly ListedHandler[];
  }

  addHandler(name: string, handler: ListedHandler): void {
    this.#change(command + name, (list) => [...list, handler]);
    this.#changed();
  }

  removeHandler(name: string, of: number, id: number): void {
    this.#change(command + name, (list) => list.filter((known) => known[0] !== of || known[1] !== id));
    this.#changed();
  }

  /** How many subscriptions each thread has that match an event. */
  audience(name: string): Map<number, number> {
    const audience = new Map<number, number>();
    const listed = [...this.#list(event + name), ...this.#list(patterns)] as ListedPattern[];
    for (const [of, pattern, count] of listed)
      if (new Pattern(pattern).matches(name)) audience.set(of, (audience.get(of) ?? 0) + count);
    return audience;
  }

  /** A thread has subscribed to a pattern once more, or (-1) once less. */
  subscribe(of: number, pattern: Pattern, more: 1 | -1): void {
    this.#change(keyOf(pattern), (list) => {
      const known = list as readonly ListedPattern[];
      const same = ([id, text]: ListedPattern): boolean => id === of && text === pattern.text;
      const count = (known.find(same)?.[2] ?? 0) + more;
      const others = known.filter((one) => !same(one));
      return count > 0 ? [...others, [of, pattern.text, count]] : others;
    });
    this.#changed();
  }

  /** Who wants to know of dead letters. */
  listeners(): number[] {
    return this.#list(letters).map(([of]) => of);
  }

  /** A thread wants to know of them, or not any more. */
  listen(of: number, wanted: boolean): void {
    this.#change(letters, (list) => {
      const others = list.filter(([id]) => id !== of);
      return wanted ? [...others, [of]] : others;
    });
    this.#changed();
  }

  /** How many handlers and subscriptions there are. */
  count(): { handlers: number; subscriptions: number } {
    const counted = { handlers: 0, subscriptions: 0 };
    for (const [key, entry] of this.#entries) {
      if (typeof entry === 'number') continue;
      if (key.startsWith(command)) counted.handlers += entry.length;
      else if (key !== letters)
        for (const [, , count] of entry as readonly ListedPattern[]) counted.subscriptions += count;
    }
    return counted;
  }

  #list(key: string): readonly Listed[] {
    return (this.#entries.get(key) as readonly Listed[] | undefined) ?? none;
  }

  #change(key: string, change: (list: readonly Listed[]) => readonly Listed[]): void {
    const list = this.#entries.update(key, (now) => change((now as readonly Listed[] | undefined) ?? none));
    if ((list as readonly Listed[]).length === 0) this.#drop(key);
  }

  /** Removes a key if its list is still empty: what expires at once is as good as removed, and is when it is looked for. */
  #drop(key: string): void {
    const empty = (now: Entry | undefined): Entry => {
      if (now !== undefined && (now as readonly Listed[]).length > 0) throw inUse;
      return none;
    };
    try {
      this.#entries.update(key, empty, { ttl: 1e-6 });
      this.#entries.has(key);
    } catch (error) {
      if (error !== inUse) throw error;
    }
  }

  #changed(): void {
    Atomics.add(this.#counts.words, 0, 1);
  }
}

/** A thread's channels by their numbers: `undefined` if they are gone or closed, as it has ended. @internal */
export function channelOf(id: number): Channel<Message> | undefined {
  try {
    const channel = Channel.from<Message>({ millrace: 'channel', id });
    return channel.closed ? undefined : channel;
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

function lifeOf(id: number | undefined): Channel<Message> | undefined {
  return id === undefined ? undefined : channelOf(id);
}
