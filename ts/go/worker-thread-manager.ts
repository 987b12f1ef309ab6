/** Raw worker threads, watched: those whose program is not a task but a life of its own. */
import { EventEmitter } from 'node:events';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { InvalidArgumentError, NotFoundError } from '../errors.js';
import { shown } from '../wait-options.js';

/** How a thread is kept. */
export interface ThreadOptions extends WorkerOptions {
  /** Starts it again when it ends unasked: `'on-failure'` after an error or an exit code that is not 0. Default `'never'`. */
  restart?: 'never' | 'on-failure' | 'always';
  /** The wait before it is started again, in milliseconds; doubled each time in a row, up to 30 seconds. Default 100. */
  restartBackoff?: number;
}

/** A manager's settings. */
export interface ThreadManagerOptions {
  /** Milliseconds between two looks at the threads' event loops. Default 1000. */
  heartbeatInterval?: number;
  /** A thread whose event loop has had no idle moment for so many milliseconds is unresponsive. Default 30000. */
  heartbeatTimeout?: number;
}

/** A thread, as it is now. */
export interface ThreadStatus {
  /** What it was started as. */
  name: string;
  /** The runtime's number of it; -1 when it does not run. */
  threadId: number;
  /** Where it is in its life. */
  state: 'starting' | 'running' | 'unresponsive' | 'waiting' | 'stopped';
  /** How often it was started again. */
  restarts: number;
  /** The share of the last interval in which its event loop was busy, 0 to 1. */
  utilisation: number;
  /** Milliseconds since its event loop was last seen to be idle. */
  lastHeartbeat: number;
}

/** What a manager tells of its threads. */
export interface ThreadEvents {
  /** A thread is up. */
  started: [thread: ThreadStatus];
  /** A thread has ended. */
  exited: [thread: ThreadStatus, exitCode: number];
  /** A thread has thrown. */
  error: [thread: ThreadStatus, error: unknown];
  /** A thread's event loop is blocked. */
  unresponsive: [thread: ThreadStatus];
}

const longestBackoff = 30_000;
/** Bun does not tell of another thread's event loop: there, threads are not watched. */
const watches = !('Bun' in globalThis);

interface Thread {
  name: string;
  file: string | URL;
  options: ThreadOptions;
  worker: Worker | undefined;
  /** The thread, once it is up. */
  up: Promise<Worker> | undefined;
  state: ThreadStatus['state'];
  restarts: number;
  /** Failures in a row. */
  streak: number;
  utilisation: number;
  beat: number;
  last: ReturnType<Worker['performance']['eventLoopUtilization']> | undefined;
  stopping: boolean;
  timer: NodeJS.Timeout | undefined;
  ended: (() => void)[];
}

/**
 * Starts, lists, watches, restarts and stops worker threads. Whether a thread's event loop is blocked is seen from outside: it needs
 * to do nothing for it. Not on Bun, which does not tell.
 *
 * @example
 * ```ts
 * await using threads = new WorkerThreadManager();
 * threads.on('unresponsive', ({ name }) => threads.restart(name));
 * const worker = await threads.start('mailer', new URL('./mailer.js', import.meta.url), { restart: 'on-failure' });
 * ```
 */
export class WorkerThreadManager implements AsyncDisposable {
  readonly #threads = new Map<string, Thread>();
  readonly #emitter = new EventEmitter<{ [K in keyof ThreadEvents]: ThreadEvents[K] }>();
  readonly #interval: number;
  readonly #timeout: number;
  #watch: NodeJS.Timeout | undefined;

  /** @throws {@link InvalidArgumentError} for what cannot be meant. */
  constructor(options: ThreadManagerOptions = {}) {
    if (typeof options !== 'object' || options === null)
      throw new InvalidArgumentError('options', shown(options), 'an object');
    const { heartbeatInterval = 1000, heartbeatTimeout = 30_000, ...rest } = options;
    const unknown = Object.keys(rest)[0];
    if (unknown !== undefined)
      throw new InvalidArgumentError(unknown, 'an unknown option', 'heartbeatInterval, heartbeatTimeout');
    for (const [name, value] of Object.entries({ heartbeatInterval, heartbeatTimeout })) {
      if (!(typeof value === 'number' && value >= 1 && value < 2 ** 31))
        throw new InvalidArgumentError(name, shown(value), 'milliseconds, at least 1');
    }
    this.#interval = heartbeatInterval;
    this.#timeout = heartbeatTimeout;
  }

