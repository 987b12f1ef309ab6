/** A command's sender in another thread, as the handler's thread answers it. */
import { planLinger } from '../linger.js';
import type { Peer } from './peer.js';
import { kind } from './protocol.js';
import type { Caller } from './run.js';

/** @internal */
export class FarCaller implements Caller {
  readonly #peer: Peer;
  /** The number of this thread's inbox. */
  readonly #from: number;
  readonly #id: number;

  constructor(peer: Peer, from: number, id: number) {
    this.#peer = peer;
    this.#from = from;
    this.#id = id;
  }

  succeed(result: unknown): void {
    this.#peer.runs.delete(this.#id);
    try {
      this.#peer.send([kind.result, this.#from, this.#id, result]);
      planLinger();
    } catch (error) {
      // It cannot be cloned.
      this.fail(error);
    }
  }

  fail(error: unknown): void {
    this.#peer.runs.delete(this.#id);
    this.#peer.sendError(kind.error, this.#from, this.#id, error);
  }
}
