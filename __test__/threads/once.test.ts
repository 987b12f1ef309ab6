/** A Once among threads that block. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Once } from 'millrace';
import { thread, until } from '../helpers.js';

test('a once among threads that block: one runs it, and all get the result', async () => {
  const done = new Once<{ by: number }>();
  const runs = new SharedArrayBuffer(4);
  const threads = Array.from({ length: 4 }, (_, at) =>
    thread(
      `parentPort.postMessage(Once.from(data.done).doSync(() => {
        Atomics.add(new Int32Array(data.runs), 0, 1);
        return { by: ${at} };
      }).by);`,
      { done: done.toHandle(), runs },
    ),
  );
  const told = (await Promise.all(threads.map((worker) => once(worker, 'message')))).flat();
  assert.equal(new Set(told).size, 1);
  assert.equal(new Int32Array(runs)[0], 1);
  assert.deepEqual(await done.do(() => ({ by: 9 })), { by: told[0] });
});

test('a once whose thread dies at it is run by the one that blocks for it', async () => {
  const done = new Once<string>();
  const dying = thread(
    `Once.from(data).doSync(() => {
      parentPort.postMessage('runs');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`,
    done.toHandle(),
  );
  await once(dying, 'message');
  const next = once(
    thread(`parentPort.postMessage(Once.from(data).doSync(() => 'there'));`, done.toHandle()),
    'message',
  );
  await until(() => done.waiting === 1);
  await dying.terminate();
  assert.deepEqual(await next, ['there']);
});

test('a once that is waited for by one that blocks: a signal that aborts meanwhile ends the wait', async () => {
  const done = new Once<string>();
  const flag = new Int32Array(new SharedArrayBuffer(4));
  let finish = (_value: string): void => {};
  const running = done.do(() => new Promise<string>((resolve) => (finish = resolve)));
  // A thread that blocks takes no messages: its signal aborts by what another thread writes.
  const worker = thread(
    `const { signal } = new AbortController();
    Object.defineProperty(signal, 'aborted', { get: () => Atomics.load(data.flag, 0) === 1 });
    Object.defineProperty(signal, 'reason', { value: new Error('meanwhile') });
    let told;
    try { Once.from(data.done).doSync(() => 'a second run', { signal }); } catch (error) { told = error.message; }
    parentPort.postMessage(told);`,
    { done: done.toHandle(), flag },
  );
  const exit = once(worker, 'exit');
  const told = once(worker, 'message');
  await until(() => done.waiting === 1);
  Atomics.store(flag, 0, 1);
  assert.deepEqual(await told, ['meanwhile']);
  await exit;
  assert.equal(done.waiting, 0);
  finish('first');
  assert.equal(await running, 'first');
});

test('a once that is run while it blocks: what fails, ends early or cannot be meant leaves it to be done', async () => {
  const done = new Once<string>();
  const worker = thread(
    `const done = Once.from(data);
    const told = [];
    const tell = (fn, options) => {
      try { told.push(done.doSync(fn, options)); } catch (error) { told.push(error.code ?? error.message); }
    };
    tell(() => 1, { timeout: 1 });
    parentPort.postMessage(told.splice(0));
    parentPort.once('message', () => {
      tell(() => { throw new Error('no'); });
      tell(async () => 1);
      tell(() => ({ then: () => {} }));
      tell('fn');
      tell(() => 1, { timeOut: 1 });
      tell(() => 1, { signal: AbortSignal.abort(new Error('aborted before')) });
      tell(() => 'done');
      tell(() => 'again');
      done.close();
      parentPort.postMessage(told);
    });`,
    done.toHandle(),
  );
  let fail = (_error: Error): void => {};
  const failing = done.do(
    () =>
      new Promise((_, reject) => {
        fail = reject;
      }),
  );
  assert.deepEqual(await once(worker, 'message'), [['ERR_TIMEOUT']]);
  fail(new Error('here'));
  await assert.rejects(failing, /here/);
  worker.postMessage('go on');
  const invalid = 'ERR_INVALID_ARGUMENT';
  assert.deepEqual(await once(worker, 'message'), [
    ['no', invalid, invalid, invalid, invalid, 'aborted before', 'done', 'done'],
  ]);
  assert.throws(() => done.doSync(() => ''), { code: 'ERR_UNSUPPORTED' });
});
