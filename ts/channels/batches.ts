/** Batches of messages: runs of numbers go over in one native call. */
import { ChannelClosedError } from '../errors.js';
import { fast, records, taskRecord } from '../isolate.js';
import { recordedValue } from '../values.js';
import type { Messages } from './messages.js';

/** Numbers that one native call may hand over. */
const most = taskRecord;

/** Sends the numbers that stand in a list from `at` on, as far as there is room; how many. */
export function sendNumbers(handle: number, list: readonly unknown[], at: number): number {
  let count = 0;
  const end = Math.min(list.length - at, most);
  for (; count < end; count++) {
    const value = list[at + count];
    if (typeof value !== 'number') break;
    records[count] = value;
  }
  if (count === 0) return 0;
  const how = fast.channelSendNumbers(handle, count);
  if (how < 0) throw new ChannelClosedError();
  return how;
}

/** Receives what is there without waiting, until the batch has `max`. `plain`: numbers travel as they are. */
export function collect<T>(
  handle: number,
  messages: Messages,
  plain: boolean,
  batch: T[],
  max: number,
): void {
  while (batch.length < max) {
    if (plain) {
      const count = fast.channelReceiveNumbers(handle, Math.min(max - batch.length, most));
      for (let at = 0; at < count; at++) batch.push(records[at] as T);
      if (count > 0) continue;
    }
    const got = fast.channelTryReceive(handle, true);
    if (typeof got === 'number') batch.push(messages.decode(got) as T);
    else if (got === true) batch.push(messages.decode(recordedValue(taskRecord + 2)) as T);
    else return;
  }
}
