/** Adds the workers' reports up. */
import { createHash } from 'node:crypto';
import { extname } from 'node:path';
import type { Audit, ChunkReport, FileReport, TypeTotal } from './types.js';

const listed = 10;
/** Smaller files say nothing about compression. */
const leastToCompress = 4096;

/** The first few by some measure, kept in order as they come. */
class Top {
  readonly items: FileReport[] = [];
  readonly #measure: (file: FileReport) => number;

  constructor(measure: (file: FileReport) => number) {
    this.#measure = measure;
  }

  add(file: FileReport): void {
    const measure = this.#measure;
    const last = this.items[listed - 1];
    if (last !== undefined && measure(last) >= measure(file)) return;
    this.items.push(file);
    this.items.sort((a, b) => measure(b) - measure(a) || (a.path < b.path ? -1 : 1));
    this.items.length = Math.min(this.items.length, listed);
  }
}

/** The running totals. */
export class Totals {
  readonly unreadable: { path: string; reason: string }[] = [];
  files = 0;
  bytes = 0;
  #lines = 0;
  #gzip = 0;
  #brotli = 0;
  readonly #types = new Map<string, TypeTotal>();
  readonly #identifiers = new Map<string, number>();
  readonly #largest = new Top((file) => file.bytes);
  readonly #worst = new Top((file) => file.brotli / file.bytes);
  readonly #digests: [path: string, sha256: string][] = [];

  add(report: ChunkReport): void {
    this.unreadable.push(...report.unreadable);
    for (const file of report.files) this.#addFile(file);
    for (const [name, count] of report.identifiers) {
      this.#identifiers.set(name, (this.#identifiers.get(name) ?? 0) + count);
    }
  }

  #addFile(file: FileReport): void {
    const type = extname(file.path).toLowerCase() || '(none)';
    const total = this.#types.get(type) ?? { type, files: 0, bytes: 0, lines: 0, gzip: 0, brotli: 0 };
    this.#types.set(type, total);
    total.files++;
    this.files++;
    total.bytes += file.bytes;
    this.bytes += file.bytes;
    total.lines += file.lines;
    this.#lines += file.lines;
    total.gzip += file.gzip;
    this.#gzip += file.gzip;
    total.brotli += file.brotli;
    this.#brotli += file.brotli;
    this.#largest.add(file);
    if (file.bytes >= leastToCompress) this.#worst.add(file);
    this.#digests.push([file.path, file.sha256]);
  }

  result(): Pick<
    Audit,
    | 'files'
    | 'bytes'
    | 'lines'
    | 'gzip'
    | 'brotli'
    | 'digest'
    | 'unreadable'
    | 'types'
    | 'largest'
    | 'worst'
    | 'identifiers'
  > {
    const digest = createHash('sha256');
    for (const [, sha256] of this.#digests.sort((a, b) => (a[0] < b[0] ? -1 : 1))) digest.update(sha256);
    return {
      files: this.files,
      bytes: this.bytes,
      lines: this.#lines,
      gzip: this.#gzip,
      brotli: this.#brotli,
      digest: digest.digest('hex'),
      unreadable: this.unreadable.sort((a, b) => (a.path < b.path ? -1 : 1)),
      types: [...this.#types.values()].sort((a, b) => b.bytes - a.bytes),
      largest: this.#largest.items,
      worst: this.#worst.items,
      identifiers: [...this.#identifiers]
        .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
        .slice(0, listed),
    };
  }
}
