/** Puts a header over the rolled-up API. */
import { readFileSync, writeFileSync } from 'node:fs';

const header = '// Made by `npm run build:api` from ts/. The whole public API; do not edit.\n';
writeFileSync('index.d.ts', header + readFileSync('index.d.ts', 'utf8'));
