/** Executors and functions that several tests of retrying are made of. */
import { RetryExecutor, type RetryExecutorOptions, RetryPolicy, type RetryPolicyConfig } from 'millrace';

export const quick = { jitter: false, initialDelay: 0 } as const;
export const executor = (
  config: Partial<RetryPolicyConfig> = {},
  options?: RetryExecutorOptions,
): RetryExecutor => new RetryExecutor(new RetryPolicy({ ...quick, ...config }), options);

/** Fails so many times, then succeeds. */
export function failing(times: number): { fn: () => Promise<string>; calls: () => number; errors: Error[] } {
  let calls = 0;
  const errors: Error[] = [];
  const fn = async (): Promise<string> => {
    if (calls++ >= times) return 'good';
    const error = new Error(`failure ${calls}`);
    errors.push(error);
    throw error;
  };
  return { fn, calls: () => calls, errors };
}
