/** `fetch` under a policy, with a breaker and limits of its own for each host. */
import { InvalidArgumentError, MillraceError, register } from '../errors.js';
import { shown } from '../wait-options.js';
import type { CallContext } from './call-context.js';
import type { PolicyPart } from './part.js';

/** How {@link wrapFetch} tells good from bad, and host from host. */
export interface WrapFetchOptions {
  /**
   * Whether a response counts as a failure, for breakers and for retry. Default: 408, 425, 429, 500, 502, 503 and 504. Whatever it says,
   * in the end the caller gets the response, as from `fetch`.
   */
  isFailure?: (response: HttpResponse) => boolean;
  /** What requests have a policy of their own for. Default: the URL's host, with its port. */
  keyOf?: (url: URL) => string;
  /** Methods whose requests may be sent again. Default: GET, HEAD, OPTIONS, TRACE, PUT and DELETE. */
  repeatable?: readonly string[];
  /** Hosts that are remembered, at least 1; the one that was asked least recently is forgotten first. Default 1000. */
  maxHosts?: number;
}

/** What there is to see of a response: those of `fetch`, and those of undici's `request`. */
export interface HttpResponse {
  /** Of `fetch`. */
  readonly status?: number;
  /** Of undici's `request`. */
  readonly statusCode?: number;
  /** A `Headers`, or an object. */
  readonly headers: object;
  /** The rest. */
  readonly body?: unknown;
}

/** A response that counts as a failure. Breakers and retry see it; the caller of a wrapped `fetch` gets the response itself. */
export class HttpFailureError extends MillraceError {
  override name = 'HttpFailureError';
  /** The response. */
  readonly response: HttpResponse;
  /** Its status. */
  readonly status: number;
  /** Whether the request may be sent again. */
  readonly retryable: boolean;
  /** Its headers, of which retry reads `Retry-After`. */
  readonly headers: object;
  /** @internal */
  constructor(response: HttpResponse, retryable: boolean) {
    const status = statusOf(response);
    super('ERR_HTTP_FAILURE', `the server answered with ${status}`);
    this.response = response;
    this.status = status;
    this.retryable = retryable;
    this.headers = response.headers;
  }
}
register('ERR_HTTP_FAILURE', HttpFailureError);

/** A request failed that may not be sent again: what went wrong is its cause. */
class Unrepeatable extends Error {
  readonly retryable = false;
}

type Fetch = (input: never, init?: never) => Promise<HttpResponse>;
interface Init {
  method?: string;
  signal?: AbortSignal | null;
  body?: unknown;
}

const failing = new Set([408, 425, 429, 500, 502, 503, 504]);
const safe = ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'];

function statusOf(response: HttpResponse): number {
  return response.status ?? response.statusCode ?? 0;
}

/** Lets the connection of a response go that nobody will read. */
function discard({ body }: HttpResponse): void {
  const stream = body as
    | { cancel?: () => Promise<void>; dump?: () => Promise<void>; locked?: boolean }
    | null
    | undefined;
  if (stream?.locked === true) return;
  (stream?.cancel?.() ?? stream?.dump?.())?.catch(() => undefined);
}

/** The policies of hosts, as long as they are asked. */
class Hosts {
  readonly #policies = new Map<string, PolicyPart>();
  readonly #make: (host: string) => PolicyPart;
  readonly #most: number;

  constructor(make: (host: string) => PolicyPart, most: number) {
    this.#make = make;
    this.#most = most;
  }

  of(host: string): PolicyPart {
    const policy = this.#policies.get(host) ?? this.#make(host);
    this.#policies.delete(host);
    this.#policies.set(host, policy);
    if (this.#policies.size > this.#most) {
      const [oldest] = this.#policies.keys();
      this.#policies.delete(oldest as string);
    }
    return policy;
  }
}

function urlOf(input: unknown): URL {
  if (input instanceof URL) return input;
  const { url, origin } = (typeof input === 'object' && input !== null ? input : {}) as {
    url?: string;
    origin?: string;
  };
  return new URL(typeof input === 'string' ? input : (url ?? origin ?? ''));
}

/**
 * `fetch`, or undici's `fetch` or `request`, whose requests go through a policy.
 *
 * A response that counts as a failure (429 and 503 among others) is a failure for the breaker, and is asked for again by retry, which waits as long
 * as its `Retry-After` says. When that comes to nothing the caller gets the last response; of those before, the connections are let go. A
 * request that may not be sent twice (POST and PATCH, unless `repeatable` names them, and all whose body is a stream) is sent once.
 *
 * @param fetch - What sends requests.
 * @param policy - The policy of all requests; or a function that makes one for each host, so that each has a breaker and limits of its own. Give
 * their parts names that contain the host's to share them among threads.
 * @throws {@link InvalidArgumentError} for arguments that cannot be meant. A call throws what `fetch` does, and what the policy does (such as
 * `CircuitOpenError`).
 * @example
 * ```ts
 * const ask = wrapFetch(fetch, (host) => policy(
 *   new RetryExecutor(new RetryPolicy({ maxAttempts: 3 })),
 *   new CircuitBreaker({ failureThreshold: 5, name: `upstream ${host}` }),
 *   timeout(2000, 'aggressive'),
 * ));
 * const response = await ask('https://example.com/');
 * ```
 */
