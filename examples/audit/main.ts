/**
 * Audits every file below some paths on all cores: `npm start -- [paths] [--json] [--workers N] [--brotli-quality Q]`.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { FixedWorkerPool } from 'millrace';
import { analyseChunk } from './analyse.js';
import { type Arguments, parse, UsageError } from './arguments.js';
import { Progress } from './progress.js';
import { render } from './report.js';
import { Totals } from './totals.js';
import type { Audit, Chunk, ChunkReport } from './types.js';
import { chunks, walk } from './walk.js';

/** The sample for the comparison with one thread ends with so many bytes; chunks that alone would fill it stay out. */
const sampleBytes = 12e6;

async function audit({ paths, workers, brotliQuality, json }: Arguments): Promise<Audit> {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  const pool = new FixedWorkerPool<Chunk, ChunkReport>(workers, {
    processor: new URL('./processor.js', import.meta.url),
  });
  await pool.ready();
  const totals = new Totals();
  const progress = new Progress(json);
  const sample: { chunks: string[][]; bytes: number } = { chunks: [], bytes: 0 };
  const sizes = new Map<string, number>();

  async function* tasks(): AsyncGenerator<Chunk> {
    const seen = new Set<string>();
    for (const path of paths) {
      const found = chunks(
        walk(path, seen),
        (unreadable, reason) => totals.unreadable.push({ path: unreadable, reason }),
        (file, size) => {
          progress.totalFiles++;
          progress.totalBytes += size;
          sizes.set(file, size);
        },
      );
      for await (const chunk of found) {
        const bytes = chunk.reduce((sum, file) => sum + (sizes.get(file) ?? 0), 0);
        for (const file of chunk) sizes.delete(file);
        if (sample.bytes < sampleBytes && bytes < sampleBytes / 8) {
          sample.chunks.push(chunk);
          sample.bytes += bytes;
        }
        if (stop.signal.aborted) return;
        yield { paths: chunk, brotliQuality };
      }
    }
    progress.counted = true;
  }

  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const began = performance.now();
  let done = 0;
  try {
    // Read ahead far enough for the bar to know what is left.
    for await (const report of pool.map(tasks(), {
      concurrency: workers * 64,
      ordered: false,
      signal: stop.signal,
    })) {
      totals.add(report);
      progress.update(totals.files, totals.bytes);
      done++;
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
  const seconds = (performance.now() - began) / 1000;
  delay.disable();
  progress.end();
  const compared = stop.signal.aborted ? null : await compare(pool, sample, brotliQuality);
  if (stop.signal.aborted) await pool.terminate();
  else await pool.close();
  return {
    paths,
    interrupted: stop.signal.aborted,
    ...totals.result(),
    workers,
    brotliQuality,
    seconds,
    tasks: done,
    tasksPerSecond: done / seconds,
    filesPerSecond: totals.files / seconds,
    megabytesPerSecond: totals.bytes / 1e6 / seconds,
    eventLoopDelayP99: delay.percentile(99) / 1e6,
    sample: compared,
  };
}

/** The same work on this one thread and on the pool, both with warm code and a warm file cache. */
async function compare(
  pool: FixedWorkerPool<Chunk, ChunkReport>,
  sample: { chunks: string[][]; bytes: number },
  brotliQuality: number,
): Promise<Audit['sample']> {
  if (sample.chunks.length === 0) return null;
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const began = performance.now();
    await work();
    return (performance.now() - began) / 1000;
  };
  const oneThreadSeconds = await timed(async () => {
    for (const paths of sample.chunks) await analyseChunk(paths, brotliQuality);
  });
  const poolSeconds = await timed(() =>
    pool.submitBatch(sample.chunks.map((paths) => ({ paths, brotliQuality }))),
  );
  const files = sample.chunks.reduce((sum, paths) => sum + paths.length, 0);
  return {
    files,
    bytes: sample.bytes,
    oneThreadSeconds,
    poolSeconds,
    speedUp: oneThreadSeconds / poolSeconds,
  };
}

try {
  const otherwise = fileURLToPath(new URL('../../../node_modules', import.meta.url));
  const result = await audit(parse(process.argv.slice(2), otherwise));
  process.stdout.write(
    `${process.argv.includes('--json') ? JSON.stringify(result, null, 2) : render(result)}\n`,
  );
  if (result.interrupted) process.exitCode = 130;
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`audit: ${error.message}\n`);
  process.exitCode = 1;
}
