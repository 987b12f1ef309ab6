/** Which of several handlers gets a command. */
import type { AtomicI32 } from '../memory/atomic-i32.js';
import type { Cell } from '../memory/buffers.js';
import type { Handler } from './handler.js';
import type { Peer } from './peer.js';

/** A handler, here or in another thread. @internal */
export interface Route {
  /** Its number in its thread. */
  readonly id: number;
  /** How many commands it has. */
  readonly load: AtomicI32;
  /** Where that is. */
  readonly cell: Cell<Int32Array>;
  /** How many it takes at most. */
  readonly limit: number;
  /** Its thread, if that is another one. */
  readonly peer: Peer | undefined;
}

/** A handler of another thread's. @internal */
export interface FarRoute extends Route {
  readonly peer: Peer;
}

/** The handlers of one command: whichever has the fewest commands is next, of equals each in turn. @internal */
export class Routes {
  readonly #all: readonly (Handler | FarRoute)[];
  #next = 0;

  constructor(all: readonly (Handler | FarRoute)[]) {
    this.#all = all;
  }

  /** The next one; `undefined` if none has room. */
  choose(): Handler | FarRoute | undefined {
    const all = this.#all;
    const { length } = all;
    if (length === 1) {
      const [only] = all as [Handler | FarRoute];
      return only.limit === Infinity || only.load.load() < only.limit ? only : undefined;
    }
    let best: Handler | FarRoute | undefined;
    let least = Infinity;
    let at = this.#next;
    for (let n = 0; n < length; n++) {
      const place = (this.#next + n) % length;
      const route = all[place] as Handler | FarRoute;
      const load = route.load.load();
      if (load < least && load < route.limit) [best, least, at] = [route, load, place];
    }
    this.#next = (at + 1) % length;
    return best;
  }
}
