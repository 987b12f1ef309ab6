/** A rate limit for each of many keys, the same for all threads. */
import { block, blockingLimit } from '../blocking.js';
import { InvalidArgumentError, rethrow } from '../errors.js';
import { HeardObject } from '../heard-object.js';
import { binding, fast, records, taskRecord } from '../isolate.js';
import { nameOf, type Origin, type SharedHandle } from '../shared-object.js';
import { signalOf } from '../signal.js';
import { nextTurn, overspent } from '../turn.js';
import { putNum, putTag } from '../values.js';
import { checkWaitOptions, nativeLimit, SignalWait, shown, type WaitOptions } from '../wait-options.js';
import { enter, nextWait, status } from '../waits.js';
import { LimiterClosedError, RateLimitError, type RefusalReason } from './errors.js';
import { checkLimits, isCount, type KeyLimit, limitOptions, putLimits, readLimits } from './key-limit.js';
import { KeyList, type LimiterKey, lists, putLimiterKey } from './key-list.js';
import type {
  KeyDecision,
  KeyedLimiterEvents,
  KeyedRateLimiterOptions,
  KeyedStatistics,
} from './keyed-types.js';
import { checkConfig } from './rate-limiter.js';

/** How asking went; the numbers of `src/keyed.rs`. */
const answer = {
  queue: -3,
  late: -2,
  waiting: -1,
  allowed: 0,
  limited: 1,
  blocked: 2,
  denied: 3,
  full: 4,
  closed: 5,
} as const;
const how = { take: 0, look: 1, force: 2 } as const;
const denied = 'the key is on the deny list';
const reasons = [undefined, 'limit', 'blocked', 'denied', 'full'] as const;
const own = ['limits', 'maxKeys', 'onFull', 'maxWaiting', 'allow', 'deny'];
const events = ['limited', 'close'] as const;

/**
 * A rate limit for each of many keys, such as addresses, users or tenants, in every thread the same.
 *
 * A key with one limit takes about 90 bytes. One whose limits have all come back is forgotten by the way as others are added, without
 * timers, so the memory follows from how many keys came within the longest window; `maxKeys` bounds it. Keys are compared whole.
 *
 * @example
 * ```ts
 * const limiter = new KeyedRateLimiter({ name: 'api', limits: [{ limit: 10, window: 1000 }, { limit: 1000, window: 3_600_000 }] });
 * if (!limiter.tryAcquire(user.id)) return response.sendStatus(429);
 * await limiter.acquire('tenant 7', 1, { timeout: 500 });   // or wait for it
 * ```
 */
