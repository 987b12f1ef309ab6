/** What the audit's parts tell each other. */

/** Some files for one task: small ones together, so that the cost of a task does not count. */
export interface Chunk {
  paths: string[];
  brotliQuality: number;
}

/** One file, analysed. */
export interface FileReport {
  path: string;
  bytes: number;
  lines: number;
  sha256: string;
  gzip: number;
  brotli: number;
}

/** What a task gives back. */
export interface ChunkReport {
  files: FileReport[];
  unreadable: { path: string; reason: string }[];
  /** How often each of the chunk's busiest identifiers stands in it. */
  identifiers: [name: string, count: number][];
}

/** What one kind of file adds up to. */
export interface TypeTotal {
  type: string;
  files: number;
  bytes: number;
  lines: number;
  gzip: number;
  brotli: number;
}

/** The audit's result, and what `--json` prints. */
export interface Audit {
  paths: string[];
  interrupted: boolean;
  files: number;
  bytes: number;
  lines: number;
  gzip: number;
  brotli: number;
  /** SHA-256 over the files' digests in the order of their paths. */
  digest: string;
  unreadable: { path: string; reason: string }[];
  types: TypeTotal[];
  largest: FileReport[];
  worst: FileReport[];
  identifiers: [name: string, count: number][];
  workers: number;
  brotliQuality: number;
  seconds: number;
  tasks: number;
  tasksPerSecond: number;
  filesPerSecond: number;
  megabytesPerSecond: number;
  eventLoopDelayP99: number;
  sample: {
    files: number;
    bytes: number;
    oneThreadSeconds: number;
    poolSeconds: number;
    speedUp: number;
  } | null;
}
