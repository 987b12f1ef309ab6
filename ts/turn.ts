/**
 * Turns of the event loop: whoever awaits what is always ready would never let timers, input and output have theirs. So only so many
 * operations in a row end at once; the next one ends a turn later.
 */

/** Operations that may end at once in one turn: about half a millisecond of them. */
const budget = 4096;
let spent = 0;
let watched = false;

function begin(): void {
  spent = 0;
  watched = false;
}

/** Counts an operation that ends at once. Says whether the event loop must have its turn before. */
export function overspent(): boolean {
  if (!watched) {
    watched = true;
    setImmediate(begin).unref();
  }
  return ++spent > budget;
}

/** Ends in the next turn, with `value`. */
export function nextTurn<T>(value: T): Promise<T> {
  return new Promise((resolve) => setImmediate(resolve, value));
}
