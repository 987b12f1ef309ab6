/** Items that failed, as letters, and their replay. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Channel, type DeadLetter, Pipeline } from 'millrace';
import { pending } from '../helpers.js';
import { broken, flaky, numbers } from './items.js';

test('while the dead letters have no room, what failed waits, and with it the source', async () => {
  const letters = new Channel<DeadLetter>(1);
  let read = 0;
  function* source(): Generator<number> {
    for (; read < 100; read++) yield read * 3;
  }
  const pipeline = new Pipeline<number>({ onError: 'dead-letter', deadLetters: letters, bufferSize: 2 }).map(
    flaky,
  );
  const all = pipeline.processStream(source()).toArray();
  assert.ok(await pending(all));
  assert.ok(read <= 6, `${read}`);
  const got: unknown[] = [];
  for (let i = 0; i < 100; i++) got.push((await letters.receive()).value?.item);
  assert.deepEqual(
    got,
    numbers(100).map((n) => n * 3),
  );
  assert.deepEqual(await all, []);
});

test('a letter that cannot be sent fails its item', async () => {
  const letters = new Channel<DeadLetter>(1);
  const pipeline = new Pipeline<unknown>({ onError: 'dead-letter', deadLetters: letters }).map(() => {
    throw broken(1);
  });
  const uncloneable = (): void => undefined;
  await assert.rejects(pipeline.processBatch([uncloneable]), { code: 'ERR_DEAD_LETTER' });
  await assert.rejects(pipeline.process(uncloneable), { code: 'ERR_DEAD_LETTER' });
  letters.close();
  await assert.rejects(pipeline.processBatch([1]), (error: Error & { error?: Error }) => {
    return (
      (error.cause as { code: string }).code === 'ERR_CHANNEL_CLOSED' && error.error?.message === 'broken 1'
    );
  });
});

test('dead letters are replayed from their stage on, with what fails again', async () => {
  let good = false;
  let first = 0;
  const pipeline = new Pipeline<number>({ onError: 'dead-letter' })
    .tap(() => first++)
    .map((n) => n * 2)
    .addStage({
      name: 'flaky',
      processor: (n) => {
        if (!good && n % 4 === 0) throw broken(n);
        return n;
      },
    })
    .map((n) => `${n}`);
  assert.deepEqual(await pipeline.processBatch([1, 2, 3, 4]), ['2', '6']);
  assert.deepEqual(await pipeline.replay().toArray(), []);
  const letters: DeadLetter[] = [];
  for (let i = 0; i < 2; i++) letters.push((await pipeline.deadLetters.receive()).value as DeadLetter);
  assert.deepEqual(
    letters.map(({ item, attempts }) => [item, attempts]),
    [
      [4, 2],
      [8, 2],
    ],
  );
  good = true;
  assert.deepEqual(await pipeline.replay(letters).toArray(), ['4', '8']);
  assert.equal(first, 4, 'the stages before are not run again');
  assert.deepEqual(await pipeline.replay().toArray(), [], 'no letters are left');
});

test('letters of different stages are replayed together, through stages that gather too', async () => {
  let good = false;
  const fail = (at: number) => (n: number) => {
    if (!good && n % 10 === at) throw broken(n);
    return n;
  };
  const pipeline = new Pipeline<number>({ onError: 'dead-letter', bufferSize: 1 })
    .map(fail(1))
    .map(fail(2))
    .batch(2)
    .map(async (list) => list.join());
  assert.deepEqual(await pipeline.processBatch([1, 2, 11, 12, 21, 22]), []);
  good = true;
  const lists = await pipeline.replay().toArray();
  assert.deepEqual(
    lists.flatMap((list) => list.split(',').map(Number)).sort((a, b) => a - b),
    [1, 2, 11, 12, 21, 22],
  );
});

test('a replay of what is no letter of this pipeline fails', async () => {
  const pipeline = new Pipeline<number>().map(flaky);
  const letter = { item: 1, stage: 'other', error: undefined, attempts: 1 };
  for (const wrong of [letter, null, 1, {}, { ...letter, stage: 'map', attempts: 'many' }])
    await assert.rejects(pipeline.replay([wrong as never]).toArray(), { code: 'ERR_INVALID_ARGUMENT' });
});
