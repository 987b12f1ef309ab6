/** Puts the add-on and its loader where the compiled package looks for them. */
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const from = 'ts/native';
const to = 'dist/native';
mkdirSync(to, { recursive: true });
for (const name of readdirSync(from)) {
  if (name.endsWith('.node') || name.startsWith('binding.')) copyFileSync(join(from, name), join(to, name));
}
