/** Results that are kept. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type CallContext, cache, policy, timeout } from 'millrace';
import { deferred, until } from '../helpers.js';
import { retries } from './parts.js';

describe('a cache', () => {
  test('keeps results by the arguments of what it wraps, also deep within a policy', async () => {
    let calls = 0;
    const kept = cache({ ttl: 60_000, key: (id: string) => id });
    const load = policy(retries(), policy(kept, timeout(1000))).wrap(async (id: string) => {
      calls++;
      return { id };
    });
    const both = await Promise.all([load('a'), load('a'), load('b')]);
    assert.deepEqual([both, calls, kept.entries.size], [[{ id: 'a' }, { id: 'a' }, { id: 'b' }], 2, 2]);
  });

  test('by call has one key; what fails is not kept', async () => {
    let calls = 0;
    const kept = cache({ key: 'the only one', maxEntries: 10 });
    const fn = (): number => {
      if (++calls === 1) throw new RangeError('not yet');
      return calls;
    };
    await assert.rejects(kept.call(fn), RangeError);
    assert.deepEqual([await kept.call(fn), await kept.call(fn), await kept.wrap(fn)()], [2, 2, 2]);
  });

  test('ttl, maxEntries and maxBytes are those of its map; a name is one cache', async () => {
    let calls = 0;
    const fn = async (id: string): Promise<string> => {
      calls++;
      return id.repeat(100);
    };
    const short = cache({ key: (id: string) => id, ttl: 1 }).wrap(fn);
    await until(() => {
      void short('a');
      return calls > 2;
    });
    const called = async (options: object, ids: string): Promise<number> => {
      const load = cache({ key: (id: string) => id, ...options }).wrap(fn);
      calls = 0;
      for (const id of ids) await load(id);
      return calls;
    };
    assert.deepEqual(
      [await called({}, 'aba'), await called({ maxEntries: 1 }, 'aba'), await called({ maxBytes: 50 }, 'aa')],
      [2, 3, 2],
    );
    const counts = [
      await called({ name: 'kept by name' }, 'ab'),
      await called({ name: 'kept by name' }, 'abc'),
    ];
    assert.deepEqual(counts, [2, 1]);
    assert.throws(() => cache({ key: 1, name: 'kept by name', ttl: 5 }), { code: 'ERR_NAME_CONFLICT' });
  });

  test('ends the wait of one who gives up, and not the function of all', async () => {
    const kept = cache({ key: 1 });
    const { promise, resolve } = deferred<string>();
    const controller = new AbortController();
    const seen: unknown[] = [];
    const fn = ({ signal }: CallContext): Promise<string> => {
      seen.push(signal);
      return promise;
    };
    const impatient = kept.call(fn, { signal: controller.signal });
    const patient = kept.call(fn);
    controller.abort(new RangeError('enough'));
    await assert.rejects(impatient, RangeError);
    resolve('for all');
    assert.deepEqual([await patient, seen], ['for all', [undefined]]);
  });
});
