/** Retry that succeeds, time limits, and policies composed of four, beside those of one thread: `npm run bench [-- words of the names]`. */
import * as cockatiel from 'cockatiel';
import {
  fallback,
  limited,
  policy,
  RetryBudget,
  RetryExecutor,
  RetryPolicy,
  Semaphore,
  timeout,
} from 'millrace';
import pRetry from 'p-retry';
import { sideBySide } from './side-by-side.mjs';

const calls = 50_000;
const fn = async () => 1;

/** One call after the other: nanoseconds each. */
async function each(call) {
  const count = call.rare ? calls / 10 : calls;
  const began = performance.now();
  for (let i = 0; i < count; i++) await call.run();
  return ((performance.now() - began) / count) * 1e6;
}
const way = (run, rare = false) => ({ run, rare, close: () => {} });

await sideBySide(
  'retry, a call that succeeds at once',
  'ns',
  'less',
  {
    'millrace execute': () => {
      const executor = new RetryExecutor(new RetryPolicy());
      return way(() => executor.execute(fn));
    },
    'millrace with a budget': () => {
      const executor = new RetryExecutor(new RetryPolicy(), { budget: new RetryBudget() });
      return way(() => executor.execute(fn));
    },
    cockatiel: () => {
      const backoff = new cockatiel.ExponentialBackoff();
      const retry = cockatiel.retry(cockatiel.handleAll, { maxAttempts: 3, backoff });
      return way(() => retry.execute(fn));
    },
    'p-retry': () => way(() => pRetry(fn), true),
  },
  each,
  2,
);

await sideBySide(
  'timeout, a call that is quick',
  'ns',
  'less',
  {
    millrace: () => {
      const limit = timeout(1000);
      return way(() => limit.call(fn));
    },
    cockatiel: () => {
      const limit = cockatiel.timeout(1000, 'aggressive');
      return way(() => limit.execute(fn), true);
    },
  },
  each,
  2,
);

const parts = {
  fallback: () => fallback(1),
  retry: () => new RetryExecutor(new RetryPolicy()),
  limited: () => limited(new Semaphore(10)),
  timeout: () => timeout(1000),
};
const alone = Object.fromEntries(
  Object.entries(parts).map(([name, make]) => [
    `millrace ${name}`,
    () => {
      const part = make();
      return way(() => part.call(fn));
    },
  ]),
);
await sideBySide(
  'policy, parts alone and composed of four',
  'ns',
  'less',
  {
    ...alone,
    'millrace composed': () => {
      const all = policy(...Object.values(parts).map((make) => make()));
      return way(() => all.call(fn));
    },
  },
  each,
);
