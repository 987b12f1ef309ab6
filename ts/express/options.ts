/** The options of the middleware, checked. */
import { InvalidArgumentError } from '../errors.js';
import { shown } from '../wait-options.js';
import type { Validate } from './checks.js';
import { checkSubnet } from './ip-key.js';
import type {
  DraftHeaders,
  ForRequest,
  RateLimitLogger,
  RateLimitNext,
  RateLimitRequest,
  RateLimitResponse,
  Store,
} from './types.js';

/** How the middleware is made: express-rate-limit's options, and `name`. */
export interface RateLimitOptions<
  Request extends RateLimitRequest = RateLimitRequest,
  Response extends RateLimitResponse = RateLimitResponse,
> {
  /** Threads that give the same name have one budget; it needs the same `windowMs` in all of them. Default: a budget of its own. */
  name?: string;
  /** The window, in milliseconds; it begins with a client's first request. Default 60000. */
  windowMs?: number;
  /** Requests per window and client, a whole number from 0. Default 5. */
  limit?: ForRequest<number, Request, Response>;
  /** Another name for `limit`. */
  max?: ForRequest<number, Request, Response>;
  /** Which client a request comes from. Default: its address, by `ipKeyGenerator`. */
  keyGenerator?(request: Request, response: Response): string | PromiseLike<string>;
  /** Which requests are not counted. Default: none. */
  skip?(request: Request, response: Response): boolean | PromiseLike<boolean>;
  /** Answers a request that is refused. Default: sends `message` with `statusCode`. */
  handler?(
    request: Request,
    response: Response,
    next: RateLimitNext,
    options: RateLimitOptions<Request, Response>,
  ): unknown;
  /** What one who is refused is told: a text, something for JSON, or a function that gives it. */
  message?: unknown;
  /** The status with which it is told. Default 429. */
  statusCode?: number;
  /** Requests that fail are not counted in the end. Default false. */
  skipFailedRequests?: boolean;
  /** Requests that succeed are not counted in the end. Default false. */
  skipSuccessfulRequests?: boolean;
  /** Which requests succeed. Default: those with a status below 400. */
  requestWasSuccessful?(request: Request, response: Response): boolean | PromiseLike<boolean>;
  /** Where a request finds its {@link RateLimitInfo}. Default `'rateLimit'`. */
  requestPropertyName?: string;
  /** The IETF's headers: `true` is `'draft-6'`. Default false. */
  standardHeaders?: boolean | DraftHeaders;
  /** The headers `X-RateLimit-*`. Default true. */
  legacyHeaders?: boolean;
  /** Another name for `legacyHeaders`. */
  headers?: boolean;
  /** What the policy is called in `'draft-8'`. Default: such as `'100-in-15min'`. */
  identifier?: ForRequest<string, Request, Response>;
  /** How many bits of an IPv6 address tell clients apart; `false`: all. Default 56. */
  ipv6Subnet?: ForRequest<number | false, Request, Response>;
  /** Requests pass, uncounted, when the store fails. Default false: they fail with its error. */
  passOnStoreError?: boolean;
  /** Which mistakes are looked for, and told once. Default: all. */
  validate?: Validate;
  /** Where they are told. Default: the console. */
  logger?: RateLimitLogger;
  /** Where hits are counted: any store of express-rate-limit. Default: a {@link MillraceStore}. Not together with `name`. */
  store?: Store;
}

/** The options with what they are if nobody says. @internal */
export type Settings = Required<
  Omit<
    RateLimitOptions,
    'max' | 'headers' | 'standardHeaders' | 'keyGenerator' | 'identifier' | 'store' | 'name' | 'handler'
  >
> & { standardHeaders: DraftHeaders | false } & Pick<
    RateLimitOptions,
    'keyGenerator' | 'identifier' | 'store' | 'name' | 'handler'
  >;

const consoleLogger: RateLimitLogger = {
  error: (error, message) => console.error(...(message === undefined ? [error] : [message, error])),
  warn: (error, message) => console.warn(...(message === undefined ? [error] : [message, error])),
};

