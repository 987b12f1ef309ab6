/**
 * A worker's side of the work: lanes that take tasks from the pool, one after the other, and run them.
 *
 * There are as many lanes as the worker may run tasks at once; a lane that waits for an asynchronous task leaves the thread
 * to the others. When nothing runs, the thread waits in Rust for some milliseconds, because work that flows comes within
 * microseconds, and then sleeps in its event loop, from which it can be ended.
 */

import { performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { kind } from '../codec/index.js';
import { ProcessorError } from '../errors.js';
import { afterDrain, fast, onRecord, recordKind, records, taskRecord } from '../isolate.js';
import { forgetSide, isLinked, sendSide, takeSide } from '../links.js';
import type { NativeWorker } from '../native/binding.js';
import { isThenable } from '../thenable.js';
import { pack } from '../thrown.js';
import { isMoved } from '../transfer.js';
import { packLarge, prepare, put, putNum, putSide, putTag, stageLarge, taskValue, way } from '../values.js';
import { holdLoop } from '../waits.js';
import { MachineLoad } from './machine-load.js';
import { loadProcessor } from './processor.js';
import { next, nudge, streamCredit, streamMark } from './protocol.js';
import { type Listeners, RunningContext } from './task-context.js';

type Callable = (input: unknown, context: unknown) => unknown;

/** How long the thread waits for work in Rust before it sleeps in its event loop, in milliseconds. */
const parkTime = 3;
/** How long tasks may run in a row before the event loop has its turn, in milliseconds. */
const turnTime = 10;
/** The time is looked at once in so many tasks. */
const lookEvery = 32;

function iterableOf(value: unknown): AsyncIterable<unknown> | Iterable<unknown> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Symbol.asyncIterator in value || Symbol.iterator in value) return value as AsyncIterable<unknown>;
  return undefined;
}

/** What sees tasks begin and end, for captured output. */
export interface Observer {
  run<T>(taskId: number, work: () => T): T;
}

/** Runs tasks for one worker. */
export class Runner implements Listeners {
  readonly handle: number;
  readonly byslot = new Map<number, RunningContext>();
  readonly #native: NativeWorker;
  readonly #id: number;
  readonly #concurrency: number;
  readonly #observer: Observer | undefined;
  readonly #processors = new Map<number, Callable | Promise<Callable>>();
  readonly #credits = new Map<number, { left: number; more: (() => void) | undefined }>();
  readonly #release = holdLoop();
  #lanes = 0;
  #awaiting = 0;
  #tasks = 0;
  #turnEnds = 0;
  #retiring = false;
  readonly #machine = new MachineLoad();
  #lastUtilization = performance.eventLoopUtilization();

  constructor(native: NativeWorker, id: number, concurrency: number, observer: Observer | undefined) {
    this.#native = native;
    this.handle = native.handle;
    this.#id = id;
    this.#concurrency = concurrency;
    this.#observer = observer;
    onRecord(recordKind.nudged, (at) => {
      this.#nudged(records[at + 2] as number, records[at + 3] as number, records[at + 4] as number);
    });
  }

  #nudged(what: number, a: number, b: number): void {
    switch (what) {
      case nudge.wake:
        return afterDrain(() => this.turn());
      case nudge.abort:
        return afterDrain(() => this.#abort(a, b === 1));
      case nudge.ping:
        return this.#beat();
      case nudge.retire:
        this.#retiring = true;
        return afterDrain(() => this.turn());
      case nudge.credit: {
        const credit = this.#credits.get(a);
        if (credit === undefined) return;
        credit.left += b;
        const more = credit.more;
        credit.more = undefined;
        if (more) afterDrain(more);
      }
    }
  }

