/** What the audit finds out about one file. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { brotliCompressSync, constants, createBrotliCompress, createGzip, gzipSync } from 'node:zlib';
import type { ChunkReport, FileReport } from './types.js';

/** Larger files are streamed, so that a few of them do not fill the memory. */
const streamFrom = 64 * 1024 * 1024;
/** Identifiers are looked for in so much of a file. */
const identifiersIn = 1024 * 1024;
const identifier = /[A-Za-z_$][\w$]{2,}/g;
const newline = 10;

function linesOf(bytes: Uint8Array): number {
  let lines = 0;
  for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, at + 1)) lines++;
  return bytes.length > 0 && bytes[bytes.length - 1] !== newline ? lines + 1 : lines;
}

function isText(bytes: Uint8Array): boolean {
  return !bytes.subarray(0, 8192).includes(0);
}

function countIdentifiers(bytes: Buffer, counts: Map<string, number>): void {
  if (!isText(bytes)) return;
  for (const [name] of bytes
    .toString('latin1', 0, Math.min(bytes.length, identifiersIn))
    .matchAll(identifier)) {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
}

function brotliOptions(quality: number, size: number): { params: Record<number, number> } {
  return { params: { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_SIZE_HINT]: size } };
}

async function analyseStream(path: string, size: number, quality: number): Promise<FileReport> {
  const hash = createHash('sha256');
  const gzip = createGzip({ level: 9 });
  const brotli = createBrotliCompress(brotliOptions(quality, size));
  const sizes = { gzip: 0, brotli: 0 };
  gzip.on('data', (part: Buffer) => (sizes.gzip += part.length));
  brotli.on('data', (part: Buffer) => (sizes.brotli += part.length));
  const ends = [gzip, brotli].map(
    (stream) => new Promise((resolve, reject) => stream.on('end', resolve).on('error', reject)),
  );
  let lines = 0;
  let bytes = 0;
  let last = newline;
  for await (const part of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(part);
    bytes += part.length;
    for (let at = part.indexOf(newline); at >= 0; at = part.indexOf(newline, at + 1)) lines++;
    last = part[part.length - 1] ?? last;
    const full = [gzip, brotli].filter((stream) => !stream.write(part));
    await Promise.all(full.map((stream) => new Promise((resolve) => stream.once('drain', resolve))));
  }
  gzip.end();
  brotli.end();
  await Promise.all(ends);
  return { path, bytes, lines: last === newline ? lines : lines + 1, sha256: hash.digest('hex'), ...sizes };
}

async function analyseFile(path: string, quality: number, counts: Map<string, number>): Promise<FileReport> {
  const { size } = await stat(path);
  if (size >= streamFrom) return analyseStream(path, size, quality);
  const bytes = await readFile(path);
  countIdentifiers(bytes, counts);
  return {
    path,
    bytes: bytes.length,
    lines: linesOf(bytes),
    sha256: createHash('sha256').update(bytes).digest('hex'),
    gzip: gzipSync(bytes, { level: 9 }).length,
    brotli: brotliCompressSync(bytes, brotliOptions(quality, bytes.length)).length,
  };
}

/** The busiest identifiers that a chunk may add to the total. */
const busiest = 500;

/** Analyses some files, one after the other. A file that cannot be read is named, and the others go on. */
export async function analyseChunk(
  paths: readonly string[],
  quality: number,
  signal?: AbortSignal,
): Promise<ChunkReport> {
  const counts = new Map<string, number>();
  const report: ChunkReport = { files: [], unreadable: [], identifiers: [] };
  for (const path of paths) {
    signal?.throwIfAborted();
    try {
      report.files.push(await analyseFile(path, quality, counts));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      report.unreadable.push({ path, reason: code ?? message });
    }
  }
  report.identifiers = [...counts].sort((a, b) => b[1] - a[1]).slice(0, busiest);
  return report;
}
