/** The main job, on a small tree of known content. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const main = fileURLToPath(new URL('../../examples/audit/main.js', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'audit-'));
after(() => rmSync(root, { recursive: true }));

const contents: Record<string, string> = {};
mkdirSync(join(root, 'deep', 'er'), { recursive: true });
for (let i = 0; i < 60; i++)
  contents[join(root, i % 2 ? 'deep' : 'deep/er', `file${i}.${i % 3 ? 'ts' : 'md'}`)] =
    `const name${i} = ${i};\n`.repeat(i + 1);
for (const [path, text] of Object.entries(contents)) writeFileSync(path, text);
symlinkSync(join(root, 'deep'), join(root, 'again'));
symlinkSync(join(root, 'nowhere'), join(root, 'broken'));

function audit(
  args: string[],
  interruptAfter?: RegExp,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const run = spawn(process.execPath, [main, ...args]);
  let stdout = '';
  let stderr = '';
  run.stdout.on('data', (data) => (stdout += data));
  run.stderr.on('data', (data) => {
    stderr += data;
    if (interruptAfter?.test(stderr)) run.kill('SIGINT');
  });
  return new Promise((resolve) => run.on('close', (code) => resolve({ code, stdout, stderr })));
}

test('its totals are those of an independent count', async () => {
  const { code, stdout } = await audit([root, '--json']);
  assert.equal(code, 0);
  const result = JSON.parse(stdout);
  const texts = Object.values(contents);
  assert.equal(result.files, 60);
  assert.equal(
    result.bytes,
    texts.reduce((sum, text) => sum + text.length, 0),
  );
  assert.equal(
    result.lines,
    texts.reduce((sum, text) => sum + text.split('\n').length - 1, 0),
  );
  assert.equal(
    result.gzip,
    texts.reduce((sum, text) => sum + gzipSync(text, { level: 9 }).length, 0),
  );
  const digest = createHash('sha256');
  const real = Object.keys(contents).map(
    (path) => [path.replace(join(root, 'deep'), join(root, 'again')), path] as const,
  );
  for (const [, path] of real.sort((a, b) => (a[0] < b[0] ? -1 : 1))) {
    digest.update(
      createHash('sha256')
        .update(contents[path] as string)
        .digest('hex'),
    );
  }
  assert.equal(result.digest, digest.digest('hex'));
  assert.deepEqual(result.unreadable, [{ path: join(root, 'broken'), reason: 'ENOENT' }]);
  assert.equal(result.identifiers[0][0], 'const');
  assert.ok(result.sample.speedUp > 0);
});

test('a path that does not exist is one line and exit code 1', async () => {
  const { code, stdout, stderr } = await audit([join(root, 'missing')]);
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /^audit: no such file or folder: .*missing\n$/);
});

test('nonsense on the command line is one line and exit code 1', async () => {
  for (const args of [['--workers', 'many'], ['--colour'], ['--brotli-quality', '12']]) {
    const { code, stderr } = await audit(args);
    assert.equal(code, 1);
    assert.equal(stderr.trim().split('\n').length, 1);
  }
});
