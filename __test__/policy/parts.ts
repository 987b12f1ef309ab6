/** Parts that several tests of policies are made of. */
import {
  type CallOptions,
  type GuardedFunction,
  type PolicyPart,
  RetryExecutor,
  RetryPolicy,
} from 'millrace';

/** A part that tells when it is passed, in the shape of breakers and bulkheads. */
export function telling(name: string, told: string[]): PolicyPart {
  return {
    async call<T>(fn: GuardedFunction<T>, options?: CallOptions): Promise<T> {
      told.push(`${name} in`);
      try {
        return await fn({ signal: options?.signal as AbortSignal | undefined });
      } finally {
        told.push(`${name} out`);
      }
    },
  };
}

export const retries = (maxAttempts = 3): RetryExecutor =>
  new RetryExecutor(new RetryPolicy({ maxAttempts, initialDelay: 0, jitter: false }));
