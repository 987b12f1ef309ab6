/**
 * The examples of the text on Go's concurrency patterns, section by section, with the outputs it gives. An async function stands
 * for a goroutine, an AbortSignal for a context.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { afterEach, describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import {
  after,
  Broadcast,
  Channel,
  FixedWorkerPool,
  Mutex,
  RWMutex,
  select,
  sending,
  Ticker,
  WaitGroup,
} from 'millrace';
import { child, packageUrl } from '../helpers.js';

/** Go's runtime.NumGoroutine(). */
let goroutines = 0;
/** What ended a goroutine other than its return or its context. */
const panics: unknown[] = [];

/** Go's `go`: the function returns when its context is cancelled, wherever it waits. */
function go(ctx: AbortSignal, body: () => Promise<void>): void {
  goroutines++;
  body()
    .catch((error) => {
      if (!ctx.aborted || error !== ctx.reason) panics.push(error);
    })
    .finally(() => goroutines--);
}

/** Waits until every goroutine has returned. */
async function allReturned(): Promise<void> {
  const latest = performance.now() + 20_000;
  while (goroutines > 0) {
    assert.ok(performance.now() < latest, `${goroutines} goroutines are left`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Whether a channel without a buffer is open, and nobody waits at either end. */
const nobodyWaits = (channel: Channel<number>): boolean =>
  channel.length === 0 && channel.tryReceive() === undefined && !channel.trySend(0);

/** context.WithTimeout(context.Background(), 5*time.Second) */
const fiveSeconds = (): AbortSignal => AbortSignal.timeout(5000);

async function collect<T>(channel: Channel<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of channel) all.push(value);
  return all;
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, at) => at + 1);
const ascending = (numbers: number[]): number[] => numbers.toSorted((a, b) => a - b);

/** A real thread that runs `text` with `millrace` and `data`. */
function thread(text: string, data: unknown): Worker {
  const source = `import { Channel, Mutex, WaitGroup, select, selectSync } from ${JSON.stringify(packageUrl)};
    import { workerData as data } from 'node:worker_threads';
    ${text}`;
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), { workerData: data });
}

type Work = (id: number, data: number) => Error | null;

class WorkerPool {
  readonly wg = new WaitGroup();
  readonly jobs: Channel<number>;
  readonly results: Channel<Error | null>;
  readonly #workers: number;

  constructor(workers: number) {
    this.#workers = workers;
    this.jobs = new Channel(workers * 2);
    this.results = new Channel(workers * 2);
  }

  start(ctx: AbortSignal, worker: Work): void {
    this.wg.add(this.#workers);
    for (let id = 1; id <= this.#workers; id++) {
      go(ctx, async () => {
        try {
          for (;;) {
            const job = await select({ job: this.jobs }, { signal: ctx });
            if (job.done) return;
            await this.results.send(worker(id, job.value), { signal: ctx });
          }
        } finally {
          this.wg.done();
        }
      });
    }
  }

  submit(job: number): Promise<void> {
    return this.jobs.send(job);
  }

  async close(): Promise<void> {
    this.jobs.close();
    await this.wg.wait();
    this.results.close();
  }
}

type Stage = (ctx: AbortSignal, input: Channel<number>) => Channel<number>;

function generator(ctx: AbortSignal, ...nums: number[]): Channel<number> {
  const out = new Channel<number>();
  go(ctx, async () => {
    using _closed = out;
    for (const n of nums) await out.send(n, { signal: ctx });
  });
  return out;
}

const mapping =
  (fn: (n: number) => number): Stage =>
  (ctx, input) => {
    const out = new Channel<number>();
    go(ctx, async () => {
      using _closed = out;
      for await (const n of input) await out.send(fn(n), { signal: ctx });
    });
    return out;
  };
const multiply = mapping((n) => n * 2);
const add = mapping((n) => n + 10);

class Pipeline {
  readonly #stages: Stage[];

  constructor(...stages: Stage[]) {
    this.#stages = stages;
  }

