/** Select: one of several operations on channels, whichever can be done first. */

import { block, blockingLimit } from '../blocking.js';
import { ChannelClosedError, InvalidArgumentError } from '../errors.js';
import { fast, records, taskRecord } from '../isolate.js';
import { signalOf } from '../signal.js';
import { nextTurn, overspent } from '../turn.js';
import { putNum, putTag, type Received, recordedValue } from '../values.js';
import { checkWaitOptions, nativeLimit, SignalWait, shown, type WaitOptions } from '../wait-options.js';
import { enter, nextWait, status } from '../waits.js';
import { Channel } from './channel.js';

/** A select's case that sends. */
export class Sending<T> {
  /** @internal */
  readonly channel: Channel<T>;
  /** @internal */
  readonly value: T;

  /** @internal */
  constructor(channel: Channel<T>, value: T) {
    this.channel = channel;
    this.value = value;
  }
}

/** A case of {@link select} that sends `value` to `channel`. */
export function sending<T>(channel: Channel<T>, value: T): Sending<T> {
  if (!(channel instanceof Channel)) throw new InvalidArgumentError('channel', shown(channel), 'a Channel');
  return new Sending(channel, value);
}

/** A select's operations by name: a channel to receive from, or what {@link sending} gives; `default: true` if it is not to wait. */
export type SelectCases = Record<string, Channel<unknown> | Sending<unknown> | true>;

/** What has happened: the case, and for one that receives what `receive` gives. */
export type Selected<C extends SelectCases> = {
  [K in keyof C & string]: C[K] extends Channel<infer T>
    ? { case: K; value: T; done: false } | { case: K; value: undefined; done: true }
    : { case: K; value: undefined; done: false };
}[keyof C & string];

const page = { nothing: -1, waiting: -2 } as const;
const outcome = { received: 0, sent: 1, closed: 2 } as const;
/** Numbers in one case, and cases in the page. */
const width = 4;
const most = Math.floor(taskRecord / width);

interface Prepared {
  names: string[];
  list: (Channel<unknown> | Sending<unknown>)[];
  /** How the value of each case that sends was put. */
  put: ([tag: number, num: number] | undefined)[];
  waits: boolean;
}

function prepare(cases: SelectCases): Prepared {
  if (typeof cases !== 'object' || cases === null)
    throw new InvalidArgumentError('cases', shown(cases), 'an object of channels and sendings');
  const prepared: Prepared = { names: [], list: [], put: [], waits: true };
  for (const [name, operation] of Object.entries(cases)) {
    if (name === 'default' && operation === true) {
      prepared.waits = false;
      continue;
    }
    if (!(operation instanceof Channel) && !(operation instanceof Sending))
      throw new InvalidArgumentError(name, shown(operation), 'a Channel, or what sending() gives');
    prepared.names.push(name);
    prepared.list.push(operation);
  }
  const { list } = prepared;
  if (list.length > most)
    throw new InvalidArgumentError('cases', String(list.length), `at most ${most} in one select`);
  if (list.length === 0 && prepared.waits)
    throw new InvalidArgumentError('cases', 'no case', 'at least one: a select of none waits for ever');
  return prepared;
}

/** Puts the cases where native code finds them. Nothing else may be encoded until it is called. */
function lay({ list, put }: Prepared): void {
  for (const operation of list) {
    if (operation instanceof Channel) put.push(undefined);
    else {
      operation.channel.messages.encodeAny(operation.value, []);
      put.push([putTag, putNum]);
      fast.channelCaseValue(putTag, putNum);
    }
  }
  for (const [at, operation] of list.entries()) {
    const sends = operation instanceof Sending;
    records[at * width] = (sends ? operation.channel : operation).handle;
    records[at * width + 1] = sends ? 1 : 0;
  }
}

/** Lets go of the values that were not sent. */
function forgetOthers({ list, put }: Prepared, happened: number): void {
  for (const [at, operation] of list.entries()) {
    const how = put[at];
    if (how !== undefined && at !== happened) (operation as Sending<unknown>).channel.messages.forget(...how);
  }
}

type AnySelected = { case: string; value: unknown; done: boolean };

