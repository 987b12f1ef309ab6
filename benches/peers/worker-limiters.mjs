/** Asks one limiter for so many milliseconds, whenever it is told to. */
import { parentPort, workerData } from 'node:worker_threads';
import { TokenBucketRateLimiter } from 'millrace';

const limiter = TokenBucketRateLimiter.from(workerData);
parentPort.on('message', (span) => {
  const end = performance.now() + span;
  let asked = 0;
  let allowed = 0;
  while (performance.now() < end) {
    for (let i = 0; i < 1000; i++) if (limiter.tryAcquire(1)) allowed++;
    asked += 1000;
  }
  parentPort.postMessage({ asked, allowed });
});
parentPort.postMessage('ready');
