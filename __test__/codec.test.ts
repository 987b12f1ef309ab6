/** What the codec must keep: everything structured clone keeps, and nothing it does not. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import fc from 'fast-check';
import { Decoder, Encoder } from '#millrace/codec/index.js';
import { errorsAreOurs } from '#millrace/codec/nature.js';

const encoder = new Encoder();
const decoder = new Decoder();

function through(value: unknown): unknown {
  assert.ok(encoder.encode(value), 'the codec leaves this value to the platform');
  const bytes = encoder.bytes.slice(0, encoder.length);
  const bodies = encoder.attachments?.map((body) => body.slice().buffer);
  return decoder.decode(encoder.kind, encoder.num, bytes, 0, bytes.length, bodies);
}

/** Everything that can be told of a value, identities included, as text. */
function describeValue(value: unknown, seen = new Map<unknown, number>()): string {
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value !== 'object' || value === null) return String(value);
  const known = seen.get(value);
  if (known !== undefined) return `#${known}`;
  seen.set(value, seen.size);
  const prototype = Object.getPrototypeOf(value) as { constructor?: { name: string } } | null;
  const parts = [prototype?.constructor?.name ?? 'no prototype', Object.prototype.toString.call(value)];
  if (value instanceof Date) parts.push(String(value.getTime()));
  if (value instanceof RegExp) parts.push(String(value), String(value.lastIndex));
  if (value instanceof Map) {
    for (const [key, item] of value) parts.push(`${describeValue(key, seen)}=>${describeValue(item, seen)}`);
  }
  if (value instanceof Set) for (const item of value) parts.push(describeValue(item, seen));
  if (value instanceof ArrayBuffer) parts.push(Buffer.from(value).toString('hex'));
  else if (ArrayBuffer.isView(value)) {
    parts.push(`${value.byteOffset}+${value.byteLength} of ${describeValue(value.buffer, seen)}`);
    return parts.join(' ');
  }
  if (value instanceof Number || value instanceof String || value instanceof Boolean) parts.push(`${value}`);
  if (Array.isArray(value)) parts.push(`length ${value.length}`);
  for (const key of Object.getOwnPropertyNames(value)) {
    if (Array.isArray(value) && key === 'length') continue;
    const { enumerable } = Object.getOwnPropertyDescriptor(value, key) as PropertyDescriptor;
    parts.push(
      `${enumerable} ${JSON.stringify(key)}: ${describeValue((value as Record<string, unknown>)[key], seen)}`,
    );
  }
  return `{${parts.join('; ')}}`;
}

function same(value: unknown): void {
  assert.equal(describeValue(through(value)), describeValue(structuredClone(value)));
}

class Point {
  readonly x = 1;
  get y(): number {
    return 2;
  }
}

