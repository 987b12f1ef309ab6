/** Whatever items come from, read one at a time. */
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { Channel } from '../channels/channel.js';
import { InvalidArgumentError } from '../errors.js';
import { shown } from '../wait-options.js';

/** What items can come from: anything iterable, a Web or Node stream, a channel. */
export type PipelineSource<T> =
  | AsyncIterable<T>
  | Iterable<T | PromiseLike<T>>
  | ReadableStream<T>
  | Readable
  | Channel<T>;

type Step = IteratorResult<unknown, unknown>;

/** Where a run's items come from. */
export interface Source {
  next(): Step | PromiseLike<Step>;
  /** Nobody reads any more. `pending`: the last `next` has not ended. What it gives need not be waited for then. */
  stop(reason: unknown, pending: boolean): unknown;
}

class Iterated implements Source {
  readonly #iterator: Iterator<unknown> | AsyncIterator<unknown>;
  constructor(iterator: Iterator<unknown> | AsyncIterator<unknown>) {
    this.#iterator = iterator;
  }
  next(): Step | PromiseLike<Step> {
    return this.#iterator.next();
  }
  stop(): unknown {
    return this.#iterator.return?.();
  }
}

/** A list, without the iterator's detour. As with that, what is added while it is read is read too. */
class Listed implements Source {
  readonly #list: readonly unknown[];
  readonly #step: { value: unknown; done: boolean } = { value: undefined, done: false };
  #at = 0;
  constructor(list: readonly unknown[]) {
    this.#list = list;
  }
  next(): Step {
    const step = this.#step;
    if (this.#at >= this.#list.length) return { value: undefined, done: true };
    step.value = this.#list[this.#at++];
    return step as Step;
  }
  stop(): void {}
}

/** A channel is left as it is, and its messages for others. */
class Received implements Source {
  readonly #channel: Channel<unknown>;
  readonly #stop = new AbortController();
  constructor(channel: Channel<unknown>) {
    this.#channel = channel;
  }
  next(): Promise<Step> {
    return this.#channel.receive({ signal: this.#stop.signal });
  }
  stop(reason: unknown): void {
    this.#stop.abort(reason);
  }
}

class WebStream implements Source {
  readonly #reader;
  constructor(stream: ReadableStream) {
    this.#reader = stream.getReader();
  }
  next(): Promise<Step> {
    return this.#reader.read() as Promise<Step>;
  }
  async stop(reason: unknown): Promise<void> {
    await this.#reader.cancel(reason);
    this.#reader.releaseLock();
  }
}

/** Its iterator cannot be ended while it waits; the stream can. */
class NodeStream extends Iterated {
  readonly #stream: Readable;
  constructor(stream: Readable) {
    super(stream[Symbol.asyncIterator]());
    this.#stream = stream;
  }
  override stop(_reason?: unknown, pending = false): unknown {
    if (!pending) return super.stop();
    this.#stream.destroy();
    return undefined;
  }
}

/** @throws {@link InvalidArgumentError} for what items cannot come from. Nothing is read. */
export function checkSource(name: string, inputs: unknown): void {
  const usable = (typeof inputs === 'object' && inputs !== null) || typeof inputs === 'function';
  if (usable) {
    const methods = inputs as unknown as Record<PropertyKey, unknown>;
    const known = ['getReader', Symbol.asyncIterator, Symbol.iterator];
    if (known.some((method) => typeof methods[method] === 'function')) return;
  }
  throw new InvalidArgumentError(name, shown(inputs), 'something iterable, a stream, or a channel');
}

/** Begins to read. */
export function sourceOf(name: string, inputs: unknown): Source {
  checkSource(name, inputs);
  if (inputs instanceof Channel) return new Received(inputs as Channel<unknown>);
  if (inputs instanceof Readable) return new NodeStream(inputs);
  if (Array.isArray(inputs) && inputs[Symbol.iterator] === Array.prototype[Symbol.iterator])
    return new Listed(inputs);
  const { getReader } = inputs as Partial<ReadableStream>;
  if (typeof getReader === 'function') return new WebStream(inputs as ReadableStream);
  const late = (inputs as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator];
  if (typeof late === 'function') return new Iterated(late.call(inputs));
  return new Iterated((inputs as Iterable<unknown>)[Symbol.iterator]());
}
