/** The middleware. */

import { Checks } from './checks.js';
import { policyName, setLegacyHeaders, setRetryAfter, setStandardHeaders } from './headers.js';
import { checkSubnet, ipKeyGenerator } from './ip-key.js';
import { checkLimit, type RateLimitOptions, type Settings, settingsOf } from './options.js';
import { MillraceStore } from './store.js';
import type {
  ClientRateLimitInfo,
  ForRequest,
  RateLimitInfo,
  RateLimitNext,
  RateLimitRequest,
  RateLimitResponse,
  Store,
} from './types.js';

/** A middleware for Express 4 and 5, and for anything that calls one as Connect does. */
export interface RateLimitMiddleware<
  Request extends RateLimitRequest = RateLimitRequest,
  Response extends RateLimitResponse = RateLimitResponse,
> {
  /** Decides about a request: calls `next`, or answers it. */
  (request: Request, response: Response, next: RateLimitNext): Promise<void>;
  /** Forgets a client. */
  resetKey(key: string): PromiseLike<void> | void;
  /** How a client stands. @throws `Error` if the store cannot tell. */
  getKey(key: string): PromiseLike<ClientRateLimitInfo | undefined> | ClientRateLimitInfo | undefined;
}

/** One limiter. */
class Limiter {
  readonly settings: Settings;
  readonly store: Store;
  readonly #checks: Checks;

  constructor(settings: Settings) {
    this.settings = settings;
    const { name, store, validate, logger } = settings;
    this.#checks = new Checks(validate, logger);
    this.store = store ?? new MillraceStore(name === undefined ? {} : { name });
  }

  /** Looks for mistakes, and tells the store what it is for. A store that fails here may still count. */
  begin(given: RateLimitOptions): void {
    const { store, logger } = this.settings;
    this.#checks.making(this.store, given.ipv6Subnet, given.keyGenerator);
    const options = { ...this.settings, store: this.store } as never;
    if (store === undefined) {
      // Ours: a name in use with another window is an error.
      this.store.init?.(options);
      return;
    }
    try {
      Promise.resolve(this.store.init?.(options)).catch((error: unknown) =>
        logger.error(error, 'the store of a rate limiter could not begin'),
      );
    } catch (error) {
      logger.error(error, 'the store of a rate limiter could not begin');
    }
  }

