/** Channels that fire. */
import { InvalidArgumentError } from '../errors.js';
import { binding, fast } from '../isolate.js';
import type { NativeObject } from '../native/binding.js';
import { shown, type WaitOptions } from '../wait-options.js';
import { Channel } from './channel.js';

/** A hundred years: more is a mistake of units. */
const longest = 3.2e12;

function check(name: string, ms: number, least: number): number {
  if (typeof ms !== 'number' || !(ms >= least && ms <= longest))
    throw new InvalidArgumentError(
      name,
      shown(ms),
      least > 0 ? 'milliseconds above 0' : 'milliseconds, at least 0',
    );
  return ms;
}

/** The ticker of a channel lives as long as the channel's object here. */
const tickers = new WeakMap<Channel<number>, NativeObject>();

function start(first: number, every: number): { channel: Channel<number>; native: NativeObject } {
  const channel = new Channel<number>(1);
  const native = binding.startTicker(channel.object, first, every);
  tickers.set(channel, native);
  return { channel, native };
}

/**
 * A channel that gets one message after a time: the milliseconds since the call.
 *
 * @example
 * ```ts
 * const { case: first } = await select({ answer, late: after(500) });
 * ```
 */
export function after(ms: number): Channel<number> {
  return start(check('ms', ms, 0), 0).channel;
}

/** Waits for a time. @throws the signal's reason. */
export async function sleep(ms: number, options: Pick<WaitOptions, 'signal'> = {}): Promise<void> {
  using timer = new Timer(ms);
  await timer.channel.receive(options);
}

/** Go's Timer: its channel gets one message, the milliseconds since the timer was made, unless it is stopped before. */
export class Timer implements Disposable {
  readonly #native: NativeObject;
  /** Where it fires. */
  readonly channel: Channel<number>;

  /** @param ms - When it fires. */
  constructor(ms: number) {
    const { channel, native } = start(check('ms', ms, 0), 0);
    this.channel = channel;
    this.#native = native;
  }

  /** Begins anew. @returns Whether it would still have fired. */
  reset(ms: number): boolean {
    return fast.tickerReset(this.#native.handle, check('ms', ms, 0), 0);
  }

  /** It does not fire any more, and a message that nobody has received is gone. @returns Whether it would have fired. */
  stop(): boolean {
    return fast.tickerStop(this.#native.handle);
  }

  [Symbol.dispose](): void {
    this.stop();
  }
}

/**
 * Go's Ticker: its channel gets a message, the milliseconds since the ticker was made, again and again, on schedule. A tick that finds
 * the last one still there is dropped.
 *
 * @example
 * ```ts
 * using ticker = new Ticker(1000);
 * for await (const _ of ticker.channel) report();
 * ```
 */
export class Ticker implements Disposable {
  readonly #native: NativeObject;
  /** Where it fires. */
  readonly channel: Channel<number>;

  /** @param ms - The time between two ticks, above 0. */
  constructor(ms: number) {
    const { channel, native } = start(check('ms', ms, Number.MIN_VALUE), ms);
    this.channel = channel;
    this.#native = native;
  }

  /** Begins anew, with another time between ticks. @returns Whether it was still ticking. */
  reset(ms: number): boolean {
    return fast.tickerReset(this.#native.handle, check('ms', ms, Number.MIN_VALUE), ms);
  }

  /** It does not tick any more; its channel is empty and stays open. @returns Whether it would have. */
  stop(): boolean {
    return fast.tickerStop(this.#native.handle);
  }

  [Symbol.dispose](): void {
    this.stop();
  }
}
