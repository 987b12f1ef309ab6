/**
 * The codec beside v8, JSON and structuredClone: `node benches/codec.mjs [path of another build's codec/index.js]`.
 *
 * Medians of rounds in which the rivals take turns, so that a noisy neighbour disturbs all of them alike. Take the ratios,
 * not the figures. JSON stands there for scale: it loses what structured clone keeps.
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { deserialize, serialize } from 'node:v8';

const build = process.argv[2] ?? new URL('../dist/codec/index.js', import.meta.url).pathname;
const { Decoder, Encoder } = await import(pathToFileURL(resolve(build)).href);

/** How long one round of one rival lasts, in milliseconds, and how many rounds there are. */
const roundLength = 20;
const rounds = 15;

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
/** Results go here so that no engine can leave the work out. */
let sink;

function person(i) {
  const note = i % 3 === 0 ? 'a tag' : null;
  return { id: i, name: `name ${i % 100}`, active: i % 2 === 0, score: i + 0.5, tags: note };
}

/** About a megabyte of what an API answers. */
function records(count) {
  return Array.from({ length: count }, (_, i) => ({
    ...person(i),
    address: { street: `${i} Mill Lane`, city: i % 5 ? 'York' : 'Köln', location: [i / 7, -i / 3] },
    labels: ['alpha', 'beta', `label ${i}`],
  }));
}

function nested(depth) {
  return depth === 0 ? 'leaf' : { left: nested(depth - 1), right: nested(depth - 1), depth };
}

const shared = Array.from({ length: 50 }, (_, i) => ({ i }));
const few = Array.from({ length: 64 }, (_, i) => person(i));
let turn = 0;

const cases = {
  number: () => 42.5,
  'short string': () => 'hello, mill',
  'long string, 10,000 characters': () => 'x'.repeat(10_000),
  'wide string, 200 characters': () => 'ж'.repeat(200),
  'object of 5 fields': () => few[turn++ & 63],
  'object of 20 fields': () => Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`field${i}`, i * 3])),
  'array of 100 small integers': () => Array.from({ length: 100 }, (_, i) => i),
  'array of 1,000 fractions': () => Array.from({ length: 1000 }, (_, i) => i + 0.5),
  'array of 1,000 words': () => Array.from({ length: 1000 }, (_, i) => `word ${i % 300}`),
  '50 shared references': () => [shared, shared],
  'tree of 1,023 objects': () => nested(9),
  'Map of 100, Set of 100': () => [
    new Map(Array.from({ length: 100 }, (_, i) => [`key ${i}`, i])),
    new Set(Array.from({ length: 100 }, (_, i) => i)),
  ],
  'Date, RegExp, Error': () => [new Date(), /a+/g, new TypeError('no')],
  'class instance': () => new Point(1, 2),
  'Uint8Array of 1,000': () => new Uint8Array(1000),
  '1 MB of records': () => records(6000),
  'dictionary of 10,000 keys': () => Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`k${i}`, i])),
};

class Point {
  constructor(x, y) {
    this.x = x;
    this.y = y;
  }
}

/** Cases whose value is cheap to take anew each time; the others are built once. */
const varying = new Set(['object of 5 fields']);

function codec() {
  const encoder = new Encoder(new Uint8Array(65_536));
  const decoder = new Decoder();
  return {
    encode: (value) => encoder.encode(value) && encoder.length,
    prepare(value) {
      encoder.encode(value);
      const bodies = encoder.attachments?.map((body) => body.slice().buffer);
      return [encoder.kind, encoder.num, encoder.bytes.slice(0, encoder.length), encoder.length, bodies];
    },
    decode: ([kind, num, bytes, length, bodies]) => decoder.decode(kind, num, bytes, 0, length, bodies),
  };
}

const rivals = {
  codec: codec(),
  v8: { encode: serialize, prepare: serialize, decode: deserialize },
  JSON: { encode: JSON.stringify, prepare: JSON.stringify, decode: JSON.parse },
};

/** Nanoseconds a call of `body` takes, over one round. */
function round(body) {
  let calls = 0;
  let batch = 1;
  const began = performance.now();
  let passed = 0;
  do {
    for (let i = 0; i < batch; i++) sink = body();
    calls += batch;
    if (batch < 1024) batch *= 2;
    passed = performance.now() - began;
  } while (passed < roundLength);
  return (passed / calls) * 1e6;
}

const show = (ns) =>
  (ns < 10_000 ? `${Math.round(ns)} ns` : ns < 10e6 ? `${Math.round(ns / 1000)} µs` : `${Math.round(ns / 1e6)} ms`).padStart(9);

console.log(`${process.version ?? ''} ${process.versions.bun ? `Bun ${process.versions.bun}` : ''}: medians of ${rounds} rounds`);
console.log(
  `${'encode / decode'.padEnd(32)}${'codec'.padStart(21)}${'v8'.padStart(21)}${'JSON'.padStart(21)}  codec : v8`,
);
const words = process.argv.slice(3);
for (const [name, make] of Object.entries(cases)) {
  if (words.length > 0 && !words.some((word) => name.includes(word))) continue;
  const fixed = make();
  const value = varying.has(name) ? make : () => fixed;
  const bodies = {};
  for (const [rival, { encode, prepare, decode }] of Object.entries(rivals)) {
    const ready = Array.from({ length: varying.has(name) ? 64 : 1 }, () => prepare(value()));
    let next = 0;
    bodies[`${rival} encode`] = () => encode(value());
    bodies[`${rival} decode`] = () => decode(ready[next++ % ready.length]);
  }
  const times = Object.fromEntries(Object.keys(bodies).map((key) => [key, []]));
  for (const body of Object.values(bodies)) round(body);
  for (let i = 0; i < rounds; i++) for (const key in bodies) times[key].push(round(bodies[key]));
  const at = (key) => median(times[key]);
  const pairs = Object.keys(rivals).map((rival) => `${show(at(`${rival} encode`))} /${show(at(`${rival} decode`))}`);
  const ratio = (way) => (at(`codec ${way}`) / at(`v8 ${way}`)).toFixed(2);
  console.log(
    `${name.padEnd(32)}${pairs.map((pair) => pair.padStart(21)).join('')}  ${ratio('encode')} / ${ratio('decode')}`,
  );
}
console.log(`\n${sink === undefined ? '' : ' '}structuredClone of the object of 5 fields:${show(median(Array.from({ length: rounds }, () => round(() => structuredClone(few[turn++ & 63])))))}`);
