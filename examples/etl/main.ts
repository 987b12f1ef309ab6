/**
 * An ETL over a CSV file of any size in constant memory: read → parse → validate → transform on worker threads, in batches → aggregate →
 * write. `node build/examples/etl/main.js [FILE] [--bytes 1GB] [--out DIR] [--workers N] [--batch N] [--json]`; without a file it makes one.
 */
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, rmSync, type WriteStream } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Channel, type DeadLetter, FixedWorkerPool, Pipeline } from 'millrace';
import { bytes, read, run, UsageError, whole } from '../command-line.js';
import { make } from './make.js';
import { type Block, blocks, rows, validate } from './parse.js';
import { type Figures, render } from './report.js';
import type { Fields, Sale, Total, Transformed } from './types.js';

const usage = `Reads sales from a CSV file and writes them, with totals and rejects: main [FILE] [options]
  --bytes SIZE  without a file: how large a one to make, such as 20MB or 1GB (20MB)
  --out DIR     where sales.csv, totals.csv and rejects.csv go (a folder that is removed at the end)
  --workers N   threads that transform (as many as there are cores)
  --batch N     rows that a thread gets at once (1000)
  --json        the figures as JSON
`;

async function write(out: WriteStream, text: string): Promise<void> {
  if (!out.write(text)) await once(out, 'drain');
}

/** Writes what was rejected, and counts why. */
async function bury(letters: Channel<DeadLetter>, out: WriteStream): Promise<Record<string, number>> {
  const reasons: Record<string, number> = {};
  for await (const { item, error } of letters) {
    const { line, fields } = item as Fields;
    const { message } = error as Error;
    reasons[message] = (reasons[message] ?? 0) + 1;
    await write(out, `${line},${JSON.stringify(message)},${JSON.stringify(fields.join(','))}\n`);
  }
  return reasons;
}

async function etl(file: string, out: string, workers: number, batch: number): Promise<Figures> {
  const [sales, totalsFile, rejects] = ['sales.csv', 'totals.csv', 'rejects.csv'].map((name) =>
    createWriteStream(join(out, name), { highWaterMark: 1 << 20 }),
  ) as [WriteStream, WriteStream, WriteStream];
  const totals = new Map<string, Total>();
  const pool = new FixedWorkerPool<Sale[], Transformed>(workers, {
    processor: new URL('./processor.js', import.meta.url),
  });
  // A bound: if rejects cannot be written as fast as they come, the reader waits.
  const deadLetters = Channel.local<DeadLetter>(1000);
  const pipeline = new Pipeline<Block>({ name: 'etl', deadLetters, bufferSize: 1000 })
    .flatMap(rows, { name: 'parse', bufferSize: 4 })
    .map(validate, { name: 'validate', onError: 'dead-letter' })
    .batch(batch)
    .addStage<Transformed>({ name: 'transform', on: pool, concurrency: workers * 2, bufferSize: workers * 2 })
    .tap(
      ({ totals: some }) => {
        for (const [key, { sales, quantity, cents }] of some) {
          const total = totals.get(key) ?? { sales: 0, quantity: 0, cents: 0 };
          totals.set(key, total);
          total.sales += sales;
          total.quantity += quantity;
          total.cents += cents;
        }
      },
      { name: 'aggregate' },
    )
    .tap(({ text }) => write(sales, text), { name: 'write' });

  await pool.ready();
  let read = 0;
  let peak = process.memoryUsage().rss;
  const began = performance.now();
  const buried = bury(deadLetters, rejects);
  let loaded = 0;
  const source = blocks(file, (count) => {
    read += count;
    peak = Math.max(peak, process.memoryUsage.rss());
  });
  for await (const { rows: count } of pipeline.processStream(source)) loaded += count;
  deadLetters.close();
  const reasons = await buried;
  const seconds = (performance.now() - began) / 1000;
  const { stages, bottleneck, dead } = pipeline.getMetrics();
  await pipeline.close();
  await pool.close();
  for (const [key, { sales: count, quantity, cents }] of [...totals].sort())
    totalsFile.write(`${key.replace(' ', ',')},${count},${quantity},${cents}\n`);
  await Promise.all([sales, totalsFile, rejects].map((stream) => once(stream.end(), 'finish')));
  return {
    file,
    bytes: read,
    rows: loaded + dead,
    loaded,
    rejected: dead,
    reasons,
    seconds,
    rowsPerSecond: (loaded + dead) / seconds,
    peakMemory: peak,
    workers,
    bottleneck,
    stages: stages.map(({ name, in: come, out: gone, throughput, latency }) => ({
      name,
      in: come,
      out: gone,
      perSecond: throughput,
      meanLatency: latency.mean,
    })),
    cents: [...totals.values()].reduce((sum, total) => sum + total.cents, 0),
  };
}

await run(usage, async () => {
  const text = { type: 'string' } as const;
  const { values, positionals } = read({
    bytes: text,
    out: text,
    workers: text,
    batch: text,
    json: { type: 'boolean' },
  });
  const [given] = positionals;
  if (positionals.length > 1) throw new UsageError('one file at a time');
  if (given !== undefined && !existsSync(given)) throw new UsageError(`no such file: ${given}`);
  const size = bytes('bytes', values.bytes, 20e6);
  const workers = whole('workers', values.workers, 1, 1024, availableParallelism());
  const batch = whole('batch', values.batch, 1, 1e6, 1000);
  const temporary = mkdtempSync(join(tmpdir(), 'etl-'));
  try {
    const file = given ?? join(temporary, 'input.csv');
    if (given === undefined) await make(file, size);
    const out = values.out === undefined ? temporary : String(values.out);
    mkdirSync(out, { recursive: true });
    const figures = await etl(file, out, workers, batch);
    process.stdout.write(`${values.json === true ? JSON.stringify(figures, null, 2) : render(figures)}\n`);
  } finally {
    rmSync(temporary, { recursive: true });
  }
});
