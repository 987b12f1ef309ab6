/** What a worker runs for a `ParallelScheduler`: a function over one chunk. Gives the results and how long they took. */
import { performance } from 'node:perf_hooks';
import { loadProcessor } from '../worker-pools/processor.js';

type Callable = (...args: unknown[]) => unknown;

/** What a chunk is of: items that were sent, whole numbers, or memory that both threads see. */
export type Chunk =
  | { items: readonly unknown[]; first: number }
  | { first: number; count: number; start: number; step: number }
  | { shared: ArrayLike<unknown>; first: number; count: number };

/** What is done with a chunk. */
export interface Job {
  text: string;
  /** `map` gives each result, `for` nothing, `reduce` one result for all. */
  how: 'map' | 'for' | 'reduce';
  chunk: Chunk;
}

/** A chunk's results. */
export interface Ran {
  results: unknown[];
  ms: number;
}

/** Functions that are kept compiled; the oldest goes first. */
const kept = 64;
const compiled = new Map<string, Callable>();

/** Compiles a function unless it is known. */
export function compile(text: string): Callable {
  const known = compiled.get(text);
  if (known !== undefined) return known;
  const fn = loadProcessor(text) as Callable;
  compiled.set(text, fn);
  if (compiled.size > kept) compiled.delete(compiled.keys().next().value as string);
  return fn;
}

/** The item at `at` of a chunk. */
function itemOf(chunk: Chunk, at: number): unknown {
  if ('items' in chunk) return chunk.items[at];
  if ('shared' in chunk) return chunk.shared[chunk.first + at];
  return chunk.start + (chunk.first + at) * chunk.step;
}

export default async function run({ text, how, chunk }: Job): Promise<Ran> {
  const fn = compile(text);
  const began = performance.now();
  const count = 'items' in chunk ? chunk.items.length : chunk.count;
  const results: unknown[] = [];
  let folded: unknown;
  for (let at = 0; at < count; at++) {
    const item = itemOf(chunk, at);
    let result: unknown;
    if (how === 'reduce') result = at === 0 ? item : fn(folded, item);
    else if ('shared' in chunk) result = fn(item, chunk.first + at, chunk.shared);
    else result = fn(item, chunk.first + at);
    if (result instanceof Promise) result = await result;
    if (how === 'map') results.push(result);
    else folded = result;
  }
  if (how === 'reduce' && count > 0) results.push(folded);
  return { results, ms: performance.now() - began };
}