  #abort(slot: number, timedOut: boolean): void {
    this.byslot.get(slot)?.abort(timedOut);
    // A stream whose reader has gone is waiting for nobody.
    const credit = this.#credits.get(slot);
    if (credit !== undefined) {
      credit.left = Infinity;
      credit.more?.();
    }
  }

  #beat(): void {
    const now = performance.eventLoopUtilization();
    const since = performance.eventLoopUtilization(now, this.#lastUtilization);
    this.#lastUtilization = now;
    const load = this.#machine.load();
    if (load !== undefined) this.#native.reportLoad(load);
    const heap = getHeapStatistics();
    fast.workerBeat(this.handle, since.utilization, heap.used_heap_size, heap.heap_size_limit);
  }

  /** Looks for work, and runs it until there is none or the event loop must have its turn. */
  turn(): void {
    this.#turnEnds = fast.now() + turnTime;
    for (;;) {
      while (this.#lanes < this.#concurrency) {
        const awaiting = this.#awaiting;
        void this.#lane();
        // A lane that ended found nothing more; one that waits leaves room for another.
        if (this.#awaiting === awaiting) break;
      }
      if (this.#lanes > 0) {
        if (this.#lanes >= this.#concurrency || fast.workerRest(this.handle)) return;
        continue;
      }
      if (this.#retiring) return this.#end();
      if (fast.now() >= this.#turnEnds) {
        setImmediate(() => this.turn());
        return;
      }
      if (fast.workerPark(this.handle, parkTime)) continue;
      if (fast.workerRest(this.handle)) return;
    }
  }

  #end(): void {
    if (this.#lanes > 0) return;
    this.#native.leave();
    this.#release();
    process.exit(0);
  }

  /** Takes and runs tasks one after the other until there is none. */
  async #lane(): Promise<void> {
    this.#lanes++;
    // Whether it has come back from a wait, and so stands in no turn.
    let waited = false;
    let code = fast.workerNext(this.handle);
    while (code === next.task) {
      const slot = records[taskRecord] as number;
      const id = records[taskRecord + 1] as number;
      const attemptAndFrom = records[taskRecord + 2] as number;
      const marked = records[taskRecord + 3] as number;
      const how = records[taskRecord + 4] as number;
      const num = records[taskRecord + 5] as number;
      const ticket = records[taskRecord + 6] as number;
      const streams = marked >= streamMark;
      const context = new RunningContext(this, this.#id, slot, id, attemptAndFrom % 256);
      const from = Math.floor(attemptAndFrom / 256);
      let ok = true;
      let result: unknown;
      try {
        let input: unknown;
        if (how === kind.number) input = num;
        else if (how !== kind.side) input = taskValue(how, num, ticket);
        else {
          input = takeSide(num);
          if (input instanceof Promise) {
            waited = true;
            input = await this.#pause(this.#sideInput(num, input, context));
          }
        }
        let processor = this.#processor(streams ? marked - streamMark : marked);
        if (typeof processor !== 'function') {
          waited = true;
          processor = await this.#pause(processor);
        }
        result =
          this.#observer === undefined
            ? processor(input, context)
            : this.#observed(id, processor, input, context);
        if (typeof result === 'object' && result !== null) {
          if (isThenable(result)) {
            waited = true;
            result = await this.#pause(result);
          }
          if (streams) {
            waited = true;
            result = await this.#pause(this.#stream(result, slot, from, context));
          }
        } else if (streams) throw notAStream(result);
      } catch (thrown) {
        ok = false;
        result = pack(thrown);
      }
      context.end();
      try {
        const moved = isMoved(result) ? result : undefined;
        const how = moved !== undefined ? way.platform : prepare(result);
        if (how === way.large && !isLinked(from)) stageLarge();
        else if (how !== way.ready) {
          const value = moved !== undefined ? moved.value : how === way.large ? packLarge() : result;
          const sent = sendSide(from, value, moved?.transfer ?? []);
          let sentId: number;
          if (typeof sent === 'number') sentId = sent;
          else {
            waited = true;
            sentId = await this.#pause(sent);
          }
          putSide(sentId);
        }
      } catch (thrown) {
        ok = false;
        put(pack(thrown));
      }
      if (++this.#tasks % lookEvery === 0 && fast.now() >= this.#turnEnds) {
        fast.workerFinish(this.handle, slot, ok, putTag, putNum);
        waited = true;
        await this.#pause(new Promise((resolve) => setImmediate(resolve)));
        this.#turnEnds = fast.now() + turnTime;
        code = fast.workerNext(this.handle);
      } else code = fast.workerFinishNext(this.handle, slot, ok, putTag, putNum);
    }
    this.#lanes--;
    if (code === next.retire) this.#retiring = true;
    if (waited) this.turn();
  }

  #observed(id: number, processor: Callable, input: unknown, context: RunningContext): unknown {
    return this.#observer?.run(id, () => processor(input, context));
  }

  async #pause<T>(wait: PromiseLike<T> | T): Promise<T> {
    this.#awaiting++;
    try {
      return await wait;
    } finally {
      this.#awaiting--;
    }
  }

  #processor(id: number): Callable | Promise<Callable> {
    const known = this.#processors.get(id);
    if (known !== undefined) return known;
    const text = this.#native.processor(id);
    if (text === null || text === undefined)
      throw new ProcessorError(`processor ${id} is unknown to the pool`);
    const loaded = loadProcessor(text);
    this.#processors.set(id, loaded);
    if (typeof loaded !== 'function') {
      loaded.then(
        (callable) => this.#processors.set(id, callable),
        () => this.#processors.delete(id),
      );
    }
    return loaded;
  }

  /** An input that is on its way, unless its task is cancelled first. */
  #sideInput(name: number, coming: Promise<unknown>, context: RunningContext): Promise<unknown> {
    const { signal } = context;
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        forgetSide(Math.floor(name / 2 ** 32), name % 2 ** 32);
        reject(signal.reason as Error);
      };
      if (signal.aborted) return stop();
      signal.addEventListener('abort', stop, { once: true });
      coming.then((value) => {
        signal.removeEventListener('abort', stop);
        resolve(value);
      }, reject);
    });
  }

  /** Hands over what a generator yields, as far as the reader keeps up. Gives what it returned. */
  async #stream(result: unknown, slot: number, from: number, context: RunningContext): Promise<unknown> {
    const source = iterableOf(result);
    if (source === undefined) throw notAStream(result);
    const credit = { left: streamCredit, more: undefined as (() => void) | undefined };
    this.#credits.set(slot, credit);
    try {
      for await (const item of source) {
        while (credit.left <= 0) await new Promise<void>((resolve) => (credit.more = resolve));
        credit.left--;
        if (isMoved(item)) putSide(await sendSide(from, item.value, item.transfer));
        else if (!put(item)) putSide(await sendSide(from, item, []));
        if (!fast.workerItem(this.handle, slot, true, putTag, putNum)) break;
        if (context.signal.aborted) break;
      }
    } finally {
      this.#credits.delete(slot);
    }
    return undefined;
  }
}

function notAStream(result: unknown): ProcessorError {
  const got = result === null ? 'null' : typeof result;
  return new ProcessorError(
    `iterate() needs a processor that is a generator or gives an iterable; it gave ${got}`,
  );
}
