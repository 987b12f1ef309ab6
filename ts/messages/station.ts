/** One thread's side of a bus: its handlers and subscribers, its inbox, and the other threads as it knows them. */
import { randomUUID } from 'node:crypto';
import { threadId } from 'node:worker_threads';
import type { Broadcast } from '../channels/broadcast.js';
import type { Channel } from '../channels/channel.js';
import { Emitter, uncaught } from '../events.js';
import { fast } from '../isolate.js';
import { planLinger } from '../linger.js';
import { SharedMap } from '../memory/shared-map.js';
import { type Packed, unpack } from '../thrown.js';
import { putNum, putTag } from '../values.js';
import { Command } from './command.js';
import { Directory, type Entry } from './directory.js';
import { CallerLostError, HandlerBusyError, MessageBusClosedError, NoHandlerError } from './errors.js';
import type { DeadCommand, MessageBusEvents } from './events.js';
import { FarCaller } from './far-caller.js';
import type { Handler } from './handler.js';
import { Inbox } from './inbox.js';
import { Counts, count, type MessageBusMetrics } from './metrics.js';
import { type Peer, putMessage, sent } from './peer.js';
import { Pending } from './pending.js';
import { kind, type Message } from './protocol.js';
import { Roster } from './roster.js';
import { Run } from './run.js';
import { type Subscription, Subscriptions } from './subscriptions.js';

