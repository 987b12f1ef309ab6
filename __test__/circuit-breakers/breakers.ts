/** Calls and circuit breakers that several tests need. */
import { CircuitBreaker, type CircuitBreakerConfig } from 'millrace';
import { until } from '../helpers.js';

/** A call that fails. */
export const bad = async (): Promise<never> => {
  throw new Error('bad');
};
/** A call that succeeds. */
export const good = async (): Promise<string> => 'good';

/** Opens after one failure; open for a minute. */
export function one(config: Partial<CircuitBreakerConfig> = {}): CircuitBreaker {
  return new CircuitBreaker({ failureThreshold: 1, recoveryTimeout: 60_000, ...config });
}

/** Half-open. */
export async function tried(config: Partial<CircuitBreakerConfig> = {}): Promise<CircuitBreaker> {
  const breaker = one({ recoveryTimeout: 1, ...config });
  breaker.forceOpen();
  await until(() => breaker.isHalfOpen());
  return breaker;
}
