/** Select: Go's rules, one by one. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Channel, Context, Mutex, select, selectSync, sending } from 'millrace';

test('does the one case that is ready', async () => {
  const [a, b] = [new Channel<number>(1), new Channel<string>(1)];
  await b.send('x');
  const chosen = await select({ a, b });
  assert.deepEqual(chosen, { case: 'b', value: 'x', done: false });
});

test('of several that are ready picks each in its turn of luck', async () => {
  const [a, b, c] = [new Channel<number>(1), new Channel<number>(1), new Channel<number>(1)];
  const counts: Record<string, number> = { a: 0, b: 0, c: 0 };
  for (let i = 0; i < 3000; i++) {
    for (const channel of [a, b]) channel.trySend(1);
    const chosen = await select({ a, b, c: sending(c, 1) });
    counts[chosen.case] = (counts[chosen.case] ?? 0) + 1;
    c.tryReceive();
  }
  for (const count of Object.values(counts)) assert.ok(count > 800 && count < 1200, JSON.stringify(counts));
});

test('waits for the first that can be done, and leaves the others as they were', async () => {
  const [a, b] = [new Channel<number>(), new Channel<number>()];
  const chosen = select({ a, b: sending(b, 5) });
  assert.deepEqual(await b.receive(), { value: 5, done: false });
  assert.deepEqual(await chosen, { case: 'b', value: undefined, done: false });
  assert.equal(a.trySend(1), false);
});

test('with a default never waits', async () => {
  const a = new Channel<number>();
  assert.deepEqual(await select({ a, b: sending(a, 1), default: true }), {
    case: 'default',
    value: undefined,
    done: false,
  });
});

test('a closed channel is always ready to receive from, and an error to send to', async () => {
  const [a, b] = [new Channel<number>(), new Channel<number>()];
  a.close();
  assert.deepEqual(await select({ a, b }), { case: 'a', value: undefined, done: true });
  await assert.rejects(select({ send: sending(a, 1), b }), { code: 'ERR_CHANNEL_CLOSED' });
  const waiting = select({ b });
  b.close();
  assert.deepEqual(await waiting, { case: 'b', value: undefined, done: true });
});

test('a time-out and a signal end it, and no case has happened', async () => {
  const a = new Channel<number>();
  await assert.rejects(select({ a, b: sending(a, 1) }, { timeout: 5 }), { code: 'ERR_TIMEOUT' });
  const stop = new AbortController();
  const selecting = select({ a }, { signal: stop.signal });
  stop.abort(new Error('enough'));
  await assert.rejects(selecting, /enough/);
  assert.equal(a.trySend(1), false);
});

test('selects that face each other meet', async () => {
  const [a, b] = [new Channel<number>(), new Channel<number>()];
  const one = select({ out: sending(a, 1), in: b });
  const two = select({ out: sending(b, 2), in: a });
  const [first, second] = await Promise.all([one, two]);
  assert.deepEqual([first.case, second.case].sort(), ['in', 'out']);
});

test('the same channel may stand in several cases', async () => {
  const a = new Channel<number>();
  const selecting = select({ x: a, y: a, z: sending(a, 3) });
  await a.send(1);
  const { case: name, value } = await selecting;
  assert.ok((name === 'x' || name === 'y') && value === 1);
  assert.equal(a.trySend(1), false);
});

test('sends whatever can be cloned, and local values as they are', async () => {
  const [a, b] = [new Channel<object>(1), Channel.local<object>(1)];
  assert.equal((await select({ a: sending(a, { big: 'x'.repeat(100_000) }) })).case, 'a');
  assert.equal(((await a.receive()).value as { big: string }).big.length, 100_000);
  const value = { f: () => 1 };
  await select({ b: sending(b, value) });
  assert.equal((await select({ a, b })).value, value);
});

test('over 1000 channels', async () => {
  const channels = Array.from({ length: 1000 }, () => new Channel<number>());
  const cases = Object.fromEntries(channels.map((channel, at) => [`c${at}`, channel]));
  const selecting = select(cases);
  await channels[777]?.send(5);
  assert.deepEqual(await selecting, { case: 'c777', value: 5, done: false });
  assert.ok(channels.every((channel) => !channel.trySend(1)));
});

test('many at once on the same channels: no message is lost or doubled', async () => {
  const [a, b] = [new Channel<number>(2), new Channel<number>()];
  const got: number[] = [];
  const reader = async (): Promise<void> => {
    for (;;) {
      const { value, done } = await select({ a, b });
      if (done) return;
      got.push(value);
    }
  };
  const writer = async (base: number): Promise<void> => {
    for (let i = 0; i < 200; i++) await select({ a: sending(a, base + i), b: sending(b, base + i) });
  };
  const readers = Array.from({ length: 5 }, reader);
  await Promise.all([0, 1000, 2000, 3000].map(writer));
  while (a.length > 0) await new Promise((resolve) => setImmediate(resolve));
  a.close();
  b.close();
  await Promise.all(readers);
  assert.equal(new Set(got).size, 800);
  assert.equal(got.length, 800);
});

test('operations that are always ready let the event loop have its turns', async () => {
  const [channel, mutex] = [new Channel<number>(1), new Mutex()];
  for (const operation of [
    () => select({ channel, default: true }),
    async () => {
      await channel.send(1);
      await channel.receive();
    },
    async () => (await mutex.lock()).release(),
  ]) {
    let turned = false;
    setTimeout(() => (turned = true), 1);
    let count = 0;
    while (!turned && count < 1e6) {
      await operation();
      count++;
    }
    assert.ok(turned, 'a timer never fired');
  }
});

test('signal and context, before and meanwhile; a case that is ready does not happen then', async () => {
  const [a, b] = [new Channel<number>(1), new Channel<number>()];
  await a.send(1);
  const before = AbortSignal.abort(new RangeError('before'));
  await assert.rejects(select({ a }, { signal: before }), /before/);
  await assert.rejects(select({ a, default: true }, { signal: before }), /before/);
  const [context, cancel] = Context.background().withCancel();
  const selecting = select({ b, c: sending(b, 2) }, { signal: context, timeout: 60_000 });
  cancel();
  await assert.rejects(selecting, { code: 'ERR_CONTEXT_CANCELED' });
  assert.deepEqual([a.length, b.trySend(1), b.tryReceive()], [1, false, undefined]);
});

test('default does not happen when another can; a channel may be a case of that name', async () => {
  const a = new Channel<number>(1);
  await a.send(1);
  assert.equal((await select({ a, default: true })).case, 'a');
  assert.equal((await select({ a: sending(a, 2), default: true })).case, 'a');
  assert.deepEqual(await select({ default: a }), { case: 'default', value: 2, done: false });
  assert.equal((await select({ default: true })).case, 'default');
});

test('a value that only the platform can clone is sent and received by a case', async () => {
  const [a, b] = [new Channel<SharedArrayBuffer>(1), new Channel<SharedArrayBuffer>()];
  const shared = new SharedArrayBuffer(4);
  assert.equal((await select({ a: sending(a, shared), b: sending(b, shared) })).case, 'a');
  const { value } = await select({ a, b });
  new Int32Array(value as SharedArrayBuffer)[0] = 7;
  assert.equal(new Int32Array(shared)[0], 7);
  await assert.rejects(select({ a: sending(a as Channel<unknown>, () => 1) }), { name: 'DataCloneError' });
  assert.equal(a.length, 0);
});

test('a select that ends leaves nothing of the values it did not send', async () => {
  const [full, local] = [new Channel<object>(), Channel.local<object>()];
  const values = { full: sending(full, { n: 1 }), local: sending(local, { n: 2 }) };
  await assert.rejects(select(values, { timeout: 1 }), { code: 'ERR_TIMEOUT' });
  assert.equal((await select({ ...values, default: true })).case, 'default');
  const chosen = select(values);
  assert.deepEqual((await local.receive()).value, { n: 2 });
  assert.equal((await chosen).case, 'local');
  assert.deepEqual([full.tryReceive(), local.tryReceive()], [undefined, undefined]);
});

describe('nonsense is refused by name', () => {
  for (const [what, cases] of [
    ['no cases', {}],
    ['a number', { a: 5 }],
    ['nothing', null],
  ] as const) {
    test(what, () => assert.rejects(select(cases as never), { code: 'ERR_INVALID_ARGUMENT' }));
  }
  test('sending to what is no channel', () => {
    assert.throws(() => sending({} as never, 1), { code: 'ERR_INVALID_ARGUMENT' });
  });

  test('options, default: false, too many cases, the main thread', async () => {
    const a = new Channel<number>();
    for (const options of [{ timeout: -1 }, { signal: 1 }, { default: true }, null] as never[])
      await assert.rejects(select({ a }, options), { code: 'ERR_INVALID_ARGUMENT' });
    await assert.rejects(select({ a, default: false } as never), { message: /^default:/ });
    const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`c${at}`, a]));
    await assert.rejects(select(many), { code: 'ERR_INVALID_ARGUMENT', message: /^cases: got 100000/ });
    assert.throws(() => selectSync({ a }), { code: 'ERR_UNSUPPORTED' });
  });
});
