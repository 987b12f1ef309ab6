// Made by `npm run build:api` from ts/. The whole public API; do not edit.
import { IncomingMessage, ServerResponse } from 'node:http';

/** The checks that can be switched on and off. */
declare const checkNames: readonly ["ip", "trustProxy", "xForwardedForHeader", "forwardedHeader", "positiveHits", "unsharedStore", "singleCount", "limit", "headersResetTime", "creationStack", "ipv6Subnet", "ipv6SubnetOrKeyGenerator", "keyGeneratorIpFallback"];
/** The name of a check. */
type CheckName = (typeof checkNames)[number];
/** Which checks are made: all, none, or each by its name; `default` is for those not named. */
type Validate = boolean | ({
    readonly [name in CheckName]?: boolean;
} & {
    readonly default?: boolean;
});
/** A mistake that a check has found: told, not thrown. */
declare class RateLimitValidationError extends Error {
    name: string;
    /** Such as `ERR_ERL_PERMISSIVE_TRUST_PROXY`. */
    readonly code: string;
}

/**
 * The key of a client's address: an IPv4 address is its own; of an IPv6 address the network counts, as a client has a whole one; an IPv4
 * address mapped to IPv6 is the IPv4 address, however it is written.
 *
 * @param ip - As in `request.ip`; what is no address is its own key.
 * @param ipv6Subnet - How many bits tell networks apart, a whole number from 1 to 128; `false` for whole addresses.
 * @throws {@link InvalidArgumentError}
 * @example
 * ```ts
 * rateLimit({ keyGenerator: (request) => request.user?.id ?? ipKeyGenerator(request.ip) });
 * ```
 */
declare function ipKeyGenerator(ip: string, ipv6Subnet?: number | false): string;

/** What requests, responses and stores are, in the shapes that Express, Connect and express-rate-limit have. */

/** A request: of Express, or of any server built on `node:http`. */
interface RateLimitRequest extends IncomingMessage {
    /** The client's address, as Express has it. */
    readonly ip?: string | undefined;
}
/** A response: of Express, or of any server built on `node:http`. */
interface RateLimitResponse extends ServerResponse {
    /** Sends a body, as Express does. */
    send?(body?: unknown): unknown;
}
/** Hands on to what comes next. */
type RateLimitNext = (error?: unknown) => void;
/** A value, or how to find it for a request. */
type ForRequest<T, Request, Response> = T | ((request: Request, response: Response) => T | PromiseLike<T>);
/** How often a client has come, and when that is forgotten. */
interface ClientRateLimitInfo {
    totalHits: number;
    resetTime: Date | undefined;
}
/** Where hits are counted: the interface of express-rate-limit's stores. */
interface Store {
    /** Called once with the limiter's options. */
    init?(options: never): void | PromiseLike<void>;
    /** How a client stands. */
    get?(key: string): PromiseLike<ClientRateLimitInfo | undefined> | ClientRateLimitInfo | undefined;
    /** Counts a hit. */
    increment(key: string): PromiseLike<ClientRateLimitInfo> | ClientRateLimitInfo;
    /** Takes a hit back. */
    decrement(key: string): PromiseLike<void> | void;
    /** Forgets a client. */
    resetKey(key: string): PromiseLike<void> | void;
    /** Forgets all clients. */
    resetAll?(): PromiseLike<void> | void;
    /** Lets go of what it holds. */
    shutdown?(): PromiseLike<void> | void;
    /** Whether what is counted here is counted in no other store. */
    localKeys?: boolean;
    /** What stands before its keys. */
    prefix?: string;
}
/** What a request finds as `request.rateLimit`. */
interface RateLimitInfo {
    /** Hits per window. */
    limit: number;
    /** Hits in this window, this one included. */
    used: number;
    /** What is left. */
    remaining: number;
    /** When the window ends. */
    resetTime: Date | undefined;
    /** The client. */
    key: string;
}
/** Where what goes wrong is told. */
interface RateLimitLogger {
    error(error: unknown, message?: string): void;
    warn(error: unknown, message?: string): void;
}
/** The drafts of the standard headers. */
type DraftHeaders = 'draft-6' | 'draft-7' | 'draft-8';

