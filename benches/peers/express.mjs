/** An Express server with and without a limiter, over loopback: `npm run bench [-- words of the names]`. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import autocannon from 'autocannon';
import { sideBySide } from './side-by-side.mjs';

const serving = (limiter) => async () => {
  const worker = new Worker(new URL('./worker-express.mjs', import.meta.url), { workerData: limiter });
  const [port] = await once(worker, 'message');
  return { url: `http://127.0.0.1:${port}/`, close: () => worker.terminate() };
};
await sideBySide(
  'express limiter',
  'requests/s',
  'more',
  {
    'millrace/express': serving('millrace'),
    'express-rate-limit': serving('express-rate-limit'),
    'without any': serving('none'),
  },
  async ({ url }) => {
    const { requests, non2xx } = await autocannon({ url, connections: 16, duration: 1 });
    if (non2xx > 0) throw new Error(`${non2xx} requests were refused`);
    return requests.average;
  },
  2,
);
