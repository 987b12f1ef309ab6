/** What a policy hands the function that it calls. */
export interface CallContext {
  /** Aborts when the call is to end: because its caller gave it up, or because of the policy. `undefined` if nothing can end it. */
  readonly signal: AbortSignal | undefined;
}
