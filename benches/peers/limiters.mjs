/** Rate limiters beside those of one thread, and one limiter under several threads: `npm run bench [-- words of the names]`. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { RateLimiter, TokenBucket } from 'limiter';
import {
  FixedWindowRateLimiter,
  KeyedRateLimiter,
  LeakyBucketMeter,
  SlidingLogRateLimiter,
  SlidingWindowRateLimiter,
  TokenBucketRateLimiter,
} from 'millrace';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { sideBySide } from './side-by-side.mjs';

const asks = 300_000;
/** Nanoseconds for a decision. `askAll` asks so often, and gives how often it was allowed. */
const decisions = async ({ askAll }) => {
  const began = performance.now();
  const allowed = await askAll(asks);
  if (allowed !== asks) throw new Error(`${allowed} of ${asks} were allowed`);
  return ((performance.now() - began) / asks) * 1e6;
};
const plenty = 1e8;
const close = () => {};

/** Asks through a function that answers yes or no. */
const asking = (ask, end = close) => ({
  askAll(times) {
    let allowed = 0;
    for (let i = 0; i < times; i++) if (ask()) allowed++;
    return allowed;
  },
  close: end,
});
await sideBySide(
  'limiters, tryAcquire',
  'ns',
  'less',
  {
    // Each asks in a place of its own, as the peers do and as users would: one place for all would be slower for all.
    'millrace token bucket': () => {
      const numbers = { capacity: plenty, refillRate: plenty, refillInterval: 1000 };
      const limiter = new TokenBucketRateLimiter(numbers);
      return asking(
        () => limiter.tryAcquire(1),
        () => limiter.close(),
      );
    },
    'millrace leaky bucket': () => {
      const meter = new LeakyBucketMeter({ capacity: plenty, leakRate: plenty, leakInterval: 1000 });
      return asking(
        () => meter.tryAcquire(1),
        () => meter.close(),
      );
    },
    'millrace fixed window': () => {
      const limiter = new FixedWindowRateLimiter({ windowSize: 1000, maxRequests: plenty });
      return asking(
        () => limiter.tryAcquire(1),
        () => limiter.close(),
      );
    },
    'millrace sliding window': () => {
      const numbers = { windowSize: 1000, maxRequests: plenty, precision: 10 };
      const limiter = new SlidingWindowRateLimiter(numbers);
      return asking(
        () => limiter.tryAcquire(1),
        () => limiter.close(),
      );
    },
    'millrace sliding log': () => {
      const limiter = new SlidingLogRateLimiter({ windowSize: 1, maxRequests: 100_000 });
      return asking(
        () => limiter.tryAcquire(1),
        () => limiter.close(),
      );
    },
    'limiter (token bucket)': () => {
      const bucket = new TokenBucket({ bucketSize: plenty, tokensPerInterval: plenty, interval: 1000 });
      bucket.content = plenty;
      return asking(() => bucket.tryRemoveTokens(1));
    },
    'limiter (rate limiter)': () => {
      const limiter = new RateLimiter({ tokensPerInterval: plenty, interval: 1000 });
      return asking(() => limiter.tryRemoveTokens(1));
    },
    'rate-limiter-flexible': () => {
      const limiter = new RateLimiterMemory({ points: plenty, duration: 1 });
      const askAll = async (times) => {
        let allowed = 0;
        for (let i = 0; i < times; i++) if ((await limiter.consume('key')).remainingPoints >= 0) allowed++;
        return allowed;
      };
      return { askAll, close };
    },
  },
  decisions,
  2,
);

const clients = 1_000_000;
/** Addresses, as a server meets them: each comes now and then. */
const addresses = (index) =>
  `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}:${(index * 7919) % 65536}`;
const keys = () => Array.from({ length: clients }, (_, index) => addresses(index));
const stride = 611_953;
await sideBySide(
  'limiters, keyed, 1 million keys',
  'ns',
  'less',
  {
    millrace: () => {
      const all = keys();
      const limiter = new KeyedRateLimiter({
        limits: [{ limit: 1000, window: 3_600_000 }],
        maxKeys: 2 * clients,
      });
      for (const key of all) limiter.tryAcquire(key);
      let at = 0;
      return asking(
        () => limiter.tryAcquire(all[(at = (at + stride) % clients)]),
        () => limiter.close(),
      );
    },
    'rate-limiter-flexible': async () => {
      const all = keys();
      const limiter = new RateLimiterMemory({ points: 1000, duration: 3600 });
      for (const key of all) await limiter.consume(key);
      let at = 0;
      const askAll = async (times) => {
        let allowed = 0;
        for (let i = 0; i < times; i++) {
          at = (at + stride) % clients;
          if ((await limiter.consume(all[at])).remainingPoints >= 0) allowed++;
        }
        return allowed;
      };
      const end = async () => {
        for (const key of all) await limiter.delete(key);
      };
      return { askAll, close: end };
    },
  },
  decisions,
  2,
);

/** Decisions a second of several threads on one limiter whose rate is far below what they ask for. */
const rate = 100_000;
const fromThreads = (count) => async () => {
  const limiter = new TokenBucketRateLimiter({
    capacity: 1000,
    refillRate: rate,
    refillInterval: 1000,
    enableBurst: true,
  });
  const workers = [];
  for (let i = 0; i < count; i++) {
    const worker = new Worker(new URL('./worker-limiters.mjs', import.meta.url), {
      workerData: limiter.toHandle(),
    });
    await once(worker, 'message');
    workers.push(worker);
  }
  const end = async () => {
    for (const worker of workers) await worker.terminate();
    limiter.close();
  };
  return { workers, close: end };
};
await sideBySide(
  'limiters, threads on one limiter',
  'million decisions/s',
  'more',
  {
    'millrace, 1 thread': fromThreads(1),
    'millrace, 2 threads': fromThreads(2),
    'millrace, 4 threads': fromThreads(4),
  },
  async ({ workers }) => {
    const span = 250;
    const began = performance.now();
    const answers = workers.map((worker) => once(worker, 'message'));
    for (const worker of workers) worker.postMessage(span);
    let asked = 0;
    let allowed = 0;
    for (const [answer] of await Promise.all(answers)) {
      asked += answer.asked;
      allowed += answer.allowed;
    }
    const took = performance.now() - began;
    const most = 1000 + (rate * took) / 1000;
    if (allowed > most) throw new Error(`${allowed} were allowed in ${took} ms, at most ${most} may be`);
    return asked / took / 1000;
  },
);
