/** Where a worker's thread begins. */
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { workerData } from 'node:worker_threads';
import { binding } from '../isolate.js';
import { acceptLinks, addLink } from '../links.js';
import type { NativeWorker } from '../native/binding.js';
import { captureOutput } from './capture.js';
import { loadProcessor } from './processor.js';
import type { Birth } from './protocol.js';
import { Runner } from './runner.js';
import { registerTsx } from './tsx.js';

const birth = (workerData as { 'millrace.worker': Birth })['millrace.worker'];

// The user's code must find its own workerData, however it imports it.
const threads = createRequire(import.meta.url)('node:worker_threads') as { workerData: unknown };
threads.workerData = birth.userData;
syncBuiltinESMExports();

addLink(birth.owner, birth.link);
acceptLinks();
const observer = birth.capture ? captureOutput(birth.link, birth.concurrency) : undefined;

await registerTsx();

// Loaded before the thread counts as started: a module that kills the thread is then known as one that kills it at start.
if (birth.preload !== undefined) {
  try {
    await loadProcessor(birth.preload);
  } catch {
    // Each task that needs it will say why it cannot be loaded.
  }
}
const native = attach();

/** Becomes a worker; a thread that is not wanted any more, because the pool has closed or shrunk meanwhile, ends in peace. */
function attach(): NativeWorker {
  try {
    return binding.NativeWorker.attach(birth.pool, birth.worker);
  } catch {
    process.exit(0);
  }
}
new Runner(native, birth.worker, birth.concurrency, observer).turn();
