/** The other threads as this one knows them, and whom a command or an event goes to. */
import { NotFoundError } from '../errors.js';
import { AtomicI32 } from '../memory/atomic-i32.js';
import type { Directory } from './directory.js';
import type { Handler } from './handler.js';
import { checkCommand, checkEvent } from './names.js';
import { Peer } from './peer.js';
import { type FarRoute, Routes } from './route.js';
import type { Subscription, Subscriptions } from './subscriptions.js';

/** Events whose audience is remembered. */
const remembered = 1024;

/** Who is to be told of an event: in this thread, and how many in which others. @internal */
export interface Audience {
  here: readonly Subscription[];
  there: readonly (readonly [peer: Peer, count: number])[];
}

/** @internal */
export class Roster {
  readonly #directory: Directory;
  /** This thread's number. */
  readonly #id: number;
  readonly #handlers: ReadonlyMap<number, Handler>;
  readonly #subscriptions: Subscriptions;
  readonly #lost: (peer: Peer) => void;
  readonly #peers = new Map<number, Peer>();
  /** What follows from the directory as it was at that version. */
  #version: number | undefined;
  readonly #routes = new Map<string, Routes>();
  readonly #audiences = new Map<string, Audience>();

  /** `lost` is called when the thread of a peer has ended. */
  constructor(
    directory: Directory,
    id: number,
    handlers: ReadonlyMap<number, Handler>,
    subscriptions: Subscriptions,
    lost: (peer: Peer) => void,
  ) {
    this.#directory = directory;
    this.#id = id;
    this.#handlers = handlers;
    this.#subscriptions = subscriptions;
    this.#lost = lost;
  }

  /** Those that this thread has to do with. */
  get peers(): Iterable<Peer> {
    return this.#peers.values();
  }

  /** One that this thread has to do with. */
  known(id: number): Peer | undefined {
    return this.#peers.get(id);
  }

  /** Any other thread. `undefined` if it has ended, and the directory has it no more. */
  find(id: number): Peer | undefined {
    const known = this.#peers.get(id);
    if (known !== undefined) return known;
    const life = this.#directory.life(id);
    const peer = life === undefined ? undefined : Peer.find(id, life, this.#lost);
    if (peer !== undefined) this.#peers.set(id, peer);
    else this.#directory.remove(id);
    return peer;
  }

  /** A thread has ended. */
  remove(id: number): void {
    this.#peers.delete(id);
    this.#directory.remove(id);
  }

  /** This thread has no more to do with any. */
  clear(): void {
    for (const peer of this.#peers.values()) peer.letGo();
    this.#peers.clear();
  }

  /** The handlers of a command; `undefined` if there is none. @throws {@link InvalidArgumentError} for what is no command's name. */
  routes(command: string): Routes | undefined {
    this.#refresh();
    return this.#routes.get(command) ?? this.#findRoutes(command);
  }

  #findRoutes(command: string): Routes | undefined {
    checkCommand(command);
    const found: (Handler | FarRoute)[] = [];
    for (const [thread, id, load, limit] of this.#directory.handlers(command)) {
      const own = thread === this.#id ? this.#handlers.get(id) : undefined;
      if (own !== undefined) found.push(own);
      const peer = thread === this.#id ? undefined : this.find(thread);
      const counter = peer === undefined ? undefined : loadOf(load);
      if (peer !== undefined && counter !== undefined)
        found.push({ id, load: counter, cell: counter.cell, limit, peer });
    }
    if (found.length === 0) return undefined;
    const routes = new Routes(found);
    this.#routes.set(command, routes);
    return routes;
  }

  /** Who hears an event. @throws {@link InvalidArgumentError} for what is no event's name. */
  audience(event: string): Audience {
    this.#refresh();
    const known = this.#audiences.get(event);
    if (known !== undefined) return known;
    checkEvent(event);
    const there: [Peer, number][] = [];
    for (const [thread, count] of this.#directory.audience(event)) {
      const peer = thread === this.#id ? undefined : this.find(thread);
      if (peer !== undefined) there.push([peer, count]);
    }
    const audience = { here: this.#subscriptions.matching(event), there };
    if (this.#audiences.size >= remembered) this.#audiences.clear();
    this.#audiences.set(event, audience);
    return audience;
  }

  /** The other threads that want to know of dead letters. */
  listeners(): Peer[] {
    const ids = this.#directory.listeners().filter((id) => id !== this.#id);
    return ids.map((id) => this.find(id)).filter((peer) => peer !== undefined);
  }

  /** Forgets what it knows if the directory has changed. */
  #refresh(): void {
    const { version } = this.#directory;
    if (version === this.#version) return;
    this.#version = version;
    this.#routes.clear();
    this.#audiences.clear();
  }
}

/** `undefined` if the handler is gone. */
function loadOf(id: number): AtomicI32 | undefined {
  try {
    return AtomicI32.from({ millrace: 'atomic-i32', id });
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}
