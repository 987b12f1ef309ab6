/** Singleflight, and the list of what is alive. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { threadId } from 'node:worker_threads';
import { Channel, diagnostics, Mutex, Semaphore, Singleflight } from 'millrace';
import { deferred, thread, turns, until } from '../helpers.js';

describe('Singleflight', () => {
  test('closed, an object begins no run; what is under way ends, and others go on', async () => {
    const flights = new Singleflight<string>();
    const other = Singleflight.from<string>(flights.toHandle());
    const gate = deferred<string>();
    const runs = [flights.do('a', () => gate.promise), other.do('a', () => 'other')];
    flights.close();
    flights.close();
    flights[Symbol.dispose]();
    assert.deepEqual([flights.closed, other.closed], [true, false]);
    await assert.rejects(
      flights.do('b', () => 'b'),
      { code: 'ERR_LOCK_CLOSED' },
    );
    assert.throws(() => flights.doSync('b', () => 'b'), { code: 'ERR_LOCK_CLOSED' });
    assert.throws(() => flights.toHandle(), { code: 'ERR_LOCK_CLOSED' });
    gate.resolve('done');
    assert.deepEqual(await Promise.all(runs), ['done', 'done']);
    assert.equal(await other.do('b', () => 'b'), 'b');
  });

  test('calls with one key share a run, others do not', async () => {
    const flights = new Singleflight<string>();
    let runs = 0;
    const load = (key: string) =>
      flights.do(key, async () => {
        runs++;
        await turns(1);
        return key.toUpperCase();
      });
    assert.deepEqual(await Promise.all([load('a'), load('b'), load('a'), load('a')]), ['A', 'B', 'A', 'A']);
    assert.equal(runs, 2);
    await load('a');
    assert.equal(runs, 3);
  });

  test('share its error too, with class, cause and own properties', async () => {
    const flights = new Singleflight<string>();
    const load = () =>
      flights.do('x', async () => {
        await turns(1);
        throw Object.assign(new TypeError('no', { cause: 'because' }), { status: 404 });
      });
    for (const result of await Promise.allSettled([load(), load()])) {
      assert.equal(result.status, 'rejected');
      const { name, message, cause, status } = result.reason as Error & { status: number };
      assert.deepEqual([name, message, cause, status], ['TypeError', 'no', 'because', 404]);
    }
  });

  test('one who waits can give up', async () => {
    const flights = new Singleflight<number>();
    const ready = deferred<number>();
    const leading = flights.do('k', () => ready.promise);
    await assert.rejects(
      flights.do('k', () => 2, { timeout: 1 }),
      { code: 'ERR_TIMEOUT' },
    );
    const stop = new AbortController();
    const waiting = flights.do('k', () => 3, { signal: stop.signal });
    stop.abort(new Error('gone'));
    await assert.rejects(waiting, /gone/);
    ready.resolve(1);
    assert.equal(await leading, 1);
  });

  test('across threads; and when the one who runs it dies, another does', async () => {
    const flights = new Singleflight<string>();
    const worker = thread(
      `Singleflight.from(data).do('k', () => { parentPort.postMessage('runs'); return new Promise(() => setInterval(() => {}, 1000)); });`,
      flights.toHandle(),
    );
    await once(worker, 'message');
    const here = flights.do('k', () => 'here');
    const there = thread(
      `parentPort.postMessage('asks');
      parentPort.postMessage(await Singleflight.from(data).do('k', () => 'there'));`,
      flights.toHandle(),
    );
    await once(there, 'message');
    const answer = once(there, 'message');
    await worker.terminate();
    const [mine, theirs] = [await here, (await answer)[0] as string];
    assert.equal(mine, 'here');
    assert.ok(theirs === 'here' || theirs === 'there');
  });

  test('the blocking form: others wait for a run in any thread, and get what it got', async () => {
    const flights = new Singleflight<string>();
    const [started, cells] = [new SharedArrayBuffer(8), 'new Int32Array(data.started)'];
    const ask = `Singleflight.from(data.flights).doSync('k', () => { throw new Error('a second run'); })`;
    const data = { flights: flights.toHandle(), started };
    const ready = deferred<string>();
    const here = flights.do('k', () => ready.promise);
    const threads = Array.from({ length: 3 }, () =>
      thread(`Atomics.add(${cells}, 0, 1); parentPort.postMessage(${ask});`, data),
    );
    const answers = threads.map((worker) => once(worker, 'message'));
    await until(() => diagnostics().find(({ id }) => id === data.flights.id)?.waiting === 3);
    ready.resolve('here');
    assert.equal(await here, 'here');
    assert.deepEqual((await Promise.all(answers)).flat(), ['here', 'here', 'here']);
  });

  test('the blocking form: an error is for all, and a promise is one', async () => {
    const flights = new Singleflight<string>();
    const worker = thread(
      `const flights = Singleflight.from(data);
      const told = [];
      const tell = (fn, options) => {
        try { told.push(flights.doSync('k', fn, options)); } catch (error) { told.push(error.code ?? error.message); }
      };
      parentPort.once('message', () => {
        tell(() => { throw new Error('no'); });
        tell(async () => 1);
        tell(() => () => 1);
        tell(() => 'after');
        tell(5);
        tell(() => 1, { timeout: -1 });
        tell(() => 1, { timeOut: 1 });
        tell(() => 1, { signal: AbortSignal.abort(new Error('aborted before')) });
        parentPort.postMessage(told);
        tell(() => 'mine');
        parentPort.postMessage(told.at(-1));
      });
      tell(() => 'mine', { timeout: 1 });
      parentPort.postMessage(told.splice(0));`,
      flights.toHandle(),
    );
    const ready = deferred<string>();
    const leading = flights.do('k', () => ready.promise);
    assert.deepEqual(await once(worker, 'message'), [['ERR_TIMEOUT']]);
    ready.resolve('');
    await leading;
    worker.postMessage('go on');
    const [told] = (await once(worker, 'message')) as [unknown[]];
    assert.deepEqual(
      [...told.slice(0, 2), ...told.slice(3)],
      [
        'no',
        'ERR_INVALID_ARGUMENT',
        'after',
        'ERR_INVALID_ARGUMENT',
        'ERR_INVALID_ARGUMENT',
        'ERR_INVALID_ARGUMENT',
        'aborted before',
      ],
    );
    assert.deepEqual(await once(worker, 'message'), ['mine']);
  });

  test('the blocking form: the error of a run elsewhere, and the turn of one who dies', async () => {
    const flights = new Singleflight<string>();
    const data = flights.toHandle();
    const oneWaits = () => until(() => diagnostics().find(({ id }) => id === data.id)?.waiting === 1);
    const asks = `parentPort.postMessage((() => {
      try { return Singleflight.from(data).doSync('k', () => 'there'); } catch (error) { return error.message; }
    })());`;
    const failing = deferred<string>();
    const leading = flights.do('k', () => failing.promise);
    const told = once(thread(asks, data), 'message');
    await oneWaits();
    failing.reject(new TypeError('failed here'));
    await assert.rejects(leading, TypeError);
    assert.deepEqual(await told, ['failed here']);

    const dying = thread(
      `Singleflight.from(data).doSync('k', () => {
        parentPort.postMessage('runs');
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      });`,
      data,
    );
    await once(dying, 'message');
    const next = once(thread(asks, data), 'message');
    await oneWaits();
    await dying.terminate();
    assert.deepEqual(await next, ['there']);
    assert.throws(() => flights.doSync('k', () => ''), { code: 'ERR_UNSUPPORTED' });
    assert.throws(() => flights.doSync(1 as never, () => ''), { code: 'ERR_INVALID_ARGUMENT' });
  });

  test('nonsense is refused by name', async () => {
    const flights = new Singleflight<unknown>();
    await assert.rejects(
      flights.do(5 as never, () => 1),
      { code: 'ERR_INVALID_ARGUMENT', message: /key/ },
    );
    await assert.rejects(
      flights.do('f', () => () => 1),
      { name: 'DataCloneError' },
    );
    assert.equal(await flights.do('f', () => 1), 1);
  });
});

test('diagnostics lists what waits and what is held, by name and age', async () => {
  const mutex = new Mutex({ name: 'diagnosed' });
  const [semaphore, channel] = [new Semaphore(5), new Channel<number>(3)];
  using _guard = await mutex.lock();
  const waiting = mutex.lock();
  using _permits = await semaphore.acquire(2);
  await channel.send(1);
  const find = (id: number) => diagnostics().find((living) => living.id === id);
  const { age = -1, waits, ...seen } = find(mutex.toHandle().id) ?? {};
  assert.deepEqual(seen, { kind: 'mutex', id: mutex.toHandle().id, name: 'diagnosed', waiting: 1, held: 1 });
  assert.ok(age >= 0 && age < 60_000);
  assert.deepEqual(
    waits?.map(({ thread }) => thread),
    [threadId],
  );
  assert.equal(find(semaphore.toHandle().id)?.held, 2);
  assert.deepEqual([find(channel.toHandle().id)?.held, find(channel.toHandle().id)?.waiting], [1, 0]);
  _guard.release();
  (await waiting).release();
  assert.equal(find(mutex.toHandle().id)?.held, 0);
});
