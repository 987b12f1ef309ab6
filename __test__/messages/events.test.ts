/** Events within one thread, and the patterns that match them. */
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { MessageBus } from 'millrace';
import { Pattern } from '#millrace/messages/names.js';
import { child, turns } from '../helpers.js';
import { counted, open, type User } from './messages.js';

describe('an event', () => {
  test('goes to every subscriber, in the order in which they subscribed, as it is', () => {
    using bus = open();
    const got: unknown[] = [];
    bus.subscribe('user.*', (payload, { event }) => got.push('pattern', payload, event));
    bus.subscribe('user.created', (payload) => got.push('name', payload));
    const user = { id: 1, name: 'Ada' };
    assert.equal(bus.publish('user.created', user), 2);
    assert.deepEqual(got, ['pattern', user, 'user.created', 'name', user]);
    assert.equal(got[1], user);
    assert.equal(bus.publish('tick'), 0);
    assert.deepEqual(counted(bus, 'published', 'delivered', 'subscriptions'), [2, 2, 2]);
  });

  test('of a subscriber comes after the one at hand: all see the same order', () => {
    using bus = open();
    const seen: string[][] = [[], []];
    bus.subscribe('**', (_, { event }) => {
      seen[0]?.push(event);
      if (event === 'user.created') bus.publish('user.deleted', { id: 1 });
    });
    bus.subscribe('**', (_, { event }) => seen[1]?.push(event));
    bus.publish('user.created', { id: 1, name: 'Ada' });
    bus.publish('tick');
    assert.deepEqual(seen, Array(2).fill(['user.created', 'user.deleted', 'tick']));
  });

  test('does not reach who has ended the subscription, though it was under way', () => {
    using bus = open();
    const got: string[] = [];
    bus.subscribe('tick', () => {
      got.push('first');
      second.close();
    });
    const second = bus.subscribe('tick', () => got.push('second'));
    assert.equal(bus.publish('tick'), 2);
    assert.equal(bus.publish('tick'), 1);
    second.close();
    assert.deepEqual([got, second.closed], [['first', 'first'], true]);
  });

  test('is told in the async context of its publisher, also when it had to wait', () => {
    using bus = open();
    const store = new AsyncLocalStorage<string>();
    const got: unknown[] = [];
    store.run('subscriber', () =>
      bus.subscribe('user.*', (_, { event }) => {
        got.push(event, store.getStore());
        if (event === 'user.created') store.run('inner', () => bus.publish('user.deleted', { id: 1 }));
      }),
    );
    store.run('publisher', () => bus.publish('user.created', { id: 1, name: 'Ada' }));
    assert.deepEqual(got, ['user.created', 'publisher', 'user.deleted', 'inner']);
  });
});

describe('a subscriber that fails', () => {
  test('keeps the event from nobody, and is told to those who listen', async () => {
    using bus = open();
    const told: unknown[] = [];
    let calls = 0;
    bus.on('subscriberError', (error, event) => told.push((error as Error).message, event));
    bus.subscribe('tick', () => {
      throw new Error('thrown');
    });
    bus.subscribe('tick', async () => {
      throw new Error('rejected');
    });
    bus.subscribe('tick', () => calls++);
    bus.publish('tick');
    await turns(1);
    assert.deepEqual([told, calls], [['thrown', 'tick', 'rejected', 'tick'], 1]);
  });

  test('is an uncaught exception if nobody does', async () => {
    const { code, stderr, stdout } = await child(`
      const bus = new millrace.MessageBus();
      bus.subscribe('tick', () => { throw new Error('nobody listens'); });
      bus.subscribe('tick', () => console.log('told'));
      console.log(bus.publish('tick'));`);
    assert.equal(code, 1);
    assert.match(stderr, /nobody listens/);
    assert.deepEqual(stdout.split('\n').slice(0, 2), ['told', '2']);
  });
});

