/** A command that somebody waits for. */
import { Deadline, startDeadline, stopDeadline } from '../policy/deadlines.js';
import { CommandTimeoutError, HandlerLostError } from './errors.js';
import { count } from './metrics.js';
import type { Peer } from './peer.js';
import type { Pending } from './pending.js';
import { kind } from './protocol.js';
import type { Caller, Run } from './run.js';

/** What may end a command before its answer. */
class Limit extends Deadline {
  readonly #command: Command;
  readonly #signal: AbortSignal | undefined;
  readonly #timeout: number | undefined;
  readonly #onAbort = (): void => this.#command.giveUp(count.cancelled, this.#signal?.reason);

  constructor(command: Command, signal: AbortSignal | undefined, timeout: number | undefined) {
    super();
    this.#command = command;
    this.#signal = signal;
    this.#timeout = timeout;
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (timeout !== undefined) startDeadline(this, timeout);
  }

  override overdue(): void {
    this.#command.giveUp(
      count.timeouts,
      new CommandTimeoutError(this.#command.name, this.#timeout as number),
    );
  }

  stop(): void {
    stopDeadline(this);
    this.#signal?.removeEventListener('abort', this.#onAbort);
  }
}

/** From being sent to its answer. @internal */
export class Command implements Caller {
  readonly name: string;
  readonly payload: unknown;
  /** Its neighbours among those that are pending. */
  before: Command | undefined;
  after: Command | undefined;
  readonly #pending: Pending;
  readonly #resolve: (result: unknown) => void;
  readonly #reject: (error: unknown) => void;
  #open = true;
  /** When it was sent, if it is measured. */
  readonly #began: number;
  #limit: Limit | undefined;
  /** Where it is: its call in this thread, or its number in another. */
  #run: Run | undefined;
  #peer: Peer | undefined;
  #id = 0;

  constructor(
    name: string,
    payload: unknown,
    pending: Pending,
    resolve: (result: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    this.name = name;
    this.payload = payload;
    this.#pending = pending;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#began = pending.counts.begin();
    pending.add(this);
  }

  /** It may be ended by a signal, or by its time. */
  limit(signal: AbortSignal | undefined, timeout: number | undefined): void {
    this.#limit = new Limit(this, signal, timeout);
  }

  /** Whether it has no answer yet. */
  get open(): boolean {
    return this.#open;
  }

  /** Whether another thread has it. */
  get far(): boolean {
    return this.#peer !== undefined;
  }

  /** A handler of this thread has it. */
  runs(run: Run): void {
    this.#run = run;
  }

  /** Another thread has it. */
  sent(peer: Peer, id: number): void {
    this.#peer = peer;
    this.#id = id;
    peer.commands.set(id, this);
  }

  /** It did not get there. */
  unsent(): void {
    this.#peer?.commands.delete(this.#id);
    this.#peer = undefined;
  }

  succeed(result: unknown): void {
    if (!this.#settle()) return;
    if (this.#began !== 0) this.#pending.counts.end(this.#began);
    this.#resolve(result);
  }

  fail(error: unknown): void {
    if (!this.#settle()) return;
    this.#pending.counts.add(count.failures);
    if (this.#began !== 0) this.#pending.counts.end(this.#began);
    this.#reject(error);
  }

  /** The thread that had it has ended. */
  lost(): void {
    if (!this.#settle()) return;
    this.#pending.counts.add(count.lost);
    this.#reject(new HandlerLostError(this.name));
  }

  /** It could not be sent. */
  refuse(error: unknown): void {
    if (this.#settle()) this.#reject(error);
  }

  /** The bus is closed. */
  end(error: unknown): void {
    if (this.#settle()) this.#leave(error);
  }

  /** Its sender does not wait for it any more. */
  giveUp(what: number, error: unknown): void {
    if (!this.#settle()) return;
    this.#pending.counts.add(what);
    this.#leave(error);
  }

  /** Rejects, and tells the handler. */
  #leave(error: unknown): void {
    this.#reject(error);
    this.#run?.abandon(error);
    this.#peer?.sendError(kind.cancel, this.#pending.thread, this.#id, error);
  }

  #settle(): boolean {
    if (!this.#open) return false;
    this.#open = false;
    this.#limit?.stop();
    this.#peer?.commands.delete(this.#id);
    this.#pending.remove(this);
    return true;
  }
}
