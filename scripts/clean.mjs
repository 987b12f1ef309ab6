/** Removes the folders that it is given, so that what is no longer built is no longer there. */
import { rmSync } from 'node:fs';

for (const folder of process.argv.slice(2)) rmSync(folder, { recursive: true, force: true });
