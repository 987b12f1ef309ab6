/** Any inputs, however they come, go and fail: each item comes once, in its order. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FanIn } from 'millrace';
import { turns } from '../helpers.js';

test('merge: every item of every input comes once, those of one input in their order, and no input is read too far', async () => {
  const input = fc.record({
    items: fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 12 }),
    priority: fc.integer({ min: 0, max: 2 }),
    kind: fc.constantFrom('iterable', 'generator'),
  });
  const strategy = fc.constantFrom('round-robin' as const, 'priority' as const, 'arrival' as const, {
    pick: (ready: readonly unknown[]) => ready.length - 1,
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(input, { maxLength: 5 }),
      strategy,
      fc.integer({ min: 1, max: 4 }),
      async (inputs, how, bufferSize) => {
        const fanIn = new FanIn<[number, number]>({ bufferSize });
        const read = inputs.map(() => 0);
        const given = inputs.map(() => 0);
        for (const [at, { items, priority, kind }] of inputs.entries()) {
          const next = (n: number): [number, number] => {
            read[at] = (read[at] as number) + 1;
            return [at, n];
          };
          const source =
            kind === 'iterable'
              ? (function* () {
                  for (const n of items.keys()) yield next(n);
                })()
              : (async function* () {
                  for (const [n, wait] of items.entries()) {
                    await turns(wait);
                    yield next(n);
                  }
                })();
          fanIn.addInput(source, { priority });
        }
        for await (const [at, n] of fanIn.mergeWithStrategy(how)) {
          assert.equal(n, given[at]);
          given[at] = (given[at] as number) + 1;
          for (const [i, count] of read.entries())
            assert.ok(count - (given[i] as number) <= bufferSize, `${count} read of input ${i}`);
        }
        assert.deepEqual(
          given,
          inputs.map(({ items }) => items.length),
        );
        const { received, delivered, inputs: left } = fanIn.getMetrics();
        assert.deepEqual([received, delivered, left], [delivered, received, 0]);
      },
    ),
    { numRuns: 200 },
  );
});

test('merge, while inputs come, go and fail: what is neither removed nor failed comes whole', async () => {
  const step = fc.oneof(
    fc.record({ add: fc.integer({ min: 0, max: 6 }), fails: fc.boolean() }),
    fc.record({ remove: fc.nat({ max: 5 }) }),
    fc.record({ take: fc.integer({ min: 1, max: 4 }) }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 15 }),
      fc.integer({ min: 1, max: 3 }),
      async (steps, bufferSize) => {
        const fanIn = new FanIn<[number, number]>({
          bufferSize,
          onError: 'end-input',
          mergeStrategy: 'arrival',
        });
        const sources: AsyncGenerator<[number, number]>[] = [];
        const lengths: number[] = [];
        const removed = new Set<number>();
        const got: number[] = [];
        const add = (length: number, fails: boolean): void => {
          const at = sources.length;
          const source = (async function* () {
            for (let n = 0; n < length; n++) {
              if (n % 2 === 1) await turns(1);
              yield [at, n] as [number, number];
            }
            if (fails) throw new Error('dry');
          })();
          sources.push(source);
          lengths.push(length);
          got.push(0);
          fanIn.addInput(source);
        };
        // One that stays, so that the iteration does.
        let done = false;
        const open = (async function* () {
          while (!done) await turns(1);
          yield [-1, -1] as [number, number];
        })();
        fanIn.addInput(open);
        const merged = fanIn.merge();
        let next = merged.next();
        const take = async (count: number): Promise<void> => {
          for (let i = 0; i < count; i++) {
            const result = await Promise.race([next, turns(6).then(() => undefined)]);
            if (result === undefined) return;
            note(result);
            next = merged.next();
          }
        };
        const note = ({ value }: IteratorResult<[number, number]>): void => {
          const [at, n] = value as [number, number];
          if (at < 0) return;
          assert.equal(n, got[at]);
          got[at] = n + 1;
        };
        for (const what of steps) {
          if ('add' in what) add(what.add, what.fails);
          else if ('remove' in what) {
            const source = sources[what.remove];
            if (source === undefined) continue;
            removed.add(what.remove);
            fanIn.removeInput(source);
          } else await take(what.take);
        }
        done = true;
        for (;;) {
          const result = await next;
          if (result.done) break;
          note(result);
          next = merged.next();
        }
        for (const [at, length] of lengths.entries())
          if (!removed.has(at)) assert.equal(got[at], length, `input ${at}`);
        assert.equal(fanIn.getInputCount(), 0);
      },
    ),
    { numRuns: 150 },
  );
});
