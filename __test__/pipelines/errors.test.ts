/** What becomes of items that fail. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Channel, type DeadLetter, Pipeline, PipelineStage, Semaphore } from 'millrace';
import { deferred, pending, turns, until } from '../helpers.js';

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const broken = (n: unknown): Error => new Error(`broken ${n}`);
/** Fails for multiples of three, at once or late. */
const flaky = (n: number): number => {
  if (n % 3 === 0) throw broken(n);
  return n;
};
const flakyLate = async (n: number): Promise<number> => {
  await turns((n * 5) % 4);
  return flaky(n);
};
const forms = [
  ['at once', flaky],
  ['late', flakyLate],
] as const;

for (const [how, fn] of forms) {
  test(`fail, ${how}: what comes before is given, then the error, then nothing`, async () => {
    const pipeline = new Pipeline<number>({ concurrency: 3 }).map(fn).map((n) => n * 10);
    const stream = pipeline.processStream([1, 2, 3, 4, 6, 5]);
    assert.deepEqual([(await stream.next()).value, (await stream.next()).value], [10, 20]);
    await assert.rejects(stream.next(), /broken 3/);
    assert.deepEqual(await stream.next(), { value: undefined, done: true });
    await assert.rejects(pipeline.processBatch([1, 6, 3]), /broken 6/);
    await assert.rejects(pipeline.process(9), /broken 9/);
    await pipeline.drain();
    const { failed, inFlight, buffered } = pipeline.getMetrics();
    assert.ok(failed >= 3);
    assert.deepEqual([inFlight, buffered], [0, 0]);
  });

  test(`skip, ${how}: the others come out`, async () => {
    const pipeline = new Pipeline<number>({ concurrency: 3, onError: 'skip' }).map(fn);
    assert.deepEqual(await pipeline.processBatch(numbers(8)), [1, 2, 4, 5, 7]);
    assert.equal(pipeline.getMetrics().skipped, 3);
    await assert.rejects(pipeline.process(3), (error: Error & { code?: string }) => {
      return error.code === 'ERR_ITEM_DROPPED' && (error.cause as Error).message === 'broken 3';
    });
    await assert.rejects(pipeline.process(3, {}), { code: 'ERR_ITEM_DROPPED' });
  });

  test(`dead-letter, ${how}: what failed is kept, with why and where`, async () => {
    const pipeline = new Pipeline<number>({ concurrency: 3, onError: 'dead-letter' })
      .map((n) => n + 1)
      .addStage({ name: 'flaky', processor: fn });
    assert.deepEqual(await pipeline.processBatch(numbers(4)), [1, 2, 4]);
    const letter = (await pipeline.deadLetters.receive()).value as DeadLetter;
    assert.deepEqual(letter, { item: 3, stage: 'flaky', error: letter.error, attempts: 1 });
    assert.match(String(letter.error), /broken 3/);
    await assert.rejects(pipeline.process(5), { code: 'ERR_ITEM_DROPPED' });
    assert.equal(pipeline.deadLetters.length, 1);
    assert.equal(pipeline.getMetrics().dead, 2);
  });
}

test("a stage's onError goes before the pipeline's", async () => {
  const pipeline = new Pipeline<number>({ onError: 'skip' }).map(flaky).map(
    (n) => {
      if (n === 4) throw broken(n);
      return n;
    },
    { onError: 'fail' },
  );
  assert.deepEqual(await pipeline.processBatch([1, 2, 3]), [1, 2]);
  await assert.rejects(pipeline.processBatch([1, 3, 4]), /broken 4/);
});

test('without order the first error in time ends it', async () => {
  const gate = deferred<number>();
  const pipeline = new Pipeline<number>({ ordered: false, concurrency: 3 }).map((n) =>
    n === 0 ? gate.promise : flaky(n),
  );
  await assert.rejects(pipeline.processBatch([0, 1, 3]), /broken 3/);
  gate.resolve(0);
  await pipeline.drain();
});

test('after an error nothing more is read, and stages before it begin nothing', async () => {
  let read = 0;
  let called = 0;
  let returned = false;
  function* source(): Generator<number> {
    try {
      for (; ; read++) yield read;
    } finally {
      returned = true;
    }
  }
  const gate = deferred<void>();
  const pipeline = new Pipeline<number>({ concurrency: 2, bufferSize: 4 })
    .map(async (n) => {
      called++;
      await gate.promise;
      return n;
    })
    .map(flaky);
  const all = pipeline.processStream(source()).toArray();
  await turns(2);
  assert.equal(called, 2);
  gate.resolve();
  await assert.rejects(all, /broken 0/);
  assert.ok(returned);
  const [then, so] = [read, called];
  await turns(3);
  assert.deepEqual([read, called], [then, so]);
});

