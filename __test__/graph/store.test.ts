/** Stores: keys, scopes, limits. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SharedMap, Store, type StoreReader } from 'millrace';
import { thread, until } from '../helpers.js';

interface Session {
  user: { name: string };
  visits: number;
}

test('get, set, has, delete, keys, clear', () => {
  const store = new Store<Session>();
  assert.deepEqual([store.get('user'), store.has('user'), store.delete('user')], [undefined, false, false]);
  store.set('user', { name: 'Ada' }).set('visits', 1);
  const user: { name: string } | undefined = store.get('user');
  assert.deepEqual(user, { name: 'Ada' });
  assert.equal(store.has('user'), true);
  assert.deepEqual(store.keys().toSorted(), ['user', 'visits']);
  assert.deepEqual([store.delete('user'), store.has('user')], [true, false]);
  store.clear();
  assert.deepEqual(store.keys(), []);
  // @ts-expect-error No such key.
  store.get('users');
  // @ts-expect-error No such value.
  store.set('visits', 'many');
  const reader: StoreReader<Session> = store;
  assert.equal(reader.get('visits'), 'many');
});

test('update replaces a value in one step', () => {
  const store = new Store<Session>();
  assert.equal(
    store.update('visits', (n = 0) => n + 1),
    1,
  );
  assert.equal(
    store.update('visits', (n = 0) => n + 1),
    2,
  );
});

test('values are cloned: what one has read another does not change', () => {
  const store = new Store<Session>();
  const user = { name: 'Ada' };
  store.set('user', user);
  user.name = 'Bob';
  const read = store.get('user');
  assert.deepEqual(read, { name: 'Ada' });
  (read as { name: string }).name = 'Eve';
  assert.deepEqual(store.get('user'), { name: 'Ada' });
  const any = new Store();
  assert.throws(() => any.set('f', () => 1), { name: 'DataCloneError' });
  any
    .set('date', new Date(7))
    .set('map', new Map([[1, 2]]))
    .set('bytes', new Uint8Array(3));
  assert.deepEqual(
    [any.get('date'), any.get('map'), any.get('bytes')],
    [new Date(7), new Map([[1, 2]]), new Uint8Array(3)],
  );
});

describe('scopes', () => {
  test('have keys of their own, whatever they are called', () => {
    const store = new Store();
    const names = ['a', 'b', 'a/b', 'a~b', 'a~1b', '/', '~', '~0', '~1', 'ä', '__proto__', 'a/'];
    for (const outer of names)
      for (const inner of names) {
        const scope = store.scope(outer);
        scope.set(inner, [outer, inner]);
        scope.scope(inner).set(outer, [outer, inner, outer]);
      }
    for (const name of names) store.set(name, name);
    for (const outer of names) {
      assert.equal(store.get(outer), outer);
      for (const inner of names) {
        assert.deepEqual(store.scope(outer).get(inner), [outer, inner]);
        assert.deepEqual(store.scope(outer).scope(inner).get(outer), [outer, inner, outer]);
      }
      assert.deepEqual(store.scope(outer).keys().toSorted(), names.toSorted());
    }
    assert.deepEqual(store.keys().toSorted(), names.toSorted());
  });

  test('are the same each time, and cleared with those within them', () => {
    const store = new Store();
    store.set('x', 0);
    store.scope('a').set('x', 1).scope('deep').set('x', 2);
    store.scope('ab').set('x', 3);
    assert.equal(store.scope<{ x: number }>('a').get('x'), 1);
    store.scope('a').clear();
    assert.deepEqual([store.scope('a').has('x'), store.scope('a').scope('deep').has('x')], [false, false]);
    assert.deepEqual([store.get('x'), store.scope('ab').get('x')], [0, 3]);
  });

  test('share the store’s limits', () => {
    const store = new Store({ maxEntries: 2 });
    store.set('a', 1);
    store.scope('s').set('b', 2);
    store.scope('t').set('c', 3);
    assert.deepEqual(
      [store.has('a'), store.scope('s').has('b'), store.scope('t').has('c')],
      [false, true, true],
    );
  });
});

describe('limits', () => {
  test('maxEntries: the one unused for longest makes room', () => {
    const store = new Store({ maxEntries: 3 });
    store.set('a', 1).set('b', 2).set('c', 3);
    store.get('a');
    store.set('d', 4);
    assert.deepEqual(store.keys().toSorted(), ['a', 'c', 'd']);
  });

  test('maxBytes', () => {
    const store = new Store({ maxBytes: 1000 });
    store.set('a', 'x'.repeat(600)).set('b', 'y'.repeat(600));
    assert.deepEqual([store.has('a'), store.has('b')], [false, true]);
  });

  test('ttl, of the store or of one value', async () => {
    const store = new Store({ ttl: 20 });
    store.set('short', 1).set('long', 2, { ttl: 60_000 });
    store.update('counted', (n) => ((n as number) ?? 0) + 1, { ttl: 60_000 });
    assert.equal(store.get('short'), 1);
    await until(() => !store.has('short'));
    assert.deepEqual([store.get('short'), store.get('long'), store.get('counted')], [undefined, 2, 1]);
  });
});

describe('in several threads', () => {
  test('a name is one store, by its configuration', () => {
    const one = new Store<Session>({ name: 'session', maxEntries: 10 });
    const same = new Store<Session>({ name: 'session', maxEntries: 10 });
    one.set('visits', 3);
    assert.equal(same.get('visits'), 3);
    assert.equal(Store.open<Session>('session').get('visits'), 3);
    assert.throws(() => new Store({ name: 'session', maxEntries: 11 }), { code: 'ERR_NAME_CONFLICT' });
    assert.throws(() => Store.open('nobody'), { code: 'ERR_NOT_FOUND' });
  });

  test('a handle leads another thread to it', async () => {
    const store = new Store<Session>();
    const worker = thread(`Store.from(data).set('visits', 5).scope('in').set('x', 6);`, store.toHandle());
    const exited = new Promise((resolve) => worker.once('exit', resolve));
    await until(() => store.scope('in').has('x'));
    await exited;
    assert.equal(store.get('visits'), 5);
  });
});

test('what cannot be meant is refused', () => {
  const wrong = { code: 'ERR_INVALID_ARGUMENT' };
  for (const options of [
    null,
    7,
    { max: 1 },
    { ttl: -1 },
    { maxEntries: 0 },
    { maxEntries: 'x' },
    { name: '' },
  ])
    assert.throws(() => new Store(options as never), wrong);
  const store = new Store();
  for (const key of [undefined, null, 7, '', {}, Symbol('x')]) {
    for (const call of ['get', 'has', 'delete', 'scope'] as const)
      assert.throws(() => (store[call] as (key: unknown) => unknown).call(store, key), wrong);
    assert.throws(() => store.set(key as never, 1), wrong);
    assert.throws(() => store.update(key as never, () => 1), wrong);
  }
  assert.throws(() => store.set('a', 1, { ttl: 0 }), wrong);
  assert.throws(() => store.set('a', 1, { time: 1 } as never), wrong);
  assert.throws(() => store.update('a', 7 as never), wrong);
  assert.throws(() => Store.from({ millrace: 'channel', id: 1 } as never), wrong);
  assert.ok(!(new SharedMap() instanceof Store));
});