export class KeyedRateLimiter
  extends HeardObject<'keyed-rate-limiter', KeyedLimiterEvents>
  implements Disposable
{
  readonly #handle: number;
  /** @internal */
  protected readonly events = events;
  /** The keys that may always pass, and take nothing. */
  readonly allowList: KeyList;
  /** The keys that may never pass. */
  readonly denyList: KeyList;

  /**
   * @param options - `limits`; `maxKeys`, `onFull`, `maxWaiting`, `allow`, `deny`; `name` shares it by name.
   * @throws {@link InvalidArgumentError} for what cannot be meant; {@link NameConflictError} if the name is in use with other limits,
   * `maxKeys`, `onFull` or `maxWaiting`.
   */
  constructor(options: KeyedRateLimiterOptions);
  /** @internal */
  constructor(origin: Origin, internal: true);
  constructor(first: KeyedRateLimiterOptions | Origin, internal = false) {
    const options = (internal ? {} : first) as Partial<KeyedRateLimiterOptions>;
    if (internal) super('keyed-rate-limiter', first as Origin);
    else {
      const name = nameOf(options, own);
      const { maxKeys, onFull = 'refuse', maxWaiting } = options;
      const limits = limitOptions(checkLimits(options.limits as KeyLimit));
      const bounded = (bound: number | undefined): boolean => bound !== undefined && bound !== Infinity;
      const bounds = { ...(bounded(maxKeys) && { maxKeys }), ...(bounded(maxWaiting) && { maxWaiting }) };
      super('keyed-rate-limiter', { options: { ...limits, ...bounds, onFull }, name });
    }
    this.#handle = this.native.handle;
    this.allowList = new KeyList(this, this.#handle, lists.allow);
    this.denyList = new KeyList(this, this.#handle, lists.deny);
    for (const [name, list] of [
      ['allow', this.allowList],
      ['deny', this.denyList],
    ] as const) {
      const keys = options[name] ?? [];
      if (typeof keys === 'string' || typeof keys[Symbol.iterator] !== 'function')
        throw new InvalidArgumentError(name, shown(keys), 'a list of keys');
      for (const key of keys) list.add(key);
    }
  }

  /** Opens the limiter of a name. @throws {@link NotFoundError} if there is none. */
  static open(name: string): KeyedRateLimiter {
    return new KeyedRateLimiter({ name }, true);
  }

  /** Opens the limiter that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
  static from(handle: SharedHandle<'keyed-rate-limiter'>): KeyedRateLimiter {
    return new KeyedRateLimiter({ handle }, true);
  }

  /**
   * Takes `n` of a key, if all its limits allow it; otherwise nothing. False also while others wait for the key.
   *
   * @param n - A whole number from 1.
   * @throws {@link InvalidArgumentError}; {@link LimiterClosedError}.
   */
  tryAcquire(key: LimiterKey, n = 1): boolean {
    if (this.emitter !== undefined) return this.consume(key, n).allowed;
    if (n !== 1) checkCount(n, 1);
    putLimiterKey(key);
    const taken = fast.keyedTry(this.#handle, putTag, putNum, n);
    if (taken === undefined) throw new LimiterClosedError();
    return taken;
  }

  #ask(key: LimiterKey, n: number, what: number): KeyDecision {
    putLimiterKey(key);
    const code = fast.keyedAsk(this.#handle, putTag, putNum, n, what);
    if (code === answer.closed) throw new LimiterClosedError();
    const wait = records[taskRecord + 2] as number;
    return {
      allowed: code === answer.allowed,
      reason: reasons[code],
      limit: records[taskRecord] as number,
      remaining: records[taskRecord + 1] as number,
      retryAfter: wait < 0 ? Infinity : wait,
      resetAt: Date.now() + (records[taskRecord + 3] as number),
      at: records[taskRecord + 4] as number,
    };
  }

  /**
   * As `tryAcquire`, and says how the key stands then.
   *
   * @throws {@link InvalidArgumentError}; {@link LimiterClosedError}.
   */
  consume(key: LimiterKey, n = 1): KeyDecision {
    checkCount(n, 1);
    const decision = this.#ask(key, n, how.take);
    const { reason, retryAfter } = decision;
    if (reason !== undefined) this.emitter?.emit('limited', key, n, retryAfter, reason);
    return decision;
  }

  /** What `consume` would say, and takes nothing. @throws {@link InvalidArgumentError}; {@link LimiterClosedError}. */
  check(key: LimiterKey, n = 1): KeyDecision {
    checkCount(n, 0);
    return this.#ask(key, n, how.look);
  }

  /** As `check` for a key that it knows; `undefined` for one that has taken nothing, or whose limits have all come back. */
  get(key: LimiterKey): KeyDecision | undefined {
    putLimiterKey(key);
    return fast.keyedKnows(this.#handle, putTag, putNum) ? this.#ask(key, 1, how.look) : undefined;
  }

  /**
   * Takes `n` of a key, allowed or not: what is taken beyond a limit has to come back first.
   *
   * @returns How the key stands then; `allowed` is false only for a key on the deny list, or without room for it.
   */
  penalty(key: LimiterKey, n = 1): KeyDecision {
    checkCount(n, 1);
    return this.#ask(key, n, how.force);
  }

  /**
   * Gives `n` back to a key, never more than was taken.
   *
   * @param taken - What `consume` or `penalty` gave when it was taken: what has come back by itself since then is not given twice.
   */
  reward(key: LimiterKey, n = 1, taken?: Pick<KeyDecision, 'at'>): void {
    checkCount(n, 1);
    const at = taken === undefined ? -1 : taken?.at;
    if (typeof at !== 'number' || Number.isNaN(at))
      throw new InvalidArgumentError('taken', shown(taken), 'what consume() or penalty() gave');
    putLimiterKey(key);
    fast.keyedGiveBack(this.#handle, putTag, putNum, n, at);
  }

  /** Refuses a key for a time. @param ms - Milliseconds; 0 ends a block. */
  block(key: LimiterKey, ms: number): void {
    if (!(typeof ms === 'number' && ms >= 0 && ms <= 3.2e12))
      throw new InvalidArgumentError('ms', shown(ms), 'milliseconds, at least 0');
    putLimiterKey(key);
    fast.keyedBlock(this.#handle, putTag, putNum, ms);
  }

  /**
   * Gives a key limits of its own, or with `undefined` those of all again. What it has taken counts on.
   *
   * @throws {@link InvalidArgumentError}
   */
  setLimits(key: LimiterKey, limits: KeyLimit | readonly KeyLimit[] | undefined): void {
    const list = limits === undefined ? [] : checkLimits(limits);
    putLimiterKey(key);
    putLimits(list);
    fast.keyedLimit(this.#handle, putTag, putNum, list.length);
  }

  /** The limits of a key: its own, or those of all. */
  limitsFor(key: LimiterKey): KeyLimit[] {
    putLimiterKey(key);
    return readLimits(fast.keyedLimitsOf(this.#handle, putTag, putNum));
  }

  /**
   * Decides by other limits from here on, in all threads, save for keys that have limits of their own. What each key has taken carries over
   * to the limit in the same place: a token bucket keeps the share of its tokens, a window what it has counted, and a limit of another
   * kind how much was taken. Those who wait keep their order; one who waits for more than is ever allowed now rejects with
   * `InvalidArgumentError`. The name's configuration stays the one it was made with.
   *
   * @param config - `limits`, as the constructor takes them.
   * @throws {@link InvalidArgumentError}
   */
  configure(config: Pick<KeyedRateLimiterOptions, 'limits'>): void {
    checkConfig(config, ['limits']);
    const limits = limitOptions(checkLimits(config.limits));
    try {
      binding.keyedConfigure(this.native, limits);
    } catch (error) {
      rethrow(error);
    }
  }

  /** Forgets what a key has taken, and how long it is blocked; lists and limits of its own stay. @returns Whether there was anything of that. */
  delete(key: LimiterKey): boolean {
    putLimiterKey(key);
    return fast.keyedReset(this.#handle, putTag, putNum);
  }

  /** As `delete` for all keys. */
  clear(): void {
    fast.keyedResetAll(this.#handle);
  }

  /** How many keys it remembers, those included whose limits have come back and that nobody has met since. */
  get size(): number {
    return fast.keyedSize(this.#handle);
  }

  /** Forgets all keys whose limits have come back, which otherwise happens by and by, and gives memory back. @returns How many. */
  sweep(): number {
    return fast.keyedSweep(this.#handle);
  }

  /** What it has counted, over all threads. */
  get stats(): KeyedStatistics {
    return binding.keyedStats(this.native);
  }

  /**
   * Takes `n` of a key, now or as soon as its limits allow it. Who waits for the same key is served first come, first served.
   *
   * @param n - A whole number from 1.
   * @returns Resolves when it is taken.
   * @throws {@link RateLimitError} at once if it could not be had within `timeout`, with the time it would take; if as many wait as
   * may; if the key is on the deny list; or if there is no room for it. {@link InvalidArgumentError}, also for more than a limit ever allows;
   * {@link LimiterClosedError}; {@link WaitTimeoutError}; the signal's reason. Nothing has been taken then.
   */
  async acquire(key: LimiterKey, n = 1, options: WaitOptions = {}): Promise<void> {
    checkCount(n, 1);
    checkWaitOptions(options);
    const signal = signalOf(options.signal);
    signal?.throwIfAborted();
    putLimiterKey(key);
    const id = nextWait();
    const limit = nativeLimit(options.timeout);
    const code = fast.keyedAcquire(this.#handle, id, putTag, putNum, n, limit, signal !== undefined);
    if (code === answer.allowed) {
      if (overspent()) await nextTurn(undefined);
      return;
    }
    if (code !== answer.waiting) throw this.#refusal(key, n, code);
    await new Promise<void>((resolve, reject) => {
      const end = (ended: number): void => {
        if (ended === status.signal) resolve();
        else reject(this.#ended(key, n));
      };
      const wait = new SignalWait(options, this, end, reject);
      enter(wait);
      wait.listen(id);
    });
  }

  /** As `acquire`, and blocks this thread: worker threads only. @throws As `acquire`; {@link UnsupportedError} in the main thread. */
  acquireSync(key: LimiterKey, n = 1, options: WaitOptions = {}): void {
    checkCount(n, 1);
    checkWaitOptions(options);
    const limit = blockingLimit('acquireSync', options);
    putLimiterKey(key);
    const code = fast.keyedAcquireBlocking(this.#handle, limit, putTag, putNum, n);
    if (code === answer.allowed) return;
    if (code !== answer.waiting) throw this.#refusal(key, n, code);
    if (block(options).how !== status.signal) throw this.#ended(key, n);
  }

  /** Why a wait has not begun. */
  #refusal(key: LimiterKey, n: number, code: number): Error {
    const needs = records[taskRecord] as number;
    if (code === answer.closed) return new LimiterClosedError();
    if (code === answer.limited) return tooMuch(n, this.#most(key));
    const error = new RateLimitError(...this.#refused(code, needs));
    this.emitter?.emit('limited', key, n, error.retryAfter, error.reason);
    return error;
  }

  #refused(code: number, needs: number): [message: string, retryAfter: number, reason: RefusalReason] {
    if (code === answer.denied) return [denied, Infinity, 'denied'];
    if (code === answer.full) return ['the limiter has no room for a new key', Infinity, 'full'];
    const ms = Math.ceil(needs);
    if (code === answer.queue) return [`as many wait as may: it could pass in ${ms} ms`, needs, 'queue'];
    return [`it would have to wait longer than its timeout: ${ms} ms`, needs, 'limit'];
  }

  /** The most that a key's limits ever allow at once. */
  #most(key: LimiterKey): number {
    return Math.min(...this.limitsFor(key).map((limit) => limit.capacity ?? limit.limit));
  }

  /** Why a wait has ended without success: it is closed, or the key has other limits, or is on the deny list. */
  #ended(key: LimiterKey, n: number): Error {
    if (this.closed) return new LimiterClosedError();
    const most = this.#most(key);
    return n > most ? tooMuch(n, most) : new RateLimitError(denied, Infinity, 'denied');
  }

  /** Whether it is closed. */
  get closed(): boolean {
    return fast.keyedClosed(this.#handle);
  }

  /** Closes it in all threads: those who wait and all who ask get {@link LimiterClosedError}. Again does no harm. */
  close(): void {
    fast.keyedClose(this.#handle);
    this.unexport();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function tooMuch(n: number, most: number): Error {
  return new InvalidArgumentError(
    'n',
    String(n),
    `at most ${most}, which is all that is ever allowed at once`,
  );
}

function checkCount(n: number, least: number): void {
  if (!isCount(n, least))
    throw new InvalidArgumentError('n', shown(n), `a whole number from ${least} to 4294967295`);
}
