/**
 * Makes a CSV file of sales, some of them broken, for the ETL to read: `node build/examples/etl/make.js FILE [--bytes 1GB] [--bad 5]
 * [--seed 1]`. The same options always make the same file.
 */
import { once } from 'node:events';
import { createWriteStream, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bytes, read, run, UsageError, whole } from '../command-line.js';
import { columns, countries } from './types.js';

const usage = `Makes a CSV file of sales: make FILE [options]
  --bytes SIZE  how large it is, such as 20MB or 1GB (20MB)
  --bad N       broken rows among 1000 (5)
  --seed N      what its contents begin with (1)
`;

const products = ['Mug', 'Mug, blue', 'Lamp "Sun"', 'Chair', 'Desk, 160 × 80', 'Pencil'];
const codes = Object.keys(countries);

/** Numbers that look like chance and are always the same: xorshift. */
function numbers(seed: number): (below: number) => number {
  let state = seed || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function quoted(text: string): string {
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The ways in which a row is broken. */
const breaks: ((row: string[]) => void)[] = [
  (row) => row.pop(),
  (row) => (row[2] = 'XX'),
  (row) => (row[5] = '-1'),
  (row) => (row[6] = 'free'),
  (row) => (row[3] = 'nobody'),
  (row) => (row[1] = 'yesterday'),
];

/** Writes a file. @returns How many rows it has, and how many of them are broken. */
export async function make(
  file: string,
  size: number,
  { bad = 5, seed = 1 } = {},
): Promise<{ rows: number; broken: number }> {
  const out = createWriteStream(file);
  const next = numbers(seed);
  let [rows, broken, written] = [0, 0, 0];
  let block = `${columns.join(',')}\n`;
  while (written + block.length < size) {
    const day = 1_767_225_600 + next(365 * 86_400);
    const row = [
      String(++rows),
      new Date(day * 1000).toISOString(),
      codes[next(codes.length)] as string,
      `user${next(100_000)}@example.com`,
      quoted(products[next(products.length)] as string),
      String(1 + next(9)),
      (next(100_000) / 100).toFixed(2),
    ];
    if (next(1000) < bad) {
      breaks[next(breaks.length)]?.(row);
      broken++;
    }
    block += `${row.join(',')}\n`;
    if (block.length < 1 << 18) continue;
    written += block.length;
    if (!out.write(block)) await once(out, 'drain');
    block = '';
  }
  out.end(block);
  await once(out, 'finish');
  return { rows, broken };
}

if (realpathSync(process.argv[1] ?? '') === fileURLToPath(import.meta.url))
  await run(usage, async () => {
    const options = { bytes: { type: 'string' }, bad: { type: 'string' }, seed: { type: 'string' } } as const;
    const { values, positionals } = read(options);
    const [file] = positionals;
    if (file === undefined || positionals.length > 1) throw new UsageError('make wants one file to write');
    const made = await make(file, bytes('bytes', values.bytes, 20e6), {
      bad: whole('bad', values.bad, 0, 1000, 5),
      seed: whole('seed', values.seed, 1, 2 ** 31 - 1, 1),
    });
    process.stdout.write(`${file}: ${made.rows} rows, ${made.broken} of them broken\n`);
  });
