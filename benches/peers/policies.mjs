/** Bulkheads, and a policy of four, around an empty async function, beside those of one thread: `npm run bench [-- words of the names]`. */
import * as cockatiel from 'cockatiel';
import {
  BulkheadCircuitBreaker,
  CircuitBreaker,
  limited,
  policy,
  RetryExecutor,
  RetryPolicy,
  TokenBucketRateLimiter,
} from 'millrace';
import { sideBySide, wanted } from './side-by-side.mjs';

const calls = 100_000;
const empty = async () => {};
const close = () => {};

/** Nanoseconds for a call. */
const each = async ({ call }) => {
  const began = performance.now();
  for (let i = 0; i < calls; i++) await call();
  return ((performance.now() - began) / calls) * 1e6;
};
const of = (make, call) => () => {
  const it = make();
  return { call: () => call(it), close: () => it.close?.() };
};
const bare = () => ({ call: empty, close });

/** What each adds to the bare call, after the medians. */
async function added(name, makers) {
  const medians = await sideBySide(name, 'ns', 'less', { ...makers, 'without any': bare }, each, 2);
  if (medians === undefined) return;
  const { 'without any': nothing, ...rest } = medians;
  const shown = Object.entries(rest).map(([way, value]) => `${way} ${Math.round(value - nothing)}`);
  console.log(`  added to the bare call: ${shown.join('  ')} ns`);
}

const bulkheadOf = () =>
  new BulkheadCircuitBreaker({ maxConcurrentCalls: 10, maxWaitTime: 1000, enableQueue: true });
await added('bulkhead', {
  millrace: of(bulkheadOf, (bulkhead) => bulkhead.call(empty)),
  cockatiel: of(
    () => cockatiel.bulkhead(10, 100),
    (bulkhead) => bulkhead.execute(empty),
  ),
});

const executorOf = () => new RetryExecutor(new RetryPolicy({ maxAttempts: 3 }));
const breakerOf = () => new CircuitBreaker({ failureThreshold: 5 });
const bucketOf = () =>
  new TokenBucketRateLimiter({ capacity: 1e9, refillRate: 1e9, refillInterval: 1000, enableBurst: true });
await added('composed of four', {
  millrace: of(
    () => policy(executorOf(), breakerOf(), bulkheadOf(), limited(bucketOf())),
    (composed) => composed.call(empty),
  ),
  'millrace, breaker alone': of(breakerOf, (breaker) => breaker.call(empty)),
  'millrace, bulkhead alone': of(bulkheadOf, (bulkhead) => bulkhead.call(empty)),
  'millrace, retry alone': of(executorOf, (executor) => executor.execute(empty)),
  'millrace, limiter alone': of(
    () => limited(bucketOf()),
    (limiter) => limiter.call(empty),
  ),
  'cockatiel (of three)': of(
    () =>
      cockatiel.wrap(
        cockatiel.retry(cockatiel.handleAll, {
          maxAttempts: 3,
          backoff: new cockatiel.ExponentialBackoff(),
        }),
        cockatiel.circuitBreaker(cockatiel.handleAll, {
          halfOpenAfter: 30_000,
          breaker: new cockatiel.ConsecutiveBreaker(5),
        }),
        cockatiel.bulkhead(10, 100),
      ),
    (composed) => composed.execute(empty),
  ),
});
if (wanted('composed of four')) console.log('  (cockatiel has no limiter: its three beside our four)');
