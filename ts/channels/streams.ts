/** Web streams out of channels and into them. */
import { ReadableStream, WritableStream } from 'node:stream/web';
import { signalOf } from '../signal.js';
import type { WaitOptions } from '../wait-options.js';
import type { Channel } from './channel.js';

/** Sends everything that comes on to another channel or stream. */
export async function pipe<T>(
  from: Channel<T>,
  to: Channel<T> | WritableStream<T>,
  preventClose: boolean,
  options: WaitOptions,
): Promise<void> {
  if (to instanceof WritableStream) {
    const signal = signalOf(options.signal);
    return readableOf(from).pipeTo(to, { preventClose, ...(signal && { signal }) });
  }
  for (;;) {
    const { value, done: ended } = await from.receive(options);
    if (ended) break;
    await to.send(value as T, options);
  }
  if (!preventClose) to.close();
}

/** A stream of what is received. */
export function readableOf<T>(channel: Channel<T>): ReadableStream<T> {
  const stop = new AbortController();
  return new ReadableStream<T>(
    {
      pull: async (out) => {
        const next = await channel.receive({ signal: stop.signal });
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
