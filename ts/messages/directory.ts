/** Which thread handles and hears what: a map that all threads of a bus share, and a version that changes with it. */
import type { SharedMap } from '../memory/shared-map.js';
import type { Counts } from './metrics.js';
import type { Member } from './protocol.js';

/** The directory of one bus, by the numbers of the threads' inboxes. @internal */
export class Directory {
  readonly #members: SharedMap<number, Member>;
  readonly #counts: Counts;

  constructor(members: SharedMap<number, Member>, counts: Counts) {
    this.#members = members;
    this.#counts = counts;
  }

  /** It is read before what it is the version of, and changed after it. */
  get version(): number {
    return Atomics.load(this.#counts.words, 0);
  }

  /** What a thread says of itself. */
  set(id: number, member: Member): void {
    this.#members.set(id, member);
    this.#change();
  }

  get(id: number): Member | undefined {
    return this.#members.get(id);
  }

  /** A thread has left. */
  remove(id: number): void {
    if (this.#members.delete(id)) this.#change();
  }

  /** All threads. */
  all(): Map<number, Member> {
    return new Map(this.#members.entries());
  }

  #change(): void {
    Atomics.add(this.#counts.words, 0, 1);
  }
}