describe('patterns', () => {
  test('* is one segment, ** any number', () => {
    const cases: [string, string[], string[]][] = [
      ['user.created', ['user.created'], ['user', 'user.created.now', 'user.deleted']],
      ['user.*', ['user.created', 'user.x'], ['user', 'user.created.now', 'order.created']],
      ['*', ['tick'], ['user.created']],
      ['*.created', ['user.created', 'order.created'], ['created', 'a.b.created']],
      ['**', ['tick', 'a.b.c'], []],
      ['user.**', ['user', 'user.a', 'user.a.b'], ['users', 'order.user']],
      ['**.added', ['added', 'item.added', 'order.item.added'], ['added.item']],
      ['a.**.b.**.c', ['a.b.c', 'a.x.b.y.z.c', 'a.b.b.c.c'], ['a.c', 'a.b', 'a.b.c.d']],
      ['**.*', ['a', 'a.b'], []],
      ['*.**.*', ['a.b', 'a.b.c'], ['a']],
    ];
    for (const [pattern, matching, others] of cases) {
      for (const name of matching) assert.ok(new Pattern(pattern).matches(name), `${pattern} ${name}`);
      for (const name of others) assert.ok(!new Pattern(pattern).matches(name), `${pattern} ${name}`);
    }
  });

  test('any pattern matches as the regular expression does that says the same', () => {
    const segment = fc.constantFrom('a', 'b', '*', '**');
    const name = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 7 });
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 6 }), name, (pattern, segments) => {
        const source = pattern
          .map((part) => (part === '**' ? '(?:[^.]+\\.)*' : part === '*' ? '[^.]+\\.' : `${part}\\.`))
          .join('');
        const expected = new RegExp(`^${source}$`).test(`${segments.join('.')}.`);
        assert.equal(new Pattern(pattern.join('.')).matches(segments.join('.')), expected);
      }),
      { numRuns: 2000 },
    );
  });

  test('type the payload: a name its own, a pattern the union of what it matches', () => {
    using bus = open();
    bus.subscribe('user.created', ({ id, name }, { event }) => {
      const user: User = { id, name };
      const exact: 'user.created' = event;
      return [user, exact];
    });
    bus.subscribe('user.*', (payload, { event }) => {
      const union: User | { id: number } = payload;
      const names: 'user.created' | 'user.deleted' = event;
      // @ts-expect-error -- Deleted ones have no name.
      const name: string = payload.name;
      return [union, names, name];
    });
    bus.subscribe('**.added', ({ sku }, { event }) => {
      const only: 'order.item.added' = event;
      return [sku, only];
    });
    bus.subscribe('**', (_, { event }) => {
      const any: 'user.created' | 'user.deleted' | 'order.item.added' | 'tick' = event;
      return any;
    });
    // @ts-expect-error -- That event has no such payload.
    assert.equal(bus.publish('user.deleted', { sku: 1 }), 2);
    // @ts-expect-error -- There is no such event.
    assert.equal(bus.publish('user.renamed', 1), 2);
    using untyped = new MessageBus();
    untyped.subscribe('any.*', (payload: unknown, { event }: { event: string }) => [payload, event]);
    assert.equal(untyped.publish('any.thing', { free: true }), 1);
  });
});

describe('bad input', () => {
  const invalid = { code: 'ERR_INVALID_ARGUMENT' };
  /** What JavaScript may pass. */
  const given = (value: unknown): never => value as never;
  const garbage = [undefined, null, 1, {}, [], Symbol('s'), '', '.', 'a.', '.a', 'a..b'];

  test('events and patterns', () => {
    using bus = open();
    for (const value of [...garbage, '*', 'user.*', '**', 'a*b'])
      assert.throws(() => bus.publish(given(value), given(1)), invalid, String(value));
    for (const value of [...garbage, 'us*r', '***', 'a.b*', '*a'])
      assert.throws(() => bus.subscribe(given(value), () => 1), invalid, String(value));
    for (const value of [undefined, null, 1, 'x', {}])
      assert.throws(() => bus.subscribe('tick', given(value)), invalid);
    assert.deepEqual(counted(bus, 'published', 'subscriptions'), [0, 0]);
  });
});
