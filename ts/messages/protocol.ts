/** What the threads of a bus send into one another's inboxes. A thread is known by its inbox's number. */

/** What a message is: its first number. */
export const kind = {
  command: 0,
  result: 1,
  error: 2,
  /** The handler is gone: choose another. */
  again: 3,
  cancel: 4,
  event: 5,
  deadLetter: 6,
} as const;

/** Each begins with its kind and the thread that sent it; commands and what concerns them then have the command's number there. */
export type Message =
  | readonly [typeof kind.command, from: number, id: number, handler: number, payload: unknown]
  | readonly [typeof kind.result, from: number, id: number, value: unknown]
  | readonly [typeof kind.error, from: number, id: number, error: unknown]
  | readonly [typeof kind.again, from: number, id: number]
  | readonly [typeof kind.cancel, from: number, id: number, reason: unknown]
  | readonly [typeof kind.event, from: number, event: string, payload: unknown]
  | readonly [typeof kind.deadLetter, from: number, letter: unknown];
