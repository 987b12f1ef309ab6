/** One thread's way into a pool: tasks in, results out. */

import type { Transferable } from 'node:worker_threads';
import { kind } from '../codec/index.js';
import { fast, records, taskRecord } from '../isolate.js';
import { nextSideId, recallSide, sendAhead, stageSide, unstageSide } from '../links.js';
import type { NativePool } from '../native/binding.js';
import { type Cancellation, signalOf } from '../signal.js';
import { packLarge, prepare, putNum, putSide, putTag, type Received, stageLarge, way } from '../values.js';
import { enter, finish, status, type Wait, withdraw } from '../waits.js';
import type { Processor, SubmitOptions } from './config.js';
import { failure } from './outcome.js';
import { processorText } from './processor.js';
import { flag } from './protocol.js';

/** A submitted task that can be cancelled. */
export interface Ticket {
  /** Cancels it, whatever it does. */
  cancel(): void;
  /** Cancels it unless a worker has begun it. */
  withdraw(): void;
  /** Lets a stream send so many more items. */
  credit(count: number): void;
}

/** What a submitter with more than a plain wait wants to know. */
export interface Hearing {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  /** What it is resolved with may be a promise. */
  adopts?: true;
  item?(value: Received): void;
}

/** How a task goes in, once its options have been checked. */
export interface Terms {
  signal?: Cancellation | undefined;
  timeout?: number | undefined;
  priority?: number | undefined;
  transfer?: readonly Transferable[] | undefined;
  processor?: Processor<never, unknown> | undefined;
  idempotent?: boolean | undefined;
}

const nothing: readonly Transferable[] = [];

/** Submits tasks to one pool from one thread. */
export class Client {
  readonly native: NativePool;
  readonly #handle: number;
  readonly #processors = new Map<string, number>();

  constructor(native: NativePool) {
    this.native = native;
    this.#handle = native.handle;
  }

  /** The plain case, and the fast one: no options. */
  submit(task: unknown): Promise<unknown> {
    if (typeof task !== 'number') {
      try {
        const how = prepare(task);
        if (how !== way.ready) {
          if (how === way.platform || fast.poolIdles(this.#handle)) return this.submitWith(task, {});
          stageLarge();
        }
      } catch (error) {
        return Promise.reject(error as Error);
      }
      return new Promise((resolve) => {
        fast.poolSubmit(this.#handle, enter(resolve), putTag, putNum, 0);
      });
    }
    return new Promise((resolve) => {
      fast.poolSubmit(this.#handle, enter(resolve), kind.number, task, 0);
    });
  }

  submitWith(task: unknown, terms: Terms): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.open(task, terms, { resolve, reject, adopts: true }, false);
    });
  }

  /** Submits, and gives what it takes to cancel. What cannot be submitted is told to the hearing. */
  open(task: unknown, terms: Terms, hearing: Hearing, streams: boolean): Ticket | undefined {
    const { timeout, transfer = nothing } = terms;
    const signal = signalOf(terms.signal);
    if (signal?.aborted === true) {
      hearing.reject(signal.reason);
      return undefined;
    }
    const handle = this.#handle;
    let side: SideInput | undefined;
    let processor = 0;
    // What is moved is gone from here: it cannot be sent a second time.
    const again = terms.idempotent === true && transfer.length === 0;
    try {
      if (terms.processor !== undefined) processor = this.#processorId(terms.processor);
      const how = transfer.length > 0 ? way.platform : prepare(task);
      if (how === way.platform) side = new SideInput(task, transfer);
      else if (how === way.large) {
        if (!again && fast.poolIdles(handle)) side = new SideInput(packLarge(), nothing);
        else stageLarge();
      }
    } catch (error) {
      hearing.reject(error);
      return undefined;
    }
    const wait = new TaskWait(hearing, signal, side);
    const flags = (again ? flag.idempotent : 0) | (streams ? flag.streams : 0) | flag.cancellable;
    const limit = timeout === undefined || timeout === Infinity ? 0 : Math.max(timeout, 1e-6);
    const priority = terms.priority ?? 0;
    const id = enter(wait);
    let taskId: number;
    try {
      if (side === undefined || again) {
        side?.stage();
        taskId = fast.poolSubmitWith(handle, id, putTag, putNum, processor, priority, limit, flags);
      } else {
        putSide(side.id);
        taskId = fast.poolSubmitNear(handle, id, putTag, putNum, processor, priority, limit, flags);
        if (taskId !== 0) wait.send(handle, taskId);
      }
    } catch (error) {
      withdraw(id);
      wait.forget();
      hearing.reject(error);
      return undefined;
    }
    const ticket: Ticket = {
      cancel: () => void (taskId !== 0 && !wait.ended && fast.poolCancel(handle, taskId)),
      withdraw: () => void (taskId !== 0 && !wait.ended && fast.poolWithdraw(handle, taskId)),
      credit: (count) => !wait.ended && fast.poolCredit(handle, taskId, count),
    };
    wait.listen(ticket);
    return ticket;
  }

  #processorId(processor: Processor<never, unknown>): number {
    const text = processorText(processor);
    let id = this.#processors.get(text);
    if (id === undefined) {
      id = this.native.processorId(text);
      this.#processors.set(text, id);
    }
    return id;
  }
}

