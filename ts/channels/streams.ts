/** Web streams out of channels and into them. */
import { ReadableStream, WritableStream } from 'node:stream/web';
import { ChannelClosedError, InvalidArgumentError } from '../errors.js';
import { signalOf } from '../signal.js';
import { shown, type WaitOptions } from '../wait-options.js';
import { within } from '../within.js';
import type { Channel } from './channel.js';

/** Sends everything that comes on to another channel. */
export async function pipe<T>(
  from: Channel<T>,
  to: Channel<T>,
  preventClose: boolean,
  options: WaitOptions,
): Promise<void> {
  for (;;) {
    // Before a message is taken, which would be lost.
    if (to.closed) throw new ChannelClosedError();
    const { value, done } = await from.receive(options);
    if (done) break;
    // What ends the pipe does not end the sending: the message is in nobody else's hands.
    const sending = to.send(value);
    try {
      await within(sending, options, performance.now());
    } catch (error) {
      sending.catch(() => undefined);
      throw error;
    }
  }
  if (!preventClose) to.close();
}

/** Sends everything that comes on to a stream. */
export async function pipeToStream<T>(
  from: Channel<T>,
  to: WritableStream<T>,
  preventClose: boolean,
  options: WaitOptions,
): Promise<void> {
  if (!(to instanceof WritableStream))
    throw new InvalidArgumentError('to', shown(to), 'a Channel or a WritableStream');
  const { timeout } = options;
  const signal = signalOf(options.signal);
  const source = readableOf(from, timeout === undefined ? {} : { timeout });
  await source.pipeTo(to, { preventClose, ...(signal && { signal }) });
}

/** A stream of what is received. */
export function readableOf<T>(
  channel: Channel<T>,
  options: Pick<WaitOptions, 'timeout'> = {},
): ReadableStream<T> {
  const stop = new AbortController();
  return new ReadableStream<T>(
    {
      pull: async (out) => {
        const next = await channel.receive({ ...options, signal: stop.signal });
        if (next.done) out.close();
        else out.enqueue(next.value);
      },
      cancel: (reason) => stop.abort(reason),
    },
    { highWaterMark: 0 },
  );
}

/** A stream whose chunks are sent. */
export function writableOf<T>(channel: Channel<T>): WritableStream<T> {
  return new WritableStream<T>({
    write: (chunk, out) =>
      channel.send(chunk, { signal: (out as unknown as { signal: AbortSignal }).signal }),
    close: () => channel.close(),
    abort: () => channel.close(),
  });
}
