/** Limiters of which nothing comes back while a test runs. */
import { TokenBucketRateLimiter } from 'millrace';

export const hour = 3_600_000;
export const invalid = { code: 'ERR_INVALID_ARGUMENT' };

export const tenAnHour = (): TokenBucketRateLimiter =>
  new TokenBucketRateLimiter({ capacity: 10, refillRate: 10, refillInterval: 10 * hour });