/** What has happened to case `at`; throws if it was to send to a closed channel. */
function resultOf(prepared: Prepared, at: number, what: number, value: Received): AnySelected {
  forgetOthers(prepared, what === outcome.sent ? at : -1);
  const name = prepared.names[at] as string;
  const operation = prepared.list[at];
  if (what === outcome.sent) return { case: name, value: undefined, done: false };
  if (what === outcome.received)
    return { case: name, value: (operation as Channel<unknown>).messages.decode(value), done: false };
  if (operation instanceof Sending) throw new ChannelClosedError();
  return { case: name, value: undefined, done: true };
}

function now(prepared: Prepared, answer: number): AnySelected {
  const what = answer % 4;
  const value = what === outcome.received ? recordedValue(taskRecord + 2) : undefined;
  return resultOf(prepared, Math.floor(answer / 4), what, value);
}

function ended(prepared: Prepared, how: number, at: number, value: Received): AnySelected {
  const what =
    how === status.fulfilled ? outcome.received : how === status.signal ? outcome.sent : outcome.closed;
  return resultOf(prepared, at, what, value);
}

/**
 * Does exactly one of several operations on channels. If several can be done, each is as likely; if none can, it waits for the
 * first that can, or with `default: true` does nothing.
 *
 * @param cases - By name: a channel to receive from, or `sending(channel, value)`; `default: true`.
 * @returns `{ case, value, done }`: the name of the case, `value` and `done` as of `receive`.
 * @throws {@link ChannelClosedError} if the case that happens sends to a closed channel; {@link WaitTimeoutError}; the signal's
 * reason. No message has been taken or sent then.
 * @example
 * ```ts
 * const chosen = await select({ job: jobs, quit, result: sending(results, 42) }, { timeout: 1000 });
 * if (chosen.case === 'job' && !chosen.done) handle(chosen.value);
 * ```
 */
export async function select<C extends SelectCases>(
  cases: C,
  options: WaitOptions = {},
): Promise<Selected<C>> {
  checkWaitOptions(options);
  const { timeout } = options;
  const signal = signalOf(options.signal);
  signal?.throwIfAborted();
  const prepared = prepare(cases);
  lay(prepared);
  const id = nextWait();
  const { list, waits } = prepared;
  const limit = nativeLimit(timeout);
  const answer = fast.channelSelect(list.length, id, waits, limit, signal !== undefined);
  let result: AnySelected;
  if (answer >= 0) result = now(prepared, answer);
  else if (answer === page.nothing) {
    forgetOthers(prepared, -1);
    result = { case: 'default', value: undefined, done: false };
  } else {
    result = await new Promise<AnySelected>((resolve, reject) => {
      const end = (how: number, at: number, value: Received): void => {
        try {
          resolve(ended(prepared, how, at, value));
        } catch (error) {
          reject(error as Error);
        }
      };
      const failed = (error: unknown): void => {
        forgetOthers(prepared, -1);
        reject(error as Error);
      };
      const wait = new SignalWait(options, list, end, failed);
      enter(wait);
      wait.listen(id);
    });
  }
  if (answer !== page.waiting && overspent()) await nextTurn(undefined);
  // A value that comes by the side path is still on its way.
  if (result.value instanceof Promise) result.value = await result.value;
  return result as Selected<C>;
}

/**
 * As {@link select}, and blocks this thread: worker threads only.
 *
 * @throws {@link UnsupportedError} in the main thread, and for a message that only the platform can clone, which stays.
 */
export function selectSync<C extends SelectCases>(cases: C, options: WaitOptions = {}): Selected<C> {
  checkWaitOptions(options);
  const limit = blockingLimit('selectSync', options);
  const prepared = prepare(cases);
  lay(prepared);
  const { list, waits } = prepared;
  const answer = waits
    ? fast.channelSelectBlocking(list.length, limit)
    : fast.channelSelect(list.length, 0, false, 0, false);
  if (answer >= 0) return now(prepared, answer) as Selected<C>;
  if (answer === page.nothing) {
    forgetOthers(prepared, -1);
    return { case: 'default', value: undefined, done: false } as Selected<C>;
  }
  let ending: ReturnType<typeof block>;
  try {
    ending = block(options);
  } catch (error) {
    forgetOthers(prepared, -1);
    throw error;
  }
  return ended(prepared, ending.how, ending.case, ending.value) as Selected<C>;
}