test('an error in a filter, a tap, a flatMap and in what that gives belongs to its item', async () => {
  const throwing = (n: number): number[] => {
    throw broken(n);
  };
  const letters = new Channel<DeadLetter>(10);
  const start = new Pipeline<number>({ onError: 'dead-letter', deadLetters: letters });
  const pipelines = [
    start.addFilter((n) => throwing(n).length > 0),
    start.tap(throwing),
    start.flatMap(throwing),
    start.flatMap(function* (n) {
      yield* throwing(n);
    }),
    start.flatMap(async function* (n) {
      yield* throwing(n);
    }),
    start.flatMap((n) => ({ [Symbol.iterator]: () => throwing(n) as never })),
    start.flatMap((n) => ({ [Symbol.asyncIterator]: () => throwing(n) as never })),
  ];
  for (const pipeline of pipelines) {
    assert.deepEqual(await pipeline.processBatch([1]), []);
    const { value } = await letters.receive();
    assert.match(String(value?.error), /broken 1$/);
    await pipeline.close();
  }
  assert.equal(letters.closed, false, 'it is not the pipelines’ own');
  letters.close();
});

test('what a generator gave before it failed comes out', async () => {
  const pipeline = new Pipeline<number>({ onError: 'skip' }).flatMap(async function* (n) {
    yield n;
    if (n === 1) throw broken(n);
    yield n;
  });
  assert.deepEqual(await pipeline.processBatch([1, 2]), [1, 2, 2]);
});

test('while the dead letters have no room, what failed waits, and with it the source', async () => {
  const letters = new Channel<DeadLetter>(1);
  let read = 0;
  function* source(): Generator<number> {
    for (; read < 100; read++) yield read * 3;
  }
  const pipeline = new Pipeline<number>({ onError: 'dead-letter', deadLetters: letters, bufferSize: 2 }).map(
    flaky,
  );
  const all = pipeline.processStream(source()).toArray();
  assert.ok(await pending(all));
  assert.ok(read <= 6, `${read}`);
  const got: unknown[] = [];
  for (let i = 0; i < 100; i++) got.push((await letters.receive()).value?.item);
  assert.deepEqual(
    got,
    numbers(100).map((n) => n * 3),
  );
  assert.deepEqual(await all, []);
});

test('a letter that cannot be sent fails its item', async () => {
  const letters = new Channel<DeadLetter>(1);
  const pipeline = new Pipeline<unknown>({ onError: 'dead-letter', deadLetters: letters }).map(() => {
    throw broken(1);
  });
  const uncloneable = (): void => undefined;
  await assert.rejects(pipeline.processBatch([uncloneable]), { code: 'ERR_DEAD_LETTER' });
  await assert.rejects(pipeline.process(uncloneable), { code: 'ERR_DEAD_LETTER' });
  letters.close();
  await assert.rejects(pipeline.processBatch([1]), (error: Error & { error?: Error }) => {
    return (
      (error.cause as { code: string }).code === 'ERR_CHANNEL_CLOSED' && error.error?.message === 'broken 1'
    );
  });
});

test('dead letters are replayed from their stage on, with what fails again', async () => {
  let good = false;
  let first = 0;
  const pipeline = new Pipeline<number>({ onError: 'dead-letter' })
    .tap(() => first++)
    .map((n) => n * 2)
    .addStage({
      name: 'flaky',
      processor: (n) => {
        if (!good && n % 4 === 0) throw broken(n);
        return n;
      },
    })
    .map((n) => `${n}`);
  assert.deepEqual(await pipeline.processBatch([1, 2, 3, 4]), ['2', '6']);
  assert.deepEqual(await pipeline.replay().toArray(), []);
  const letters: DeadLetter[] = [];
  for (let i = 0; i < 2; i++) letters.push((await pipeline.deadLetters.receive()).value as DeadLetter);
  assert.deepEqual(
    letters.map(({ item, attempts }) => [item, attempts]),
    [
      [4, 2],
      [8, 2],
    ],
  );
  good = true;
  assert.deepEqual(await pipeline.replay(letters).toArray(), ['4', '8']);
  assert.equal(first, 4, 'the stages before are not run again');
  assert.deepEqual(await pipeline.replay().toArray(), [], 'no letters are left');
});

