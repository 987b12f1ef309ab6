/** The usage example of the text the project grew from, §6, for bulkheads, as it stands. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BulkheadCircuitBreaker } from 'millrace';

const databaseOperation = async (): Promise<string> => 'rows';

test('a bulkhead for resource isolation', async () => {
  const bulkhead = new BulkheadCircuitBreaker({
    maxConcurrentCalls: 10,
    maxWaitTime: 5000,
    enableQueue: true,
  });

  const result = await bulkhead.call(async () => {
    return await databaseOperation();
  });

  assert.equal(result, 'rows');
  const perhaps: string | undefined = await bulkhead.tryCall(() => databaseOperation());
  assert.equal(perhaps, 'rows');
  const permits: number = bulkhead.getAvailablePermits();
  const length: number = bulkhead.getQueueLength();
  const healthy: boolean = bulkhead.isHealthy();
  assert.deepEqual([permits, length, healthy], [10, 0, true]);
  bulkhead.close();
});
