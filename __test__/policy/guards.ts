/** Every class that limits, breaks, sheds, retries or hedges, for tests that go over all of them. */
import * as millrace from 'millrace';

/** What all of them have. */
export interface Guarding extends Disposable {
  on(event: string, listener: () => void): this;
  once(event: string, listener: () => void): this;
  off(event: string, listener: () => void): this;
  close(): void;
}

/** One of them. */
export interface GuardClass {
  make(): Guarding;
  /** Opens it by a handle; its text is run in other threads. Nothing if each thread has its own. */
  readonly from?: (handle: never) => Guarding;
  /** What its own end is called: `close` is an event of a breaker's circuit. */
  readonly end: 'close' | 'shutdown';
}

const hour = 3_600_000;
const bucket = { capacity: 1, refillRate: 1, refillInterval: hour };
const leak = { capacity: 1, leakRate: 1, leakInterval: hour };
const window = { windowSize: hour, maxRequests: 1 };
const bulkhead = { maxConcurrentCalls: 1, maxWaitTime: 0, enableQueue: false };
const end = 'close';

/** All, by the names of their classes. */
export const guards: Record<string, GuardClass> = {
  TokenBucketRateLimiter: {
    make: () => new millrace.TokenBucketRateLimiter(bucket),
    from: (handle) => millrace.TokenBucketRateLimiter.from(handle),
    end,
  },
  LeakyBucketRateLimiter: {
    make: () => new millrace.LeakyBucketRateLimiter(leak),
    from: (handle) => millrace.LeakyBucketRateLimiter.from(handle),
    end,
  },
  LeakyBucketMeter: {
    make: () => new millrace.LeakyBucketMeter(leak),
    from: (handle) => millrace.LeakyBucketMeter.from(handle),
    end,
  },
  FixedWindowRateLimiter: {
    make: () => new millrace.FixedWindowRateLimiter(window),
    from: (handle) => millrace.FixedWindowRateLimiter.from(handle),
    end,
  },
  SlidingWindowRateLimiter: {
    make: () => new millrace.SlidingWindowRateLimiter(window),
    from: (handle) => millrace.SlidingWindowRateLimiter.from(handle),
    end,
  },
  SlidingLogRateLimiter: {
    make: () => new millrace.SlidingLogRateLimiter(window),
    from: (handle) => millrace.SlidingLogRateLimiter.from(handle),
    end,
  },
  CompositeRateLimiter: {
    make: () => new millrace.CompositeRateLimiter([{ limiter: new millrace.TokenBucketRateLimiter(bucket) }]),
    from: (handle) => millrace.CompositeRateLimiter.from(handle),
    end,
  },
  KeyedRateLimiter: {
    make: () => new millrace.KeyedRateLimiter({ limits: { limit: 1, window: hour } }),
    from: (handle) => millrace.KeyedRateLimiter.from(handle),
    end,
  },
  ConcurrencyLimiter: {
    make: () => new millrace.ConcurrencyLimiter(1),
    from: (handle) => millrace.ConcurrencyLimiter.from(handle),
    end,
  },
  AdaptiveLimiter: {
    make: () => new millrace.AdaptiveLimiter(),
    from: (handle) => millrace.AdaptiveLimiter.from(handle),
    end,
  },
  BulkheadCircuitBreaker: {
    make: () => new millrace.BulkheadCircuitBreaker(bulkhead),
    from: (handle) => millrace.BulkheadCircuitBreaker.from(handle),
    end,
  },
  CircuitBreaker: {
    make: () => new millrace.CircuitBreaker(),
    from: (handle) => millrace.CircuitBreaker.from(handle),
    end: 'shutdown',
  },
  RetryBudget: {
    make: () => new millrace.RetryBudget(),
    from: (handle) => millrace.RetryBudget.from(handle),
    end,
  },
  Hedge: {
    make: () => new millrace.Hedge({ after: hour }),
    from: (handle) => millrace.Hedge.from(handle, { after: 1 }),
    end,
  },
  RetryExecutor: { make: () => new millrace.RetryExecutor(new millrace.RetryPolicy()), end },
  LoadShed: { make: () => new millrace.LoadShed({ maxEventLoopDelay: hour }), end },
};
