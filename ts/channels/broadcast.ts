/** Every message to every subscriber, in any thread. */

import { block, blockingLimit } from '../blocking.js';
import {
  ChannelClosedError,
  InvalidArgumentError,
  rethrow,
  SubscriberSlowError,
  UnsupportedError,
} from '../errors.js';
import { binding, fast, records, taskRecord } from '../isolate.js';
import type { NativeObject } from '../native/binding.js';
import {
  nameOf,
  type Origin,
  type SharedHandle,
  SharedObject,
  type SharedOptions,
} from '../shared-object.js';
import { signalOf } from '../signal.js';
import { put, putNum, putTag } from '../values.js';
import { checkWaitOptions, nativeLimit, SignalWait, shown, type WaitOptions } from '../wait-options.js';
import { enter, nextWait, status } from '../waits.js';
import { Channel } from './channel.js';

/** What happens to a message for which a subscriber has no room. */
export type OnSlow = 'block' | 'drop-oldest' | 'drop-newest' | 'error' | 'disconnect';

const policies: readonly OnSlow[] = ['block', 'drop-oldest', 'drop-newest', 'error', 'disconnect'];
const most = 2 ** 30;

/** How a broadcast is made. */
export interface BroadcastOptions extends SharedOptions {
  /** How many of its last messages it keeps for those who subscribe late. Default 0. */
  history?: number;
}

/** How one subscribes. */
export interface SubscribeOptions {
  /**
   * What happens to a message for which there is no room: its sender waits, the oldest one in the buffer is dropped, the message itself
   * is, its sender gets a `SubscriberSlowError` besides, or the subscriber is disconnected. Default `'error'`.
   */
  onSlow?: OnSlow;
  /** Up to so many of the messages that were sent before, as far as they were kept and there is room. Default 0. */
  last?: number;
}

/** A subscriber, as a broadcast sees it. */
export interface SubscriberStatus {
  /** Its name. */
  id: string;
  /** Messages in its buffer. */
  length: number;
  /** Messages it has missed. */
  dropped: number;
}

/**
 * A broadcast: what one thread sends, every subscriber in any thread gets. Each has a channel with a buffer of its own. The
 * subscribers of a thread that ends are gone.
 *
 * @example
 * ```ts
 * const news = new Broadcast<string>({ name: 'news' });
 * const mine = news.subscribe('user1', 10);
 * await news.send('hello');
 * for await (const text of mine) show(text);
 * ```
 */
export class Broadcast<T> extends SharedObject<'broadcast'> implements Disposable {
  readonly #handle: number;

  /** @param options - `history`; `name` shares it by name. */
  constructor(options?: BroadcastOptions);
  /** @internal */
  constructor(origin: Origin, internal: true);
  constructor(first: BroadcastOptions | Origin = {}, internal = false) {
    if (internal) super('broadcast', first as Origin);
    else {
      const options = first as BroadcastOptions;
      const name = nameOf(options, ['history']);
      const { history = 0 } = options;
      super('broadcast', { options: { history }, name });
    }
    this.#handle = this.native.handle;
  }

  /** Opens the broadcast of a name. @throws {@link NotFoundError} if there is none. */
  static open<T>(name: string): Broadcast<T> {
    return new Broadcast<T>({ name }, true);
  }

