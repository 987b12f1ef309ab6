/** What each worker runs. */
import type { TaskContext } from 'millrace';
import { analyseChunk } from './analyse.js';
import type { Chunk, ChunkReport } from './types.js';

export default function processor(chunk: Chunk, { signal }: TaskContext): Promise<ChunkReport> {
  return analyseChunk(chunk.paths, chunk.brotliQuality, signal);
}
