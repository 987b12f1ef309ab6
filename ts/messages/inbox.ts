/** Where what other threads send to this one comes out, in order. It waits without keeping the process alive. */
import { AsyncResource } from 'node:async_hooks';
import type { Channel } from '../channels/channel.js';
import { afterDrain, fast, taskRecord } from '../isolate.js';
import { type Received, recordedValue } from '../values.js';
import { enter, nextWait, status, type Wait } from '../waits.js';
import type { Message } from './protocol.js';

/** Messages that are taken before the event loop has its turn. */
const perTurn = 256;
/** What comes is not of the flow that happens to be under way. */
const root = new AsyncResource('millrace', { requireManualDestroy: true });

/** This thread's end of its own channel. @internal */
export class Inbox implements Wait {
  readonly idle = true;
  readonly #channel: Channel<Message>;
  readonly #take: (message: Message) => void;
  readonly #ended: () => void;
  /** Nothing is there, and it waits. */
  #waits = false;
  #afterwards: (() => void)[] = [];

  constructor(channel: Channel<Message>, take: (message: Message) => void, ended: () => void) {
    this.#channel = channel;
    this.#take = take;
    this.#ended = ended;
    this.#read();
  }

  /** Does something once all that is there has been taken. */
  afterAll(work: () => void): void {
    if (this.#waits) work();
    else this.#afterwards.push(work);
  }

  settle(how: number, _detail: number, message: Received): void {
    this.#waits = false;
    // It runs the user's code, which may need the page that is being read.
    afterDrain(() => {
      if (how !== status.fulfilled) return this.#end();
      this.#take(message as Message);
      this.#read();
    });
  }

  #read(): void {
    for (let taken = 0; taken < perTurn; taken++) {
      const got = fast.channelReceive(this.#channel.handle, nextWait());
      if (got === undefined) return this.#end();
      if (got === false) {
        enter(this);
        this.#waits = true;
        this.#followUp();
        return;
      }
      this.#take(recordedValue(taskRecord + 2) as Message);
    }
    root.runInAsyncScope(setImmediate, undefined, () => this.#read());
  }

  #followUp(): void {
    for (const work of this.#afterwards.splice(0)) work();
  }

  #end(): void {
    this.#ended();
    this.#followUp();
  }
}
