/** Finds the files below some paths. */
import type { Stats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A file, or why there is none. */
export type Found = { path: string; size: number } | { path: string; reason: string };

/**
 * Yields every regular file below a path, in the order of names. A folder that is reached twice, by links, is entered once;
 * what cannot be looked at is named.
 */
export async function* walk(path: string, seen = new Set<string>()): AsyncGenerator<Found, void, undefined> {
  let state: Stats;
  let real: string;
  try {
    state = await stat(path);
    real = await realpath(path);
  } catch (error) {
    yield { path, reason: (error as NodeJS.ErrnoException).code ?? String(error) };
    return;
  }
  if (seen.has(real)) return;
  seen.add(real);
  if (state.isFile()) yield { path, size: state.size };
  else if (state.isDirectory()) {
    let names: string[];
    try {
      names = await readdir(path);
    } catch (error) {
      yield { path, reason: (error as NodeJS.ErrnoException).code ?? String(error) };
      return;
    }
    for (const name of names.sort()) yield* walk(join(path, name), seen);
  }
}

/** A chunk is full with so many bytes or files. */
const chunkBytes = 256 * 1024;
const chunkFiles = 32;

/** Groups small files, so that the cost of a task does not count. What cannot be read goes to `unreadable`. */
export async function* chunks(
  found: AsyncIterable<Found>,
  unreadable: (path: string, reason: string) => void,
  seen: (path: string, size: number) => void,
): AsyncGenerator<string[], void, undefined> {
  let chunk: string[] = [];
  let bytes = 0;
  for await (const file of found) {
    if ('reason' in file) {
      unreadable(file.path, file.reason);
      continue;
    }
    seen(file.path, file.size);
    chunk.push(file.path);
    bytes += file.size;
    if (bytes >= chunkBytes || chunk.length >= chunkFiles) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
  }
  if (chunk.length > 0) yield chunk;
}
