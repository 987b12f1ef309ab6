/** A pipeline's results, one after the other. */
import { Readable, Writable } from 'node:stream';
import { pipeline as pipeNode } from 'node:stream/promises';
import { ReadableStream, type WritableStream } from 'node:stream/web';
import { Channel } from '../channels/channel.js';
import { InvalidArgumentError } from '../errors.js';
import { signalOf } from '../signal.js';
import { checkWaitOptions, shown, type WaitOptions } from '../wait-options.js';
import { Collect, type End, Reading } from './ends.js';
import type { Run } from './run.js';

const ended = { value: undefined, done: true } as const;

/** How a stream is piped. */
export interface PipeOptions extends Pick<WaitOptions, 'signal'> {
  /** Leaves the destination open at the end. Default false. */
  preventClose?: boolean;
}

/**
 * The results of a pipeline's run. Nothing is read before somebody reads here, and no more than the buffers hold beyond what is read.
 * Leaving the loop ends the source and the stages.
 */
export class PipelineStream<T> implements AsyncIterableIterator<T, undefined>, AsyncDisposable {
  readonly #begin: (end: End) => Run;
  readonly #capacity: number;
  #reading: Reading | undefined;
  #run: Run | undefined;
  #over = false;

  /** @internal */
  constructor(begin: (end: End) => Run, capacity: number) {
    this.#begin = begin;
    this.#capacity = capacity;
  }

  /**
   * The next result.
   *
   * @throws What an item failed with, when its turn has come; what the source throws; the signal's reason; `WaitTimeoutError`;
   * `PipelineClosedError`. The stream is at its end then.
   */
  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#reading === undefined) {
      if (this.#over) return Promise.resolve(ended);
      const reading = new Reading(this.#capacity);
      try {
        this.#run = this.#begin(reading);
      } catch (error) {
        this.#over = true;
        return Promise.reject(error as Error);
      }
      this.#reading = reading;
    }
    return this.#reading.read() as Promise<IteratorResult<T, undefined>>;
  }

  /** Ends the source and the stages. @returns Resolves when the source has ended, unless it was at work just then. */
  async return(): Promise<IteratorResult<T, undefined>> {
    this.#over = true;
    const stopped = this.#run?.stop(new DOMException('nobody reads the results any more', 'AbortError'));
    this.#reading?.forget();
    await stopped;
    return ended;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /** All results that are left, in a list. @throws As {@link next}. */
  async toArray(): Promise<T[]> {
    if (this.#reading === undefined && !this.#over) {
      this.#over = true;
      return new Promise((resolve, reject) => {
        this.#run = this.#begin(new Collect(resolve as (results: unknown[]) => void, reject));
      });
    }
    const results: T[] = [];
    for await (const result of this) results.push(result);
    return results;
  }

  /**
   * Sends all results on, with the back-pressure of where they go, and closes that at the end. It is left open, or destroyed if it is a
   * stream, when this fails.
   *
   * @throws As {@link next}, and what the destination throws; the source and the stages have been ended then.
   */
  async pipeTo(
    to: Channel<T> | WritableStream<T> | Writable,
    { preventClose = false, ...options }: PipeOptions = {},
  ): Promise<void> {
    checkWaitOptions(options);
    const signal = signalOf(options.signal);
    if (to instanceof Channel) return this.#intoChannel(to, preventClose, options);
    if (to instanceof Writable)
      return pipeNode(this.toReadable(), to, { end: !preventClose, ...(signal && { signal }) });
    if (typeof (to as WritableStream | undefined)?.getWriter !== 'function')
      throw new InvalidArgumentError('to', shown(to), 'a Channel, a WritableStream or a Writable');
    return this.readable.pipeTo(to, { preventClose, ...(signal && { signal }) });
  }

  async #intoChannel(to: Channel<T>, preventClose: boolean, options: PipeOptions): Promise<void> {
    const signal = signalOf(options.signal);
    const onAbort = (): void => void this.return().catch(() => undefined);
    signal?.throwIfAborted();
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      for await (const result of this) await to.send(result, signal && { signal });
      signal?.throwIfAborted();
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
    if (!preventClose) to.close();
  }

  /** A Web stream of the results. */
  get readable(): ReadableStream<T> {
    return new ReadableStream<T>(
      {
        pull: async (out) => {
          const { value, done } = await this.next();
          if (done === true) out.close();
          else out.enqueue(value);
        },
        cancel: async () => void (await this.return()),
      },
      { highWaterMark: 0 },
    );
  }

  /** A Node stream of the results, in object mode. */
  toReadable(): Readable {
    return Readable.from(this);
  }
}
