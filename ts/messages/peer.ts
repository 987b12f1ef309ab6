/** Another thread that has the bus open. */
import type { Channel } from '../channels/channel.js';
import { UnsupportedError } from '../errors.js';
import { afterDrain, fast } from '../isolate.js';
import { pack } from '../thrown.js';
import { put, putNum, putTag } from '../values.js';
import { enter, nextWait, status, type Wait } from '../waits.js';
import type { Command } from './command.js';
import { channelOf } from './directory.js';
import type { kind, Message } from './protocol.js';
import type { Run } from './run.js';

/** What the sending calls answer when a message is sent. @internal */
export const sent = 0;

/** Makes a message ready to be sent. @throws `DataCloneError`; {@link UnsupportedError} for what the codec does not know. @internal */
export function putMessage(message: Message): void {
  if (!put(message))
    throw new UnsupportedError(
      'the platform alone can clone this value: a message bus cannot send it to another thread',
    );
}

/**
 * Another thread, its inbox, and what is under way between the two. A channel of that thread's, into which nobody sends, is closed when
 * it ends, however it ends: who waits there learns of it.
 *
 * @internal
 */
export class Peer implements Wait {
  readonly idle = true;
  /** The number of its inbox. */
  readonly id: number;
  /** Commands of ours that it has. */
  readonly commands = new Map<number, Command>();
  /** Commands of its that run here. */
  readonly runs = new Map<number, Run>();
  /** By which native calls know its inbox. */
  readonly handle: number;
  /** They are kept while it waits. */
  readonly keeps: readonly Channel<Message>[];
  readonly #ended: (peer: Peer) => void;
  readonly #wait: number;

  private constructor(inbox: Channel<Message>, life: Channel<Message>, ended: (peer: Peer) => void) {
    this.id = inbox.object.id;
    this.handle = inbox.handle;
    this.keeps = [inbox, life];
    this.#ended = ended;
    this.#wait = enter(this);
  }

  /** Finds a thread by the numbers of its two channels. `undefined` if it has ended. */
  static find(inbox: number, life: number, ended: (peer: Peer) => void): Peer | undefined {
    const [its, channel] = [channelOf(inbox), channelOf(life)];
    if (its === undefined || channel === undefined) return undefined;
    const open = fast.channelReceiveWith(channel.handle, nextWait(), 0, true) === false;
    return open ? new Peer(its, channel, ended) : undefined;
  }

  /** Sends a message. Says whether it could be sent: otherwise the thread has ended. */
  send(message: Message): boolean {
    putMessage(message);
    return fast.channelTrySend(this.handle, putTag, putNum) === sent;
  }

  /** Sends what was thrown, for the command of a number. */
  sendError(
    what: typeof kind.error | typeof kind.cancel,
    from: number,
    id: number,
    thrown: unknown,
  ): boolean {
    const packed = pack(thrown);
    try {
      return this.send([what, from, id, packed]);
    } catch {
      // Its properties are clonable one by one, and not together.
      const { name, message, stack } = packed;
      return this.send([what, from, id, { name: name ?? 'Error', message, stack }]);
    }
  }

  settle(how: number): void {
    if (how === status.ended) afterDrain(() => this.#ended(this));
  }

  /** This thread has no more to do with it. */
  letGo(): void {
    fast.waitCancel(this.#wait);
  }
}
