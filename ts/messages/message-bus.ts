/** Commands that somebody answers and events that anybody hears, between all threads of the process. */

import { checkFunction, checkNames, checkTime, checkWidth } from '../arguments.js';
import { Broadcast } from '../channels/broadcast.js';
import { InvalidArgumentError, NotFoundError } from '../errors.js';
import { nameOf, type SharedHandle, type SharedOptions } from '../shared-object.js';
import { signalOf } from '../signal.js';
import { checkWaitOptions, shown, type WaitOptions } from '../wait-options.js';
import type { MessageBusEvents } from './events.js';
import { Handler, type HandlerFunction, type HandlerOptions } from './handler.js';
import type { MessageBusMetrics } from './metrics.js';
import { checkCommand } from './names.js';
import type { Message } from './protocol.js';
import { BusRegistration } from './registration.js';
import type { CommandContext } from './run.js';
import { Station } from './station.js';
import { type EventInfo, type SubscriberFunction, Subscription } from './subscriptions.js';
import type {
  AnyMessages,
  CommandName,
  CommandPayload,
  CommandResult,
  EventName,
  EventPayload,
  EventsMatching,
  MessageTypes,
  PayloadAnd,
  PayloadMatching,
} from './types.js';

/** How a bus is opened. */
export interface MessageBusOptions extends SharedOptions {
  /**
   * Milliseconds to wait for the answer of each command that is sent by this object and has no `timeout` of its own. Other objects and
   * threads of the same bus have theirs. Default: no limit.
   */
  timeout?: number;
}

/** How a command is sent. */
export interface CommandOptions extends WaitOptions {}

/** A bus's name for other threads. */
export type MessageBusHandle = SharedHandle<'message-bus'>;

type BusEvent = keyof MessageBusEvents;
const events: readonly string[] = ['deadLetter', 'subscriberError'] satisfies BusEvent[];

/** What a bus's broadcast is called. */
const prefix = 'millrace:bus:';
/** Tells a thread's side of a bus when an object of the user's has been forgotten. */
const forgotten = new FinalizationRegistry<Station>((station) => station.forget());

/**
 * A message bus: commands, each answered by one handler, and events, each for every subscriber, in all threads of the process that have
 * it open.
 *
 * A command goes to the handler of its name that has the fewest, of equals to each in turn, in whichever thread. Within a thread it is
 * a call of the handler: payload and result are handed over as they are, not copied. Between threads both are cloned as by `postMessage`;
 * what the platform alone can clone, such as a `MessagePort`, is refused with `UnsupportedError`. What a handler throws arrives as it is
 * within a thread, and between threads as an error of the same class name, message, own properties, cause and stack.
 *
 * A handler's thread that ends takes its handlers along, and the commands it has reject with `HandlerLostError`; the signals of
 * handlers whose caller's thread ends abort. Each subscriber gets the events of one publisher in the order in which they were published. A
 * command that waits for its answer keeps the process alive; an open bus, a handler and a subscription do not.
 *
 * @example
 * ```ts
 * interface Messages {
 *   commands: { 'user.findById': { payload: { id: number }; result: User | undefined } };
 *   events: { 'user.created': User; 'user.deleted': { id: number } };
 * }
 * const bus = new MessageBus<Messages>({ name: 'app' });             // in any thread
 * bus.handle('user.findById', ({ id }, { signal }) => database.find(id, signal));
 * bus.subscribe('user.*', (payload, { event }) => log(event, payload));
 *
 * const user = await bus.sendCommand('user.findById', { id: 123 }, { timeout: 5000 });
 * bus.publish('user.created', { id: 124, name: 'Ada' });
 * ```
 */
export class MessageBus<M extends MessageTypes = AnyMessages> implements Disposable {
  readonly #broadcast: Broadcast<Message>;
  readonly #station: Station;
  readonly #name: string | undefined;
  readonly #timeout: number | undefined;

