/** What is likely to be a mistake, told once by the names that users of express-rate-limit know. */
import { isIP } from 'node:net';
import { InvalidArgumentError } from '../errors.js';
import { shown } from '../wait-options.js';
import type { RateLimitLogger, RateLimitRequest, Store } from './types.js';

/** The checks that can be switched on and off. */
export const checkNames = [
  'ip',
  'trustProxy',
  'xForwardedForHeader',
  'forwardedHeader',
  'positiveHits',
  'unsharedStore',
  'singleCount',
  'limit',
  'headersResetTime',
  'creationStack',
  'ipv6Subnet',
  'ipv6SubnetOrKeyGenerator',
  'keyGeneratorIpFallback',
] as const;

/** The name of a check. */
export type CheckName = (typeof checkNames)[number];
/** Which checks are made: all, none, or each by its name; `default` is for those not named. */
export type Validate =
  | boolean
  | ({ readonly [name in CheckName]?: boolean } & { readonly default?: boolean });

/** A mistake that a check has found: told, not thrown. */
export class RateLimitValidationError extends Error {
  override name = 'ValidationError';
  /** Such as `ERR_ERL_PERMISSIVE_TRUST_PROXY`. */
  readonly code: string;
  /** @internal */
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** What a check has found: the code, and a sentence. */
type Finding = readonly [code: string, message: string] | undefined;

const usedStores = new WeakSet<Store>();
const counted = new WeakMap<object, Map<Store | string, Set<string>>>();

/** The checks of one limiter: each is made at its first occasion, and told by the logger if it finds something. @internal */
export class Checks {
  readonly #open: Set<CheckName>;
  readonly #logger: RateLimitLogger;

  constructor(validate: Validate, logger: RateLimitLogger) {
    if (typeof validate !== 'boolean' && (typeof validate !== 'object' || validate === null))
      throw new InvalidArgumentError('validate', shown(validate), 'a boolean, or an object of booleans');
    const by: Readonly<Record<string, boolean | undefined>> =
      typeof validate === 'boolean' ? { default: validate } : validate;
    for (const [name, value] of Object.entries(by)) {
      if (name !== 'default' && !(checkNames as readonly string[]).includes(name))
        throw new InvalidArgumentError(`validate.${name}`, 'an unknown check', checkNames.join(', '));
      if (value !== undefined && typeof value !== 'boolean')
        throw new InvalidArgumentError(`validate.${name}`, shown(value), 'a boolean');
    }
    this.#open = new Set(checkNames.filter((name) => by[name] ?? by['default'] ?? true));
    this.#logger = logger;
  }

