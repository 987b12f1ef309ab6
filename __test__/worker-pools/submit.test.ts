/** Tasks in, results out. */
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { after, describe, test } from 'node:test';
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { DynamicWorkerPool, FixedWorkerPool, isMillraceError, move } from 'millrace';
import { child, onBun, processors } from '../helpers.js';

const echo = new FixedWorkerPool<unknown, unknown>(2, { processor: processors });
after(() => echo.close());

describe('what a worker runs', () => {
  test('a module by URL, by path, and by named export', async () => {
    const square = { module: processors, export: 'square' };
    assert.equal(await echo.submit('x'), 'x');
    assert.equal(await echo.submit(3, { processor: square as never }), 9);
    assert.equal(await echo.submit(5, { processor: processors.pathname }), 5);
  });

  test('a self-contained function', async () => {
    assert.equal(await echo.submit(4, { processor: (n: unknown) => (n as number) * 10 }), 40);
    async function named(n: unknown): Promise<number> {
      return (n as number) + 1;
    }
    assert.equal(await echo.submit(4, { processor: named }), 5);
  });

  const bound = function (this: unknown): unknown {
    return this;
  }.bind(null);
  const method = {
    run(x: unknown) {
      return x;
    },
  }.run;
  for (const [name, processor, reason] of [
    ['a bound function', bound, /bound/],
    ['a native function', Math.max, /native/],
    ['a method', method, /method/],
    ['a class', class A {}, /class/],
    ['a number', 5, /number/],
  ] as const) {
    test(`${name} is refused, with the reason`, async () => {
      const submitted = echo.submit(1, { processor: processor as never });
      await assert.rejects(submitted, (error: Error & { code: string }) => {
        assert.equal(error.code, 'ERR_PROCESSOR');
        assert.match(error.message, reason);
        return true;
      });
    });
  }

  test('without a processor, submit rejects and says how to give one', async () => {
    await using pool = new FixedWorkerPool<number, number>(1);
    await assert.rejects(pool.submit(1), {
      code: 'ERR_PROCESSOR',
      message: /new DynamicWorkerPool\(\{ processor \}\)/,
    });
    assert.equal(await pool.submit(1, { processor: (n: number) => n + 1 }), 2);
  });

  test('a module that cannot be loaded fails its tasks with the reason', async () => {
    await using pool = new FixedWorkerPool(1, { processor: '/no/such/module.mjs' });
    await assert.rejects(pool.submit(1), (error: Error) => {
      assert.match(error.message, /no\/such\/module/);
      assert.ok(error.cause instanceof Error);
      return true;
    });
    await assert.rejects(
      pool.submit(1, { processor: { module: processors, export: 'nope' } }),
      /no function 'nope'/,
    );
  });

  test('the processor gets its signal, its worker, its task and its attempt', async () => {
    type Seen = [number, number, number, boolean];
    await using pool = new FixedWorkerPool<number, Seen>(1, {
      processor: (_, ctx) => [ctx.workerId, ctx.taskId, ctx.attempt, ctx.signal.aborted],
    });
    const [worker, task, attempt, aborted] = await pool.submit(0);
    assert.deepEqual([worker, attempt, aborted], [1, 1, false]);
    assert.ok((await pool.submit(0))[1] > task);
  });

  test('run calls a function of the moment with its arguments', async () => {
    assert.equal(await echo.run((a: number, b: string) => `${b}${a + 1}`, 1, 'x'), 'x2');
    await assert.rejects(echo.run(Math.max, 1), { code: 'ERR_PROCESSOR' });
  });
});