  /** Listens to what happens to the threads. */
  on<K extends keyof ThreadEvents>(event: K, listener: (...args: ThreadEvents[K]) => void): this {
    this.#emitter.on(event, listener as never);
    return this;
  }

  /** Listens no more. */
  off<K extends keyof ThreadEvents>(event: K, listener: (...args: ThreadEvents[K]) => void): this {
    this.#emitter.off(event, listener as never);
    return this;
  }

  /**
   * Starts a thread.
   *
   * @param name - What it is called here; one at a time.
   * @returns The thread, once it is up and begins its program. What the program throws is told by the `error` event.
   * @throws {@link InvalidArgumentError} if the name is taken; why the thread could not come up.
   */
  async start(name: string, file: string | URL, options: ThreadOptions = {}): Promise<Worker> {
    if (typeof name !== 'string' || name === '')
      throw new InvalidArgumentError('name', shown(name), 'a text that is not empty');
    const before = this.#threads.get(name);
    if (before !== undefined && before.state !== 'stopped')
      throw new InvalidArgumentError('name', `'${name}'`, 'one that no thread has');
    if (typeof options !== 'object' || options === null)
      throw new InvalidArgumentError('options', shown(options), 'an object');
    const { restart = 'never', restartBackoff = 100 } = options;
    if (!['never', 'on-failure', 'always'].includes(restart))
      throw new InvalidArgumentError('restart', shown(restart), 'never, on-failure, always');
    if (!(typeof restartBackoff === 'number' && restartBackoff >= 0))
      throw new InvalidArgumentError('restartBackoff', shown(restartBackoff), 'milliseconds, at least 0');
    const thread: Thread = {
      name,
      file,
      options,
      worker: undefined,
      up: undefined,
      state: 'starting',
      restarts: 0,
      streak: 0,
      utilisation: 0,
      beat: performance.now(),
      last: undefined,
      stopping: false,
      timer: undefined,
      ended: [],
    };
    this.#threads.set(name, thread);
    return this.#spawn(thread);
  }

