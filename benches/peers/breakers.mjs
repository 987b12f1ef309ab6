/**
 * Circuit breakers around an empty async function, closed: what a call costs beyond the bare one. `npm run bench [-- words of the names]`.
 */
import { ConsecutiveBreaker, circuitBreaker, handleAll, TimeoutStrategy, timeout, wrap } from 'cockatiel';
import { CircuitBreaker } from 'millrace';
import Opossum from 'opossum';
import { sideBySide } from './side-by-side.mjs';

const calls = 50_000;
const fn = async () => 1;

/** Nanoseconds that `calls` calls take, each. */
async function each(call) {
  const began = performance.now();
  for (let i = 0; i < calls; i++) await call();
  return ((performance.now() - began) / calls) * 1e6;
}

/** The bare call is measured each time, and taken off. */
const added = async ({ call }) => {
  const whole = await each(call);
  return whole - (await each(fn));
};

const ours = (config) => () => {
  const breaker = new CircuitBreaker(config);
  return { call: () => breaker.call(fn), close: () => breaker.close() };
};
const cockatiel = (limit) => () => {
  const breaker = circuitBreaker(handleAll, { halfOpenAfter: 10_000, breaker: new ConsecutiveBreaker(5) });
  const policy = limit === undefined ? breaker : wrap(breaker, timeout(limit, TimeoutStrategy.Aggressive));
  return { call: () => policy.execute(fn), close: () => {} };
};
const opossum = (limit) => () => {
  const breaker = new Opossum(fn, { timeout: limit ?? false });
  return { call: () => breaker.fire(), close: () => breaker.shutdown() };
};

await sideBySide(
  'breaker, added to an empty async function',
  'ns',
  'less',
  {
    millrace: ours({}),
    'millrace without metrics': ours({ enableMetrics: false }),
    'millrace, each call timed': ours({ slowCallDuration: 1000 }),
    'millrace, failure rate': ours({ failureRate: 0.5 }),
    cockatiel: cockatiel(),
    opossum: opossum(),
  },
  added,
);
await sideBySide(
  'breaker with a time limit, added to an empty async function',
  'ns',
  'less',
  { millrace: ours({ timeout: 5000 }), cockatiel: cockatiel(5000), opossum: opossum(5000) },
  added,
);
