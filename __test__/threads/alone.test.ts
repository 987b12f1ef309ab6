/** Locks that one thread alone has take and give their word by reading and writing it, until other threads may come. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { diagnostics, Mutex, Semaphore } from 'millrace';
import { thread } from '../helpers.js';

/** What is tested of both: a lock of one, as a mutex and as a semaphore. */
const kinds = {
  mutex: (fair: boolean) => {
    const mutex = new Mutex({ fair });
    return {
      of: mutex,
      from: Mutex.from,
      lock: (timeout?: number) => mutex.lock(timeout === undefined ? undefined : { timeout }),
      tryLock: () => mutex.tryLock(),
      free: () => !mutex.locked,
      take: 'await Mutex.from(data).lock()',
    };
  },
  semaphore: (fair: boolean) => {
    const semaphore = new Semaphore(1, { fair });
    return {
      of: semaphore,
      from: Semaphore.from,
      lock: (timeout?: number) => semaphore.acquire(1, timeout === undefined ? undefined : { timeout }),
      tryLock: () => semaphore.tryAcquire(),
      free: () => semaphore.available === 1,
      take: 'await Semaphore.from(data).acquire()',
    };
  },
};

for (const kind of ['mutex', 'semaphore'] as const)
  for (const fair of [true, false])
    describe(`a ${kind} of one thread, ${fair ? 'fair' : 'not fair'}`, () => {
      const make = kinds[kind];

      test('stays whole while waits run out of time and another thread looks at it', async () => {
        const { of, lock, tryLock, free } = make(fair);
        const looker = thread(
          `parentPort.postMessage('up');
          let stop = false;
          parentPort.on('message', () => { stop = true; });
          while (!stop) {
            for (let i = 0; i < 50; i++)
              for (const { kind, held, waiting } of diagnostics())
                if (kind === '${kind}' && (held > 1 || waiting > 1)) throw new Error(held + ' of ' + waiting);
            await new Promise((resolve) => setImmediate(resolve));
          }
          parentPort.close();`,
          undefined,
        );
        const exit = once(looker, 'exit');
        await once(looker, 'message');
        let late = 0;
        for (let round = 0; round < 200; round++) {
          const guard = await lock();
          const waits = lock(1).then(
            (got) => got.release(),
            () => late++,
          );
          // No turn of the event loop: the wait runs out of time in Rust's thread, at any point of this.
          const until = performance.now() + 0.5 + (round % 10) / 8;
          while (performance.now() < until) assert.equal(tryLock(), undefined);
          guard.release();
          while (performance.now() < until + 0.7) {
            const again = tryLock();
            if (again === undefined) continue;
            assert.equal(free(), false);
            assert.equal(tryLock(), undefined);
            again.release();
          }
          await waits;
          assert.deepEqual([free(), of.waiting], [true, 0]);
        }
        assert.ok(late > 0);
        looker.postMessage('stop');
        assert.deepEqual(await exit, [0]);
        of.close();
      });

      test('is had by others once it has a handle, also what is held by then', async () => {
        const { of, lock, take, free } = make(fair);
        (await lock()).release();
        const guard = await lock();
        const worker = thread(
          `const guard = ${take}; guard.release(); parentPort.postMessage('passed');`,
          of.toHandle(),
        );
        const exit = once(worker, 'exit');
        while (of.waiting === 0) await new Promise((resolve) => setImmediate(resolve));
        guard.release();
        assert.deepEqual(await once(worker, 'message'), ['passed']);
        await exit;
        assert.ok(free());
      });

      test('is not to be had by a number that toHandle has not told', () => {
        const { of, from } = make(fair);
        const ids = diagnostics().flatMap((living) => (living.kind === kind ? [living.id] : []));
        const id = Math.max(...ids);
        assert.throws(() => from({ millrace: kind, id } as never), { code: 'ERR_NOT_FOUND' });
        assert.equal(of.toHandle().id, id);
        assert.equal(from({ millrace: kind, id } as never).closed, false);
        of.close();
      });
    });