  execute(ctx: AbortSignal, input: Channel<number>): Channel<number> {
    return this.#stages.reduce((out, stage) => stage(ctx, out), input);
  }
}

function fanOut<T, R>(
  ctx: AbortSignal,
  input: Channel<T>,
  workers: number,
  fn: (value: T) => R,
): Channel<R>[] {
  return upTo(workers).map(() => {
    const output = new Channel<R>();
    go(ctx, async () => {
      using _closed = output;
      for (;;) {
        const { value, done } = await input.receive({ signal: ctx });
        if (done) return;
        await output.send(fn(value), { signal: ctx });
      }
    });
    return output;
  });
}

function fanIn<T>(ctx: AbortSignal, ...inputs: Channel<T>[]): Channel<T> {
  const wg = new WaitGroup();
  const output = new Channel<T>();
  wg.add(inputs.length);
  for (const c of inputs) {
    go(ctx, async () => {
      try {
        for (;;) {
          const { value, done } = await c.receive({ signal: ctx });
          if (done) return;
          await output.send(value, { signal: ctx });
        }
      } finally {
        wg.done();
      }
    });
  }
  go(ctx, async () => {
    await wg.wait();
    output.close();
  });
  return output;
}

class RateLimiter implements Disposable {
  readonly tokens: Channel<true>;
  readonly #rate: number;
  readonly #done = new Channel<never>();