describe('values there and back', () => {
  test('arrive as postMessage would bring them', async () => {
    const value = {
      d: new Date(5),
      m: new Map([[1, { a: undefined }]]),
      n: -0,
      s: '\ud800',
      b: 2n ** 70n,
      big: new Uint8Array(200_000).fill(3),
    };
    assert.deepEqual(await echo.submit(value), value);
    assert.ok(Object.is(await echo.submit(-0), -0));
    for (const scalar of [
      undefined,
      null,
      true,
      false,
      NaN,
      '',
      'é',
      'x'.repeat(100_000),
      'Ā'.repeat(100_000),
    ]) {
      assert.deepEqual(await echo.submit(scalar), scalar);
    }
  });

  test('what cannot be cloned rejects with DataCloneError, in either direction', async () => {
    await assert.rejects(
      echo.submit(() => 1),
      { name: 'DataCloneError' },
    );
    await assert.rejects(echo.submit({ deep: [Symbol('s')] }), { name: 'DataCloneError' });
    await assert.rejects(echo.submit(1, { processor: () => () => 1 }), { name: 'DataCloneError' });
  });

  test('shared memory is shared, not copied', async () => {
    const shared = new Int32Array(new SharedArrayBuffer(4));
    await echo.submit(
      { shared },
      { processor: (input: unknown) => void ((input as { shared: Int32Array }).shared[0] = 42) },
    );
    assert.equal(shared[0], 42);
  });

  test('what only the platform can clone goes there and back', async () => {
    const back = (await echo.submit([new Blob(['abc'])])) as [Blob];
    assert.equal(await back[0].text(), 'abc');
  });

  test('a moved buffer leaves its sender, and comes back moved', async () => {
    await using pool = new FixedWorkerPool<Uint8Array, Uint8Array>(1, { processor: moving() });
    const bytes = new Uint8Array(1 << 20).fill(1);
    const result = await pool.submit(bytes, { transfer: [bytes.buffer] });
    assert.equal(bytes.byteLength, 0);
    assert.equal(result.length, 1 << 20);
    assert.equal(result[7], 2);
  });

  test('a port moves to a worker and still reaches this thread', async () => {
    const { port1, port2 } = new MessageChannel();
    const processor = (port: unknown): void => {
      (port as MessagePort).postMessage('hello');
      (port as MessagePort).close();
    };
    await echo.submit(port2, { transfer: [port2], processor });
    assert.deepEqual(receiveMessageOnPort(port1), { message: 'hello' });
    port1.close();
  });

  test('many moved inputs at once all arrive', async () => {
    const inputs = Array.from({ length: 50 }, (_, i) => new Uint8Array(1000).fill(i));
    const results = await Promise.all(
      inputs.map((input) => echo.submit(input, { transfer: [input.buffer] })),
    );
    assert.deepEqual(
      results.map((result) => (result as Uint8Array)[999]),
      inputs.map((_, i) => i),
    );
  });

  function moving(): { module: URL; export: string } {
    return { module: new URL('../fixtures/moving.mjs', import.meta.url), export: 'default' };
  }
  test('move() without anything to move is refused', () => {
    assert.throws(() => move(1, 5 as never), { code: 'ERR_INVALID_ARGUMENT' });
  });
});

describe('errors', () => {
  test('keep class, message, own properties, cause and the worker’s stack', async () => {
    const processor = (): never => {
      class HttpError extends Error {
        status = 503;
      }
      throw new HttpError('down', { cause: new TypeError('socket') });
    };
    await assert.rejects(echo.submit(1, { processor }), (error: Error & { status: number }) => {
      assert.equal(error.name, 'HttpError');
      assert.equal(error.message, 'down');
      assert.equal(error.status, 503);
      assert.ok(error.cause instanceof TypeError);
      assert.match(error.stack ?? '', /HttpError: down|Error: down/);
      return true;
    });
  });

  test('name in their stack who awaits the task, after the worker’s own frames', {
    skip: onBun && 'Bun keeps no asynchronous stacks',
  }, async () => {
    const processor = function inTheWorker(): never {
      throw new Error('far away');
    };
    const options = { priority: 1, processor };
    const atTheDesk = async (): Promise<unknown> => await echo.submit(1, { processor });
    const onTheWay = async (): Promise<unknown> => await echo.submit(1, options);
    const inABatch = async (): Promise<unknown> => await echo.submitBatch([1, 2], { processor });
    for (const asked of [atTheDesk, onTheWay, inABatch]) {
      await assert.rejects(asked(), ({ stack = '' }: Error) => {
        assert.match(stack, new RegExp(`far away\\n[^]*inTheWorker[^]*at async ${asked.name}`));
        return true;
      });
    }
    await assert.rejects(
      (async function waiting() {
        await echo.submit(1, {
          timeout: 1,
          processor: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50),
        });
      })(),
      { code: 'ERR_TASK_TIMEOUT', stack: /at async waiting/ },
    );
  });

  test('built-in classes arrive as themselves, aggregates with their parts, and non-errors as they are', async () => {
    await assert.rejects(echo.submit(1, { processor: () => (undefined as never as { x: 1 }).x }), TypeError);
    const aggregate = (): Promise<never> => Promise.any([Promise.reject(new RangeError('one'))]);
    await assert.rejects(echo.submit(1, { processor: aggregate }), (error: AggregateError) => {
      assert.ok(error.errors[0] instanceof RangeError);
      return true;
    });
    await assert.rejects(
      echo.submit(1, {
        processor: () => {
          throw { plain: 1 };
        },
      }),
      (error) => {
        assert.deepEqual(error, { plain: 1 });
        return true;
      },
    );
  });

  test('are known by a brand that works across copies', async () => {
    const error = await echo.submit(1, { processor: Math.max as never }).catch((caught: unknown) => caught);
    assert.ok(isMillraceError(error));
    assert.ok(!isMillraceError(new Error('x')));
  });
});

