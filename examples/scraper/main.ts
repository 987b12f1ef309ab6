/**
 * Scrapes a site whose server fails, stalls, refuses and hangs up, until every page is there: limiter, breaker, retry and time limit in one
 * policy. `node build/examples/scraper/main.js [--pages N] [--flaky N] [--rate N] [--json]`.
 */
import { read, run, whole } from '../command-line.js';
import { type Crawl, crawl } from './scrape.js';
import { type Site, startSite } from './server.js';

const usage = `Scrapes a flaky site of its own: main [options]
  --pages N        how many pages it has (60)
  --flaky N        requests among 100 that go wrong (30)
  --rate N         requests per second that are sent at most (50)
  --concurrency N  pages that are fetched at once (8)
  --patience N     milliseconds to wait for an answer (250)
  --seed N         what the server's moods begin with (1)
  --json           the figures as JSON
`;

function render(
  pages: number,
  seconds: number,
  site: Site,
  { titles, failed, limiter, breaker, retry }: Crawl,
): string {
  const opened = breaker.history.filter(({ to }) => to === 'open').length;
  const { page, failure, stall, busy, reset, outage } = site.fates;
  return [
    `${titles.size} of ${pages} pages in ${seconds.toFixed(2)} s, ${failed.size} given up`,
    `server:  ${page} pages, ${failure} failures, ${stall} stalls, ${busy} times too busy, ${reset} resets, ${outage} down`,
    `retry:   ${retry.calls} calls, ${retry.attempts} attempts, ${retry.retries} retries, ` +
      `${(retry.timeWaiting / 1000).toFixed(1)} s of waiting; at once ${retry.successesByAttempt[0]}, later ${retry.successes - (retry.successesByAttempt[0] ?? 0)}`,
    `breaker: ${breaker.successes} successes, ${breaker.failures} failures of which ${breaker.timeouts} too late, ` +
      `opened ${opened} times, ${breaker.rejections} calls refused`,
    `limiter: ${limiter.allowed} let pass, ${limiter.waited} of them after waiting, ${limiter.waitedMax.toFixed(0)} ms at most`,
  ].join('\n');
}

await run(usage, async () => {
  const text = { type: 'string' } as const;
  const { values } = read({
    pages: text,
    flaky: text,
    rate: text,
    concurrency: text,
    patience: text,
    seed: text,
    json: { type: 'boolean' },
  });
  const pages = whole('pages', values.pages, 1, 1e6, 60);
  const flaky = whole('flaky', values.flaky, 0, 95, 30);
  const options = {
    rate: whole('rate', values.rate, 1, 1e6, 50),
    concurrency: whole('concurrency', values.concurrency, 1, 1000, 8),
    patience: whole('patience', values.patience, 1, 60_000, 250),
  };
  const site = await startSite(pages, flaky / 100, whole('seed', values.seed, 1, 2 ** 31 - 1, 1));
  const began = performance.now();
  const result = await crawl(site.url, options);
  const seconds = (performance.now() - began) / 1000;
  site.close();
  const { titles, failed, ...parts } = result;
  const figures = {
    pages,
    fetched: titles.size,
    failed: [...failed.keys()],
    seconds,
    server: site.fates,
    ...parts,
  };
  process.stdout.write(
    `${values.json === true ? JSON.stringify(figures, null, 2) : render(pages, seconds, site, result)}\n`,
  );
  if (titles.size < pages) process.exitCode = 1;
});