const defaults = {
  windowMs: 60_000,
  limit: 5,
  message: 'Too many requests, please try again later.',
  statusCode: 429,
  skipFailedRequests: false,
  skipSuccessfulRequests: false,
  requestPropertyName: 'rateLimit',
  standardHeaders: false,
  legacyHeaders: true,
  ipv6Subnet: 56,
  passOnStoreError: false,
  validate: true,
  logger: consoleLogger,
  skip: () => false,
  requestWasSuccessful: (_request: unknown, response: { statusCode: number }) => response.statusCode < 400,
} as const;

const others = ['max', 'headers', 'keyGenerator', 'identifier', 'store', 'name', 'handler'];
const drafts = ['draft-6', 'draft-7', 'draft-8'];

type Kinds = 'function' | 'boolean' | 'string' | 'object';
const kinds: Record<string, readonly Kinds[]> = {
  keyGenerator: ['function'],
  skip: ['function'],
  handler: ['function'],
  skipFailedRequests: ['boolean'],
  skipSuccessfulRequests: ['boolean'],
  requestWasSuccessful: ['function'],
  requestPropertyName: ['string'],
  legacyHeaders: ['boolean'],
  identifier: ['string', 'function'],
  passOnStoreError: ['boolean'],
  logger: ['object'],
};

/** @internal */
export function checkLimit(limit: unknown): asserts limit is number {
  if (!(Number.isSafeInteger(limit) && (limit as number) >= 0))
    throw new InvalidArgumentError('limit', shown(limit), 'a whole number from 0');
}

function checkStore(store: Store): void {
  const wants = 'an object with increment, decrement and resetKey';
  if (typeof store !== 'object' || store === null)
    throw new InvalidArgumentError('store', shown(store), wants);
  for (const name of ['increment', 'decrement', 'resetKey', 'init', 'get', 'resetAll', 'shutdown'] as const) {
    const value = store[name];
    const may = name !== 'increment' && name !== 'decrement' && name !== 'resetKey' && value === undefined;
    if (!may && typeof value !== 'function')
      throw new InvalidArgumentError(`store.${name}`, shown(value), wants);
  }
}

/** @throws {@link InvalidArgumentError} for the first option that cannot be meant. @internal */
export function settingsOf(given: RateLimitOptions): Settings {
  if (typeof given !== 'object' || given === null)
    throw new InvalidArgumentError('options', shown(given), 'an object');
  const known = [...Object.keys(defaults), ...others];
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) throw new InvalidArgumentError(name, 'an unknown option', known.join(', '));
  }
  const said = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const { max, headers, ...options } = said as RateLimitOptions;
  const all = {
    ...defaults,
    ...(max !== undefined && { limit: max }),
    ...(headers !== undefined && { legacyHeaders: headers }),
    ...options,
  };
  const wrong = (name: keyof typeof all, wants: string): InvalidArgumentError =>
    new InvalidArgumentError(name, shown(all[name]), wants);
  for (const [name, wants] of Object.entries(kinds)) {
    const value = all[name as keyof typeof all];
    if (value !== undefined && (value === null || !wants.includes(typeof value as Kinds)))
      throw wrong(name as keyof typeof all, `a ${wants.join(' or a ')}`);
  }
  const { windowMs, limit, statusCode, standardHeaders, ipv6Subnet, store, logger } = all;
  if (!(typeof windowMs === 'number' && windowMs > 0 && windowMs <= 3.2e12))
    throw wrong('windowMs', 'milliseconds above 0');
  if (typeof limit !== 'function') checkLimit(limit);
  if (typeof ipv6Subnet !== 'function') checkSubnet(ipv6Subnet);
  if (!(Number.isInteger(statusCode) && statusCode >= 100 && statusCode <= 999))
    throw wrong('statusCode', 'an HTTP status');
  if (typeof standardHeaders !== 'boolean' && !drafts.includes(standardHeaders))
    throw wrong('standardHeaders', `a boolean, or one of ${drafts.map((draft) => `'${draft}'`).join(', ')}`);
  if (typeof logger.error !== 'function' || typeof logger.warn !== 'function')
    throw wrong('logger', 'an object with error and warn');
  if (store !== undefined) checkStore(store);
  if (store !== undefined && all.name !== undefined)
    throw wrong('name', 'nothing with a store: give the name to a MillraceStore');
  const draft = standardHeaders === true ? 'draft-6' : standardHeaders;
  return { ...all, standardHeaders: draft };
}
