/** A call of a fan over a stream of inputs: no more are read than may be on their way or waiting to be taken. */
import { isThenable } from '../thenable.js';
import { overspent } from '../turn.js';
import type { WaitOptions } from '../wait-options.js';
import { type FanFailure, FanOutError } from './errors.js';
import type { ItemContext } from './item-context.js';
import type { Lane } from './lane.js';
import { ended, Outlet } from './outlet.js';
import { Run, type RunTerms } from './run.js';
import { type Reading, read, type Source } from './source.js';

/** How results are given out. @internal */
export interface StreamTerms {
  /** In the order of the inputs. */
  ordered: boolean;
  /** Results that may be done and not taken. */
  bufferSize: number;
  /** Each outcome in place of its result. */
  settle: boolean;
}

type Outcome = { value: unknown } | { error: unknown };

/** Reads its source as the reader of its results does. @internal */
export class StreamRun<I, O> extends Run {
  readonly #source: Source<I>;
  readonly #terms: StreamTerms;
  readonly #outlet: Results<O>;
  #reading: Reading<I> | undefined;
  /** The source is asked for an item. */
  #asked = false;
  /** It reads on in a moment. */
  #resuming = false;
  /** Nothing more is read: the source is at its end, has failed, or an input has. */
  #closed = false;
  #exhausted = false;
  /** Nothing after this input begins: it has failed. */
  #last = Infinity;
  /** Inputs that no worker has, by number; in order, and for strict turns by worker. */
  readonly #inputs = new Map<number, I>();
  #next = 0;
  #turns: number[][] | undefined;
  /** How many have been read; how many of them have been given out. */
  #read = 0;
  #given = 0;
  readonly #window: number;
  /** Outcomes that nobody has taken, in a ring: by number, or as they came. No more than the window are there. */
  readonly #done: (Outcome | undefined)[] = [];
  #came = 0;
  readonly #failures: FanFailure[] = [];
  #ending: { error: unknown } | undefined;
  readonly #got = (result: IteratorResult<I, unknown>): void => {
    this.#asked = false;
    this.#took(result);
    this.#fill();
  };
  readonly #lost = (error: unknown): void => {
    this.#asked = false;
    this.#exhausted = true;
    this.#close({ error });
  };
  readonly #resume = (): void => {
    this.#resuming = false;
    this.#fill();
  };

  constructor(terms: RunTerms, source: Source<I>, stream: StreamTerms, wait: WaitOptions) {
    super(terms);
    this.#source = source;
    this.#terms = stream;
    this.#window = terms.crew.capacity + stream.bufferSize;
    if (this.dealing === 'round-robin' || this.dealing === 'shares')
      this.#turns = Array.from({ length: terms.crew.width }, () => []);
    this.#outlet = new Results<O>(wait, {
      begin: () => this.#begin(),
      take: () => this.#take(),
      leave: (reason) => this.#leave(reason),
    });
  }

  /** Its results. */
  get results(): Outlet<O> {
    return this.#outlet;
  }

  #begin(): void {
    this.crew.counts.calls++;
    this.#reading = read(this.#source);
    this.crew.add(this);
    this.#fill();
  }

  /** Reads as many as there is room for. */
  #fill(): void {
    while (!this.#asked && !this.#closed && !this.stopped && this.#read - this.#given < this.#window) {
      this.#asked = true;
      let result: ReturnType<Reading<I>['next']>;
      try {
        result = (this.#reading as Reading<I>).next();
      } catch (error) {
        return this.#lost(error);
      }
      if (isThenable(result)) {
        result.then(this.#got, this.#lost);
        return;
      }
      if (overspent()) {
        const taken = result as IteratorResult<I, unknown>;
        setImmediate(this.#got, taken);
        return;
      }
      // Still asked: what this begins must not read on before it is done here.
      this.#took(result as IteratorResult<I, unknown>);
      this.#asked = false;
    }
  }

  #took(result: IteratorResult<I, unknown>): void {
    if (this.stopped) return;
    if (result.done === true) {
      this.#exhausted = true;
      return this.#close(undefined);
    }
    // An input failed while this one was awaited.
    if (this.#closed) return;
    const at = this.#read++;
    this.crew.counts.inputs++;
    this.#inputs.set(at, result.value);
    const turns = this.#turns;
    if (turns !== undefined) {
      const size = this.size.next(1, 1, Infinity);
      (turns[Math.floor(at / size) % turns.length] as number[]).push(at);
    }
    this.crew.wakeOne(this);
  }

  /** Nothing more is read; what was read is given out first. */
  #close(ending: { error: unknown } | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ending = ending;
    this.#outlet.flush();
  }

  get has(): boolean {
    return this.#next < Math.min(this.#read, this.#last) && !this.stopped;
  }

  take(lane: Lane): boolean {
    const turns = this.#turns?.[lane.id];
    const from = turns === undefined ? this.#next : turns[0];
    const end = Math.min(this.#read, this.#last);
    if (from === undefined || from >= end || this.stopped) return false;
    const left = end - from;
    const most = Math.max(1, Math.min(this.size.next(left, this.crew.width, left), left));
    let to = from + 1;
    if (turns === undefined) to = this.#next = from + most;
    else {
      turns.shift();
      while (to - from < most && turns[0] === to) {
        turns.shift();
        to++;
      }
    }
    lane.run = this;
    lane.at = from;
    lane.end = to;
    lane.pending += to - from;
    this.crew.counts.batches++;
    return true;
  }

  #input(at: number): I {
    const input = this.#inputs.get(at) as I;
    this.#inputs.delete(at);
    return input;
  }

  inputs(from: number, to: number): unknown[] {
    return Array.from({ length: to - from }, (_, at) => this.#input(from + at));
  }

  call(from: number, _to: number, context: ItemContext): unknown {
    return (this.processor as NonNullable<typeof this.processor>)(this.#input(from) as never, context);
  }

  succeeded(from: number, _count: number, value: unknown): void {
    if (this.stopped) return;
    this.crew.counts.completed++;
    this.#settle(from, this.#terms.settle ? { value: { status: 'fulfilled', value } } : { value });
  }

  failed(from: number, count: number, error: unknown): void {
    // What failed after another input that has failed is nobody's.
    if (this.stopped || from > this.#last) return;
    this.crew.counts.failed += count;
    const { settle, ordered } = this.#terms;
    if (settle) return this.#settle(from, { value: { status: 'rejected', reason: error } });
    if (this.goOn) this.#failures.push({ index: from, count, error });
    else if (ordered) {
      // It comes out in its place: those before it go on, those after it do not begin.
      this.#closed = true;
      this.#last = Math.min(this.#last, from);
    } else return this.#outlet.fail(error);
    this.#settle(from, { error });
  }

  #settle(at: number, outcome: Outcome): void {
    const came = this.#came++;
    this.#done[(this.#terms.ordered ? at : came) % this.#window] = outcome;
    this.#outlet.flush();
  }

  #take(): IteratorResult<O, undefined> | undefined {
    for (;;) {
      const at = this.#given % this.#window;
      const outcome = this.#done[at];
      if (outcome === undefined) break;
      this.#done[at] = undefined;
      this.#given++;
      this.#later();
      if ('value' in outcome) return { value: outcome.value as O, done: false };
      if (!this.goOn) throw outcome.error;
    }
    if (!this.#closed || this.#given < this.#read) return undefined;
    if (this.#ending !== undefined) throw this.#ending.error;
    if (this.#failures.length > 0) throw new FanOutError(this.#failures, []);
    return ended;
  }

  /** There is room for more: read on when what goes on here is done. */
  #later(): void {
    if (this.#asked || this.#closed || this.#resuming) return;
    this.#resuming = true;
    queueMicrotask(this.#resume);
  }

  #leave(reason: unknown): Promise<void> | undefined {
    this.crew.counts.cancelled += this.#read - this.#came;
    this.stop(reason ?? new DOMException('the results are not read any more', 'AbortError'));
    this.#inputs.clear();
    this.#done.length = 0;
    const reading = this.#reading;
    if (this.#exhausted || reading === undefined) return undefined;
    const awaited = this.#asked;
    return (async () => void (await reading.leave(awaited)))();
  }

  abandon(error: unknown): void {
    this.#outlet.fail(error);
  }
}

interface Life<T> {
  begin(): void;
  take(): IteratorResult<T, undefined> | undefined;
  leave(reason: unknown): Promise<void> | undefined;
}

/** Where the results come out. */
class Results<T> extends Outlet<T> {
  readonly #life: Life<T>;

  constructor(wait: WaitOptions, life: Life<T>) {
    super(wait);
    this.#life = life;
  }

  protected begin(): void {
    this.#life.begin();
  }

  protected take(): IteratorResult<T, undefined> | undefined {
    return this.#life.take();
  }

  protected leave(reason: unknown): Promise<void> | undefined {
    return this.#life.leave(reason);
  }
}
