/** One way to read whatever can be read item by item, and to leave it at any moment. */
import { ReadableStream } from 'node:stream/web';
import { Channel } from '../channels/channel.js';
import { InvalidArgumentError } from '../errors.js';
import { shown } from '../wait-options.js';

/** What items come from: an async iterable, an iterable, a channel, a Web stream, or a Node stream. */
export type Source<T> = AsyncIterable<T> | Iterable<T>;

/** A source that is being read. */
export interface Reading<T> {
  /** The next item: at once, or as a promise. Called again only when that has come. */
  next(): IteratorResult<T, unknown> | PromiseLike<IteratorResult<T, unknown>>;
  /**
   * Ends the source: what comes then is nobody's.
   *
   * @param awaited - Whether an item is awaited.
   */
  leave(awaited: boolean): void | Promise<unknown>;
}

const settled = (): void => undefined;

/** A receive that is under way when it is left takes no message. */
function ofChannel<T>(channel: Channel<T>): Reading<T> {
  const stop = new AbortController();
  const wait = { signal: stop.signal };
  return { next: () => channel.receive(wait), leave: () => stop.abort() };
}

function ofStream<T>(stream: ReadableStream<T>): Reading<T> {
  const reader = stream.getReader();
  return { next: () => reader.read() as Promise<IteratorResult<T, unknown>>, leave: () => reader.cancel() };
}

function ofAsync<T>(source: AsyncIterable<T>): Reading<T> {
  const iterator = source[Symbol.asyncIterator]();
  const { destroy } = source as { destroy?: unknown };
  return {
    next: () => iterator.next(),
    leave(awaited) {
      // A generator that awaits something hears of its end only after that; a Node stream can be told at once.
      if (awaited && typeof destroy === 'function') (destroy as () => void).call(source);
      const left = iterator.return?.();
      if (!awaited) return left;
      left?.then(settled, settled);
    },
  };
}

function ofSync<T>(source: Iterable<T>): Reading<T> {
  const iterator = source[Symbol.iterator]();
  return { next: () => iterator.next(), leave: () => void iterator.return?.() };
}

/** Whether it can be read. */
export function isSource(value: unknown): value is Source<unknown> {
  if (typeof value !== 'object' || value === null) return typeof value === 'function' && isIterable(value);
  return isIterable(value);
}

function isIterable(value: object): boolean {
  const { [Symbol.asyncIterator]: later, [Symbol.iterator]: now } = value as Partial<
    AsyncIterable<unknown> & Iterable<unknown>
  >;
  return typeof later === 'function' || typeof now === 'function';
}

/** @throws {@link InvalidArgumentError} for what cannot be read. */
export function checkSource(name: string, value: unknown): void {
  if (!isSource(value))
    throw new InvalidArgumentError(
      name,
      shown(value),
      'an async iterable, an iterable, a channel or a stream',
    );
}

/** Begins to read it. */
export function read<T>(source: Source<T>): Reading<T> {
  if (source instanceof Channel) return ofChannel(source as Channel<T>);
  if (source instanceof ReadableStream) return ofStream(source as ReadableStream<T>);
  return Symbol.asyncIterator in source ? ofAsync(source) : ofSync(source);
}
