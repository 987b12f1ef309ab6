/** Ends a process that serves: first its servers, then its patterns. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Server } from 'node:http';
import { constants } from 'node:os';
import { isMainThread } from 'node:worker_threads';
import { CombinedError } from '../concurrent/errors.js';
import { InvalidArgumentError, UnsupportedError } from '../errors.js';
import { shown } from '../wait-options.js';
import { HttpDrain } from './http-drain.js';
import { PatternRegistry } from './registry.js';

/** How a process is shut down. */
export interface GracefulShutdownOptions {
  /** The signals that begin it. Default `['SIGTERM', 'SIGINT']`. */
  signals?: readonly NodeJS.Signals[];
  /** The servers to be ended: of `node:http` or `node:https`. Default: none. */
  servers?: readonly Server[];
  /** The registry to be shut down. Default: `PatternRegistry.getInstance()`. */
  registry?: PatternRegistry;
  /** Milliseconds that it may take until the process has ended; then it is made to. `Infinity` for no limit. Default 30000. */
  timeout?: number;
  /**
   * Called when it begins, with the signal, or `undefined` if it was begun by hand. While it runs the servers end; the patterns are
   * ended after it.
   */
  onShutdown?(signal: NodeJS.Signals | undefined): unknown;
}

const known = ['signals', 'servers', 'registry', 'timeout', 'onShutdown'];
/** The longest that a timer of the platform waits. */
const longest = 2 ** 31 - 1;

/** What shuts the process down. Made by {@link gracefulShutdown}. */
export class GracefulShutdown implements Disposable {
  readonly #signals: readonly NodeJS.Signals[];
  readonly #servers: readonly HttpDrain[];
  readonly #registry: PatternRegistry;
  readonly #timeout: number;
  readonly #onShutdown: (signal: NodeJS.Signals | undefined) => unknown;
  #ending: Promise<void> | undefined;
  #begun = false;
  #signalled = false;

  /** @internal */
  constructor(options: GracefulShutdownOptions) {
    const { signals = ['SIGTERM', 'SIGINT'], servers = [], timeout = 30_000, onShutdown } = options;
    this.#signals = [...new Set(signals)];
    this.#registry = options.registry ?? PatternRegistry.getInstance();
    this.#timeout = timeout;
    this.#onShutdown = onShutdown === undefined ? () => undefined : AsyncLocalStorage.bind(onShutdown);
    this.#servers = Array.from(new Set(servers), (server) => new HttpDrain(server));
    for (const signal of this.#signals) process.on(signal, this.#onSignal);
  }

  /** Whether it has begun: a server that is asked for its health says no from then on. */
  get shuttingDown(): boolean {
    return this.#begun;
  }

  /**
   * Begins it by hand, as a signal does. A second call gives the same promise.
   *
   * @returns Resolves when the servers and patterns have ended. What else keeps the process alive has until the deadline.
   * @throws What `onShutdown` threw; {@link PatternShutdownError}; both in a {@link CombinedError}. The process's exit code is 1 then.
   */
  shutdown(): Promise<void> {
    return this.#begin(undefined);
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    if (this.#signalled) process.exit(1);
    this.#signalled = true;
    // Nobody awaits this one.
    this.#begin(signal).catch((error: Error) => process.emitWarning(error));
  };

  #begin(signal: NodeJS.Signals | undefined): Promise<void> {
    return (this.#ending ??= this.#end(signal));
  }

  async #end(signal: NodeJS.Signals | undefined): Promise<void> {
    this.#begun = true;
    const began = performance.now();
    const timeout = this.#timeout;
    const force = timeout === Infinity ? undefined : setTimeout(() => process.exit(1), timeout);
    const errors: unknown[] = [];
    const told = this.#tell(signal).catch((error: unknown) => errors.push(error));
    await Promise.all([told, ...this.#servers.map((server) => server.drain())]);
    const left = timeout - (performance.now() - began);
    await this.#registry
      .shutdownAll({ timeout: Math.max(0, left) })
      .catch((error: unknown) => errors.push(error));
    this[Symbol.dispose]();
    // From here on only what else is alive keeps the process, and not for longer than that.
    force?.unref();
    if (errors.length === 0) return;
    process.exitCode = 1;
    throw errors.length === 1 ? errors[0] : new CombinedError(errors);
  }

  async #tell(signal: NodeJS.Signals | undefined): Promise<void> {
    await this.#onShutdown(signal);
  }

  /** Takes its listeners away: signals do what they did before. A shutdown that has begun goes on. */
  [Symbol.dispose](): void {
    for (const signal of this.#signals) process.off(signal, this.#onSignal);
    for (const server of this.#servers) server.forget();
  }
}

/**
 * Shuts the process down when it is told to by a signal: the servers accept no more connections, those that idle are ended, requests in
 * flight end (and their connections after them), then the registry's patterns are stopped in their order, and the process ends by itself with
 * exit code 0. After the deadline, or at a second signal, it is made to end with 1, as it is with patterns that did not end well. What was
 * upgraded, such as WebSockets, is for `onShutdown` to end.
 *
 * @throws {@link InvalidArgumentError} for what cannot be meant; {@link UnsupportedError} in a worker thread, which gets no signals.
 * @example
 * ```ts
 * const server = app.listen(3000);
 * const life = gracefulShutdown({ servers: [server], timeout: 10_000 });
 * app.get('/ready', (_, response) => response.sendStatus(life.shuttingDown ? 503 : 200));
 * ```
 */
export function gracefulShutdown(options: GracefulShutdownOptions = {}): GracefulShutdown {
  check(options);
  if (!isMainThread) throw new UnsupportedError('signals are the main thread’s: call gracefulShutdown there');
  return new GracefulShutdown(options);
}

function check(options: GracefulShutdownOptions): void {
  if (typeof options !== 'object' || options === null)
    throw new InvalidArgumentError('options', shown(options), 'an object');
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw new InvalidArgumentError(name, 'an unknown option', known.join(', '));
  }
  const { signals = [], servers = [], registry, timeout = 0, onShutdown } = options;
  const catchable = (signal: string): boolean =>
    signal in constants.signals && signal !== 'SIGKILL' && signal !== 'SIGSTOP';
  if (!Array.isArray(signals) || !signals.every(catchable))
    throw new InvalidArgumentError('signals', shown(signals), 'names of signals that can be caught');
  if (!Array.isArray(servers) || !servers.every(isServer))
    throw new InvalidArgumentError('servers', shown(servers), 'servers of node:http or node:https');
  if (registry !== undefined && !(registry instanceof PatternRegistry))
    throw new InvalidArgumentError('registry', shown(registry), 'a PatternRegistry');
  if (timeout !== Infinity && !(typeof timeout === 'number' && timeout >= 0 && timeout <= longest))
    throw new InvalidArgumentError('timeout', shown(timeout), `milliseconds up to ${longest}, or Infinity`);
  if (onShutdown !== undefined && typeof onShutdown !== 'function')
    throw new InvalidArgumentError('onShutdown', shown(onShutdown), 'a function');
}

function isServer(value: unknown): boolean {
  return typeof (value as Partial<Server> | null)?.closeIdleConnections === 'function';
}