/** An input that goes over a link: straight to the worker that idles, or to the one that asks for it. */
class SideInput {
  readonly id = nextSideId();
  readonly #value: unknown;
  readonly #transfer: readonly Transferable[];
  #thread = 0;

  constructor(value: unknown, transfer: readonly Transferable[]) {
    this.#value = value;
    this.#transfer = transfer;
  }

  stage(): void {
    stageSide(this.id, this.#value, this.#transfer);
    putSide(this.id);
  }

  /** Sends it where the submit that has just been done says. */
  send(pool: number): void {
    this.#thread = records[taskRecord] as number;
    const worker = records[taskRecord + 1] as number;
    if (worker === 0) stageSide(this.id, this.#value, this.#transfer);
    else {
      sendAhead(this.#thread, this.id, this.#value, this.#transfer);
      fast.poolWake(pool, worker);
    }
  }

  /** Its task has ended. */
  forget(begun: boolean): void {
    unstageSide(this.id);
    if (!begun && this.#thread !== 0) recallSide(this.#thread, this.id);
  }
}

/** A task somebody may cancel. It listens to its signal only as long as it waits. */
class TaskWait implements Wait {
  ended = false;
  readonly #hearing: Hearing;
  readonly #signal: AbortSignal | undefined;
  readonly #side: SideInput | undefined;
  #onAbort: (() => void) | undefined;
  #items: Promise<void> | undefined;

  constructor(hearing: Hearing, signal: AbortSignal | undefined, side: SideInput | undefined) {
    this.#hearing = hearing;
    this.#signal = signal;
    this.#side = side;
  }

  listen(ticket: Ticket): void {
    if (this.#signal === undefined) return;
    this.#onAbort = ticket.cancel;
    this.#signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** Sends its input. What cannot be cloned or moved is known only now: the task is withdrawn. */
  send(pool: number, task: number): void {
    try {
      this.#side?.send(pool);
    } catch (error) {
      this.ended = true;
      this.#hearing.reject(error);
      fast.poolCancel(pool, task);
    }
  }

  forget(how?: number): void {
    this.ended = true;
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#side?.forget(how === status.fulfilled || how === status.rejected);
  }

  item(value: Received): void {
    if (value instanceof Promise || this.#items !== undefined) {
      // Items that come another way must not overtake one another.
      const before = this.#items ?? Promise.resolve();
      this.#items = before.then(async () => this.#hearing.item?.(await value));
    } else this.#hearing.item?.(value);
  }

  settle(how: number, detail: number, value: Received): void {
    const known = this.ended;
    this.forget(how);
    if (known) return;
    if (value instanceof Promise || this.#items !== undefined) {
      void Promise.all([value, this.#items]).then(([late]) => this.#end(how, detail, late));
    } else this.#end(how, detail, value);
  }

  #end(how: number, detail: number, value: unknown): void {
    if (how === status.fulfilled || how === status.signal) this.#hearing.resolve(value);
    else if (how === status.aborted && this.#signal?.aborted === true)
      this.#hearing.reject(this.#signal.reason);
    else if (this.#hearing.adopts) this.#hearing.resolve(finish(how, detail, value));
    else this.#hearing.reject(failure(how, detail, value));
  }
}

/** Picks the terms out of a user's options. */
export function termsOf(options: SubmitOptions<never, unknown>): Terms {
  return options as Terms;
}
