/**
 * What something in a sub-pipeline comes of: items of the pipeline around it. Whatever is on its way there holds its origin once; who passes
 * it on passes the hold on too. When nothing of an item is on its way any more, what comes after the item waits for it no longer.
 */
import type { Part } from './ticket.js';

export interface Origin {
  /** The place in which it comes out. */
  readonly part: Part | undefined;
  /** All that it comes of. `undefined` for what another source has brought into the sub-pipeline. */
  readonly parts: readonly (Part | undefined)[];
  /** Something more of it is on its way. */
  hold(): void;
  /** Something of it has come out, or never will. */
  leave(): void;
  /** Something of it stands in a list that is not complete: nobody waits for that. */
  gathered(): void;
  /** What it is to the pipeline around that around it. */
  outer(): Origin | undefined;
}

/** Of several items: a list comes out in the place of its last one. */
export class Joint implements Origin {
  readonly part: Part | undefined;
  readonly parts: readonly (Part | undefined)[];

  constructor(origins: readonly (Origin | undefined)[]) {
    this.parts = origins.flatMap((origin) => origin?.parts ?? [undefined]);
    this.part = origins.findLast((origin) => origin?.part !== undefined)?.part;
  }

  hold(): void {
    this.part?.hold();
  }

  leave(): void {
    this.part?.leave();
  }

  gathered(): void {
    this.part?.gathered();
  }

  outer(): Origin | undefined {
    const outer = new Joint(this.parts.map((part) => part?.outer()));
    return outer.part === undefined ? undefined : outer;
  }
}
