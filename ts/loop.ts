/** Keeps the event loop alive while something is on its way, and lets it end otherwise. */
import { fast } from './isolate.js';

let held = 0;

/** Keeps the event loop alive until {@link release}. */
export function hold(): void {
  if (held++ === 0) fast.portRef(true);
}

/** Undoes one {@link hold}. */
export function release(): void {
  if (--held === 0) fast.portRef(false);
}