test('letters of different stages are replayed together, through stages that gather too', async () => {
  let good = false;
  const fail = (at: number) => (n: number) => {
    if (!good && n % 10 === at) throw broken(n);
    return n;
  };
  const pipeline = new Pipeline<number>({ onError: 'dead-letter', bufferSize: 1 })
    .map(fail(1))
    .map(fail(2))
    .batch(2)
    .map(async (list) => list.join());
  assert.deepEqual(await pipeline.processBatch([1, 2, 11, 12, 21, 22]), []);
  good = true;
  const lists = await pipeline.replay().toArray();
  assert.deepEqual(
    lists.flatMap((list) => list.split(',').map(Number)).sort((a, b) => a - b),
    [1, 2, 11, 12, 21, 22],
  );
});

test('a replay of what is no letter of this pipeline fails', async () => {
  const pipeline = new Pipeline<number>().map(flaky);
  const letter = { item: 1, stage: 'other', error: undefined, attempts: 1 };
  for (const wrong of [letter, null, 1, {}, { ...letter, stage: 'map', attempts: 'many' }])
    await assert.rejects(pipeline.replay([wrong as never]).toArray(), { code: 'ERR_INVALID_ARGUMENT' });
});

test('retry calls again, by call or execute, and attempts are counted', async () => {
  const again = async (fn: () => Promise<unknown>): Promise<unknown> => {
    for (let left = 2; ; left--) {
      try {
        return await fn();
      } catch (error) {
        if (left === 0) throw error;
      }
    }
  };
  let given: unknown;
  const retries = [
    { execute: again },
    {
      call: (fn: (context: { signal: AbortSignal }) => Promise<unknown>, options?: object) => {
        given = options;
        return again(() => fn({ signal: new AbortController().signal }));
      },
    },
  ];
  for (const retry of retries) {
    const failing = new Map([
      [1, 2],
      [2, 3],
    ]);
    const pipeline = new Pipeline<number>({ onError: 'dead-letter' }).map(
      (n, { signal }) => {
        assert.ok(signal instanceof AbortSignal);
        const left = failing.get(n) ?? 0;
        failing.set(n, left - 1);
        if (left > 0) throw broken(n);
        return n;
      },
      { retry, name: 'retried' },
    );
    assert.deepEqual(await pipeline.processBatch([0, 1, 2]), [0, 1]);
    assert.equal((await pipeline.deadLetters.receive()).value?.attempts, 3);
    failing.set(1, 2);
    assert.equal(await pipeline.process(1), 1);
    failing.set(1, 3);
    await assert.rejects(pipeline.process(1), { code: 'ERR_ITEM_DROPPED' });
    assert.equal((await pipeline.deadLetters.receive()).value?.attempts, 3);
  }
  assert.ok((given as { signal: unknown }).signal instanceof AbortSignal);
});

test('timeout fails the call and tells it; its place is free when it has ended', async () => {
  const ends: (() => void)[] = [];
  const signals: (AbortSignal | undefined)[] = [];
  const pipeline = new Pipeline<number>({ onError: 'skip' }).map(
    (n, { signal }) => {
      signals.push(signal);
      return n === 0 ? new Promise<number>((resolve) => ends.push(() => resolve(n))) : n;
    },
    { timeout: 5, name: 'slow' },
  );
  const all = pipeline.processBatch([0, 1]);
  await until(() => signals[0]?.aborted === true);
  assert.match(String(signals[0]?.reason), /StageTimeoutError/);
  assert.ok(await pending(all), 'the place is taken');
  assert.equal(pipeline.getMetrics().inFlight, 1);
  ends[0]?.();
  assert.deepEqual(await all, [1]);
  const failing = new Pipeline<number>().map(() => new Promise<never>(() => undefined), { timeout: 1 });
  await assert.rejects(failing.process(1), /the stage 'map' took longer than 1 ms/);
  await assert.rejects(
    failing.processBatch([1], { timeout: 5 }),
    { code: 'ERR_TIMEOUT' },
    'its place is taken',
  );
});

