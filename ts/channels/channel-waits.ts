/** Waits for a channel that need nothing but their end. */
import { ChannelClosedError } from '../errors.js';
import type { Received } from '../values.js';
import { SignalWait, type WaitOptions } from '../wait-options.js';
import { enter, status, type Wait } from '../waits.js';
import type { Messages } from './messages.js';
import { closedResult, type ReceiveResult } from './receive-result.js';

/** A channel, as its waits need it; they keep it alive. */
interface Receiving {
  readonly messages: Messages;
}

/** A send without options. */
export class SendWait implements Wait {
  readonly channel: unknown;
  readonly #resolve: () => void;
  readonly #reject: (error: unknown) => void;

  constructor(channel: unknown, resolve: () => void, reject: (error: unknown) => void) {
    this.channel = channel;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  settle(how: number): void {
    if (how === status.signal) this.#resolve();
    else this.#reject(new ChannelClosedError());
  }
}

/** A receive without options. */
export class ReceiveWait<T> implements Wait {
  readonly #channel: Receiving;
  readonly #resolve: (result: ReceiveResult<T>) => void;
  readonly #reject: (error: unknown) => void;

  constructor(
    channel: Receiving,
    resolve: (result: ReceiveResult<T>) => void,
    reject: (error: unknown) => void,
  ) {
    this.#channel = channel;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  settle(how: number, _detail: number, value: Received): void {
    if (how !== status.fulfilled) return this.#resolve(closedResult);
    const got = this.#channel.messages.decode(value);
    if (value instanceof Promise)
      value.then((late) => this.#resolve({ value: late as T, done: false }), this.#reject);
    else this.#resolve({ value: got as T, done: false });
  }
}

/**
 * A send with options that has to wait, as number `id`.
 *
 * @param put - How the message was put; it is forgotten if it is not sent.
 * @param closed - Makes the error for one that was closed.
 */
export function waitToSend(
  options: WaitOptions,
  keeps: unknown,
  id: number,
  put: [tag: number, num: number],
  messages: Messages,
  closed: () => Error,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: unknown): void => {
      messages.forget(...put);
      reject(error as Error);
    };
    const end = (ended: number): void => {
      if (ended === status.signal) resolve();
      else failed(closed());
    };
    const wait = new SignalWait(options, keeps, end, failed);
    enter(wait);
    wait.listen(id);
  });
}