/** As many messages as there may be: an inbox is never full. */
const room = 2 ** 30;
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
  readonly #handlers = new Map<number, Handler>();
  readonly #subscriptions: Subscriptions;
  readonly emitter = new Emitter<MessageBusEvents>(() => this.#listen());
  /** Whether the other threads know that somebody here listens to dead letters. */
  #listens = false;
  readonly #roster: Roster;
  #lastCommand = 0;
  #closed = false;
  /** Objects of the user's that stand for it. */
  #users = 0;

  /** This thread's side of a bus; `found` says that the bus must be there. */
  static of(broadcast: Broadcast<Message>, found: boolean): Station {
    const { id } = broadcast.object;
    if (broadcast.closed) throw new MessageBusClosedError();
    const known = stations.get(id);
    if (known !== undefined) return known;
    const name = `millrace:bus:#${id}`;
    const entries = found ? SharedMap.open<string, Entry>(name) : new SharedMap<string, Entry>({ name });
    const station = new Station(broadcast, entries, new Counts(name));
    stations.set(id, station);
    return station;
  }

  private constructor(broadcast: Broadcast<Message>, entries: SharedMap<string, Entry>, counts: Counts) {
    this.#broadcast = broadcast;
    this.#counts = counts;
    this.#directory = new Directory(entries, counts);
    this.#subscriptions = new Subscriptions(counts, (error, event) => this.#failed(error, event));
    this.#channel = broadcast.subscribe(this.#names.inbox, room);
    this.#life = broadcast.subscribe(this.#names.life, 0) as Channel<never>;
    this.#id = this.#channel.toHandle().id;
    this.#pending = new Pending(counts, this.#id, () => this.#leaveUnused());
    this.#roster = new Roster(this.#directory, this.#id, this.#handlers, this.#subscriptions, (peer) =>
      this.#lose(peer),
    );
    this.#directory.join(this.#id, this.#life.toHandle().id);
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
    const routes = this.#roster.routes(name);
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
      if (!route.claim()) return false;
      const run = new Run(route, payload, command, undefined);
      command.runs(run);
      route.accept(run);
      return true;
    }
    const id = ++this.#lastCommand;
    putMessage([kind.command, this.#id, id, route.id, payload]);
    // To encode it may have run the user's code.
    if (!command.open) return false;
    const { limit, peer } = route;
    const { cells, at } = route.cell;
    const { handle } = peer;
    const [tag, num] = [putTag, putNum];
    // Between counting and sending stands nothing at which this thread could be terminated: nobody would count it off again.
    if (Atomics.add(cells, at, 1) >= limit) {
      Atomics.sub(cells, at, 1);
      return false;
    }
    if (fast.channelTrySend(handle, tag, num) === sent) {
      command.sent(peer, id);
      planLinger();
      return true;
    }
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
    this.#handlers.set(handler.id, handler);
    const { command, id, load, limit } = handler;
    this.#directory.addHandler(command, [this.#id, id, load.toHandle().id, limit]);
  }

  /** No new commands come to a handler; those it has it does. */
  unhandle(handler: Handler): void {
    if (!this.#handlers.has(handler.id)) return;
    this.#directory.removeHandler(handler.command, this.#id, handler.id);
    this.#handlers.delete(handler.id);
    handler.load.close();
    this.#leaveUnused();
  }

  subscribe(subscription: Subscription): void {
    this.#checkOpen();
    this.#subscriptions.add(subscription);
    this.#directory.subscribe(this.#id, subscription.pattern, 1);
  }

  unsubscribe(subscription: Subscription): void {
    if (!this.#subscriptions.remove(subscription)) return;
    this.#directory.subscribe(this.#id, subscription.pattern, -1);
    this.#leaveUnused();
  }

  /** Publishes an event. How many subscribers it goes to. */
  publish(event: string, payload: unknown): number {
    if (this.#closed) throw new MessageBusClosedError();
    const { here, there } = this.#roster.audience(event);
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
    const counted = this.closed ? { handlers: 0, subscriptions: 0 } : this.#directory.count();
    return { ...this.#counts.read(), ...counted };
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
    if (this.#users > 0 || this.#closed || this.#handlers.size > 0 || this.#subscriptions.size > 0) return;
    if (this.emitter.listens() || !this.#pending.empty) return;
    if (Array.from(this.#roster.peers).some(({ runs }) => runs.size > 0)) return;
    this.#closed = true;
    this.#leave();
    this.#directory.remove(this.#id);
    this.#broadcast.unsubscribe(this.#names.life);
    this.#broadcast.unsubscribe(this.#names.inbox);
  }

  /** Tells the other threads whether somebody here listens to dead letters. */
  #listen(): void {
    const listens = this.emitter.listens('deadLetter');
    if (listens === this.#listens || this.#closed) return;
    this.#listens = listens;
    this.#directory.listen(this.#id, listens);
  }

  /** Another thread has ended. What it had sent before that comes first. */
  #lose(peer: Peer): void {
    this.#inbox.afterAll(() => {
      if (this.closed) return;
      this.#roster.remove(peer.id);
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
        return this.#roster.known(message[1])?.commands.get(message[2])?.succeed(message[3]);
      case kind.error:
        return this.#roster
          .known(message[1])
          ?.commands.get(message[2])
          ?.fail(unpack(message[3] as Packed));
      case kind.again:
        return this.#again(message[1], message[2]);
      case kind.cancel:
        return this.#cancel(message[1], message[2], message[3] as Packed);
      case kind.event: {
        const [, , event, payload] = message;
        return this.#subscriptions.deliver(event, payload, this.#roster.audience(event).here, true);
      }
      case kind.deadLetter:
        return this.emitter.emit('deadLetter', message[2] as DeadCommand);
    }
  }

  /** A command of another thread's has come. */
  #accept(from: number, id: number, to: number, payload: unknown): void {
    const handler = this.#handlers.get(to);
    const peer = this.#closed ? undefined : this.#roster.find(from);
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
    const command = this.#roster.known(from)?.commands.get(id);
    if (command === undefined) return;
    command.unsent();
    if (!this.closed) this.#assign(command);
  }

  #cancel(from: number, id: number, reason: Packed): void {
    const peer = this.#roster.known(from);
    const run = peer?.runs.get(id);
    peer?.runs.delete(id);
    run?.abandon(unpack(reason));
  }

  /** Nobody handles a command: tells those who listen, in any thread. */
  #bemoan(command: string, payload: unknown): void {
    this.#counts.add(count.deadLetters);
    const letter: DeadCommand = { command, payload, thread: threadId, at: Date.now() };
    for (const peer of this.#roster.listeners()) {
      try {
        peer.send([kind.deadLetter, this.#id, letter]);
      } catch {
        peer.send([kind.deadLetter, this.#id, { ...letter, payload: undefined }]);
      }
    }
    this.emitter.emit('deadLetter', letter);
  }

  #failed(error: unknown, event: string): void {
    if (this.emitter.listens('subscriberError')) this.emitter.emit('subscriberError', error, event);
    else uncaught(error);
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
    for (const { runs } of this.#roster.peers) for (const run of runs.values()) run.abandon(error);
    this.#roster.clear();
    for (const { load } of this.#handlers.values()) load.close();
    this.#handlers.clear();
    this.#subscriptions.clear();
    this.#counts.close();
    this.#channel.close();
    this.#life.close();
  }
}