  async #key(request: RateLimitRequest, response: RateLimitResponse): Promise<string> {
    const { keyGenerator, ipv6Subnet } = this.settings;
    if (keyGenerator !== undefined) return keyGenerator(request, response);
    this.#checks.address(request);
    const { ip } = request;
    if (ip === undefined || !ip.includes(':')) return ip ?? 'undefined';
    const subnet = await found(ipv6Subnet, request, response);
    checkSubnet(subnet);
    this.#checks.subnet(subnet);
    return ipKeyGenerator(ip, subnet);
  }

  /** Whether a request may pass; one that may not has been answered. */
  async decide(
    request: RateLimitRequest,
    response: RateLimitResponse,
    next: RateLimitNext,
  ): Promise<boolean> {
    const { settings, store } = this;
    // Before anything is waited for, so that nothing is missed.
    const ended =
      settings.skipFailedRequests || settings.skipSuccessfulRequests ? endOf(response) : undefined;
    if (await settings.skip(request, response)) return true;
    const key = await this.#key(request, response);
    let hit: ClientRateLimitInfo;
    try {
      hit = await store.increment(key);
    } catch (error) {
      if (!settings.passOnStoreError) throw error;
      settings.logger.error(error, 'the store of a rate limiter failed: the request passes uncounted');
      return true;
    }
    const { totalHits, resetTime } = hit;
    this.#checks.hit(request, store, key, totalHits);
    const limit = await found(settings.limit, request, response);
    checkLimit(limit);
    this.#checks.make('limit', () =>
      limit === 0 ? ['WRN_ERL_MAX_ZERO', 'a limit of 0 refuses every request.'] : undefined,
    );
    const info: RateLimitInfo = {
      limit,
      used: totalHits,
      remaining: Math.max(limit - totalHits, 0),
      resetTime,
      key,
    };
    // Its old name, for those who still read it.
    Object.defineProperty(info, 'current', { value: totalHits });
    (request as unknown as Record<string, unknown>)[settings.requestPropertyName] = info;
    await this.#tell(request, response, info);
    if (ended !== undefined) this.#takeBack(request, response, ended, key, hit);
    if (totalHits <= limit) return true;
    if (!response.headersSent && (settings.legacyHeaders || settings.standardHeaders !== false))
      setRetryAfter(response, info, settings.windowMs);
    await this.#refuse(request, response, next);
    return false;
  }

  async #tell(request: RateLimitRequest, response: RateLimitResponse, info: RateLimitInfo): Promise<void> {
    const { standardHeaders, identifier, windowMs, legacyHeaders } = this.settings;
    if (response.headersSent) return;
    if (legacyHeaders) setLegacyHeaders(response, info);
    if (standardHeaders === false) return;
    let name = '';
    if (standardHeaders === 'draft-8')
      name =
        identifier === undefined
          ? policyName(info.limit, windowMs)
          : await found(identifier, request, response);
    if (standardHeaders !== 'draft-6')
      this.#checks.make('headersResetTime', () =>
        info.resetTime === undefined
          ? ['ERR_ERL_HEADERS_NO_RESET', 'the store gives no resetTime: the whole window is told instead.']
          : undefined,
      );
    if (!response.headersSent) setStandardHeaders(response, standardHeaders, info, windowMs, name);
  }

  async #refuse(request: RateLimitRequest, response: RateLimitResponse, next: RateLimitNext): Promise<void> {
    const { handler, message, statusCode } = this.settings;
    if (handler !== undefined) {
      await handler(request, response, next, { ...this.settings, store: this.store });
      return;
    }
    response.statusCode = statusCode;
    const body = typeof message === 'function' ? await message(request, response) : message;
    if (response.writableEnded) return;
    if (response.send !== undefined) response.send(body);
    else if (typeof body === 'string' || Buffer.isBuffer(body)) response.end(body);
    else {
      if (!response.headersSent) response.setHeader('Content-Type', 'application/json; charset=utf-8');
      response.end(JSON.stringify(body));
    }
  }

  /** Takes a hit back when its request ends in a way that is not counted. */
  #takeBack(
    request: RateLimitRequest,
    response: RateLimitResponse,
    ended: Promise<boolean>,
    key: string,
    hit: ClientRateLimitInfo,
  ): void {
    const { settings, store } = this;
    const { skipFailedRequests, skipSuccessfulRequests, requestWasSuccessful } = settings;
    const take = async (): Promise<void> => {
      const whole = await ended;
      const successful = whole && (await requestWasSuccessful(request, response));
      if (!(successful ? skipSuccessfulRequests : skipFailedRequests)) return;
      // Our store knows by itself which window the hit is of.
      if (store instanceof MillraceStore) store.decrement(key, hit);
      else if (hit.resetTime === undefined || Date.now() < hit.resetTime.getTime())
        await store.decrement(key);
    };
    take().catch((error: unknown) => settings.logger.error(error, 'a hit could not be taken back'));
  }
}

/** Resolves when a response has ended: with whether it was all there to be sent. */
function endOf(response: RateLimitResponse): Promise<boolean> {
  return new Promise((resolve) => {
    response.once('finish', () => resolve(true));
    response.once('close', () => resolve(response.writableEnded));
    response.once('error', () => resolve(false));
  });
}

function found<T>(
  value: ForRequest<T, RateLimitRequest, RateLimitResponse>,
  request: RateLimitRequest,
  response: RateLimitResponse,
): T | PromiseLike<T> {
  if (typeof value !== 'function') return value;
  return (value as (request: RateLimitRequest, response: RateLimitResponse) => T | PromiseLike<T>)(
    request,
    response,
  );
}

/**
 * A middleware that limits how often a client may come, for Express 4 and 5, with express-rate-limit's options. With a `name` all threads
 * that listen have one budget.
 *
 * @param options - See {@link RateLimitOptions}.
 * @throws {@link InvalidArgumentError} for what cannot be meant; {@link NameConflictError} if the name is in use with another window.
 * @example
 * ```ts
 * import { rateLimit } from 'millrace/express';
 * app.use(rateLimit({ name: 'api', windowMs: 15 * 60_000, limit: 100, standardHeaders: 'draft-8' }));
 * ```
 */
export function rateLimit<
  Request extends RateLimitRequest = RateLimitRequest,
  Response extends RateLimitResponse = RateLimitResponse,
>(options: RateLimitOptions<Request, Response> = {}): RateLimitMiddleware<Request, Response> {
  const given = options as unknown as RateLimitOptions;
  const limiter = new Limiter(settingsOf(given));
  limiter.begin(given);
  const { store } = limiter;
  const middleware = async (request: Request, response: Response, next: RateLimitNext): Promise<void> => {
    let passes: boolean;
    try {
      passes = await limiter.decide(request, response, next);
    } catch (error) {
      next(error);
      return;
    }
    // Outside: what comes next is not ours to catch.
    if (passes) next();
  };
  return Object.assign(middleware, {
    resetKey: (key: string) => store.resetKey(key),
    getKey: (key: string) => {
      if (store.get === undefined)
        throw new Error('this store cannot tell how a client stands: it has no get');
      return store.get(key);
    },
  });
}
