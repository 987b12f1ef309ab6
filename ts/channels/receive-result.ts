/** How a receive ends. */

/** What a receive gives: a message, or the news that the channel is closed and empty. */
export type ReceiveResult<T> = { value: T; done: false } | { value: undefined; done: true };

/** The news that the channel is closed and empty. */
export const closedResult = { value: undefined, done: true } as const;
