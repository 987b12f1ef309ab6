/** Puts a header over the rolled-up API. */
import { readFileSync, writeFileSync } from 'node:fs';

const header = '// Made by `npm run build:api` from ts/. The whole public API; do not edit.\n';
for (const file of ['index.d.ts', 'express.d.ts']) writeFileSync(file, header + readFileSync(file, 'utf8'));