/** How the middleware is made: express-rate-limit's options, and `name`. */
interface RateLimitOptions<Request extends RateLimitRequest = RateLimitRequest, Response extends RateLimitResponse = RateLimitResponse> {
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
    handler?(request: Request, response: Response, next: RateLimitNext, options: RateLimitOptions<Request, Response>): unknown;
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

/** The middleware. */

/** A middleware for Express 4 and 5, and for anything that calls one as Connect does. */
interface RateLimitMiddleware<Request extends RateLimitRequest = RateLimitRequest, Response extends RateLimitResponse = RateLimitResponse> {
    /** Decides about a request: calls `next`, or answers it. */
    (request: Request, response: Response, next: RateLimitNext): Promise<void>;
    /** Forgets a client. */
    resetKey(key: string): PromiseLike<void> | void;
    /** How a client stands. @throws `Error` if the store cannot tell. */
    getKey(key: string): PromiseLike<ClientRateLimitInfo | undefined> | ClientRateLimitInfo | undefined;
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
declare function rateLimit<Request extends RateLimitRequest = RateLimitRequest, Response extends RateLimitResponse = RateLimitResponse>(options?: RateLimitOptions<Request, Response>): RateLimitMiddleware<Request, Response>;

/** How a store is made. */
interface MillraceStoreOptions {
    /** Threads that give the same name count together. Default: this store counts for itself. */
    name?: string;
    /** The window, in milliseconds. Default: as the middleware that uses it says. */
    windowMs?: number;
    /** How many clients it remembers at most, a whole number from 1. Default: all that came within a window. */
    maxKeys?: number;
    /**
     * What happens to new clients when it remembers as many as it may: `'refuse'` (default), or `'allow'`, which lets them pass uncounted.
     * No client's count is dropped to make room.
     */
    onFull?: 'refuse' | 'allow';
}
/**
 * Counts hits per client in windows that begin with a client's first hit, for all threads that give the same name. A store for
 * {@link rateLimit}, and for express-rate-limit itself.
 *
 * @example
 * ```ts
 * import { rateLimit } from 'express-rate-limit';
 * app.use(rateLimit({ windowMs: 60_000, limit: 100, store: new MillraceStore({ name: 'api' }) }));
 * ```
 */
declare class MillraceStore implements Store, Disposable {
    #private;
    /** Whether it counts for itself. */
    readonly localKeys: boolean;
    /** Tells stores of several names apart. */
    readonly prefix: string;
    /**
     * @throws {@link InvalidArgumentError}; {@link NameConflictError} if the name is in use with another window, `maxKeys` or `onFull`.
     */
    constructor(options?: MillraceStoreOptions);
    /** Called by the middleware: its window is the store's, if that has none of its own. */
    init(options: {
        readonly windowMs: number;
    }): void;
    /** How a client stands; `undefined` if it has not come within its window. */
    get(key: string): ClientRateLimitInfo | undefined;
    /** Counts a hit. */
    increment(key: string): ClientRateLimitInfo;
    /**
     * Takes a hit back, never below none.
     *
     * @param hit - What `increment` gave: a hit of a window that is over is not taken from the next.
     */
    decrement(key: string, hit?: ClientRateLimitInfo): void;
    /** Forgets a client. */
    resetKey(key: string): void;
    /** Forgets all clients. */
    resetAll(): void;
    /** How many clients it remembers. */
    get size(): number;
    /** Forgets what it counted for itself; threads that share its name count on. It holds nothing that would have to be stopped. */
    shutdown(): void;
    [Symbol.dispose](): void;
}

export { MillraceStore, RateLimitValidationError, rateLimit as default, ipKeyGenerator, rateLimit };
export type { CheckName, ClientRateLimitInfo, DraftHeaders, ForRequest, MillraceStoreOptions, RateLimitInfo, RateLimitLogger, RateLimitMiddleware, RateLimitNext, RateLimitOptions, RateLimitRequest, RateLimitResponse, Store, Validate };
