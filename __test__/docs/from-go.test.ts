/** Every TypeScript block of docs/from-go.md runs on its own, as it stands. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { child, packageUrl } from '../helpers.js';

const page = readFileSync(new URL('../../../docs/from-go.md', import.meta.url), 'utf8');

/** The blocks, each with the heading that it stands under. */
const blocks: { heading: string; code: string }[] = [];
let heading = '';
for (const [, title, code] of page.matchAll(/^#+ (.+)$|^```ts\n([\s\S]*?)^```$/gm)) {
  if (code === undefined) heading = title ?? '';
  else blocks.push({ heading, code });
}

describe('docs/from-go.md', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-from-go-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('has blocks, and each ends in what it proves or shows', () => {
    assert.ok(blocks.length >= 15);
    for (const { code } of blocks) {
      assert.match(code, /from 'millrace'/);
      const last = code.split('\n').findLast((line) => /\w/.test(line));
      assert.match(last ?? '', /^ *(await )?(assert|console\.log)\b/);
    }
  });

  for (const [at, { heading, code }] of blocks.entries()) {
    test(`block ${at + 1}: ${heading}`, async () => {
      const file = join(folder, `block-${at + 1}.mjs`);
      writeFileSync(file, code.replaceAll("from 'millrace'", `from ${JSON.stringify(packageUrl)}`));
      // Named first, the file is what runs: threads of its own could not start from text that is given to -e.
      const { code: exit, signal, stderr } = await child('', { args: [file] });
      assert.deepEqual([exit, signal], [0, null], stderr);
    });
  }
});
