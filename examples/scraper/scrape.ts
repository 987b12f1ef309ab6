/** Follows links from page to page, politely and stubbornly. */
import {
  CircuitBreaker,
  type CircuitBreakerMetrics,
  type LimiterMetrics,
  limited,
  policy,
  RetryExecutor,
  type RetryMetrics,
  RetryPolicy,
  TaskGroup,
  TokenBucketRateLimiter,
  wrapFetch,
} from 'millrace';

/** What a crawl has come to. */
export interface Crawl {
  /** Titles by path. */
  titles: Map<string, string>;
  /** What could not be fetched in the end, and why. */
  failed: Map<string, unknown>;
  limiter: LimiterMetrics;
  breaker: CircuitBreakerMetrics;
  retry: RetryMetrics;
}

/** How it is done. */
export interface CrawlOptions {
  /** Requests per second. */
  rate: number;
  /** Pages at once. */
  concurrency: number;
  /** Milliseconds to wait for an answer. */
  patience: number;
}

/** Fetches all pages that can be reached. */
export async function crawl(site: string, { rate, concurrency, patience }: CrawlOptions): Promise<Crawl> {
  using limiter = new TokenBucketRateLimiter({
    capacity: Math.ceil(rate / 10),
    refillRate: rate,
    refillInterval: 1000,
  });
  // Whoever finds it half-open is told to come back when the probe must be over, so that must be soon.
  using breaker = new CircuitBreaker({
    failureThreshold: 5,
    recoveryTimeout: 300,
    timeout: patience,
    probeLease: patience * 2,
  });
  // Patient enough to sit out an open breaker: what that refuses says when to come back, and counts as an attempt.
  using retry = new RetryExecutor(new RetryPolicy({ maxAttempts: 20, initialDelay: 50, maxDelay: 1000 }));
  // From the outside in: each attempt asks the limiter, then the breaker, which gives it its time.
  const ask = wrapFetch(fetch, policy(retry, limited(limiter), breaker));

  const titles = new Map<string, string>();
  const failed = new Map<string, unknown>();
  const seen = new Set<string>();
  await using group = new TaskGroup({ limit: concurrency });

  async function visit(path: string): Promise<void> {
    try {
      const response = await ask(`${site}${path}`);
      if (!response.ok) throw new Error(`status ${response.status}`);
      const html = await response.text();
      titles.set(path, /<title>(.*?)<\/title>/.exec(html)?.[1] ?? '');
      for (const [, link] of html.matchAll(/href="([^"]+)"/g)) follow(link as string);
    } catch (error) {
      failed.set(path, error);
    }
  }

  function follow(path: string): void {
    if (seen.has(path)) return;
    seen.add(path);
    group.go(() => visit(path));
  }

  follow('/page/0');
  await group.wait();
  return {
    titles,
    failed,
    limiter: limiter.getMetrics(),
    breaker: breaker.getMetrics(),
    retry: retry.getMetrics(),
  };
}
