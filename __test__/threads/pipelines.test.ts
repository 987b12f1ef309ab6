/** Pipelines in several threads at once, over the same channels; and a thread that is terminated with one. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Channel, type DeadLetter, diagnostics, leaks, Pipeline } from 'millrace';
import { thread, until } from '../helpers.js';

test('eight threads take from one channel, and send results and dead letters to others', async () => {
  const jobs = new Channel<number>(16);
  const results = new Channel<number>(16);
  const letters = new Channel<DeadLetter<number>>(16);
  const data = [jobs, results, letters].map((channel) => channel.toHandle());
  const workers = Array.from({ length: 8 }, () =>
    thread(
      `const [jobs, results, deadLetters] = data.map((handle) => Channel.from(handle));
      const pipeline = new Pipeline({ concurrency: 3, bufferSize: 4, onError: 'dead-letter', deadLetters })
        .map(async (n) => n * 2)
        .addStage({ name: 'odd', processor: (n) => { if (n % 10 === 0) throw new Error('ten'); return n; } });
      await pipeline.processStream(jobs).pipeTo(results, { preventClose: true });
      await pipeline.close();
      parentPort.postMessage('done');
      parentPort.once('message', () => parentPort.close());`,
      data,
    ),
  );
  const ends = workers.map((worker) => once(worker, 'exit'));
  const dones = workers.map((worker) => once(worker, 'message'));
  const count = 2000;
  const sending = jobs.sendBatch(Array.from({ length: count }, (_, i) => i)).then(() => jobs.close());
  const got: number[] = [];
  const dead: number[] = [];
  const takeResults = async (): Promise<void> => {
    for await (const n of results) got.push(n / 2);
  };
  const takeLetters = async (): Promise<void> => {
    for await (const { item, error, attempts } of letters) {
      assert.deepEqual([(error as Error).message, attempts], ['ten', 1]);
      dead.push(item / 2);
    }
  };
  const taking = [takeResults(), takeLetters()];
  await sending;
  await Promise.all(dones);
  results.close();
  letters.close();
  await Promise.all(taking);
  // In Bun an error is a message that its sender keeps until it is asked for.
  for (const worker of workers) worker.postMessage('end');
  await Promise.all(ends);
  assert.equal(dead.length, count / 5);
  assert.deepEqual(
    [...got, ...dead].sort((a, b) => a - b),
    Array.from({ length: count }, (_, i) => i),
  );
});

test('letters of one thread are replayed in another', async () => {
  const deadLetters = new Channel<DeadLetter>(100);
  const worker = thread(
    `const pipeline = new Pipeline({ onError: 'dead-letter', deadLetters: Channel.from(data) })
      .map((n) => n + 1)
      .addStage({ name: 'breaks', processor: () => { throw new TypeError('there'); } });
    await pipeline.processBatch([1, 2, 3]);
    parentPort.postMessage('done');
    parentPort.once('message', () => parentPort.close());`,
    deadLetters.toHandle(),
  );
  await once(worker, 'message');
  const pipeline = new Pipeline<number>({ deadLetters })
    .map((n) => n + 1)
    .addStage({ name: 'breaks', processor: (n) => n * 10 });
  assert.deepEqual(await pipeline.replay().toArray(), [20, 30, 40]);
  deadLetters.close();
  const ended = once(worker, 'exit');
  worker.postMessage('end');
  await ended;
});

test('a thread that is terminated takes its pipeline with it, worker threads and all', async () => {
  const before = diagnostics();
  const jobs = new Channel<number>(4);
  const worker = thread(
    `const pipeline = new Pipeline({ concurrency: 2 }).addStage({
        name: 'hangs', processor: (n) => n === 3 ? new Promise(() => {}) : n, on: 'workers', concurrency: 2,
      });
    const jobs = Channel.from(data);
    for await (const n of pipeline.processStream(jobs)) parentPort.postMessage(n);`,
    jobs.toHandle(),
  );
  const seen: number[] = [];
  worker.on('message', (n: number) => seen.push(n));
  await jobs.sendBatch([1, 2, 3]);
  await until(() => seen.length === 2);
  await worker.terminate();
  await jobs.sendBatch([7, 8]);
  assert.deepEqual([(await jobs.receive()).value, (await jobs.receive()).value], [7, 8]);
  jobs.close();
  await until(() => leaks(before).length === 0);
});