describe('many at once', () => {
  test('submitBatch gives results in order', async () => {
    const inputs = Array.from({ length: 500 }, (_, i) => i);
    assert.deepEqual(await echo.submitBatch(inputs), inputs);
    assert.deepEqual(await echo.submitBatch([]), []);
  });

  test('submitBatch rejects with the first error and cancels what has not begun', async () => {
    await using pool = new FixedWorkerPool<number, number>(1, {
      processor: (n) => {
        if (n === 1) throw new Error('second');
        return n;
      },
    });
    await assert.rejects(pool.submitBatch([0, 1, ...Array<number>(5000).fill(2)]), { message: 'second' });
    await pool.submit(0);
    const { completed, aborted } = pool.getMetrics();
    assert.equal(completed + aborted, 5000 + 2);
  });

  test('submitBatch with settle gives every outcome', async () => {
    await using pool = new FixedWorkerPool<number, number>(2, {
      processor: (n) => {
        if (n % 2) throw new Error(`odd ${n}`);
        return n;
      },
    });
    const outcomes = await pool.submitBatch([0, 1, 2], { settle: true });
    assert.deepEqual(
      outcomes.map((outcome) => outcome.status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
  });

  test('map keeps the order, reads no further than it may, and takes sync and async inputs', async () => {
    let read = 0;
    let taken = 0;
    let furthest = 0;
    async function* inputs(): AsyncGenerator<number> {
      for (let i = 0; i < 2000; i++) {
        read++;
        furthest = Math.max(furthest, read - taken);
        yield i;
      }
    }
    const results: unknown[] = [];
    for await (const result of echo.map(inputs(), { concurrency: 8 })) {
      taken++;
      results.push(result);
    }
    assert.deepEqual(
      results,
      Array.from({ length: 2000 }, (_, i) => i),
    );
    assert.ok(furthest <= 9, `read ${furthest} ahead`);
    const unordered = [];
    for await (const result of echo.map([1, 2, 3], { ordered: false })) unordered.push(result);
    assert.deepEqual(unordered.sort(), [1, 2, 3]);
  });

  test('map tells an error in its turn, and a reader that stops cancels the rest', async () => {
    const failing = echo.map([1, 2, 3], { processor: () => Promise.reject(new Error('no')) } as never);
    await assert.rejects(failing.next(), { message: 'no' });
    for await (const _ of echo.map(endless(), { concurrency: 4 })) break;
    assert.ok(echo.isIdle() || echo.getQueueLength() <= 4);
  });

  function* endless(): Generator<number> {
    for (let i = 0; ; i++) yield i;
  }

  test('a million inputs pass in constant memory', async () => {
    // In a process of its own: the test runner keeps a note of every promise.
    const { code, stdout, stderr } = await child(
      `const pool = new millrace.FixedWorkerPool(1, { processor: (n) => n });
      function* inputs() { for (let i = 0; i < 1_000_000; i++) yield 1; }
      let sum = 0;
      let peak = 0;
      let before;
      for await (const one of pool.map(inputs(), { concurrency: 256, ordered: false })) {
        sum += one;
        if (sum % 50_000 !== 0) continue;
        before ??= process.memoryUsage().rss;
        peak = Math.max(peak, process.memoryUsage().rss - before);
      }
      console.log(JSON.stringify([sum, peak]));
      await pool.close();`,
      // How far the heap may grow before it is looked through is the runtime's affair, and more in each version.
      { deadline: 60_000, args: onBun ? [] : ['--max-old-space-size=64', '--max-semi-space-size=4'] },
    );
    assert.equal(code, 0, stderr);
    const [sum, peak] = JSON.parse(stdout) as [number, number];
    assert.equal(sum, 1_000_000);
    // Bun's collector is in less of a hurry.
    assert.ok(peak < (onBun ? 800e6 : 100e6), `${peak / 1e6} MB more`);
  });

  test('iterate gives what a generator yields, and ends it when the reader stops', async () => {
    const counting = { module: processors, export: 'count' } as never;
    const items = [];
    for await (const item of echo.iterate<number>(100, { processor: counting })) items.push(item);
    assert.deepEqual(
      items,
      Array.from({ length: 100 }, (_, i) => i),
    );
    for await (const item of echo.iterate<number>(1e9, { processor: counting })) if (item === 50) break;
    await assert.rejects(echo.iterate(1, { processor: (n: unknown) => n } as never).next(), {
      code: 'ERR_PROCESSOR',
    });
  });

  test('a generator that throws ends its stream with the error, after its items', async () => {
    const processor = function* (): Generator<number> {
      yield 1;
      throw new RangeError('over');
    };
    const stream = echo.iterate<number>(0, { processor: processor as never });
    assert.deepEqual(await stream.next(), { value: 1, done: false });
    await assert.rejects(stream.next(), RangeError);
    assert.deepEqual(await stream.next(), { value: undefined, done: true });
  });
});

test('AsyncLocalStorage is the submitter’s after await, and a listener’s own in its events', async () => {
  const store = new AsyncLocalStorage<string>();
  await using pool = new DynamicWorkerPool<number, number>({ minWorkers: 0, processor: (n) => n });
  const heard: (string | undefined)[] = [];
  store.run('listener', () => pool.on('worker', () => heard.push(store.getStore())));
  await store.run('submitter', async () => {
    await pool.submit(1);
    assert.equal(store.getStore(), 'submitter');
  });
  assert.deepEqual(heard, ['listener']);
});
