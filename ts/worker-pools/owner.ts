/** The thread that owns a pool starts its workers, ends them, and reports how they ended. */
import {
  MessageChannel,
  receiveMessageOnPort,
  threadId,
  Worker,
  type WorkerOptions,
} from 'node:worker_threads';
import type { CapturedOutput } from '../errors.js';
import { onRecord, recordKind, records } from '../isolate.js';
import { addLink, dropLink } from '../links.js';
import type { NativePool } from '../native/binding.js';
import { packBytes } from '../thrown.js';
import { received } from '../values.js';
import type { ScalingSample, WorkerPoolOptions } from './config.js';
import { type Birth, order, type Written } from './protocol.js';

/** What a pool does about events it has heard of. */
export interface Listener {
  event(event: { type: string } & Record<string, unknown>): void;
  error(detail: number, cause: unknown): void;
  output(workerId: number, stream: 'stdout' | 'stderr', text: string): void;
}

/** How much of a worker's latest output is kept for a crash report, in characters. */
const keptOutput = 64 * 1024;

const owned = new Map<number, Owner>();

onRecord(recordKind.ordered, (at) => {
  const poolAndWhat = records[at + 1] as number;
  const a = records[at + 2] as number;
  const payload = received(at + 4);
  owned.get(Math.floor(poolAndWhat / 256))?.obey(poolAndWhat % 256, a, payload);
});

/** Runs the threads of one pool. */
export class Owner {
  readonly #native: NativePool;
  readonly #options: WorkerPoolOptions<never, unknown>;
  readonly #preload: string | undefined;
  readonly #listener: Listener;
  readonly #workers = new Map<number, Worker>();
  readonly #exits: (() => void)[] = [];

  constructor(
    native: NativePool,
    options: WorkerPoolOptions<never, unknown>,
    preload: string | undefined,
    listener: Listener,
  ) {
    this.#native = native;
    this.#options = options;
    this.#preload = preload;
    this.#listener = listener;
    owned.set(native.id, this);
  }

  obey(what: number, worker: number, payload: unknown): void {
    switch (what) {
      case order.spawn:
        return this.#spawn(worker);
      case order.terminate:
        void this.#workers.get(worker)?.terminate();
        return;
      case order.consult:
        return this.#consult(JSON.parse(payload as string) as ScalingSample);
      case order.event: {
        const event = JSON.parse(payload as string) as { type: string } & Record<string, unknown>;
        return this.#listener.event(event);
      }
      case order.error:
        this.#listener.error(worker, payload);
    }
  }

  #spawn(id: number): void {
    const { port1, port2 } = new MessageChannel();
    const options = this.#options;
    const birth: Birth = {
      pool: this.#native.id,
      worker: id,
      owner: threadId,
      link: port2,
      capture: options.captureOutput === true,
      concurrency: options.concurrentTasksPerWorker ?? 1,
      userData: options.workerData,
      preload: this.#preload,
    };
    const settings: WorkerOptions = {
      name: `millrace ${options.name ?? 'pool'} ${id}`,
      workerData: { 'millrace.worker': birth },
      transferList: [port2],
      stdout: options.stdout ?? false,
      stderr: options.stderr ?? false,
    };
    if (options.resourceLimits !== undefined) settings.resourceLimits = options.resourceLimits;
    if (options.env !== undefined) settings.env = options.env;
    if (options.argv !== undefined) settings.argv = options.argv as string[];
    const execArgv = options.execArgv ?? inherited();
    if (execArgv !== undefined) settings.execArgv = execArgv;
    let worker: Worker;
    try {
      worker = new Worker(new URL('./worker.js', import.meta.url), settings);
    } catch (error) {
      port1.close();
      const cause = packBytes(error);
      this.#native.workerExited(id, undefined, cause);
      return;
    }
    this.#workers.set(id, worker);
    worker.unref();
    this.#watch(id, worker, port1);
  }

  #watch(id: number, worker: Worker, link: import('node:worker_threads').MessagePort): void {
    // Read before the thread ends: afterwards the runtime says -1.
    const thread = worker.threadId;
    addLink(thread, link);
    const written: CapturedOutput | undefined = this.#options.captureOutput
      ? { stdout: '', stderr: '' }
      : undefined;
    const keep = (message: unknown): void => {
      if (written === undefined || typeof message !== 'object' || message === null) return;
      if (!('millrace.written' in message)) return;
      const { stream, text } = message as Written;
      written[stream] = (written[stream] + text).slice(-keptOutput);
      this.#listener.output(id, stream, text);
    };
    link.on('message', keep);
    link.unref();
    if (this.#options.stdout) {
      worker.stdout.on('data', (data) => this.#listener.output(id, 'stdout', String(data)));
    }
    if (this.#options.stderr) {
      worker.stderr.on('data', (data) => this.#listener.output(id, 'stderr', String(data)));
    }
    let cause: unknown;
    let failed = false;
    worker.on('error', (error) => {
      failed = true;
      cause = error;
    });
    worker.once('exit', (code) => {
      for (;;) {
        const rest = receiveMessageOnPort(link) as { message: unknown } | undefined;
        if (rest === undefined) break;
        keep(rest.message);
      }
      dropLink(thread);
      this.#workers.delete(id);
      const bytes = failed || (code !== 0 && written !== undefined) ? packBytes(cause, written) : undefined;
      this.#native.workerExited(id, code, bytes);
      if (this.#workers.size === 0) for (const done of this.#exits.splice(0)) done();
    });
  }

  #consult(sample: ScalingSample): void {
    const policy = this.#options.scalingPolicy;
    if (policy === undefined) return;
    let wanted: unknown;
    try {
      wanted = policy(sample);
    } catch (error) {
      return this.#listener.error(-1, error);
    }
    if (typeof wanted === 'number' && Number.isFinite(wanted)) {
      this.#native.scaleTo(Math.max(0, Math.min(1024, Math.round(wanted))));
    } else {
      const got = typeof wanted === 'number' ? String(wanted) : typeof wanted;
      this.#listener.error(
        -1,
        new TypeError(`scalingPolicy: it gave ${got}, wants a finite number of workers`),
      );
    }
  }

  /** Resolves when every thread has ended. */
  ended(): Promise<void> {
    if (this.#workers.size === 0) return Promise.resolve();
    for (const worker of this.#workers.values()) worker.ref();
    return new Promise((resolve) => this.#exits.push(resolve));
  }
}

/**
 * The loaders and conditions of a thread whose main module is text on its command line: its other options, which workers would
 * take over, would make them run that text or fail.
 */
function inherited(): string[] | undefined {
  const all = process.execArgv;
  if (!all.some((word) => /^(-e|--eval|-p|-pe|--print|--input-type)(=|$)/.test(word))) return undefined;
  const kept: string[] = [];
  for (const [at, word] of all.entries()) {
    if (/^(--import|--require|-r|--loader|--conditions|-C)$/.test(word)) kept.push(word, all[at + 1] ?? '');
    else if (/^--(import|require|loader|conditions)=/.test(word)) kept.push(word);
  }
  return kept;
}