  #spawn(thread: Thread): Promise<Worker> {
    thread.up = this.#begin(thread);
    return thread.up;
  }

  async #begin(thread: Thread): Promise<Worker> {
    const { restart: _restart, restartBackoff: _backoff, ...options } = thread.options;
    let worker: Worker;
    try {
      worker = new Worker(thread.file, { name: thread.name, ...options });
    } catch (error) {
      thread.state = 'stopped';
      this.#tell(thread, error);
      throw error;
    }
    Object.assign(thread, {
      worker,
      state: 'starting',
      stopping: false,
      last: undefined,
      beat: performance.now(),
    });
    this.#look();
    return new Promise((resolve, reject) => {
      worker.once('online', () => {
        thread.state = 'running';
        thread.beat = performance.now();
        this.#emitter.emit('started', this.#status(thread));
        resolve(worker);
      });
      worker.on('error', (error) => {
        this.#tell(thread, error);
        reject(error);
      });
      worker.once('exit', (code) => {
        reject(
          new NotFoundError('ERR_NOT_FOUND', `thread '${thread.name}' ended with code ${code} as it started`),
        );
        this.#exited(thread, code);
      });
    });
  }

  #tell(thread: Thread, error: unknown): void {
    // An EventEmitter throws what nobody listens to.
    if (this.#emitter.listenerCount('error') > 0) this.#emitter.emit('error', this.#status(thread), error);
  }

  #exited(thread: Thread, code: number): void {
    const { restart = 'never', restartBackoff = 100 } = thread.options;
    thread.streak = code === 0 ? 0 : thread.streak + 1;
    const again = !thread.stopping && (restart === 'always' || (restart === 'on-failure' && code !== 0));
    thread.worker = undefined;
    thread.state = again ? 'waiting' : 'stopped';
    this.#emitter.emit('exited', this.#status(thread), code);
    for (const ended of thread.ended.splice(0)) ended();
    if (!again) return this.#look();
    const wait = Math.min(restartBackoff * 2 ** Math.min(Math.max(thread.streak - 1, 0), 20), longestBackoff);
    thread.timer = setTimeout(() => {
      thread.restarts++;
      this.#spawn(thread).catch(() => undefined);
    }, wait);
  }

  #status(thread: Thread): ThreadStatus {
    return {
      name: thread.name,
      threadId: thread.worker?.threadId ?? -1,
      state: thread.state,
      restarts: thread.restarts,
      utilisation: thread.utilisation,
      lastHeartbeat: performance.now() - thread.beat,
    };
  }

  #find(name: string): Thread {
    const thread = this.#threads.get(name);
    if (thread === undefined) throw new NotFoundError('ERR_NOT_FOUND', `no thread was started as '${name}'`);
    return thread;
  }

  /** Every thread that was started, also those that have ended. */
  list(): ThreadStatus[] {
    return [...this.#threads.values()].map((thread) => this.#status(thread));
  }

  /** One thread. @throws {@link NotFoundError} if there is none of that name. */
  get(name: string): ThreadStatus {
    return this.#status(this.#find(name));
  }

  /** Watches the event loops while there are threads. */
  #look(): void {
    const any = [...this.#threads.values()].some(({ worker }) => worker !== undefined);
    if (!any) {
      clearInterval(this.#watch);
      this.#watch = undefined;
    } else if (this.#watch === undefined && watches) {
      this.#watch = setInterval(() => this.#beat(), this.#interval);
      this.#watch.unref();
    }
  }

  #beat(): void {
    const now = performance.now();
    for (const thread of this.#threads.values()) {
      const { worker } = thread;
      if (worker === undefined || thread.state === 'starting') continue;
      const seen = worker.performance.eventLoopUtilization();
      if (thread.last !== undefined) {
        const since = worker.performance.eventLoopUtilization(seen, thread.last);
        thread.utilisation = since.utilization;
        // A loop that has idled at all has turned.
        if (since.idle > 0) thread.beat = now;
      }
      thread.last = seen;
      if (now - thread.beat < this.#timeout) {
        if (thread.state === 'unresponsive') thread.state = 'running';
      } else if (thread.state === 'running') {
        thread.state = 'unresponsive';
        this.#emitter.emit('unresponsive', this.#status(thread));
      }
    }
  }

  /**
   * Ends a thread, if it runs, and starts it again. Several who ask for it at once get the same thread.
   *
   * @throws {@link NotFoundError} if there is none of that name; why the thread could not come up.
   */
  async restart(name: string): Promise<Worker> {
    const thread = this.#find(name);
    await this.#end(thread, 0);
    // Somebody else may have been quicker.
    if (thread.worker !== undefined) return thread.up as Promise<Worker>;
    thread.restarts++;
    return this.#spawn(thread);
  }

  /**
   * Ends a thread: it is sent `'stop'`, and terminated if it has not ended in time.
   *
   * @param options - `timeout`: how long it may take to end by itself, in milliseconds. Default 0: it is terminated at once.
   */
  async stop(name: string, options: { timeout?: number } = {}): Promise<void> {
    await this.#stop(this.#find(name), patience(options));
  }

  async #stop(thread: Thread, timeout: number): Promise<void> {
    // One that is being started again meanwhile ends, too.
    do await this.#end(thread, timeout);
    while (thread.worker !== undefined);
  }

  async #end(thread: Thread, timeout: number): Promise<void> {
    thread.stopping = true;
    clearTimeout(thread.timer);
    const { worker } = thread;
    if (worker === undefined) {
      thread.state = 'stopped';
      return;
    }
    const ended = new Promise<void>((resolve) => thread.ended.push(resolve));
    if (timeout > 0) {
      worker.postMessage('stop');
      const timer = setTimeout(() => void worker.terminate(), Math.min(timeout, 2 ** 31 - 1));
      await ended;
      clearTimeout(timer);
    } else {
      void worker.terminate();
      await ended;
    }
  }

  /** Ends all threads, as {@link stop} does. */
  async stopAll(options: { timeout?: number } = {}): Promise<void> {
    const timeout = patience(options);
    await Promise.all([...this.#threads.values()].map((thread) => this.#stop(thread, timeout)));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stopAll();
  }
}

/** How long a thread may take to end. */
function patience(options: { timeout?: number }): number {
  if (typeof options !== 'object' || options === null)
    throw new InvalidArgumentError('options', shown(options), 'an object');
  for (const name of Object.keys(options))
    if (name !== 'timeout') throw new InvalidArgumentError(name, 'an unknown option', 'timeout');
  const { timeout = 0 } = options;
  if (!(typeof timeout === 'number' && timeout >= 0))
    throw new InvalidArgumentError('timeout', shown(timeout), 'milliseconds, at least 0');
  return timeout;
}