  /** Makes a check, if it is still to be made. */
  make(name: CheckName, check: () => Finding): void {
    if (this.#open.size === 0 || !this.#open.delete(name)) return;
    const finding = check();
    if (finding === undefined) return;
    const error = new RateLimitValidationError(...finding);
    if (error.code.startsWith('WRN_')) this.#logger.warn(error);
    else this.#logger.error(error);
  }

  /** The checks of a request whose client is told by its address. */
  address(request: RateLimitRequest): void {
    if (this.#open.size === 0) return;
    const { ip, headers } = request;
    const setting = (request as { app?: { get?(name: string): unknown } }).app?.get?.('trust proxy');
    this.make('ip', () => {
      if (ip === undefined)
        return [
          'ERR_ERL_UNDEFINED_IP_ADDRESS',
          "'request.ip' is undefined: the connection is gone, or this server needs a keyGenerator.",
        ];
      if (isIP(ip) === 0)
        return [
          'ERR_ERL_INVALID_IP_ADDRESS',
          `'request.ip' (${ip}) is no address: a keyGenerator can mend that.`,
        ];
      return undefined;
    });
    this.make('trustProxy', () =>
      setting === true
        ? [
            'ERR_ERL_PERMISSIVE_TRUST_PROXY',
            "'trust proxy' is true: anybody can choose the address that limits it. Say how many proxies there are.",
          ]
        : undefined,
    );
    this.make('xForwardedForHeader', () =>
      headers['x-forwarded-for'] !== undefined && setting === false
        ? [
            'ERR_ERL_UNEXPECTED_X_FORWARDED_FOR',
            "'X-Forwarded-For' is set and 'trust proxy' is false: all clients may have the address of the proxy.",
          ]
        : undefined,
    );
    this.make('forwardedHeader', () =>
      headers.forwarded !== undefined && ip === request.socket?.remoteAddress
        ? ['ERR_ERL_FORWARDED_HEADER', "'Forwarded' is set and ignored: a keyGenerator can use it."]
        : undefined,
    );
  }

  /** The checks of a limiter's making. */
  making(store: Store, ipv6Subnet: unknown, keyGenerator: unknown): void {
    this.make('creationStack', () => {
      const limit = Error.stackTraceLimit;
      Error.stackTraceLimit = 50;
      const stack = new Error().stack ?? '';
      Error.stackTraceLimit = limit;
      return /Layer\.handle \[as handle_request\]|Layer\.handleRequest/.test(stack)
        ? ['ERR_ERL_CREATED_IN_REQUEST_HANDLER', 'a limiter that is made for each request counts to one.']
        : undefined;
    });
    this.make('unsharedStore', () => {
      const used = usedStores.has(store);
      usedStores.add(store);
      return used
        ? ['ERR_ERL_STORE_REUSE', 'a store is used by several limiters: each needs one of its own.']
        : undefined;
    });
    if (ipv6Subnet !== undefined && typeof ipv6Subnet !== 'function') this.subnet(ipv6Subnet);
    this.make('ipv6SubnetOrKeyGenerator', () =>
      ipv6Subnet !== undefined && keyGenerator !== undefined
        ? ['ERR_ERL_IPV6SUBNET_OR_KEYGENERATOR', "with a keyGenerator 'ipv6Subnet' means nothing."]
        : undefined,
    );
    this.make('keyGeneratorIpFallback', () => {
      const source = typeof keyGenerator === 'function' ? Function.prototype.toString.call(keyGenerator) : '';
      return /\breq(uest)?\.ip\b/.test(source) && !source.includes('ipKeyGenerator')
        ? [
            'ERR_ERL_KEY_GEN_IPV6',
            'the keyGenerator uses request.ip without ipKeyGenerator: clients with IPv6 can choose among many addresses.',
          ]
        : undefined;
    });
  }

  /** The check of how networks are told apart. */
  subnet(subnet: unknown): void {
    this.make('ipv6Subnet', () =>
      typeof subnet === 'number' && (subnet < 32 || subnet > 64)
        ? ['ERR_ERL_IPV6_SUBNET', `'ipv6Subnet' is ${subnet}: it usually is from 48 to 64.`]
        : undefined,
    );
  }

  /** The checks of a hit. */
  hit(request: object, store: Store, key: string, hits: unknown): void {
    if (this.#open.size === 0) return;
    this.make('positiveHits', () =>
      Number.isInteger(hits) && (hits as number) >= 1
        ? undefined
        : ['ERR_ERL_INVALID_HITS', `the store says ${shown(hits)} hits: it should be a whole number from 1.`],
    );
    if (!this.#open.has('singleCount')) return;
    const stores = counted.get(request) ?? new Map<Store | string, Set<string>>();
    counted.set(request, stores);
    const by = store.localKeys === true ? store : store.constructor.name;
    const keys = stores.get(by) ?? new Set();
    stores.set(by, keys);
    const whole = `${store.prefix ?? ''}${key}`;
    if (keys.has(whole))
      this.make('singleCount', () => [
        'ERR_ERL_DOUBLE_COUNT',
        `a request of ${key} was counted more than once.`,
      ]);
    keys.add(whole);
  }
}
