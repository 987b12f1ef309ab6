/** Patterns that tests need. */
import { BasePattern, type CallContext, type PatternConfig } from 'millrace';

/** A pattern whose stop does what it is told, and writes down when it began and ended. */
export class Told extends BasePattern {
  readonly #log: string[];
  readonly #stop: () => Promise<void> | void;
  #running = false;

  constructor(name: string, log: string[] = [], stop: () => Promise<void> | void = () => undefined) {
    super({ name });
    this.#log = log;
    this.#stop = stop;
  }

  async start(): Promise<void> {
    this.#running = true;
  }

  async stop(): Promise<void> {
    this.#log.push(`${this.name} stops`);
    await this.#stop();
    this.#running = false;
    this.#log.push(`${this.name} stopped`);
  }

  isRunning(): boolean {
    return this.#running;
  }
}

/** A pattern whose protected methods can be called. */
export class Open extends BasePattern {
  running = false;

  constructor(config?: Partial<PatternConfig>) {
    super(config);
  }

  async start(): Promise<void> {
    this.running = true;
  }

  async stop(): Promise<void> {
    this.running = false;
  }

  isRunning(): boolean {
    return this.running;
  }

  call<T>(fn: (context: CallContext) => Promise<T>, options?: { signal?: AbortSignal }): Promise<T> {
    return this.retry(fn, options);
  }

  fail(error: Error): void {
    this.handleError(error);
  }

  get settings(): PatternConfig {
    return this.config;
  }
}
