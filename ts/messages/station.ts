/** One thread's side of a bus: its handlers and subscribers, its inbox, and the other threads as it knows them. */
import { randomUUID } from 'node:crypto';
import { threadId } from 'node:worker_threads';
import type { Broadcast } from '../channels/broadcast.js';
import type { Channel } from '../channels/channel.js';
import { NotFoundError } from '../errors.js';
import { Emitter } from '../events.js';
import { planLinger } from '../linger.js';
import { AtomicI32 } from '../memory/atomic-i32.js';
import { SharedMap } from '../memory/shared-map.js';
import { type Packed, unpack } from '../thrown.js';
import { Command, Pending } from './command.js';
import { Directory } from './directory.js';
import { CallerLostError, HandlerBusyError, MessageBusClosedError, NoHandlerError } from './errors.js';
import type { DeadCommand, MessageBusEvents } from './events.js';
import { FarCaller } from './far-caller.js';
import type { Handler } from './handler.js';
import { Inbox } from './inbox.js';
import { Counts, count, type MessageBusMetrics } from './metrics.js';
import { checkCommand, checkEvent, countMatching } from './names.js';
import { Peer, putMessage } from './peer.js';
import { kind, type Member, type Message } from './protocol.js';
import { claim, type FarRoute, Routes } from './route.js';
import { Run } from './run.js';
import { type Subscription, Subscriptions } from './subscriptions.js';

/** As many messages as there may be: an inbox is never full. */
const room = 2 ** 30;
/** Events whose audience is remembered. */
const remembered = 1024;

/** Who is to be told of an event: in this thread, and how many in which others. */
interface Audience {
  here: readonly Subscription[];
  there: readonly (readonly [peer: Peer, count: number])[];
}

const stations = new Map<number, Station>();

/** @internal */
export class Station {
  readonly #broadcast: Broadcast<Message>;
  readonly #counts: Counts;
  readonly #directory: Directory;
  /** What its channels are called; another copy of the package may be in this thread. */
  readonly #names = { inbox: `inbox ${randomUUID()}`, life: `life ${randomUUID()}` };
  readonly #channel: Channel<Message>;
  readonly #life: Channel<never>;
  readonly #inbox: Inbox;
  readonly #pending: Pending;
  /** The number of this thread's inbox. */
  readonly #id: number;
  readonly #byId = new Map<number, Handler>();
  readonly #subscriptions: Subscriptions;
  readonly emitter = new Emitter<MessageBusEvents>(() => this.#announce());
  readonly #peers = new Map<number, Peer>();
  /** The directory as it was at that version, and what follows from it. */
  #version: number | undefined;
  #members = new Map<number, Member>();
  readonly #routes = new Map<string, Routes>();
  readonly #audiences = new Map<string, Audience>();
  #lastCommand = 0;
  #closed = false;
  /** Objects of the user's that stand for it. */
  #users = 0;

  /** This thread's side of a bus; `found` says that the bus must be there. */
  static of(broadcast: Broadcast<Message>, found: boolean): Station {
    const { id } = broadcast.object;
    const known = stations.get(id);
    if (known !== undefined) return known;
    if (broadcast.closed) throw new MessageBusClosedError();
    const name = `millrace:bus:#${id}`;
    const members = found ? SharedMap.open<number, Member>(name) : new SharedMap<number, Member>({ name });
    const station = new Station(broadcast, members, new Counts(name));
    stations.set(id, station);
    return station;
  }

  private constructor(broadcast: Broadcast<Message>, members: SharedMap<number, Member>, counts: Counts) {
    this.#broadcast = broadcast;
    this.#counts = counts;
    this.#directory = new Directory(members, counts);
    this.#subscriptions = new Subscriptions(counts, (error, event) => this.#failed(error, event));
    this.#channel = broadcast.subscribe(this.#names.inbox, room);
    this.#life = broadcast.subscribe(this.#names.life, 0) as Channel<never>;
    this.#id = this.#channel.toHandle().id;
    this.#pending = new Pending(counts, this.#id, () => this.#leaveUnused());
    this.#announce();
    this.#inbox = new Inbox(
      this.#channel,
      (message) => this.#take(message),
      () => this.#end(),
    );
  }

