/** The text's section 1: Worker Pool. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, describe, test } from 'node:test';
import { Channel, WaitGroup } from 'millrace';
import { thread } from '../../helpers.js';
import { ascending, collect, fiveSeconds, nothingLeft, upTo } from './goroutines.js';
import { WorkerPool } from './worker-pool.js';

afterEach(nothingLeft);

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
