/** Any shape of dependence, any way to end: each pattern is stopped once, after all that depend on it, and each failure is told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BasePattern, PatternRegistry, type PatternShutdownError } from 'millrace';
import { turns } from '../helpers.js';

/** How stopping goes: after so many turns, and whether it fails; or it is never over. */
type End = { turns: number; fails: boolean } | 'never';

class Node extends BasePattern {
  readonly #end: End;
  readonly #log: string[];

  constructor(name: string, end: End, log: string[]) {
    super({ name });
    this.#end = end;
    this.#log = log;
  }

  async start(): Promise<void> {}

  isRunning(): boolean {
    return true;
  }

  async stop(): Promise<void> {
    this.#log.push(`begin ${this.name}`);
    if (this.#end === 'never') return new Promise(() => undefined);
    await turns(this.#end.turns);
    this.#log.push(`end ${this.name}`);
    if (this.#end.fails) throw new Error(this.name);
  }
}

const end = fc.record({ turns: fc.nat(3), fails: fc.boolean() });
/** Each depends on some of those before it. */
const shapes = (ends: fc.Arbitrary<End>) =>
  fc.array(fc.record({ end: ends, dependsOn: fc.array(fc.nat(), { maxLength: 4 }) }), { maxLength: 12 });

function registered(shape: { end: End; dependsOn: number[] }[]): {
  registry: PatternRegistry;
  log: string[];
  edges: [from: string, to: string][];
} {
  const registry = new PatternRegistry();
  const log: string[] = [];
  const edges: [string, string][] = [];
  for (const [at, { end: how, dependsOn }] of shape.entries()) {
    const names = at === 0 ? [] : [...new Set(dependsOn.map((other) => `p${other % at}`))];
    registry.register(new Node(`p${at}`, how, log), { dependsOn: names });
    for (const name of names) edges.push([`p${at}`, name]);
  }
  return { registry, log, edges };
}

async function failuresOf(ending: Promise<void>): Promise<string[]> {
  return ending.then(
    () => [],
    (error: PatternShutdownError) => error.failures.map(({ name }) => name).sort(),
  );
}

test('without a deadline', async () => {
  await fc.assert(
    fc.asyncProperty(shapes(end), async (shape) => {
      const { registry, log, edges } = registered(shape);
      const failures = await failuresOf(registry.shutdownAll());
      const failing = shape.flatMap(({ end: how }, at) => (how !== 'never' && how.fails ? [`p${at}`] : []));
      assert.deepEqual(failures, failing.sort());
      assert.equal(log.length, shape.length * 2);
      assert.equal(new Set(log).size, log.length);
      for (const [from, to] of edges) assert.ok(log.indexOf(`end ${from}`) < log.indexOf(`begin ${to}`));
      assert.deepEqual(registry.listPatterns(), []);
    }),
    { numRuns: 100 },
  );
});

test('with a deadline: whatever is never over is told, and all else is still stopped', async () => {
  await fc.assert(
    fc.asyncProperty(shapes(fc.oneof(fc.constant<End>('never'), end)), async (shape) => {
      const { registry, log } = registered(shape);
      const failures = await failuresOf(registry.shutdownAll({ timeout: 1 }));
      assert.deepEqual(
        log.filter((line) => line.startsWith('begin')).sort(),
        shape.map((_, at) => `begin p${at}`).sort(),
      );
      for (const [at, { end: how }] of shape.entries()) {
        if (how === 'never') assert.ok(failures.includes(`p${at}`));
      }
      assert.equal(new Set(failures).size, failures.length);
      assert.deepEqual(registry.listPatterns(), []);
    }),
    { numRuns: 50 },
  );
});
