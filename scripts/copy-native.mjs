/** Puts the add-on and its loader where the compiled package looks for them. */
import { copyFileSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';

const from = 'ts/native';
const to = 'dist/native';
mkdirSync(to, { recursive: true });
for (const name of readdirSync(from)) {
  if (!name.endsWith('.node') && !name.startsWith('binding.')) continue;
  // A process that has the old one loaded keeps it: a file that is overwritten in place would end that process.
  const temporary = join(to, `${name}.${process.pid}`);
  copyFileSync(join(from, name), temporary);
  renameSync(temporary, join(to, name));
}
