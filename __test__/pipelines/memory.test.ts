/** Ten million items through a pipeline whose last stage is the slowest: the source waits for it, and memory stays as it is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { child } from '../helpers.js';

test('ten million items leave the source as far ahead as the buffers hold, and memory flat', async () => {
  const { code, stdout, stderr } = await child(
    `
    const count = 10_000_000;
    const size = 1000;
    let read = 0;
    let stored = 0;
    let ahead = 0;
    let before = 0;
    let most = 0;
    function* source() {
      for (; read < count; ) yield { id: read++ };
    }
    const pipeline = new millrace.Pipeline({ bufferSize: 64 })
      .map((item) => ({ id: item.id, even: item.id % 2 === 0 }))
      .addFilter((item) => item.id >= 0)
      .batch(size)
      .addStage({
        name: 'store',
        bufferSize: 4,
        async processor(items) {
          await new Promise(setImmediate);
          ahead = Math.max(ahead, read - stored);
          stored += items.length;
          if (stored % 500_000 !== 0) return;
          const rss = process.memoryUsage.rss() / 2 ** 20;
          if (stored === 2_000_000) before = rss;
          else if (stored > 2_000_000) most = Math.max(most, rss);
        },
      });
    for await (const _ of pipeline.processStream(source()));
    const { out, stages } = pipeline.getMetrics();
    console.log(JSON.stringify({ read, stored, out, ahead, grown: Math.round(most - before), held: stages.map(({ buffered }) => buffered) }));`,
    { deadline: 100_000 },
  );
  assert.deepEqual([code, stderr], [0, '']);
  const { read, stored, out, ahead, grown, held } = JSON.parse(stdout);
  assert.deepEqual([read, stored, out, held], [1e7, 1e7, 1e4, [0, 0, 0, 0]]);
  // One list in work, four that wait, one that is gathered, and what the stages before hold.
  assert.ok(ahead <= 7 * 1000 + 2 * 65, `the source was ${ahead} items ahead`);
  assert.ok(grown < 48, `${grown} MB more after ten million items`);
});
