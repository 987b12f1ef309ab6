/** The first usage example of the text the project grew from, §6, as it stands, and the class it tells of. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CircuitBreaker, type CircuitBreakerConfig, type CircuitBreakerMetrics } from 'millrace';

test('basic circuit breaker', async () => {
  const externalService = { call: async (): Promise<string> => 'done' };
  const circuitBreaker = new CircuitBreaker({
    failureThreshold: 5,
    recoveryTimeout: 30000,
    halfOpenMaxRequests: 3,
  });
  try {
    const result = await circuitBreaker.call(async () => {
      return await externalService.call();
    });
    assert.equal(result, 'done');
  } catch (error) {
    assert.fail(String(error));
  }
});

test('the class as the text has it', async () => {
  const config: CircuitBreakerConfig = {
    failureThreshold: 1,
    recoveryTimeout: 30000,
    halfOpenMaxRequests: 1,
    enableMetrics: true,
  };
  const partial: Partial<CircuitBreakerConfig> = config;
  const breaker = new CircuitBreaker(partial);
  const fn: () => Promise<number> = async () => 1;
  const result: Promise<number> = breaker.call(fn);
  assert.equal(await result, 1);
  const open: boolean = breaker.isOpen();
  const halfOpen: boolean = breaker.isHalfOpen();
  const closed: boolean = breaker.isClosed();
  assert.deepEqual([open, halfOpen, closed], [false, false, true]);
  breaker.forceOpen();
  const state: string = breaker.getState();
  assert.equal(state, 'open');
  breaker.forceClose();
  breaker.reset();
  const metrics: CircuitBreakerMetrics = breaker.getMetrics();
  assert.equal(metrics.state, 'closed');
});
