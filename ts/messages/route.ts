/** Which of several handlers gets a command. */
import type { AtomicI32 } from '../memory/atomic-i32.js';
import type { Handler } from './handler.js';
import type { Peer } from './peer.js';

/** A handler, here or in another thread. @internal */
export interface Route {
  /** Its number in its thread. */
  readonly id: number;
  /** How many commands it has. */
  readonly load: AtomicI32;
  /** How many it takes at most. */
  readonly limit: number;
  /** Its thread, if that is another one. */
  readonly peer: Peer | undefined;
}

/** A handler of another thread's. @internal */
export interface FarRoute extends Route {
  readonly peer: Peer;
}

/** Counts a command to a handler. Says whether it has room: otherwise it is not counted. @internal */
export function claim({ load, limit }: Route): boolean {
  if (load.add(1) < limit) return true;
  load.sub(1);
  return false;
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
