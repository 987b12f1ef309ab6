/** One map for all threads. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { SharedMap } from 'millrace';
import { thread, until } from '../helpers.js';

describe('SharedMap', () => {
  test('is a map: values are clones, keys are told apart as a Map does', () => {
    const map = new SharedMap<string | number | bigint | boolean | null, unknown>();
    const keys = ['a', 'ä€', '', 'x'.repeat(200_000), 1, '1', 1n, NaN, 1.5, true, null];
    for (const [at, key] of keys.entries()) map.set(key, { at });
    for (const [at, key] of keys.entries()) assert.deepEqual(map.get(key), { at });
    assert.equal(map.size, keys.length);
    map.set(-0, 'zero');
    assert.equal(map.get(0), 'zero');
    assert.ok(map.delete(0) && !map.delete(0) && !map.has(0));
    assert.equal(map.get('none'), undefined);
    const value = { deep: [1] };
    map.set('a', value);
    value.deep.push(2);
    assert.deepEqual(map.get('a'), { deep: [1] });
    map.set('big', new Uint8Array(300_000).fill(3));
    assert.deepEqual(map.get('big'), new Uint8Array(300_000).fill(3));
    map.clear();
    assert.equal(map.size, 0);
  });

  test('closed, an object lets go of the map, and others go on', async () => {
    const map = new SharedMap<string, number>();
    const other = SharedMap.from<string, number>(map.toHandle());
    map.set('a', 1);
    const iterator = map.entries();
    iterator.next();
    map.close();
    map.close();
    map[Symbol.dispose]();
    assert.deepEqual([map.closed, other.closed], [true, false]);
    const calls: (() => unknown)[] = [
      () => map.get('a'),
      () => map.set('a', 2),
      () => map.has('a'),
      () => map.delete('a'),
      () => map.clear(),
      () => map.size,
      () => map.stats,
      () => map.update('a', () => 3),
      () => [...map],
      () => map.getAll(['a']),
      () => map.setAll([['a', 3]]),
      () => map.toHandle(),
    ];
    for (const call of calls) assert.throws(call, { name: 'StaleHandleError', code: 'ERR_STALE_HANDLE' });
    await assert.rejects(
      map.getOrCompute('b', () => 1),
      { code: 'ERR_STALE_HANDLE' },
    );
    assert.equal(iterator.next().done, true);
    assert.deepEqual([...other], [['a', 1]]);
  });

  test('iterates over a snapshot', () => {
    const map = new SharedMap<string, number>().setAll([
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ]);
    const seen = new Map<string, number>();
    for (const [key, value] of map) {
      seen.set(key, value);
      map.delete('a').valueOf();
      map.set('d', 4);
    }
    assert.deepEqual([...seen].sort(), [
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ]);
    assert.deepEqual([...map.keys()].sort(), ['b', 'c', 'd']);
    assert.deepEqual([...map.values()].sort(), [2, 3, 4]);
    assert.deepEqual(map.getAll(['b', 'a']), [2, undefined]);
    for (const _ of map) break;
  });

  test('a value whose getters use the map goes where it is meant to', () => {
    const map = new SharedMap<string, unknown>();
    const value = {
      get deep() {
        map.set('inner', { n: 1 }).set('number', 2);
        return [map.get('inner'), map.get('none')];
      },
    };
    map.set('outer', value);
    assert.deepEqual(map.get('outer'), { deep: [{ n: 1 }, undefined] });
    assert.deepEqual(map.get('inner'), { n: 1 });
    assert.deepEqual([map.get('number'), map.size], [2, 3]);
    map.delete('inner');
    map.update('outer', () => value);
    assert.deepEqual(map.get('outer'), { deep: [{ n: 1 }, undefined] });
    assert.equal(map.size, 3);
  });

  test('maxBytes: what is too large alone is not kept, and nobody makes room for it', () => {
    const map = new SharedMap<string, string>({ maxBytes: 100 });
    map.set('a', 'small').set('b', 'small');
    map.set('b', 'x'.repeat(200));
    assert.deepEqual([map.get('a'), map.get('b'), map.size], ['small', undefined, 1]);
  });

  test('maxEntries: the one unused for longest makes room', () => {
    const map = new SharedMap<string, number>({ maxEntries: 2 });
    map.set('a', 1).set('b', 2);
    map.get('a');
    map.set('c', 3);
    assert.deepEqual([...map.keys()].sort(), ['a', 'c']);
    assert.equal(map.stats.evicted, 1);
  });

  test('maxBytes and ttl are kept, and counted', async () => {
    const map = new SharedMap<string, unknown>({ maxBytes: 1000, ttl: 5 });
    for (let i = 0; i < 50; i++) map.set(`key ${i}`, 'x'.repeat(100));
    assert.ok(map.size < 10 && map.stats.bytes <= 1000);
    map.set('long', 1, { ttl: 60_000 });
    await until(() => map.size === 1);
    assert.deepEqual([...map.keys()], ['long']);
    map.get('long');
    map.get('gone');
    assert.deepEqual([map.stats.hits, map.stats.misses], [1, 1]);
  });

  test('update is one step among all threads', async () => {
    const map = new SharedMap<string, number>();
    const threads = Array.from({ length: 4 }, () =>
      thread(
        `const map = SharedMap.from(data); for (let i = 0; i < 2000; i++) map.update('n', (n = 0) => n + 1);`,
        map.toHandle(),
      ),
    );
    for (let i = 0; i < 2000; i++) map.update('n', (n = 0) => n + 1);
    await Promise.all(threads.map((worker) => once(worker, 'exit')));
    assert.equal(map.get('n'), 10_000);
  });

  test('getOrCompute computes once among all threads', async () => {
    const map = new SharedMap<string, number>();
    const threads = Array.from({ length: 3 }, () =>
      thread(
        `const map = SharedMap.from(data);
        map.update('asked', (n = 0) => n + 1);
        const value = await map.getOrCompute('k', async () => {
          map.update('runs', (n = 0) => n + 1);
          // Until all have asked.
          while (map.get('asked') < 3) await new Promise((resolve) => setImmediate(resolve));
          return 42;
        });
        parentPort.postMessage(value);`,
        map.toHandle(),
      ),
    );
    const values = await Promise.all(
      threads.map(async (worker) => (await once(worker, 'message'))[0] as number),
    );
    assert.deepEqual(values, [42, 42, 42]);
    assert.equal(map.get('runs'), 1);
    await assert.rejects(
      map.getOrCompute('bad', () => Promise.reject(new RangeError('no'))),
      /no/,
    );
    assert.equal(map.has('bad'), false);
    await Promise.all(threads.map((worker) => worker.terminate()));
  });

  test('nonsense is refused by name', () => {
    const map = new SharedMap<string, unknown>();
    assert.throws(() => map.get({} as never), { code: 'ERR_INVALID_ARGUMENT', message: /key/ });
    assert.throws(() => map.set('f', () => 1), { name: 'DataCloneError' });
    assert.throws(() => map.set('s', new SharedArrayBuffer(1)), { code: 'ERR_UNSUPPORTED' });
    assert.throws(() => map.set('t', 1, { ttl: -1 }), { code: 'ERR_INVALID_ARGUMENT', message: /ttl/ });
    for (const options of [{ maxEntries: 0 }, { maxBytes: 'x' }, { ttl: 0 }, { max: 1 }]) {
      assert.throws(() => new SharedMap(options as never), { code: 'ERR_INVALID_ARGUMENT' });
    }
    const named = new SharedMap({ name: 'm', maxEntries: 5 });
    assert.throws(() => new SharedMap({ name: 'm', maxEntries: 6 }), { code: 'ERR_NAME_CONFLICT' });
    assert.equal(named.name, 'm');
  });
});
