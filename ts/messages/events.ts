/** What a bus tells those who listen to itself. */

/** A command that nobody handles. */
export interface DeadCommand {
  /** The command's name. */
  command: string;
  /** Its payload. Listeners in other threads than the sender's get a clone, or `undefined` if it cannot be cloned. */
  payload: unknown;
  /** The thread that sent it, as `threadId` has it. */
  thread: number;
  /** When, in milliseconds since the epoch. */
  at: number;
}

/** A bus's own events, with what each listener gets. What a listener throws is an uncaught exception and changes nothing for others. */
export interface MessageBusEvents {
  /** A command was sent in any thread and nobody handles it. */
  deadLetter: [letter: DeadCommand];
  /** A subscriber in this thread has thrown, or its promise was rejected. If nobody listens it is an uncaught exception. */
  subscriberError: [error: unknown, event: string];
}