  /** Opens the broadcast that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
  static from<T>(handle: SharedHandle<'broadcast'>): Broadcast<T> {
    return new Broadcast<T>({ handle }, true);
  }

  /** Whether it is closed. */
  get closed(): boolean {
    return fast.broadcastClosed(this.#handle);
  }

  /** @internal */
  get object(): NativeObject {
    return this.native;
  }

  /** Who subscribes, with what waits in each buffer and what each has missed. */
  get subscribers(): SubscriberStatus[] {
    return binding.broadcastSubscribers(this.native);
  }

  /**
   * Subscribes.
   *
   * @param id - The subscriber's name.
   * @param bufferSize - How many messages wait for it at most. Default 16.
   * @returns The channel to receive from. Closing it ends the subscription.
   * @throws {@link InvalidArgumentError} for what cannot be meant, and if the name is taken; {@link ChannelClosedError}.
   */
  subscribe(id: string, bufferSize = 16, options: SubscribeOptions = {}): Channel<T> {
    if (typeof id !== 'string' || id === '')
      throw new InvalidArgumentError('id', shown(id), 'a text that is not empty');
    if (typeof options !== 'object' || options === null)
      throw new InvalidArgumentError('options', shown(options), 'an object');
    for (const name of Object.keys(options)) {
      if (name !== 'onSlow' && name !== 'last')
        throw new InvalidArgumentError(name, 'an unknown option', 'onSlow, last');
    }
    const { onSlow = 'error', last = 0 } = options;
    for (const [name, value] of Object.entries({ bufferSize, last })) {
      if (!Number.isInteger(value) || value < 0 || value > most)
        throw new InvalidArgumentError(name, shown(value), 'a whole number of at least 0');
    }
    if (!policies.includes(onSlow))
      throw new InvalidArgumentError('onSlow', shown(onSlow), policies.join(', '));
    let native: NativeObject;
    try {
      native = binding.broadcastSubscribe(this.native, id, bufferSize, onSlow, last);
    } catch (error) {
      rethrow(error);
    }
    return new Channel<T>({ native }, false);
  }

  /** Ends a subscription: its channel is closed. @returns Whether there was one. */
  unsubscribe(id: string): boolean {
    return binding.broadcastUnsubscribe(this.native, id);
  }

  /**
   * Sends a message to every subscriber.
   *
   * @returns How many have it, once those that are waited for do.
   * @throws {@link SubscriberSlowError} if subscribers with `onSlow: 'error'` have missed it; {@link ChannelClosedError};
   * `DataCloneError`; {@link WaitTimeoutError} and the signal's reason, if subscribers that are waited for do not get it in time.
   */
  async send(message: T, options: WaitOptions = {}): Promise<number> {
    checkWaitOptions(options);
    const { timeout } = options;
    const signal = signalOf(options.signal);
    signal?.throwIfAborted();
    const { blocked, refused, ...published } = this.#publish(message);
    let { delivered } = published;
    const waits: Promise<boolean>[] = [];
    for (let at = 0; at < blocked; at++) {
      const id = nextWait();
      const how = fast.broadcastWait(id, nativeLimit(timeout), signal !== undefined);
      if (how === 0) delivered++;
      if (how !== 1) continue;
      waits.push(
        new Promise((resolve, reject) => {
          const wait = new SignalWait(options, this, (ended) => resolve(ended === status.signal), reject);
          enter(wait);
          wait.listen(id);
        }),
      );
    }
    for (const arrived of await Promise.all(waits)) delivered += arrived ? 1 : 0;
    if (refused.length > 0) throw new SubscriberSlowError(refused);
    return delivered;
  }

  /** As `send`, and blocks this thread: worker threads only. @throws {@link UnsupportedError} in the main thread. */
  sendSync(message: T, options: WaitOptions = {}): number {
    checkWaitOptions(options);
    const limit = blockingLimit('sendSync', options);
    const end = fast.now() + limit;
    const { blocked, refused, ...published } = this.#publish(message);
    let { delivered } = published;
    let failed: { error: unknown } | undefined;
    for (let at = 0; at < blocked; at++) {
      // Who comes after one that was waited for in vain gets the message if it has room.
      const left = limit === 0 && failed === undefined ? 0 : Math.max(end - fast.now(), 1e-6);
      const how = fast.broadcastWaitBlocking(left);
      try {
        if (how === 0 || (how === 1 && block(options).how === status.signal)) delivered++;
      } catch (error) {
        failed ??= { error };
      }
    }
    if (failed !== undefined) throw failed.error;
    if (refused.length > 0) throw new SubscriberSlowError(refused);
    return delivered;
  }

  /** Gives the message to all who have room: how many, how many are to be waited for, and who has refused it. */
  #publish(message: T): { delivered: number; blocked: number; refused: string[] } {
    if (!put(message))
      throw new UnsupportedError(
        'only the platform can clone this message, and it can for one receiver only',
      );
    if (!fast.broadcastPublish(this.#handle, putTag, putNum)) throw new ChannelClosedError();
    return {
      delivered: records[taskRecord] as number,
      blocked: records[taskRecord + 1] as number,
      refused: (records[taskRecord + 3] as number) > 0 ? binding.broadcastRefused() : [],
    };
  }

  /** Ends it: subscribers get what is in their buffers, and then the end. */
  close(): void {
    fast.broadcastClose(this.#handle);
    this.unexport();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
