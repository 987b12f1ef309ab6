/** Whether a lock goes to those who wait in the order of their coming. */
import { nameOf, type Origin, type SharedOptions } from '../shared-object.js';

/** How a lock is made. */
export interface LockOptions extends SharedOptions {
  /**
   * First come, first served: whoever gives the lock back hands it to the first in line. `false` lets newcomers take it before the first in
   * line has woken up, which is called and takes its chance: more throughput where threads contend, and one who waits may wait long.
   * All who share the lock by name must say the same. Default true.
   */
  fair?: boolean;
}

/** Takes such options apart. @internal */
export function lockOrigin(options: LockOptions): { options: object; name: string | undefined } {
  const name = nameOf(options, ['fair']);
  const { fair = true } = options;
  return { options: { fair }, name };
}

/** Whether no other thread can have what is made so, and it is fair: see `words.ts`. @internal */
export function isAlone(origin: Origin): boolean {
  return (
    'options' in origin && origin.name === undefined && (origin.options as { fair?: boolean }).fair === true
  );
}
