/** The usage examples of the text the project grew from, §7, as they stand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RetryContext, RetryExecutor, type RetryMetrics, RetryPolicy } from 'millrace';

const unreliableOperation = async (): Promise<string> => 'done';

const policy = new RetryPolicy({
  maxAttempts: 3,
  backoffStrategy: 'exponential',
  initialDelay: 1000,
  maxDelay: 10000,
  jitter: true,
  retryCondition: (error) => error.name === 'NetworkError',
});

test('configure a retry policy, and execute with it', async () => {
  const executor = new RetryExecutor(policy);
  const result: string = await executor.execute(async () => {
    return await unreliableOperation();
  });
  assert.equal(result, 'done');
  const metrics: RetryMetrics = executor.getMetrics();
  assert.deepEqual([metrics.attempts, metrics.successes], [1, 1]);
  executor.resetMetrics();
  assert.equal(executor.getMetrics().attempts, 0);
});

test('custom retry context', async () => {
  const executor = new RetryExecutor(policy);
  const lines: string[] = [];
  const result = await executor.executeWithContext(async (context: RetryContext) => {
    lines.push(`Attempt ${context.attempt} of ${context.maxAttempts}`);
    return await unreliableOperation();
  });
  assert.deepEqual([result, lines], ['done', ['Attempt 1 of 3']]);
});

test('policy configuration and evaluation', () => {
  const own = new RetryPolicy({ jitter: false, initialDelay: 1000, maxDelay: 10000 });
  own.setMaxAttempts(2);
  own.setBackoffStrategy('fixed');
  own.setRetryCondition((error: Error) => error.message !== 'no');
  const should: boolean = own.shouldRetry(new Error('yes'), 1);
  const delay: number = own.getDelay(5);
  assert.deepEqual(
    [should, own.shouldRetry(new Error('yes'), 2), own.shouldRetry(new Error('no'), 1), delay],
    [true, false, false, 1000],
  );
});