describe('what arrives is what structuredClone gives', () => {
  const cyclic: Record<string, unknown> = { name: 'a' };
  cyclic['self'] = cyclic;
  cyclic['list'] = [cyclic, { up: cyclic }];
  const shared = { one: 1 };
  const sparse: unknown[] = [1];
  sparse[2] = 3;
  const extra = Object.assign([1, 2], { note: 'x' });
  const buffer = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]).buffer;
  const error = new RangeError('far', { cause: { code: 7 } });
  const examples: Record<string, unknown> = {
    'minus zero': [-0, 0, NaN, Infinity, 1e308, 2 ** 31, -(2 ** 31), 0.1],
    'lone surrogates': ['\ud800', 'a\udfff', '\ud83d\ude00', 'é', 'Ā', 'x'.repeat(5000), 'Ā'.repeat(5000)],
    bigint: [0n, -1n, 2n ** 200n, -(2n ** 64n)],
    'undefined in objects': { a: undefined, b: null },
    'keys that look like prototypes': JSON.parse(
      '{"__proto__": 1, "constructor": 2, "": 3, "10": 4, "9": 5}',
    ),
    cycles: cyclic,
    'shared references': [shared, shared, [shared]],
    'many shared references': Array.from({ length: 40 }, (_, i) => (i % 2 ? shared : { i })),
    'sparse arrays': sparse,
    'long sparse arrays': Object.assign([], { length: 1000, 500: 'x' }),
    'arrays with names': extra,
    dates: [new Date(0), new Date(NaN), new Date(8.64e15)],
    regexps: [/a\/b/gi, /[\u{1F600}]/u, /(?:)/],
    maps: new Map<unknown, unknown>([
      [{ k: 1 }, new Map([[1, 2]])],
      [NaN, -0],
    ]),
    sets: new Set<unknown>([1, 'a', { s: 1 }, new Set([1])]),
    'boxed primitives': [Object(1), Object('s'), Object(true), Object(5n)],
    'typed arrays': [new Float64Array([1.5, -0]), new BigInt64Array([1n]), new Uint8ClampedArray([300])],
    'views of one buffer': { a: new Uint8Array(buffer, 2, 3), b: new DataView(buffer, 1), c: buffer },
    'buffers of Node': Buffer.from('abc'),
    'large buffers': [new Uint8Array(100_000).fill(7), new Uint16Array(20_000)],
    'empty buffers': [new ArrayBuffer(0), new Uint8Array(0)],
    errors: [error, new Error(), new SyntaxError('s'), Object.assign(new Error('named'), { name: 'Custom' })],
    'aggregate errors': new AggregateError([1], 'many'),
    'class instances': [new Point(), new (class extends Point {})()],
    'no prototype': Object.assign(Object.create(null), { a: 1 }),
    'symbol keys and hidden properties': Object.defineProperty({ [Symbol('s')]: 1, a: 1 }, 'h', { value: 1 }),
    getters: {
      get a() {
        return 1;
      },
    },
  };
  // Where the platform keeps other things of errors than we do, they are left to it.
  const leftToPlatform = new Set(errorsAreOurs ? [] : ['errors', 'aggregate errors']);
  for (const [name, value] of Object.entries(examples)) {
    const skip = leftToPlatform.has(name) && 'this runtime clones errors in its own way';
    test(name, { skip }, () => same(value));
  }

  const anything = fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withNullPrototype: true,
    withSparseArray: true,
    withTypedArray: true,
    withUnicodeString: true,
    maxDepth: 4,
  });
  test('any value', () => fc.assert(fc.property(anything, same), { numRuns: 2000 }));
  test('any string, character by character', () => {
    const unit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));
    fc.assert(
      fc.property(
        fc.array(unit, { maxLength: 200 }).map((units) => units.join('')),
        same,
      ),
      { numRuns: 1000 },
    );
  });
});

describe('what structuredClone refuses is refused', () => {
  const detached = new ArrayBuffer(8);
  structuredClone(detached, { transfer: [detached] });
  const refused: Record<string, unknown> = {
    functions: () => 1,
    symbols: Symbol('s'),
    'a function deep inside': { a: [new Map([[1, { f() {} }]])] },
    promises: { p: Promise.resolve() },
    'weak maps': new WeakMap(),
    'boxed symbols': Object(Symbol('s')),
    'detached buffers': { detached },
    'detached views': new Uint8Array(8),
  };
  structuredClone(refused['detached views'], {
    transfer: [(refused['detached views'] as Uint8Array).buffer as ArrayBuffer],
  });
  for (const [name, value] of Object.entries(refused)) {
    test(name, () => {
      let expected: unknown;
      try {
        structuredClone(value);
      } catch (error) {
        expected = error;
      }
      if (expected === undefined) return same(value);
      assert.throws(() => encoder.encode(value), { name: 'DataCloneError' });
      same({ still: 'usable' });
    });
  }
});

describe('what only the platform can clone is left to it', () => {
  const { port1, port2 } = new MessageChannel();
  port2.close();
  const left: Record<string, unknown> = {
    'shared memory': new SharedArrayBuffer(8),
    'views of shared memory': { deep: [new Int32Array(new SharedArrayBuffer(8))] },
    blobs: new Blob(['x']),
  };
  for (const [name, value] of Object.entries(left)) {
    test(name, () => assert.equal(encoder.encode(value), false));
  }
  test('a proxy, which the platform refuses', () => assert.equal(encoder.encode(new Proxy({}, {})), false));
  test('a graph deeper than the codec follows', () => {
    let deep: unknown = 0;
    for (let i = 0; i < 5000; i++) deep = [deep];
    assert.equal(encoder.encode(deep), false);
  });
  port1.close();
});

test('a getter that throws leaves the encoder usable', () => {
  const value = {
    get bad(): never {
      throw new TypeError('mine');
    },
  };
  assert.throws(() => encoder.encode(value), { message: 'mine' });
  same([1, { a: 'b' }]);
});

test('a getter that encodes another value does not disturb the first', () => {
  const outer = {
    before: 'x',
    get nested() {
      return encoder.encode({ inner: [1, 2, 3] });
    },
    after: [1, 'y'],
  };
  assert.deepEqual(through(outer), { before: 'x', nested: true, after: [1, 'y'] });
});
