/** Waiting until an atomic is notified. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AtomicBool, AtomicF64, AtomicI32, AtomicI64, AtomicRef, Context, type SharedAtomic } from 'millrace';

const invalid = (name: string): object => ({
  code: 'ERR_INVALID_ARGUMENT',
  message: new RegExp(`^${name}:`),
});

/** Each kind, with two values of it. */
const kinds: [string, () => SharedAtomic<string, never> & { store(value: never): void }, unknown, unknown][] =
  [
    ['AtomicI32', () => new AtomicI32(-1) as never, -1, 2],
    ['AtomicI64', () => new AtomicI64(-1n) as never, -1n, 2n],
    ['AtomicF64', () => new AtomicF64(NaN) as never, NaN, 2],
    ['AtomicBool', () => new AtomicBool(true) as never, true, false],
    ['AtomicRef', () => new AtomicRef({ a: 'x' }) as never, { a: 'x' }, { a: 'y' }],
  ];

for (const [kind, make, was, next] of kinds) {
  describe(`waiting for an ${kind}`, () => {
    test('ends when it is notified, not when it changes', async () => {
      const atomic = make();
      const wait = atomic.wait(was as never);
      assert.equal(atomic.waiting, 1);
      atomic.store(next as never);
      assert.equal(atomic.waiting, 1);
      assert.equal(atomic.notify(), 1);
      assert.equal(await wait, 'ok');
      assert.deepEqual([atomic.waiting, atomic.notify()], [0, 0]);
    });

    test('ends at once if the value is another one', async () => {
      const atomic = make();
      assert.equal(await atomic.wait(next as never), 'not-equal');
      assert.equal(atomic.waiting, 0);
    });

    test('ends in the order of coming, so many as are notified', async () => {
      const atomic = make();
      const ended: number[] = [];
      const waits = [0, 1, 2, 3, 4].map((n) => atomic.wait(was as never).then(() => ended.push(n)));
      assert.deepEqual([atomic.notify(0), atomic.notify(1), atomic.notify(2)], [0, 1, 2]);
      await Promise.all(waits.slice(0, 3));
      assert.deepEqual([ended, atomic.waiting], [[0, 1, 2], 2]);
      assert.equal(atomic.notify(Infinity), 2);
      await Promise.all(waits);
    });

    test('is cut short by a signal, a context, a time-out', async () => {
      const atomic = make();
      const abort = new AbortController();
      const aborted = atomic.wait(was as never, { signal: abort.signal });
      const [context, cancel] = Context.background().withCancel();
      const cancelled = atomic.wait(was as never, { signal: context });
      const late = atomic.wait(was as never, { timeout: 1 });
      const stays = atomic.wait(was as never, { timeout: 60_000 });
      abort.abort(new RangeError('enough'));
      cancel();
      await assert.rejects(aborted, /enough/);
      await assert.rejects(cancelled, { code: 'ERR_CONTEXT_CANCELED' });
      await assert.rejects(late, { code: 'ERR_TIMEOUT' });
      await assert.rejects(atomic.wait(was as never, { signal: abort.signal }), /enough/);
      assert.equal(atomic.waiting, 1);
      assert.equal(atomic.notify(1), 1);
      assert.equal(await stays, 'ok');
    });

    test('ends when it is closed; the value stays', async () => {
      const atomic = make();
      const wait = atomic.wait(was as never);
      atomic.close();
      atomic.close();
      await assert.rejects(wait, { code: 'ERR_MEMORY_CLOSED' });
      await assert.rejects(atomic.wait(was as never), { code: 'ERR_MEMORY_CLOSED' });
      assert.ok(atomic.closed);
      atomic.store(next as never);
      assert.equal(atomic.notify(), 0);
      const other = make();
      other[Symbol.dispose]();
      assert.ok(other.closed);
    });

    test('takes no nonsense', async () => {
      const atomic = make();
      if (kind === 'AtomicRef')
        await assert.rejects(atomic.wait((() => 1) as never), { name: 'DataCloneError' });
      else
        for (const bad of ['x', {}, null, Symbol('s')])
          await assert.rejects(atomic.wait(bad as never), invalid('expected'));
      for (const count of [-1, 1.5, NaN, '1', null, 1n])
        assert.throws(() => atomic.notify(count as never), invalid('count'));
      const wait = (options: unknown): Promise<unknown> => atomic.wait(was as never, options as never);
      await assert.rejects(wait({ timeout: -1 }), invalid('timeout'));
      await assert.rejects(wait({ timeout: 'x' }), invalid('timeout'));
      await assert.rejects(wait({ signal: 1 }), invalid('signal'));
      await assert.rejects(wait({ limit: 1 }), invalid('limit'));
      await assert.rejects(wait(null), invalid('options'));
      assert.equal(atomic.waiting, 0);
      assert.throws(() => atomic.waitSync(was as never), { code: 'ERR_UNSUPPORTED' });
    });
  });
}

test('an AtomicI64 is waited for by a bigint or a safe number alike', async () => {
  const atomic = new AtomicI64(-(2n ** 40n));
  const waits = [atomic.wait(-(2 ** 40)), atomic.wait(-(2n ** 40n))];
  assert.deepEqual([atomic.waiting, await atomic.wait(2 ** 40), atomic.notify()], [2, 'not-equal', 2]);
  assert.deepEqual(await Promise.all(waits), ['ok', 'ok']);
  for (const bad of [2 ** 53, 1.5, NaN, 2n ** 63n])
    await assert.rejects(atomic.wait(bad), invalid('expected'));
});

test('an AtomicF64 is waited for as Object.is compares', async () => {
  const atomic = new AtomicF64(0);
  assert.equal(await atomic.wait(-0), 'not-equal');
  const wait = atomic.wait(0);
  assert.equal(atomic.notify(1), 1);
  assert.equal(await wait, 'ok');
});

test('an AtomicRef is waited for by what it is, not by which', async () => {
  const atomic = new AtomicRef<unknown>({ list: [1, 2] });
  assert.equal(await atomic.wait({ list: [2, 1] }), 'not-equal');
  const wait = atomic.wait({ list: [1, 2] });
  assert.equal(atomic.notify(), 1);
  assert.equal(await wait, 'ok');
});

test('by name and by handle one waits for the same atomic', async () => {
  const atomic = new AtomicI32(1, { name: 'a waited atomic' });
  const waits = [AtomicI32.open('a waited atomic'), AtomicI32.from(structuredClone(atomic.toHandle()))].map(
    (same) => same.wait(1),
  );
  assert.deepEqual([atomic.waiting, atomic.name], [2, 'a waited atomic']);
  assert.equal(atomic.notify(), 2);
  assert.deepEqual(await Promise.all(waits), ['ok', 'ok']);
  atomic.close();
});
