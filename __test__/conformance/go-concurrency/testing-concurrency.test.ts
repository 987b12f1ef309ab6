/** The text's section on testing concurrency. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, describe, test } from 'node:test';
import { Channel, Mutex, select, sending } from 'millrace';
import { child, thread } from '../../helpers.js';
import { allReturned, fiveSeconds, goroutines, nobodyWaits, nothingLeft, upTo } from './goroutines.js';
import { WorkerPool } from './worker-pool.js';

afterEach(nothingLeft);

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
    const before = goroutines();
    const wp = new WorkerPool(5);
    wp.start(fiveSeconds(), () => null);
    assert.equal(goroutines(), before + 5);
    await wp.close();
    await allReturned();
    assert.equal(goroutines(), before);
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
