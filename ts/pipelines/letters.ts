/** Where a pipeline's dead letters go: the user's channel, or one of its own that is made when somebody needs it. */
import { Channel } from '../channels/channel.js';
import { WaitTimeoutError } from '../errors.js';
import type { DeadLetter } from './config.js';

const unbounded = 2 ** 30;
const atOnce = { timeout: 0 } as const;

export class Letters {
  readonly #given: Channel<DeadLetter> | undefined;
  #own: Channel<DeadLetter> | undefined;
  #closed = false;

  constructor(given: Channel<DeadLetter> | undefined) {
    this.#given = given;
  }

  get channel(): Channel<DeadLetter> {
    if (this.#given !== undefined) return this.#given;
    if (this.#own === undefined) {
      this.#own = Channel.local<DeadLetter>(unbounded);
      if (this.#closed) this.#own.close();
    }
    return this.#own;
  }

  /** Sends one. `true` if that is done, otherwise when it is. */
  bury(letter: DeadLetter, signal: () => AbortSignal): true | Promise<void> {
    const { channel } = this;
    return channel.trySend(letter) || channel.send(letter, { signal: signal() });
  }

  /** The letters that are there; not those that come meanwhile. */
  async *now(): AsyncGenerator<DeadLetter> {
    const { channel } = this;
    for (let left = channel.length; left > 0; left--) {
      // It may be gone by now. It may also be one that its thread has to be asked for, so it is awaited.
      const batch = await channel.receiveBatch(1, atOnce).catch((error: unknown) => {
        if (error instanceof WaitTimeoutError) return [];
        throw error;
      });
      if (batch.length === 0) return;
      yield batch[0] as DeadLetter;
    }
  }

  /** The pipeline has ended: its own channel is closed. */
  close(): void {
    this.#closed = true;
    this.#own?.close();
  }
}
