/** Events of an object that threads share: it is listened to while anybody here listens. */
import { Emitter } from '../events.js';
import type { NativeObject } from '../native/binding.js';
import { hear } from '../told.js';

/** What to do with one change: `emit` it as an event. @internal */
export type Telling<Events extends { [K in keyof Events]: unknown[] }> = (
  emitter: Emitter<Events>,
  what: number,
  a: number,
  b: number,
) => void;

/** The listeners of one object in this thread. @internal */
export function heardEmitter<Events extends { [K in keyof Events]: unknown[] }>(
  native: NativeObject,
  tell: Telling<Events>,
): Emitter<Events> {
  let deaf: (() => void) | undefined;
  return new Emitter<Events>((emitter) => {
    if (emitter.listens()) deaf ??= hear(native, (what, a, b) => tell(emitter, what, a, b));
    else {
      deaf?.();
      deaf = undefined;
    }
  });
}
