/** A thread that waits at a keyed limiter. */
import { once } from 'node:events';
import type { KeyedRateLimiter } from 'millrace';
import { thread, until } from '../helpers.js';

/** Starts it, once nobody waits; it waits for the key `a`. @returns what terminates it. */
export async function waitElsewhere(limiter: KeyedRateLimiter): Promise<() => Promise<void>> {
  const worker = thread(
    `const limiter = KeyedRateLimiter.from(data);
    void limiter.acquire('a');
    parentPort.postMessage('waits');`,
    limiter.toHandle(),
  );
  const exit = once(worker, 'exit');
  await once(worker, 'message');
  await until(() => limiter.stats.waiting === 1);
  return async () => {
    await worker.terminate();
    await exit;
  };
}