export function wrapFetch<F extends (...args: never[]) => Promise<HttpResponse>>(
  fetch: F,
  policy: PolicyPart | ((host: string) => PolicyPart),
  options: WrapFetchOptions = {},
): F {
  if (typeof fetch !== 'function') throw new InvalidArgumentError('fetch', shown(fetch), 'a function');
  const makes =
    typeof policy === 'function' && !('call' in policy && policy.call !== Function.prototype.call);
  if (!makes && typeof (policy as PolicyPart | undefined)?.call !== 'function')
    throw new InvalidArgumentError(
      'policy',
      shown(policy),
      'a policy, or a function that makes one for a host',
    );
  const { isFailure, keyOf, repeatable, maxHosts } = checked(options);
  const hosts = new Hosts(
    makes ? (policy as (host: string) => PolicyPart) : () => policy as PolicyPart,
    maxHosts,
  );

  const wrapped = async (input: unknown, init: Init = {}): Promise<HttpResponse> => {
    const request = input as { method?: string; signal?: AbortSignal; body?: unknown; clone?: () => unknown };
    const isRequest =
      typeof input === 'object' && !(input instanceof URL) && typeof request.clone === 'function';
    const method = (init.method ?? (isRequest ? request.method : undefined) ?? 'GET').toUpperCase();
    const body = init.body as
      | { getReader?: unknown; pipe?: unknown; [Symbol.asyncIterator]?: unknown }
      | null
      | undefined;
    const streams =
      typeof body === 'object' &&
      body !== null &&
      (body.getReader !== undefined || body.pipe !== undefined || body[Symbol.asyncIterator] !== undefined);
    const again = repeatable.has(method) && !streams;
    const signal = init.signal ?? (isRequest ? request.signal : undefined) ?? undefined;
    let last: HttpResponse | undefined;
    const attempt = async (context: CallContext): Promise<HttpResponse> => {
      if (last !== undefined) discard(last);
      last = undefined;
      const sent = isRequest && again && request.body ? (request.clone as () => unknown)() : input;
      let response: HttpResponse;
      try {
        const within = context.signal ?? signal;
        response = await (fetch as unknown as Fetch)(
          sent as never,
          (within === undefined ? init : { ...init, signal: within }) as never,
        );
      } catch (error) {
        if (again || signal?.aborted === true) throw error;
        throw new Unrepeatable('the request may not be sent again', { cause: error });
      }
      if (!isFailure(response)) return response;
      last = response;
      throw new HttpFailureError(response, again);
    };
    try {
      const options = signal === undefined ? undefined : { signal };
      return (await hosts.of(keyOf(urlOf(input))).call(attempt, options)) as HttpResponse;
    } catch (error) {
      if (error instanceof HttpFailureError) return error.response;
      if (last !== undefined) discard(last);
      throw error instanceof Unrepeatable ? error.cause : error;
    }
  };
  return wrapped as unknown as F;
}

interface Checked {
  isFailure: (response: HttpResponse) => boolean;
  keyOf: (url: URL) => string;
  repeatable: Set<string>;
  maxHosts: number;
}

function checked(options: WrapFetchOptions): Checked {
  if (typeof options !== 'object' || options === null)
    throw new InvalidArgumentError('options', shown(options), 'an object');
  for (const name of Object.keys(options))
    if (!['isFailure', 'keyOf', 'repeatable', 'maxHosts'].includes(name))
      throw new InvalidArgumentError(name, 'an unknown option', 'isFailure, keyOf, repeatable, maxHosts');
  const { isFailure, keyOf, repeatable = safe, maxHosts = 1000 } = options;
  for (const [name, value] of Object.entries({ isFailure, keyOf }))
    if (value !== undefined && typeof value !== 'function')
      throw new InvalidArgumentError(name, shown(value), 'a function');
  if (!Array.isArray(repeatable) || repeatable.some((method) => typeof method !== 'string'))
    throw new InvalidArgumentError('repeatable', shown(repeatable), "an array of methods such as 'GET'");
  if (!Number.isInteger(maxHosts) || maxHosts < 1)
    throw new InvalidArgumentError('maxHosts', shown(maxHosts), 'a whole number of at least 1');
  return {
    isFailure: isFailure ?? ((response) => failing.has(statusOf(response))),
    keyOf: keyOf ?? ((url) => url.host),
    repeatable: new Set(repeatable.map((method) => method.toUpperCase())),
    maxHosts,
  };
}