  get closed(): boolean {
    return this.#closed || this.#broadcast.closed;
  }

  /** The bus ends, in all threads. What has been answered arrives before that. */
  close(): void {
    this.#closed = true;
    this.#broadcast.close();
  }

  /** Sends a command. */
  send(
    name: string,
    payload: unknown,
    signal: AbortSignal | undefined,
    timeout: number | undefined,
  ): Promise<unknown> {
    if (this.#closed) return Promise.reject(new MessageBusClosedError());
    return new Promise((resolve, reject) => {
      const command = new Command(name, payload, this.#pending, resolve, reject);
      if (signal !== undefined || timeout !== undefined) command.limit(signal, timeout);
      this.#assign(command);
    });
  }

  /** Gives a command to a handler. */
  #assign(command: Command): void {
    try {
      while (command.open && !this.#tryAssign(command));
    } catch (error) {
      command.refuse(error);
    }
  }

  #tryAssign(command: Command): boolean {
    const { name, payload } = command;
    const routes = this.#routesOf(name);
    if (routes === undefined) {
      this.#checkOpen();
      this.#bemoan(name, payload);
      throw new NoHandlerError(name);
    }
    const route = routes.choose();
    if (route === undefined) {
      this.#counts.add(count.refused);
      throw new HandlerBusyError(name);
    }
    if (route.peer === undefined) {
      if (!claim(route)) return false;
      const run = new Run(route, payload, command, undefined);
      command.runs(run);
      route.accept(run);
      return true;
    }
    const id = ++this.#lastCommand;
    putMessage([kind.command, this.#id, id, route.id, payload]);
    // To encode it may have run the user's code. From claiming to sending nothing can come between, not even this thread's end.
    if (!command.open || !claim(route)) return false;
    if (route.peer.sendPut()) {
      command.sent(route.peer, id);
      planLinger();
      return true;
    }
    route.load.sub(1);
    this.#checkOpen();
    this.#directory.remove(route.peer.id);
    return false;
  }

  #checkOpen(): void {
    if (this.closed) throw new MessageBusClosedError();
  }

  /** Registers a handler. */
  handle(handler: Handler): void {
    this.#checkOpen();
    this.#byId.set(handler.id, handler);
    this.#announce();
  }

  /** No new commands come to a handler; those it has it does. */
  unhandle(handler: Handler): void {
    if (!this.#byId.has(handler.id)) return;
    this.#byId.delete(handler.id);
    handler.load.close();
    this.#announce();
    this.#leaveUnused();
  }

  subscribe(subscription: Subscription): void {
    this.#checkOpen();
    this.#subscriptions.add(subscription);
    this.#announce();
  }

  unsubscribe(subscription: Subscription): void {
    if (!this.#subscriptions.remove(subscription)) return;
    this.#announce();
    this.#leaveUnused();
  }

  /** Publishes an event. How many subscribers it goes to. */
  publish(event: string, payload: unknown): number {
    if (this.#closed) throw new MessageBusClosedError();
    const { here, there } = this.#audienceOf(event);
    let reached = here.length;
    for (const [peer, subscribers] of there) {
      if (peer.send([kind.event, this.#id, event, payload])) reached += subscribers;
      else if (!this.#broadcast.closed) this.#directory.remove(peer.id);
    }
    this.#counts.add(count.published);
    if (here.length > 0) this.#subscriptions.deliver(event, payload, here, false);
    return reached;
  }

  metrics(): MessageBusMetrics {
    let [handlers, subscriptions] = [0, 0];
    if (!this.closed) {
      this.#refresh();
      for (const member of this.#members.values()) {
        handlers += member.handlers.length;
        subscriptions += member.patterns.length;
      }
    }
    return { ...this.#counts.read(), handlers, subscriptions };
  }

  /** An object of the user's stands for it. */
  enlist(): void {
    this.#users++;
  }

  /** One has been forgotten. */
  forget(): void {
    this.#users--;
    this.#leaveUnused();
  }

  /** This thread has no more to do with the bus: nobody here refers to it, and nothing is expected of it. */
  #leaveUnused(): void {
    if (this.#users > 0 || this.#closed || this.#byId.size > 0 || this.#subscriptions.size > 0) return;
    if (this.emitter.listens() || !this.#pending.empty) return;
    if (Array.from(this.#peers.values()).some(({ runs }) => runs.size > 0)) return;
    this.#closed = true;
    this.#leave();
    this.#directory.remove(this.#id);
    this.#broadcast.unsubscribe(this.#names.life);
    this.#broadcast.unsubscribe(this.#names.inbox);
  }

  /** Says in the directory what this thread does. */
  #announce(): void {
    if (this.#closed) return;
    this.#directory.set(this.#id, {
      life: this.#life.toHandle().id,
      handlers: Array.from(this.#byId.values(), ({ command, id, load, limit }) => [
        command,
        id,
        load.toHandle().id,
        limit,
      ]),
      patterns: this.#subscriptions.patterns,
      letters: this.emitter.listens('deadLetter'),
    });
  }

  /** Reads the directory if it has changed. */
  #refresh(): void {
    const { version } = this.#directory;
    if (version === this.#version) return;
    this.#version = version;
    this.#routes.clear();
    this.#audiences.clear();
    this.#members = this.#directory.all();
  }

  #routesOf(command: string): Routes | undefined {
    this.#refresh();
    return this.#routes.get(command) ?? this.#findRoutes(command);
  }

  #findRoutes(command: string): Routes | undefined {
    checkCommand(command);
    const found: (Handler | FarRoute)[] = [];
    for (const handler of this.#byId.values()) if (handler.command === command) found.push(handler);
    for (const [id, { handlers }] of this.#members) {
      if (id === this.#id) continue;
      for (const [name, handler, load, limit] of handlers) {
        const peer = name === command ? this.#peerOf(id) : undefined;
        const counter = peer === undefined ? undefined : loadOf(load);
        if (peer !== undefined && counter !== undefined)
          found.push({ id: handler, load: counter, limit, peer });
      }
    }
    if (found.length === 0) return undefined;
    const routes = new Routes(found);
    this.#routes.set(command, routes);
    return routes;
  }

  #audienceOf(event: string): Audience {
    this.#refresh();
    const known = this.#audiences.get(event);
    if (known !== undefined) return known;
    checkEvent(event);
    const there: [Peer, number][] = [];
    for (const [id, { patterns }] of this.#members) {
      const subscribers = id === this.#id ? 0 : countMatching(patterns, event);
      const peer = subscribers > 0 ? this.#peerOf(id) : undefined;
      if (peer !== undefined) there.push([peer, subscribers]);
    }
    const audience = { here: this.#subscriptions.matching(event), there };
    if (this.#audiences.size >= remembered) this.#audiences.clear();
    this.#audiences.set(event, audience);
    return audience;
  }

  /** Another thread; `undefined`, and it is in the directory no more, if it has ended. */
  #peerOf(id: number): Peer | undefined {
    const known = this.#peers.get(id);
    if (known !== undefined) return known;
    const member = this.#directory.get(id);
    const peer = member === undefined ? undefined : Peer.find(id, member.life, (ended) => this.#lose(ended));
    if (peer !== undefined) this.#peers.set(id, peer);
    else if (!this.#broadcast.closed) this.#directory.remove(id);
    return peer;
  }

  /** Another thread has ended. What it had sent before that comes first. */
  #lose(peer: Peer): void {
    this.#inbox.afterAll(() => {
      if (this.closed) return;
      this.#peers.delete(peer.id);
      this.#directory.remove(peer.id);
      for (const command of peer.commands.values()) command.lost();
      for (const run of peer.runs.values()) run.abandon(new CallerLostError(run.command));
      this.#leaveUnused();
    });
  }

  #take(message: Message): void {
    switch (message[0]) {
      case kind.command:
        return this.#accept(message[1], message[2], message[3], message[4]);
      case kind.result:
        return this.#peers.get(message[1])?.commands.get(message[2])?.succeed(message[3]);
      case kind.error:
        return this.#peers
          .get(message[1])
          ?.commands.get(message[2])
          ?.fail(unpack(message[3] as Packed));
      case kind.again:
        return this.#again(message[1], message[2]);
      case kind.cancel:
        return this.#cancel(message[1], message[2], message[3] as Packed);
      case kind.event: {
        const [, , event, payload] = message;
        return this.#subscriptions.deliver(event, payload, this.#audienceOf(event).here, true);
      }
      case kind.deadLetter:
        return this.#tell('deadLetter', message[2] as DeadCommand);
    }
  }

  /** A command of another thread's has come. */
  #accept(from: number, id: number, to: number, payload: unknown): void {
    const handler = this.#byId.get(to);
    const peer = this.#closed ? undefined : this.#peerOf(from);
    if (handler === undefined) {
      peer?.send([kind.again, this.#id, id]);
      return;
    }
    if (peer === undefined) {
      handler.load.sub(1);
      return;
    }
    const run = new Run(handler, payload, new FarCaller(peer, this.#id, id), handler.within);
    peer.runs.set(id, run);
    handler.accept(run);
  }

  /** The handler that a command was sent to was gone. */
  #again(from: number, id: number): void {
    const command = this.#peers.get(from)?.commands.get(id);
    if (command === undefined) return;
    command.unsent();
    this.#assign(command);
  }

  #cancel(from: number, id: number, reason: Packed): void {
    const peer = this.#peers.get(from);
    const run = peer?.runs.get(id);
    peer?.runs.delete(id);
    run?.abandon(unpack(reason));
  }

  /** Nobody handles a command: tells those who listen, in any thread. */
  #bemoan(command: string, payload: unknown): void {
    this.#counts.add(count.deadLetters);
    const letter: DeadCommand = { command, payload, thread: threadId, at: Date.now() };
    for (const [id, { letters }] of this.#members) {
      if (id === this.#id || !letters) continue;
      const peer = this.#peerOf(id);
      try {
        peer?.send([kind.deadLetter, this.#id, letter]);
      } catch {
        peer?.send([kind.deadLetter, this.#id, { ...letter, payload: undefined }]);
      }
    }
    this.#tell('deadLetter', letter);
  }

  #failed(error: unknown, event: string): void {
    if (this.emitter.listens('subscriberError')) this.#tell('subscriberError', error, event);
    else uncaught(error);
  }

  #tell<K extends keyof MessageBusEvents>(name: K, ...args: MessageBusEvents[K]): void {
    try {
      this.emitter.emit(name, ...args);
    } catch (error) {
      uncaught(error);
    }
  }

  /** Another may take its place. */
  #leave(): void {
    const { id } = this.#broadcast.object;
    if (stations.get(id) === this) stations.delete(id);
  }

  /** The bus is closed, and all that had come has been taken. */
  #end(): void {
    this.#closed = true;
    this.#leave();
    const error = new MessageBusClosedError();
    this.#pending.fail(error);
    for (const { runs } of this.#peers.values()) for (const run of runs.values()) run.abandon(error);
    for (const peer of this.#peers.values()) peer.letGo();
    this.#peers.clear();
    for (const { load } of this.#byId.values()) load.close();
    this.#byId.clear();
    this.#subscriptions.clear();
    this.#counts.close();
    this.#channel.close();
    this.#life.close();
  }
}

function loadOf(id: number): AtomicI32 | undefined {
  try {
    return AtomicI32.from({ millrace: 'atomic-i32', id });
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

/** What a listener or subscriber throws is not the publisher's. */
function uncaught(error: unknown): void {
  process.nextTick(() => {
    throw error;
  });
}
