/** The ETL, on a small file, beside an independent count. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { program } from './programs.js';

const root = mkdtempSync(join(tmpdir(), 'etl-test-'));
after(() => rmSync(root, { recursive: true }));
const input = join(root, 'input.csv');

const linesOf = (name: string): string[] => readFileSync(join(root, name), 'utf8').trimEnd().split('\n');

test('what it makes is as large as it was told to, and the same each time', async () => {
  const { code, stdout } = await program('etl/make', input, '--bytes', '400KB', '--bad', '20');
  assert.equal(code, 0);
  const text = readFileSync(input, 'utf8');
  assert.ok(text.length >= 400_000 && text.length < 400_200);
  assert.equal(
    stdout,
    `${input}: ${linesOf('input.csv').length - 1} rows, ${stdout.match(/(\d+) of/)?.[1]} of them broken\n`,
  );
  await program('etl/make', join(root, 'again.csv'), '--bytes', '400KB', '--bad', '20');
  assert.equal(readFileSync(join(root, 'again.csv'), 'utf8'), text);
  await program('etl/make', join(root, 'again.csv'), '--bytes', '400KB', '--bad', '20', '--seed', '2');
  assert.notEqual(readFileSync(join(root, 'again.csv'), 'utf8'), text);
});

test('each row is loaded or rejected, in the file’s order, and the totals are right', async () => {
  const { code, stdout, stderr } = await program(
    'etl/main',
    input,
    '--out',
    root,
    '--workers',
    '2',
    '--batch',
    '100',
    '--json',
  );
  assert.equal(code, 0, stderr);
  const figures = JSON.parse(stdout);
  const rates: Record<string, [number, number]> = {
    DE: [1, 0.19],
    FR: [1, 0.2],
    GB: [1.17, 0.2],
    JP: [0.0061, 0.1],
    US: [0.92, 0.07],
  };
  const good: [id: string, country: string, cents: number][] = [];
  const bad: number[] = [];
  for (const [at, line] of linesOf('input.csv').slice(1).entries()) {
    const [, id, time, country, email, , quantity, price] =
      /^(\d+),([^,]*),([^,]*),([^,]*),("(?:[^"]|"")*"|[^,]*),([^,]*),([^,]*)$/.exec(line) ?? [];
    const rate = rates[country ?? ''];
    if (
      id &&
      rate &&
      email?.includes('@') &&
      time?.endsWith('Z') &&
      Number(quantity) > 0 &&
      Number(price) >= 0
    )
      good.push([
        id,
        country as string,
        Math.round(Math.round(Number(price) * 100) * Number(quantity) * rate[0] * (1 + rate[1])),
      ]);
    else bad.push(at + 2);
  }
  assert.ok(bad.length > 20);
  assert.deepEqual([figures.loaded, figures.rejected], [good.length, bad.length]);
  assert.deepEqual(
    linesOf('rejects.csv').map((line) => Number(line.split(',')[0])),
    bad,
  );
  assert.deepEqual(
    linesOf('sales.csv').map((line) => line.split(',')[0]),
    good.map(([id]) => id),
  );
  assert.equal(
    figures.cents,
    good.reduce((sum, [, , cents]) => sum + cents, 0),
  );
  const ofGermany = good
    .filter(([, country]) => country === 'DE')
    .reduce((sum, [, , cents]) => sum + cents, 0);
  const totals = linesOf('totals.csv').filter((line) => line.startsWith('DE,'));
  assert.equal(
    totals.reduce((sum, line) => sum + Number(line.split(',')[4]), 0),
    ofGermany,
  );
  assert.equal(
    Object.values(figures.reasons as Record<string, number>).reduce((sum, count) => sum + count, 0),
    bad.length,
  );
  assert.deepEqual(
    figures.stages.map(({ name }: { name: string }) => name),
    ['parse', 'validate', 'batch', 'transform', 'aggregate', 'write'],
  );
  assert.ok(figures.rowsPerSecond > 0 && typeof figures.bottleneck === 'string');
});

test('without a file it makes one, and says how it went', async () => {
  const { code, stdout } = await program('etl/main', '--bytes', '0.1MB');
  assert.equal(code, 0);
  assert.match(stdout, /rows\/s/);
  assert.match(stdout, /rejected/);
  assert.match(stdout, /memory: \d+ MB at most/);
  assert.match(stdout, /← bottleneck/);
});

test('quoted fields, a last line without its end, and an empty file', async () => {
  const file = join(root, 'odd.csv');
  const header = 'id,time,country,email,product,quantity,price';
  writeFileSync(
    file,
    `${header}\n1,2026-01-01T00:00:00Z,DE,a@b,"a ""b"", c",2,1.50\n2,2026-01-01T00:00:00Z,DE,a@b,,1,1`,
  );
  const { code } = await program('etl/main', file, '--out', root);
  assert.equal(code, 0);
  assert.deepEqual(
    linesOf('sales.csv').map((line) => line.replace(/,[0-9a-f]{16},/, ',…,')),
    ['1,2026-01-01,DE,…,"a \\"b\\", c",2,357', '2,2026-01-01,DE,…,"",1,119'],
  );
  writeFileSync(file, '');
  const empty = await program('etl/main', file, '--out', root, '--json');
  assert.deepEqual([empty.code, JSON.parse(empty.stdout).rows], [0, 0]);
});

test('help is help, and nonsense is one line and exit code 1', async () => {
  for (const name of ['etl/main', 'etl/make']) {
    const { code, stdout } = await program(name, '--help');
    assert.equal(code, 0);
    assert.match(stdout, /--bytes SIZE/);
  }
  for (const args of [
    ['missing.csv'],
    ['--bytes', 'much'],
    ['--workers', '0'],
    ['--colour'],
    ['--batch', 'x'],
    ['a', 'b'],
  ]) {
    const { code, stdout, stderr } = await program('etl/main', ...args);
    assert.deepEqual([code, stdout, stderr.trim().split('\n').length], [1, '', 1], args.join(' '));
  }
});
