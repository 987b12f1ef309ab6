/** Values that all threads share. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AtomicBool, AtomicF64, AtomicI32, AtomicI64, AtomicRef, diagnostics } from 'millrace';

const invalid = (name: string): object => ({
  code: 'ERR_INVALID_ARGUMENT',
  message: new RegExp(`^${name}:`),
});
const least = -(2n ** 63n);
const most = 2n ** 63n - 1n;

describe('AtomicI32', () => {
  test('has the methods of Atomics, which give the value before', () => {
    const atomic = new AtomicI32(5);
    assert.equal(atomic.load(), 5);
    atomic.store(6);
    assert.deepEqual([atomic.add(4), atomic.sub(2), atomic.load()], [6, 10, 8]);
    assert.deepEqual([atomic.and(12), atomic.or(3), atomic.xor(1), atomic.load()], [8, 8, 11, 10]);
    assert.deepEqual([atomic.exchange(1), atomic.load()], [10, 1]);
    assert.deepEqual([atomic.compareExchange(2, 9), atomic.load()], [1, 1]);
    assert.deepEqual([atomic.compareExchange(1, 9), atomic.load()], [1, 9]);
    assert.deepEqual([atomic.update((value) => value * 2), atomic.load()], [18, 18]);
    assert.equal(new AtomicI32().load(), 0);
    assert.equal(new AtomicI32(-0).load(), 0);
  });

  test('wraps around', () => {
    const atomic = new AtomicI32(2 ** 31 - 1);
    atomic.add(1);
    assert.equal(atomic.load(), -(2 ** 31));
    atomic.sub(1);
    assert.equal(atomic.load(), 2 ** 31 - 1);
  });

  test('update calls its function again if somebody was quicker', () => {
    const atomic = new AtomicI32();
    const seen: number[] = [];
    const got = atomic.update((value) => {
      if (seen.push(value) === 1) atomic.store(7);
      return value + 1;
    });
    assert.deepEqual([seen, got, atomic.load()], [[0, 7], 8, 8]);
    const refuse = (): never => {
      throw new RangeError('no');
    };
    assert.throws(() => atomic.update(refuse), /no/);
    assert.equal(atomic.load(), 8);
  });

  test('refuses what is no 32-bit integer', () => {
    const atomic = new AtomicI32(1);
    for (const bad of [1.5, NaN, Infinity, 2 ** 31, -(2 ** 31) - 1, '1', 1n, true, null, {}, Symbol('s')]) {
      const value = bad as number;
      assert.throws(() => new AtomicI32(value), invalid('initial'));
      for (const method of ['store', 'add', 'sub', 'and', 'or', 'xor', 'exchange'] as const)
        assert.throws(() => atomic[method](value), invalid('value'));
      assert.throws(() => atomic.compareExchange(value, 1), invalid('expected'));
      assert.throws(() => atomic.compareExchange(1, value), invalid('value'));
      assert.throws(() => atomic.update(() => value), invalid('value'));
      assert.throws(() => atomic.update(value as never), invalid('fn'));
    }
    assert.throws(() => atomic.store(undefined as never), invalid('value'));
    assert.equal(atomic.load(), 1);
  });
});

describe('AtomicI64', () => {
  test('has the methods of Atomics, with bigints', () => {
    const atomic = new AtomicI64(5n);
    atomic.store(6n);
    assert.deepEqual([atomic.add(4n), atomic.sub(2n), atomic.load()], [6n, 10n, 8n]);
    assert.deepEqual([atomic.and(12n), atomic.or(3n), atomic.xor(1n), atomic.load()], [8n, 8n, 11n, 10n]);
    assert.deepEqual([atomic.exchange(1n), atomic.load()], [10n, 1n]);
    assert.deepEqual([atomic.compareExchange(2n, 9n), atomic.load()], [1n, 1n]);
    assert.deepEqual([atomic.compareExchange(1n, 9n), atomic.load()], [1n, 9n]);
    assert.deepEqual([atomic.update((value) => -value), atomic.load()], [-9n, -9n]);
    for (const value of [least, most, -1n, 2n ** 32n, -(2n ** 32n)])
      assert.equal(new AtomicI64(value).load(), value);
    assert.equal(new AtomicI64(-3).load(), -3n);
    assert.equal(new AtomicI64().load(), 0n);
    const full = new AtomicI64(most);
    full.add(1n);
    assert.equal(full.load(), least);
  });

  test('and with numbers, which lose no bit', () => {
    const atomic = new AtomicI64(5);
    atomic.storeNumber(6);
    assert.deepEqual([atomic.addNumber(4), atomic.subNumber(2), atomic.loadNumber()], [6, 10, 8]);
    assert.deepEqual([atomic.exchangeNumber(-1), atomic.loadNumber()], [8, -1]);
    assert.deepEqual([atomic.compareExchangeNumber(2, 9), atomic.loadNumber()], [-1, -1]);
    assert.deepEqual([atomic.compareExchangeNumber(-1, 9), atomic.loadNumber()], [-1, 9]);
    assert.deepEqual([atomic.updateNumber((value) => value * 2), atomic.loadNumber()], [18, 18]);
    const largest = new AtomicI64(Number.MAX_SAFE_INTEGER);
    const unsafe = { code: 'ERR_UNSAFE_INTEGER', value: 2n ** 53n };
    assert.throws(() => largest.addNumber(1), unsafe);
    assert.throws(() => largest.subNumber(-1), unsafe);
    assert.equal(largest.loadNumber(), Number.MAX_SAFE_INTEGER);
    largest.add(1n);
    for (const use of [
      () => largest.loadNumber(),
      () => largest.addNumber(-5),
      () => largest.exchangeNumber(0),
      () => largest.compareExchangeNumber(0, 0),
      () => largest.updateNumber(() => 0),
    ])
      assert.throws(use, unsafe);
    assert.equal(largest.load(), 2n ** 53n);
  });

  test('refuses what is no 64-bit integer', () => {
    const atomic = new AtomicI64(1n);
    for (const bad of [most + 1n, least - 1n, 1, '1', null, undefined, {}, Symbol('s')]) {
      const value = bad as bigint;
      if (typeof bad !== 'number' && bad !== undefined)
        assert.throws(() => new AtomicI64(value), invalid('initial'));
      for (const method of ['store', 'add', 'sub', 'and', 'or', 'xor', 'exchange'] as const)
        assert.throws(() => atomic[method](value), invalid('value'));
      assert.throws(() => atomic.compareExchange(value, 1n), invalid('expected'));
      assert.throws(() => atomic.compareExchange(1n, value), invalid('value'));
      assert.throws(() => atomic.update(() => value), invalid('value'));
    }
    for (const bad of [1n, 1.5, NaN, Infinity, 2 ** 53, '1', null, {}]) {
      const value = bad as number;
      for (const method of ['storeNumber', 'addNumber', 'subNumber', 'exchangeNumber'] as const)
        assert.throws(() => atomic[method](value), invalid('value'));
      assert.throws(() => atomic.compareExchangeNumber(value, 1), invalid('expected'));
      assert.throws(() => atomic.updateNumber(() => value), invalid('value'));
    }
    assert.throws(() => atomic.update(1 as never), invalid('fn'));
    assert.throws(() => atomic.updateNumber(1 as never), invalid('fn'));
    assert.equal(atomic.load(), 1n);
  });
});

describe('AtomicF64', () => {
  test('adds, exchanges and compares as Object.is does', () => {
    const atomic = new AtomicF64(0.5);
    assert.deepEqual([atomic.add(0.25), atomic.sub(1), atomic.load()], [0.5, 0.75, -0.25]);
    atomic.store(1e300);
    assert.deepEqual([atomic.exchange(-0), atomic.load()], [1e300, -0]);
    assert.ok(Object.is(atomic.compareExchange(0, 1), -0) && Object.is(atomic.load(), -0));
    atomic.compareExchange(-0, NaN);
    assert.ok(Number.isNaN(atomic.load()));
    const other = new Float64Array(new BigUint64Array([0xfff8_0000_0000_1234n]).buffer)[0] as number;
    atomic.store(other);
    assert.ok(Number.isNaN(atomic.compareExchange(NaN, 3)));
    assert.deepEqual(
      [atomic.load(), atomic.update(Math.sqrt), atomic.load()],
      [3, Math.sqrt(3), Math.sqrt(3)],
    );
    for (const value of [Infinity, -Infinity, 5e-324, Number.MAX_VALUE, 2 ** 53 + 2])
      assert.equal(new AtomicF64(value).load(), value);
    assert.equal(new AtomicF64().load(), 0);
  });

  test('refuses what is no number', () => {
    const atomic = new AtomicF64(1);
    for (const bad of ['1', 1n, true, null, {}, Symbol('s')]) {
      const value = bad as number;
      assert.throws(() => new AtomicF64(value), invalid('initial'));
      for (const method of ['store', 'add', 'sub', 'exchange'] as const)
        assert.throws(() => atomic[method](value), invalid('value'));
      assert.throws(() => atomic.compareExchange(value, 1), invalid('expected'));
      assert.throws(() => atomic.compareExchange(1, value), invalid('value'));
      assert.throws(() => atomic.update(() => value), invalid('value'));
      assert.throws(() => atomic.update(value as never), invalid('fn'));
    }
    assert.equal(atomic.load(), 1);
  });
});

describe('AtomicBool', () => {
  test('loads, stores, exchanges, compares, toggles', () => {
    const atomic = new AtomicBool();
    assert.deepEqual([atomic.exchange(true), atomic.exchange(true), atomic.load()], [false, true, true]);
    assert.deepEqual([atomic.compareExchange(false, false), atomic.load()], [true, true]);
    assert.deepEqual([atomic.compareExchange(true, false), atomic.load()], [true, false]);
    assert.deepEqual([atomic.toggle(), atomic.toggle(), atomic.load()], [false, true, false]);
    assert.deepEqual([atomic.update((value) => !value), atomic.load()], [true, true]);
    atomic.store(false);
    assert.equal(atomic.load(), false);
    assert.equal(new AtomicBool(true).load(), true);
  });

  test('refuses what is no boolean', () => {
    const atomic = new AtomicBool(true);
    for (const bad of [0, 1, 'true', 1n, null, {}, Symbol('s')]) {
      const value = bad as boolean;
      assert.throws(() => new AtomicBool(value), invalid('initial'));
      assert.throws(() => atomic.store(value), invalid('value'));
      assert.throws(() => atomic.exchange(value), invalid('value'));
      assert.throws(() => atomic.compareExchange(value, true), invalid('expected'));
      assert.throws(() => atomic.compareExchange(true, value), invalid('value'));
      assert.throws(() => atomic.update(() => value), invalid('value'));
      assert.throws(() => atomic.update(value as never), invalid('fn'));
    }
    assert.equal(atomic.load(), true);
  });
});

describe('AtomicRef', () => {
  test('is a clone in and a clone out', () => {
    const value = { deep: [1] };
    const atomic = new AtomicRef<unknown>(value);
    value.deep.push(2);
    assert.deepEqual(atomic.load(), { deep: [1] });
    assert.notEqual(atomic.load(), atomic.load());
    for (const next of [
      5,
      'text',
      'ä€',
      undefined,
      null,
      true,
      7n,
      new Map([[1, 2]]),
      new Uint8Array(300_000).fill(3),
    ]) {
      atomic.store(next);
      assert.deepEqual(atomic.load(), next);
    }
    assert.deepEqual(atomic.exchange('last'), new Uint8Array(300_000).fill(3));
    assert.equal(atomic.load(), 'last');
  });

  test('compareExchange compares whole values', () => {
    const atomic = new AtomicRef<unknown>({ a: 1, b: ['x'] });
    assert.equal(atomic.compareExchange({ a: 1, b: ['y'] }, 1), false);
    assert.equal(atomic.compareExchange({ b: ['x'], a: 1 }, 1), false);
    assert.equal(atomic.compareExchange({ a: 1, b: ['x'] }, 1), true);
    for (const [was, other] of [
      [1, '1'],
      [NaN, 0],
      [-0, 0],
      ['text', 'texts'],
      [undefined, null],
      [new Uint8Array(300_000).fill(3), new Uint8Array(300_000).fill(4)],
      ['x'.repeat(200_000), 'x'.repeat(199_999)],
      [5n, 5],
    ]) {
      atomic.store(was);
      assert.equal(atomic.compareExchange(other, 'no'), false);
      assert.equal(atomic.compareExchange(was, 'yes'), true);
      assert.equal(atomic.load(), 'yes');
    }
  });

  test('compareExchange is not confused by getters that use another', () => {
    const [atomic, other] = [new AtomicRef<unknown>('a'), new AtomicRef<unknown>(1)];
    const value = {
      get n(): unknown {
        other.compareExchange(1, 2);
        return 'n';
      },
    };
    assert.equal(atomic.compareExchange('a', value), true);
    assert.deepEqual([atomic.load(), other.load()], [{ n: 'n' }, 2]);
    const bad = {
      get n(): never {
        throw new RangeError('no');
      },
    };
    assert.throws(() => atomic.compareExchange('x', bad), /no/);
    assert.equal(atomic.compareExchange({ n: 'n' }, 'b'), true);
  });

  test('update calls its function again if somebody was quicker', () => {
    const atomic = new AtomicRef({ n: 0 });
    let calls = 0;
    const got = atomic.update(({ n }) => {
      if (++calls === 1) atomic.store({ n: 10 });
      return { n: n + 1 };
    });
    assert.deepEqual([calls, got, atomic.load()], [2, { n: 11 }, { n: 11 }]);
    assert.throws(() => atomic.update(5 as never), invalid('fn'));
  });

  test('refuses what cannot be cloned, or by the platform alone', () => {
    const atomic = new AtomicRef<unknown>(1);
    for (const [value, error] of [
      [() => 1, { name: 'DataCloneError' }],
      [new SharedArrayBuffer(1), { code: 'ERR_UNSUPPORTED' }],
    ] as const) {
      assert.throws(() => new AtomicRef<unknown>(value), error);
      assert.throws(() => atomic.store(value), error);
      assert.throws(() => atomic.exchange(value), error);
      assert.throws(() => atomic.compareExchange(value, 1), error);
      assert.throws(() => atomic.compareExchange(1, value), error);
      assert.throws(() => atomic.update(() => value), error);
    }
    assert.equal(atomic.load(), 1);
  });
});

describe('an atomic', () => {
  test('of a name keeps its value whoever opens it', () => {
    const first = new AtomicI32(3, { name: 'count' });
    assert.equal(new AtomicI32(9, { name: 'count' }).load(), 3);
    assert.equal(AtomicI32.open('count').add(1), 3);
    assert.equal(first.load(), 4);
    assert.equal(AtomicI32.from(first.toHandle()).load(), 4);
    const others = [
      new AtomicI64(1n, { name: 'count' }),
      new AtomicF64(1, { name: 'count' }),
      new AtomicBool(true, { name: 'count' }),
      new AtomicRef('x', { name: 'count' }),
    ];
    assert.equal(AtomicI64.open('count').load(), 1n);
    assert.equal(AtomicF64.open('count').load(), 1);
    assert.equal(AtomicBool.open('count').load(), true);
    assert.equal(AtomicRef.open('count').load(), 'x');
    assert.equal(new AtomicRef('y', { name: 'count' }).load(), 'x');
    for (const other of others)
      assert.throws(() => AtomicI32.from(other.toHandle() as never), { code: 'ERR_INVALID_ARGUMENT' });
    for (const kind of [AtomicI32, AtomicI64, AtomicF64, AtomicBool, AtomicRef]) {
      assert.throws(() => kind.open('no such'), { code: 'ERR_NOT_FOUND' });
      assert.throws(() => new kind(undefined as never, { size: 1 } as never), {
        code: 'ERR_INVALID_ARGUMENT',
      });
    }
    const told = diagnostics().filter(({ name }) => name === 'count');
    const all = ['atomic-bool', 'atomic-f64', 'atomic-i32', 'atomic-i64', 'atomic-ref'];
    assert.deepEqual(told.map(({ kind }) => kind).sort(), all);
  });

  test('is one of many that do not touch', () => {
    const atomics = Array.from({ length: 2000 }, (_, at) => new AtomicI32(at));
    const wide = Array.from({ length: 2000 }, (_, at) => new AtomicI64(BigInt(at) << 33n));
    for (const [at, atomic] of atomics.entries()) assert.equal(atomic.load(), at);
    for (const [at, atomic] of wide.entries()) assert.equal(atomic.load(), BigInt(at) << 33n);
  });
});