test('each attempt has its own time limit', async () => {
  let calls = 0;
  const retry = { execute: (fn: () => Promise<unknown>) => fn().catch(() => fn()) };
  const pipeline = new Pipeline<number>().map(
    (n, { signal }) => {
      if (++calls > 1) return n;
      return new Promise<number>((_, reject) =>
        signal?.addEventListener('abort', () => reject(signal.reason)),
      );
    },
    { timeout: 5, retry },
  );
  assert.equal(await pipeline.process(1), 1);
  assert.equal(calls, 2);
});

test('a limiter is asked before each call, and a permit given back after it', async () => {
  const asked: number[] = [];
  const limiter = {
    acquire: async (count: number, options?: { signal?: unknown }) => {
      assert.ok(options?.signal instanceof AbortSignal);
      asked.push(count);
    },
  };
  const limited = new Pipeline<number>().map((n) => n, { limiter });
  assert.deepEqual(await limited.processBatch([1, 2]), [1, 2]);
  assert.equal(await limited.process(3), 3);
  assert.deepEqual(asked, [1, 1, 1]);

  const permits = new Semaphore(2);
  let running = 0;
  let most = 0;
  const shared = new Pipeline<number>({ concurrency: 8 }).map(
    async (n) => {
      most = Math.max(most, ++running);
      await turns(1);
      running--;
      return flaky(n);
    },
    { limiter: permits, onError: 'skip' },
  );
  assert.equal((await shared.processBatch(numbers(30))).length, 20);
  assert.deepEqual([most, permits.available], [2, 2]);
});

test('a limiter that refuses fails the item; one that waits is told of the end', async () => {
  const refuses = new Pipeline<number>().map((n) => n, {
    limiter: { acquire: () => Promise.reject(broken(0)) },
  });
  await assert.rejects(refuses.process(1), /broken 0/);
  const permits = new Semaphore(1);
  const guard = await permits.acquire();
  let called = 0;
  const waits = new Pipeline<number>().map(() => called++, { limiter: permits });
  const one = waits.process(1);
  const batch = waits.processBatch([1]);
  assert.ok(await pending(Promise.race([one, batch])));
  await waits.abort(broken(1));
  await assert.rejects(one, /broken 1/);
  await assert.rejects(batch, /broken 1/);
  guard.release();
  assert.deepEqual([called, permits.available], [0, 1]);
});

test('a source that throws fails the run after what it gave', async () => {
  async function* source(): AsyncGenerator<number> {
    yield 1;
    throw broken('source');
  }
  const stream = new Pipeline<number>({ onError: 'skip' }).map(flakyLate).processStream(source());
  assert.equal((await stream.next()).value, 1);
  await assert.rejects(stream.next(), /broken source/);
});

test('a stage by itself gives the first error, or leaves out what fails', async () => {
  const strict = new PipelineStage({ name: 'strict', processor: flakyLate, concurrency: 2 });
  await assert.rejects(strict.processBatch([1, 6, 3]), /broken 6/);
  await assert.rejects(strict.process(3), /broken 3/);
  const lenient = new PipelineStage({ name: 'lenient', processor: flaky, onError: 'skip' });
  assert.deepEqual(await lenient.processBatch([1, 3, 2]), [1, 2]);
  const lost = new PipelineStage({ name: 'lost', processor: flaky, onError: 'dead-letter' });
  await assert.rejects(lost.process(3), { code: 'ERR_DEAD_LETTER' });
});

test('errors that nobody waits for are not unhandled', async () => {
  const unhandled: unknown[] = [];
  const hear = (error: unknown): void => void unhandled.push(error);
  process.on('unhandledRejection', hear);
  const gates = numbers(6).map(() => deferred<number>());
  const pipeline = new Pipeline<number>({ concurrency: 6 }).map((n) => gates[n]?.promise as Promise<number>);
  const stream = pipeline.processStream(numbers(6));
  const first = stream.next();
  gates[0]?.resolve(0);
  await first;
  await stream.return();
  for (const gate of gates.slice(1)) gate.reject(broken('late'));
  await pipeline.drain();
  const failing = new Pipeline<number>().map(flaky);
  void failing.processStream([3]);
  await assert.rejects(failing.processBatch([3]));
  const kept = failing.processStream([1, 3]);
  await kept.next();
  await turns(3);
  process.off('unhandledRejection', hear);
  assert.deepEqual(unhandled, []);
});