  /**
   * @param options - `name` shares it by name; `timeout`.
   * @throws {@link InvalidArgumentError} for what cannot be meant; {@link MessageBusClosedError} if the bus of that name is closed and
   * somebody still has it.
   */
  constructor(options?: MessageBusOptions);
  /** @internal */
  constructor(broadcast: Broadcast<Message>, found: true);
  constructor(first: MessageBusOptions | Broadcast<Message> = {}, found = false) {
    if (found) this.#broadcast = first as Broadcast<Message>;
    else {
      const options = first as MessageBusOptions;
      const name = nameOf(options, ['timeout']);
      this.#timeout = checkTime('timeout', options.timeout);
      if (name !== undefined && (typeof name !== 'string' || name === ''))
        throw new InvalidArgumentError('name', shown(name), 'a text that is not empty');
      this.#broadcast = new Broadcast<Message>(name === undefined ? {} : { name: prefix + name });
    }
    this.#name = this.#broadcast.name?.slice(prefix.length);
    this.#station = Station.of(this.#broadcast, found);
    this.#station.enlist();
    forgotten.register(this, this.#station);
  }

  /** Opens the bus of a name. @throws {@link NotFoundError} if there is none; {@link MessageBusClosedError}. */
  static open<M extends MessageTypes = AnyMessages>(name: string): MessageBus<M> {
    if (typeof name !== 'string' || name === '')
      throw new InvalidArgumentError('name', shown(name), 'a text that is not empty');
    return found(`name: no message bus is called '${name}' in this process`, () =>
      Broadcast.open(prefix + name),
    );
  }

  /**
   * Opens the bus that another thread's `toHandle` names.
   *
   * @throws {@link NotFoundError} if it is gone; {@link MessageBusClosedError}; {@link InvalidArgumentError} for what is no handle.
   */
  static from<M extends MessageTypes = AnyMessages>(handle: MessageBusHandle): MessageBus<M> {
    if (typeof handle !== 'object' || handle?.millrace !== 'message-bus' || !Number.isInteger(handle.id))
      throw new InvalidArgumentError('handle', shown(handle), 'what toHandle() of a message-bus gave');
    return found('handle: the message bus it names is gone, or belongs to another process', () =>
      Broadcast.from({ millrace: 'broadcast', id: handle.id }),
    );
  }

  /** The bus's name, if it has one. */
  get name(): string | undefined {
    return this.#name;
  }

  /** Whether it is closed. */
  get closed(): boolean {
    return this.#station.closed;
  }

  /** A token by which any thread of this process opens the same bus. It keeps the bus until that is closed or this thread ends. */
  toHandle(): MessageBusHandle {
    return { millrace: 'message-bus', id: this.#broadcast.toHandle().id };
  }

  /**
   * Sends a command, and waits for its answer.
   *
   * @param name - The command.
   * @param args - Its payload, then `timeout` in milliseconds and `signal`: when either ends the wait, the handler's signal aborts.
   * @returns What the handler returned.
   * @throws What the handler throws; {@link NoHandlerError} at once if there is none, and the command is a dead letter;
   * {@link HandlerBusyError} if none has room; {@link CommandTimeoutError}; the signal's reason; {@link HandlerTimeoutError};
   * {@link HandlerLostError}; {@link MessageBusClosedError}; `DataCloneError` and {@link UnsupportedError} for what cannot cross.
   */
  sendCommand<C extends CommandName<M>>(
    name: C,
    ...args: PayloadAnd<CommandPayload<M, C>, [options?: CommandOptions]>
  ): Promise<CommandResult<M, C>>;
  sendCommand(name: string, payload?: unknown, options?: CommandOptions): Promise<unknown> {
    if (options === undefined) return this.#station.send(name, payload, undefined, this.#timeout);
    try {
      checkWaitOptions(options);
      const timeout = options.timeout === undefined ? this.#timeout : checkTime('timeout', options.timeout);
      const signal = signalOf(options.signal);
      signal?.throwIfAborted();
      return this.#station.send(name, payload, signal, timeout);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  /**
   * Handles a command in this thread. Several handlers of one command share them.
   *
   * @param name - The command.
   * @param fn - Gets the payload, and `{ command, signal }`; what it returns or resolves to is the answer. It is called in the async context of
   * the sender within a thread, and in that of this call for other threads.
   * @returns What ends it: then it gets no new commands, and does those it has.
   * @throws {@link InvalidArgumentError} for what cannot be meant; {@link MessageBusClosedError}.
   */
  handle<C extends CommandName<M>>(
    name: C,
    fn: (
      payload: CommandPayload<M, C>,
      context: CommandContext,
    ) => CommandResult<M, C> | PromiseLike<CommandResult<M, C>>,
    options: HandlerOptions = {},
  ): BusRegistration {
    checkCommand(name);
    checkFunction('fn', fn);
    checkNames(options, ['concurrency', 'maxQueued', 'timeout']);
    const { concurrency, maxQueued, timeout } = options;
    if (concurrency !== undefined) checkWidth('concurrency', concurrency);
    if (maxQueued !== undefined && maxQueued !== Infinity && !(Number.isInteger(maxQueued) && maxQueued >= 0))
      throw new InvalidArgumentError(
        'maxQueued',
        shown(maxQueued),
        'a whole number of at least 0, or Infinity',
      );
    if (maxQueued !== undefined && maxQueued !== Infinity && (concurrency ?? Infinity) === Infinity)
      throw new InvalidArgumentError(
        'maxQueued',
        shown(maxQueued),
        'a concurrency: nothing is queued without',
      );
    checkTime('timeout', timeout);
    const handler = new Handler(name, fn as HandlerFunction, options);
    this.#station.handle(handler);
    return new BusRegistration(() => this.#station.unhandle(handler));
  }

  /**
   * Publishes an event to every subscriber in any thread. Those of this thread have been called when it returns, with the payload as it is,
   * unless it is called by a subscriber: then they come after the event at hand. Other threads get clones.
   *
   * @returns How many subscribers it goes to.
   * @throws {@link InvalidArgumentError} for what is no event's name; {@link MessageBusClosedError}; `DataCloneError` and
   * {@link UnsupportedError} for what cannot cross, if other threads subscribe: nobody has been told then.
   */
  publish<E extends EventName<M>>(event: E, ...args: PayloadAnd<EventPayload<M, E>, []>): number;
  publish(event: string, payload?: unknown): number {
    return this.#station.publish(event, payload);
  }

  /**
   * Subscribes to events in this thread.
   *
   * @param pattern - An event's name, whose payload is typed; or a pattern of segments divided by dots, in which `*` stands for any one
   * segment and `**` for any number of them, none included: the payload is the union of what matches.
   * @param fn - Gets the payload and `{ event }`, in the async context of the publisher within a thread, and in that of this call for other
   * threads. It is not waited for. What it throws is told as `'subscriberError'`.
   * @returns What ends it.
   * @throws {@link InvalidArgumentError} for what cannot be meant; {@link MessageBusClosedError}.
   */
  subscribe<P extends string>(
    pattern: P,
    fn: (payload: PayloadMatching<M, P>, info: EventInfo<EventsMatching<M, P>>) => unknown,
  ): BusRegistration {
    checkFunction('fn', fn);
    const subscription = new Subscription(pattern, fn as SubscriberFunction);
    this.#station.subscribe(subscription);
    return new BusRegistration(() => this.#station.unsubscribe(subscription));
  }

  /** Listens to the bus itself: dead letters of all threads, or errors of this thread's subscribers. Keeps no process alive. */
  on<K extends BusEvent>(event: K, listener: (...args: MessageBusEvents[K]) => void): this {
    checkListener(event, listener);
    this.#station.emitter.add(event, listener, false);
    return this;
  }

  /** Listens once. */
  once<K extends BusEvent>(event: K, listener: (...args: MessageBusEvents[K]) => void): this {
    checkListener(event, listener);
    this.#station.emitter.add(event, listener, true);
    return this;
  }

  /** Listens no more. */
  off<K extends BusEvent>(event: K, listener: (...args: MessageBusEvents[K]) => void): this {
    this.#station.emitter.remove(event, listener);
    return this;
  }

  /** What it has counted, over all threads; once it is closed, until then. */
  getMetrics(): MessageBusMetrics {
    return this.#station.metrics();
  }

  /**
   * Closes it for all threads: nothing is sent or published any more. Answers that were given still arrive; then commands that wait reject
   * with `MessageBusClosedError`, and the signals of handlers that run abort. Again does no harm.
   */
  close(): void {
    this.#station.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function found<M extends MessageTypes>(missing: string, open: () => Broadcast<Message>): MessageBus<M> {
  try {
    return new MessageBus<M>(open(), true);
  } catch (error) {
    if (error instanceof NotFoundError) throw new NotFoundError('ERR_NOT_FOUND', missing);
    throw error;
  }
}

function checkListener(event: unknown, listener: unknown): void {
  if (!events.includes(event as string))
    throw new InvalidArgumentError('event', shown(event), events.join(', '));
  checkFunction('listener', listener);
}
