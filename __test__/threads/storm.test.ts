/** Eight threads on the same objects, some of which are terminated in the middle, round after round. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Channel, diagnostics, leaks, Mutex, Semaphore } from 'millrace';
import { thread } from '../helpers.js';

const rounds = 6;
const perRound = 12_000;
const megabyte = 1 << 20;

const work = `
  const jobs = Channel.from(data.jobs);
  const mutex = Mutex.from(data.mutex);
  const permits = Semaphore.from(data.permits);
  const times = new Int32Array(data.times);
  const inside = new Int32Array(data.inside);
  const at = { lock: 0, permits: 1, locked: 2 };
  parentPort.postMessage('up');
  for await (const job of jobs) {
    Atomics.add(times, job, 1);
    if (job % 16 === 0) {
      const guard = await mutex.lock();
      if (guard.poisoned) {
        inside[at.lock] = 0;
        mutex.clearPoison();
      }
      if (++inside[at.lock] !== 1) throw new Error('two hold the mutex');
      inside[at.locked]++;
      if (job % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
      inside[at.lock]--;
      guard.release();
    } else if (job % 16 === 1) {
      const permit = await permits.acquire(2);
      await null;
      permit.release();
    }
  }`;

test('a storm of eight: nothing acknowledged is lost or doubled, nothing stays with the dead, memory goes back to its start', {
  timeout: 120_000,
}, async () => {
  const before = diagnostics();
  const resident: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const [jobs, mutex, permits] = [new Channel<number>(256), new Mutex(), new Semaphore(5)];
    const [times, inside] = [new SharedArrayBuffer(perRound * 4), new SharedArrayBuffer(12)];
    const data = {
      jobs: jobs.toHandle(),
      mutex: mutex.toHandle(),
      permits: permits.toHandle(),
      times,
      inside,
    };
    const threads = Array.from({ length: 8 }, () => thread(work, data));
    const exits = threads.map((worker) => once(worker, 'exit'));
    await Promise.all(threads.map((worker) => once(worker, 'message')));
    const doomed = threads.slice(0, 5);
    const killed: Promise<unknown>[] = [];
    for (let job = 0; job < perRound; job++) {
      await jobs.send(job);
      // One goes each time that a sixth of the work is sent: wherever it stands then.
      if ((job + 1) % Math.floor(perRound / 6) === 0) {
        const next = doomed.pop();
        if (next !== undefined) killed.push(next.terminate());
      }
    }
    jobs.close();
    await Promise.all(killed);
    await Promise.all(exits);
    const counts = [...new Int32Array(times)];
    // What was on its way to one that died is there again, perhaps after the last of the others has gone.
    for await (const job of jobs) counts[job] = (counts[job] as number) + 1;
    assert.equal(Math.max(...counts), 1, 'a message was doubled');
    const lost = counts.filter((count) => count === 0).length;
    // One that dies between taking a message and noting it takes that one with it, and no other.
    assert.ok(lost <= killed.length, `${lost} messages were lost by ${killed.length} threads that died`);
    assert.deepEqual([jobs.length, mutex.locked, permits.available], [0, false, 5]);
    assert.deepEqual([mutex.waiting, permits.waiting], [0, 0]);
    for (const object of [jobs, mutex, permits]) object.close();
    globalThis.gc?.();
    resident.push(process.memoryUsage().rss);
  }
  assert.deepEqual(leaks(before), []);
  const [warm, last] = [resident[rounds / 2 - 1] as number, resident.at(-1) as number];
  assert.ok(
    last - warm < 48 * megabyte,
    `it grew: ${resident.map((bytes) => Math.round(bytes / megabyte))} MB`,
  );
});
