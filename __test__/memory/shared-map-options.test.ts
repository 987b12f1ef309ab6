/** What each option of a shared map does, and each figure of its statistics. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Context, SharedMap } from 'millrace';
import { deferred, pending, until } from '../helpers.js';

const invalid = (name: string): object => ({
  code: 'ERR_INVALID_ARGUMENT',
  message: new RegExp(`^${name}:`),
});

describe('the limits of a SharedMap', () => {
  test('none: it keeps all', () => {
    const map = new SharedMap<number, number>();
    for (let n = 0; n < 10_000; n++) map.set(n, n);
    assert.equal(map.size, 10_000);
    const { entries, bytes, ...counted } = map.stats;
    assert.deepEqual(counted, { hits: 0, misses: 0, evicted: 0, expired: 0 });
    assert.ok(entries === 10_000 && bytes >= 160_000);
  });

  test('maxEntries: set, update and getOrCompute make room; who was read last stays', async () => {
    const map = new SharedMap<string, number>({ maxEntries: 3 });
    map.setAll([
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ]);
    map.get('a');
    map.update('d', () => 4);
    assert.deepEqual([...map.keys()].sort(), ['a', 'c', 'd']);
    await map.getOrCompute('e', () => 5);
    assert.deepEqual([...map.keys()].sort(), ['a', 'd', 'e']);
    assert.equal(map.stats.evicted, 2);
    map.set('a', 9).set('f', 6);
    assert.deepEqual([...map.keys()].sort(), ['a', 'e', 'f'], 'writing is using, too');
  });

  test('maxEntries of a large map: kept all the same', () => {
    const map = new SharedMap<number, number>({ maxEntries: 5000 });
    for (let n = 0; n < 20_000; n++) map.set(n, n);
    const { entries, evicted } = map.stats;
    assert.ok(entries <= 5000 && entries > 4000, String(entries));
    assert.deepEqual([map.size, evicted], [entries, 20_000 - entries]);
  });

  test('maxBytes: keys and values count, and what does not fit makes room', () => {
    const map = new SharedMap<string, string>({ maxBytes: 300 });
    map.set('a', 'x'.repeat(100)).set('b', 'x'.repeat(100));
    const { bytes } = map.stats;
    assert.ok(bytes >= 202 && bytes <= 230, String(bytes));
    map.set('k'.repeat(100), '');
    assert.deepEqual([map.has('a'), map.has('b'), map.stats.evicted], [false, true, 1]);
    map.delete('b');
    assert.ok(map.stats.bytes < bytes);
    map.clear();
    assert.deepEqual([map.stats.entries, map.stats.bytes], [0, 0]);
  });

  test('ttl: of the map, of one entry, of several; whatever writes it', async () => {
    const brief = new SharedMap<string, number>({ ttl: 1 });
    brief.set('a', 1);
    brief.set('long', 1, { ttl: 60_000 });
    brief.setAll([['all', 1]], { ttl: 60_000 });
    brief.update('updated', () => 1, { ttl: 60_000 });
    await brief.getOrCompute('computed', () => 1, { ttl: 60_000 });
    await until(() => !brief.has('a'));
    assert.deepEqual([...brief.keys()].sort(), ['all', 'computed', 'long', 'updated']);
    const map = new SharedMap<string, number>();
    map.set('stays', 1).set('goes', 1, { ttl: 1 });
    map.setAll([['goes too', 1]], { ttl: 1 });
    map.update('goes as well', () => 1, { ttl: 1 });
    await map.getOrCompute('goes in the end', () => 1, { ttl: 1 });
    await until(() => map.size === 1);
    assert.deepEqual([map.get('stays'), map.get('goes'), map.has('goes too')], [1, undefined, false]);
    assert.deepEqual([...map.entries()], [['stays', 1]]);
    map.set('stays', 2, { ttl: 1 }).set('stays', 3);
    assert.equal(
      map.update('goes', (before) => before ?? 7),
      7,
      'what is over is not there',
    );
  });

  test('ttl: what is over is computed anew', async () => {
    const map = new SharedMap<string, number>({ ttl: 1 });
    assert.equal(await map.getOrCompute('k', () => 1), 1);
    await until(() => !map.has('k'));
    assert.equal(await map.getOrCompute('k', () => 2), 2);
  });
});

test('stats: each figure counts what it says', async () => {
  const map = new SharedMap<string, number>({ maxEntries: 2 });
  map.set('a', 1);
  map.get('a');
  map.getAll(['a', 'none']);
  map.has('a');
  map.has('none');
  assert.deepEqual([map.stats.hits, map.stats.misses], [2, 1], 'get and getAll read, has does not');
  map.update('a', (n = 0) => n + 1);
  map.update('b', (n = 0) => n + 1);
  assert.deepEqual([map.stats.hits, map.stats.misses], [3, 2]);
  await map.getOrCompute('a', () => 9);
  assert.deepEqual([map.stats.hits, map.stats.misses], [4, 2]);
  await map.getOrCompute('c', () => 9);
  assert.deepEqual([map.stats.hits, map.stats.misses], [4, 3], 'one that computes has missed once');
  assert.deepEqual([map.stats.entries, map.stats.evicted, map.stats.expired], [2, 1, 0]);
  map.set('d', 1, { ttl: 1 });
  await until(() => map.size === 1);
  map.get('d');
  assert.deepEqual([map.stats.entries, map.stats.evicted, map.stats.expired], [1, 2, 1]);
  assert.equal(map.stats.misses, 4);
  map.delete('c');
  assert.deepEqual([map.stats.entries, map.stats.bytes, map.stats.evicted], [0, 0, 2]);
});

describe('getOrCompute', () => {
  test('signal, context and timeout end the wait for another who computes, not the computation', async () => {
    const map = new SharedMap<string, number>();
    const gate = deferred<number>();
    const leading = map.getOrCompute('k', () => gate.promise);
    const compute = () => 2;
    await assert.rejects(map.getOrCompute('k', compute, { timeout: 5 }), { code: 'ERR_TIMEOUT', timeout: 5 });
    const stop = new AbortController();
    const [context, cancel] = Context.background().withCancel();
    const aborted = map.getOrCompute('k', compute, { signal: stop.signal });
    const cancelled = map.getOrCompute('k', compute, { signal: context });
    const stays = map.getOrCompute('k', compute, { timeout: 60_000 });
    stop.abort(new RangeError('enough'));
    cancel();
    await assert.rejects(aborted, /enough/);
    await assert.rejects(cancelled, { code: 'ERR_CONTEXT_CANCELED' });
    assert.ok(await pending(stays));
    gate.resolve(1);
    assert.deepEqual(await Promise.all([leading, stays]), [1, 1]);
  });

  test('an error is for all who wait, and the next one computes again', async () => {
    const map = new SharedMap<string, number>();
    const gate = deferred<number>();
    const both = [map.getOrCompute('k', () => gate.promise), map.getOrCompute('k', () => 2)];
    gate.reject(new TypeError('broken'));
    for (const one of both) await assert.rejects(one, { name: 'TypeError', message: 'broken' });
    assert.equal(await map.getOrCompute('k', () => 3), 3);
  });

  test('keys of different types are computed apart', async () => {
    const map = new SharedMap<string | number | bigint | boolean | null | undefined, string>();
    const keys = ['1', 1, 1n, true, 'true', null, 'null', undefined];
    const values = await Promise.all(keys.map((key, at) => map.getOrCompute(key, async () => `value ${at}`)));
    assert.deepEqual(
      values,
      keys.map((_, at) => `value ${at}`),
    );
  });

  test('what cannot be meant is refused before anything is computed, whether there is a value or not', async () => {
    const map = new SharedMap<string, number>().set('there', 1);
    let runs = 0;
    const compute = () => ++runs;
    for (const key of ['there', 'not there']) {
      for (const [options, name] of [
        [{ ttl: 0 }, 'ttl'],
        [{ ttl: -1 }, 'ttl'],
        [{ ttl: NaN }, 'ttl'],
        [{ ttl: '5' }, 'ttl'],
        [{ ttl: Infinity }, 'ttl'],
        [{ timeout: -1 }, 'timeout'],
        [{ signal: 5 }, 'signal'],
        [{ TTL: 5 }, 'TTL'],
        [null, 'options'],
      ] as const) {
        await assert.rejects(map.getOrCompute(key, compute, options as never), invalid(name));
        assert.throws(() => map.getOrComputeSync(key, compute, options as never), invalid(name));
      }
      for (const fn of [5, null, undefined, 'fn', {}] as never[]) {
        await assert.rejects(map.getOrCompute(key, fn), invalid('fn'));
        assert.throws(() => map.getOrComputeSync(key, fn), invalid('fn'));
        assert.throws(() => map.update(key, fn), invalid('fn'));
      }
    }
    assert.deepEqual([runs, map.size], [0, 1]);
  });
});

describe('SharedMap', () => {
  test('forEach, entries, keys and values go through a snapshot', () => {
    const map = new SharedMap<string, number>().setAll(new Map([['a', 1]])).set('b', 2);
    const seen: unknown[] = [];
    map.forEach((value, key, all) => {
      seen.push([key, value, all === map]);
      map.delete('a');
      map.set('c', 3);
    });
    assert.deepEqual(seen.sort(), [
      ['a', 1, true],
      ['b', 2, true],
    ]);
    assert.deepEqual([...map.entries()].sort(), [
      ['b', 2],
      ['c', 3],
    ]);
    assert.deepEqual(
      [[...map.keys()].sort(), [...map.values()].sort()],
      [
        ['b', 'c'],
        [2, 3],
      ],
    );
    const entries = map.entries();
    entries.next();
    entries.return();
    assert.ok(entries.next().done);
  });

  test('update gives the new value, and sees what others set meanwhile', () => {
    const map = new SharedMap<string, number>();
    const seen: (number | undefined)[] = [];
    const got = map.update('n', (n) => {
      if (seen.push(n) === 1) map.set('n', 10);
      return (n ?? 0) + 1;
    });
    assert.deepEqual([got, seen, map.get('n')], [11, [undefined, 10], 11]);
    const refuse = (): never => {
      throw new RangeError('no');
    };
    assert.throws(() => map.update('n', refuse), /no/);
    assert.equal(map.get('n'), 11);
  });

  test('by name and by handle it is the same map', () => {
    const map = new SharedMap<string, number>({
      name: 'a map of options',
      maxEntries: 5,
      maxBytes: 500,
      ttl: 60_000,
    });
    SharedMap.open<string, number>('a map of options').set('a', 1);
    SharedMap.from<string, number>(structuredClone(map.toHandle())).set('b', 2);
    assert.deepEqual(map.getAll(['a', 'b', 'c']), [1, 2, undefined]);
    for (const other of [{ maxEntries: 6 }, { maxBytes: 501 }, { ttl: 1 }])
      assert.throws(
        () =>
          new SharedMap({ name: 'a map of options', maxEntries: 5, maxBytes: 500, ttl: 60_000, ...other }),
        { code: 'ERR_NAME_CONFLICT' },
      );
    assert.throws(() => SharedMap.open('no map'), { code: 'ERR_NOT_FOUND' });
    for (const handle of [null, 5, {}, { millrace: 'queue', id: 1 }])
      assert.throws(() => SharedMap.from(handle as never), { code: 'ERR_INVALID_ARGUMENT' });
  });

  test('what cannot be meant is refused by name', () => {
    const map = new SharedMap<string, number>();
    for (const [option, values] of [
      ['maxEntries', [0, -1, 1.5, NaN, '5', null, 2 ** 32]],
      ['maxBytes', [0, -1, 1.5, NaN, '5', null]],
      ['ttl', [0, -1, NaN, Infinity, '5', null]],
    ] as const)
      for (const value of values)
        assert.throws(
          () => new SharedMap({ [option]: value } as never),
          invalid(option),
          `${option} ${value}`,
        );
    for (const key of [{}, [], () => 1, Symbol('s')] as never[])
      for (const use of [
        () => map.get(key),
        () => map.set(key, 1),
        () => map.has(key),
        () => map.delete(key),
        () => map.update(key, () => 1),
      ])
        assert.throws(use, invalid('key'));
    for (const options of [{ ttl: 0 }, { ttl: '1' }, { ttl: Infinity }] as never[]) {
      assert.throws(() => map.set('a', 1, options), invalid('ttl'));
      assert.throws(() => map.setAll([], options), invalid('ttl'));
      assert.throws(() => map.update('a', () => 1, options), invalid('ttl'));
    }
    assert.throws(() => map.set('a', 1, { tll: 5 } as never), invalid('tll'));
    assert.throws(() => map.set('a', 1, null as never), invalid('options'));
    for (const bad of [5, null, undefined, {}] as never[]) {
      assert.throws(() => map.getAll(bad), invalid('keys'));
      assert.throws(() => map.setAll(bad), invalid('entries'));
      assert.throws(() => map.forEach(bad), invalid('fn'));
    }
    assert.equal(map.size, 0);
  });
});
