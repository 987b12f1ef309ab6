/** What everything that calls the user's function gives it. */

/** What a guarded function is called with. */
export interface CallContext {
  /** Aborts when the call is to end: its caller gave up, or its time is over. `undefined` if nothing can end it. */
  readonly signal: AbortSignal | undefined;
}