  constructor(requestsPerSecond: number) {
    this.tokens = new Channel(requestsPerSecond);
    this.#rate = 1000 / requestsPerSecond;
    for (let i = 0; i < requestsPerSecond; i++) this.tokens.trySend(true);
    go(new AbortController().signal, () => this.#refill());
  }

  async #refill(): Promise<void> {
    using ticker = new Ticker(this.#rate);
    for (;;) {
      const chosen = await select({ tick: ticker.channel, done: this.#done });
      if (chosen.case === 'done') return;
      await select({ token: sending(this.tokens, true), default: true });
    }
  }

  async wait(ctx?: AbortSignal): Promise<void> {
    await this.tokens.receive(ctx && { signal: ctx });
  }

  /** `defer rl.Stop()` is `using rl`. */
  [Symbol.dispose](): void {
    this.#done.close();
  }
}

afterEach(async () => {
  await allReturned();
  assert.deepEqual(panics.splice(0), []);
});

describe('1. Worker Pool', () => {
  // The text submits and closes before it collects, which its buffers of six are too small for: here a goroutine collects.
  test('three workers process a hundred jobs', async () => {
    const ctx = fiveSeconds();
    const wp = new WorkerPool(3);
    const printed: string[] = [];
    wp.start(ctx, (id, data) => {
      printed.push(`Worker ${id} processing ${data}`);
      return null;
    });
    const results = collect(wp.results);
    for (let i = 0; i < 100; i++) await wp.submit(i);
    await wp.close();
    assert.deepEqual(await results, Array(100).fill(null));
    const [ids, jobs] = [1, 3].map((word) => printed.map((line) => Number(line.split(' ')[word])));
    assert.deepEqual(new Set(ids), new Set([1, 2, 3]));
    assert.deepEqual(ascending(jobs ?? []), [...Array(100).keys()]);
  });

  test('the errors of workers are results', async () => {
    const wp = new WorkerPool(3);
    wp.start(fiveSeconds(), (_, data) => (data % 10 === 0 ? new Error(`job ${data}`) : null));
    const results = collect(wp.results);
    for (let i = 1; i <= 100; i++) await wp.submit(i);
    await wp.close();
    const errors = (await results).filter((result) => result !== null);
    assert.deepEqual(
      errors.map(({ message }) => message).sort(),
      upTo(10)
        .map((n) => `job ${n * 10}`)
        .sort(),
    );
  });

  test('the same with threads for goroutines', async () => {
    const [jobs, results] = [new Channel<number>(6), new Channel<number>(6)];
    const wg = new WaitGroup();
    wg.add(3);
    const handles = [jobs.toHandle(), results.toHandle(), wg.toHandle()];
    const exits = upTo(3).map(() => {
      const worker = thread(
        `const [jobs, results] = [Channel.from(data[0]), Channel.from(data[1])];
        for await (const job of jobs) await results.send(job);
        WaitGroup.from(data[2]).done();`,
        handles,
      );
      return once(worker, 'exit');
    });
    const all = collect(results);
    for (let i = 1; i <= 100; i++) await jobs.send(i);
    jobs.close();
    await wg.wait();
    results.close();
    assert.deepEqual(ascending(await all), upTo(100));
    await Promise.all(exits);
  });
});

describe('2. Pipeline', () => {
  test('[1, 2, 3, 4, 5] becomes [12, 14, 16, 18, 20]', async () => {
    const ctx = fiveSeconds();
    const pipeline = new Pipeline(multiply, add);
    const output = pipeline.execute(ctx, generator(ctx, 1, 2, 3, 4, 5));
    assert.deepEqual(await collect(output), [12, 14, 16, 18, 20]);
  });

  test('after multiply: [2, 4, 6, 8, 10]', async () => {
    const ctx = fiveSeconds();
    assert.deepEqual(await collect(multiply(ctx, generator(ctx, 1, 2, 3, 4, 5))), [2, 4, 6, 8, 10]);
  });

  test('cancellation flows through all stages', async () => {
    const cancel = new AbortController();
    const ctx = cancel.signal;
    const output = new Pipeline(multiply, add).execute(ctx, generator(ctx, ...upTo(1000)));
    assert.deepEqual(await output.receive(), { value: 12, done: false });
    cancel.abort();
    await allReturned();
    assert.ok(output.closed);
  });
});

test('3. Fan-Out/Fan-In: five workers square the numbers to 100', async () => {
  const ctx = fiveSeconds();
  const input = new Channel<number>();
  go(ctx, async () => {
    using _closed = input;
    for (let i = 1; i <= 100; i++) await input.send(i);
  });
  const square = (n: number): number => n * n;
  const outputs = fanOut(ctx, input, 5, square);
  const result = fanIn(ctx, ...outputs);
  assert.deepEqual(ascending(await collect(result)), upTo(100).map(square));
});

describe('4. Rate Limiter', () => {
  // A hundred a second where the text has ten: the twenty beyond the burst take two tenths of a second.
  test('requests beyond the burst wait for their tokens', async () => {
    const began = performance.now();
    using rl = new RateLimiter(100);
    let requests = 0;
    for (let i = 0; i < 120; i++) {
      await rl.wait();
      requests++;
    }
    assert.equal(requests, 120);
    assert.ok(performance.now() - began >= 190, 'twenty tokens of 10 ms each');
    assert.ok(rl.tokens.length <= rl.tokens.capacity);
  });

  test('a context ends the wait', async () => {
    using rl = new RateLimiter(1);
    await rl.wait();
    const cancel = new AbortController();
    const waiting = rl.wait(cancel.signal);
    cancel.abort(new Error('context canceled'));
    await assert.rejects(waiting, /context canceled/);
  });

  test('Real-World Example: API Client', async () => {
    using limiter = new RateLimiter(100);
    const get = async (ctx: AbortSignal, url: string): Promise<Response> => {
      await limiter.wait(ctx);
      return fetch(url, { signal: ctx });
    };
    const response = await get(fiveSeconds(), 'data:text/plain,hello');
    assert.equal(await response.text(), 'hello');
    await assert.rejects(get(AbortSignal.abort(), 'data:,'), { name: 'AbortError' });
  });
});

describe('5. Broadcast', () => {
  const messages = upTo(5).map((n) => `Message ${n}`);

  test('both users receive all five messages', async () => {
    const ctx = fiveSeconds();
    const b = new Broadcast<string>();
    const printed: string[] = [];
    for (const user of [1, 2]) {
      const sub = b.subscribe(`user${user}`, 10);
      go(ctx, async () => {
        for await (const msg of sub) printed.push(`User${user} received: ${msg}`);
      });
    }
    for (const msg of messages) await b.send(msg, { signal: ctx });
    b.close();
    await allReturned();
    for (const user of [1, 2]) {
      assert.deepEqual(
        printed.filter((line) => line.startsWith(`User${user}`)),
        messages.map((msg) => `User${user} received: ${msg}`),
      );
    }
  });

  test('a full subscriber is an error of the sender', async () => {
    using b = new Broadcast<string>();
    b.subscribe('slow', 1);
    await b.send('Message 1');
    await assert.rejects(b.send('Message 2'), { code: 'ERR_SUBSCRIBER_SLOW' });
  });

  test('Thread Safety: the text’s own, of an RWMutex and channels', async () => {
    const mu = new RWMutex();
    const subscribers = new Map<string, Channel<string>>();
    const subscribe = async (id: string, bufferSize: number): Promise<Channel<string>> => {
      using _lock = await mu.writeLock();
      const ch = new Channel<string>(bufferSize);
      subscribers.set(id, ch);
      return ch;
    };
    const unsubscribe = async (id: string): Promise<void> => {
      using _lock = await mu.writeLock();
      subscribers.get(id)?.close();
      subscribers.delete(id);
    };
    const send = async (ctx: AbortSignal, msg: string): Promise<void> => {
      using _lock = await mu.readLock();
      for (const ch of subscribers.values()) {
        const chosen = await select({ sent: sending(ch, msg), default: true }, { signal: ctx });
        if (chosen.case === 'default') throw new Error('subscriber channel full');
      }
    };
    const ctx = fiveSeconds();
    const [sub1, sub2] = [await subscribe('user1', 5), await subscribe('user2', 5)];
    await Promise.all(messages.map((msg) => send(ctx, msg)));
    await assert.rejects(send(ctx, 'Message 6'), /subscriber channel full/);
    await Promise.all(['user1', 'user2'].map(unsubscribe));
    assert.deepEqual([await collect(sub1), await collect(sub2)], [messages, messages]);
    assert.deepEqual([mu.readers, mu.writing, mu.waiting], [0, false, 0]);
  });
});

describe('Common Patterns', () => {
  test('1. Defer Close Pattern', async () => {
    const ctx = fiveSeconds();
    const process = (input: Channel<number>): Channel<number> => {
      const output = new Channel<number>();
      go(ctx, async () => {
        using _closed = output;
        for await (const val of input) await output.send(val * 2);
      });
      return output;
    };
    assert.deepEqual(await collect(process(generator(ctx, 1, 2, 3))), [2, 4, 6]);
  });

  test('2. Select with Context', async () => {
    const first = async (ctx: AbortSignal, ch: Channel<number>, timeout: number): Promise<number> => {
      const chosen = await select({ result: ch, late: after(timeout) }, { signal: ctx });
      if (chosen.case === 'late' || chosen.done) throw new Error('timeout');
      return chosen.value;
    };
    const cancel = new AbortController();
    assert.equal(await first(cancel.signal, generator(fiveSeconds(), 42), 5000), 42);
    const never = new Channel<number>();
    await assert.rejects(first(cancel.signal, never, 5), { message: 'timeout' });
    const waiting = first(cancel.signal, never, 5000);
    cancel.abort(new Error('context canceled'));
    await assert.rejects(waiting, { message: 'context canceled' });
    assert.ok(nobodyWaits(never));
  });

  test('3. Done Channel Pattern', async () => {
    const done = new Channel<never>();
    let worked = 0;
    const work = (): void => {
      if (++worked === 3) done.close();
    };
    const run = async (): Promise<void> => {
      for (;;) {
        const chosen = await select({ done, default: true });
        if (chosen.case === 'done') return;
        work();
      }
    };
    await run();
    assert.equal(worked, 3);
  });

  test('3. Done Channel Pattern, of a thread that never yields', async () => {
    const [done, started] = [new Channel<never>(), new Channel<string>()];
    const service = thread(
      `const [done, started] = data.map((handle) => Channel.from(handle));
      started.sendSync('running');
      while (selectSync({ done, default: true }).case === 'default') Math.sqrt(2);`,
      [done.toHandle(), started.toHandle()],
    );
    const exit = once(service, 'exit');
    assert.equal((await started.receive()).value, 'running');
    done.close();
    assert.deepEqual(await exit, [0]);
  });

  test('4. Timeout Pattern', async () => {
    // The text's doWork stays at its send for ever when nobody waits for the result: here it has the context too.
    const within = async (ctx: AbortSignal, doWork: () => Promise<string>): Promise<string> => {
      const result = new Channel<string>();
      go(ctx, async () => result.send(await doWork(), { signal: ctx }));
      const chosen = await select({ result }, { signal: ctx });
      return chosen.value ?? '';
    };
    assert.equal(await within(fiveSeconds(), async () => 'done'), 'done');
    const cancel = new AbortController();
    const slow = async (): Promise<string> => {
      await once(cancel.signal, 'abort');
      return 'too late';
    };
    await assert.rejects(within(AbortSignal.timeout(10), slow), { name: 'TimeoutError' });
    cancel.abort();
  });
});

describe('Testing Concurrency', () => {
  test('Test Context Cancellation: workers stop', async () => {
    const cancel = new AbortController();
    const wp = new WorkerPool(2);
    wp.start(cancel.signal, () => null);
    // Nobody collects: four results are in their channel, two in the workers' hands, four jobs wait.
    for (let i = 0; i < 10; i++) await wp.submit(i);
    cancel.abort();
    await wp.wg.wait();
    await allReturned();
    assert.deepEqual([wp.wg.count, wp.wg.waiting], [0, 0]);
    assert.deepEqual([wp.jobs.length, wp.results.length], [4, 4]);
  });

  test('Test Race Conditions: threads that share memory under a mutex lose no increment', async () => {
    const mutex = new Mutex();
    const counter = new Int32Array(new SharedArrayBuffer(4));
    const exits = upTo(4).map(() => {
      const worker = thread(
        `const mutex = Mutex.from(data.mutex);
        for (let i = 0; i < 500; i++) {
          const guard = mutex.lockSync();
          data.counter[0] = data.counter[0] + 1;
          guard.release();
        }`,
        { mutex: mutex.toHandle(), counter },
      );
      return once(worker, 'exit');
    });
    await Promise.all(exits);
    assert.equal(counter[0], 2000);
    assert.deepEqual([mutex.locked, mutex.waiting], [false, 0]);
  });

  test('Test Goroutine Leaks: as many goroutines after as before, and no wait left', async () => {
    const before = goroutines;
    const wp = new WorkerPool(5);
    wp.start(fiveSeconds(), () => null);
    assert.equal(goroutines, before + 5);
    await wp.close();
    await allReturned();
    assert.equal(goroutines, before);
    assert.deepEqual([wp.jobs.length, wp.results.length, wp.wg.count, wp.wg.waiting], [0, 0, 0, 0]);

    const cancel = new AbortController();
    const [input, output] = [new Channel<number>(), new Channel<number>()];
    const waits = [
      input.receive({ signal: cancel.signal }),
      output.send(1, { signal: cancel.signal }),
      select({ input, sent: sending(output, 2) }, { signal: cancel.signal }),
    ];
    cancel.abort();
    for (const { status } of await Promise.allSettled(waits)) assert.equal(status, 'rejected');
    assert.ok(nobodyWaits(input) && nobodyWaits(output));
  });

  test('Test Goroutine Leaks: a process ends by itself, and only one that leaves a wait lives on', async () => {
    const source = (left: string): string =>
      `const cancel = new AbortController();
      const { Channel, select, after, Ticker, WaitGroup } = millrace;
      const [input, group] = [new Channel(), new WaitGroup()];
      const { signal } = cancel;
      group.add(1);
      const waits = [input.receive({ signal }), select({ input, late: after(60_000) }, { signal }), group.wait({ signal })];
      new Ticker(1);
      ${left}
      cancel.abort();
      const { length } = (await Promise.allSettled(waits)).filter(({ status }) => status === 'rejected');
      process.stdout.write('returned ' + length);`;
    const clean = await child(source(''));
    assert.deepEqual([clean.code, clean.stdout], [0, 'returned 3'], clean.stderr);
    const livesOn = 'setTimeout(() => process.exit(3), 50).unref();';
    const leaking = await child(source(`input.receive(); ${livesOn}`));
    assert.deepEqual([leaking.code, leaking.stdout], [3, 'returned 3'], leaking.stderr);
  });
});

describe('Performance Tips', () => {
  test('1. Buffer Channels Appropriately: a buffer takes what nobody waits for', () => {
    const [bad, good] = [new Channel<number>(), new Channel<number>(100)];
    assert.deepEqual([bad.trySend(1), good.trySend(1)], [false, true]);
  });

  test('3. Right-Size Worker Pools: as many workers as processors', async () => {
    const pool = new FixedWorkerPool<number, number>(availableParallelism(), {
      processor: (n: number) => n * n,
    });
    assert.deepEqual(
      await pool.submitBatch(upTo(100)),
      upTo(100).map((n) => n * n),
    );
    assert.equal(pool.getWorkerCount(), availableParallelism());
    await pool.close();
  });
});
