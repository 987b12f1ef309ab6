/** A site of pages that link to one another, on a server that fails in all the ways that servers do. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How requests are treated. */
export type Fate = 'page' | 'failure' | 'stall' | 'busy' | 'reset' | 'outage';

/** The site, and what it has done. */
export interface Site {
  readonly url: string;
  readonly fates: Record<Fate, number>;
  close(): void;
}

/** Numbers from 0 to 1 that look like chance and are always the same for a seed. */
function chance(seed: number): () => number {
  let state = seed || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

function page(number: number, pages: number): string {
  const links = [number * 2 + 1, number * 2 + 2, (number * 7 + 3) % pages].filter((link) => link < pages);
  const anchors = links.map((link) => `<a href="/page/${link}">page ${link}</a>`);
  return `<title>Page ${number}</title><h1>Page ${number}</h1>${anchors.join('')}`;
}

/**
 * Starts it.
 *
 * @param pages - How many pages there are.
 * @param flakiness - The share of requests that go wrong, from 0 to 1.
 * @param seed - What its moods begin with.
 */
export async function startSite(pages: number, flakiness: number, seed: number): Promise<Site> {
  const next = chance(seed);
  const fates: Record<Fate, number> = { page: 0, failure: 0, stall: 0, busy: 0, reset: 0, outage: 0 };
  let asked = 0;

  const fateOf = (): Fate => {
    asked++;
    // For a while everything fails: that is what breakers are for.
    if (flakiness > 0 && asked > 10 && asked <= 18) return 'outage';
    if (next() >= flakiness) return 'page';
    return (['failure', 'stall', 'busy', 'reset'] as const)[Math.floor(next() * 4)] as Fate;
  };

  const answers: Record<Fate, (response: ServerResponse, number: number) => void> = {
    page: (response, number) => response.setHeader('Content-Type', 'text/html').end(page(number, pages)),
    failure: (response) => response.writeHead(500).end('it broke'),
    // It never answers: whoever asks must know how long to wait.
    stall: () => undefined,
    busy: (response) => response.writeHead(429, { 'Retry-After': '1' }).end('too many requests'),
    reset: (response) => response.destroy(),
    outage: (response) => response.writeHead(503).end('down'),
  };

  const server = createServer((request, response) => {
    const number = Number(/^\/page\/(\d+)$/.exec(request.url ?? '')?.[1] ?? Number.NaN);
    if (!(number < pages)) {
      response.writeHead(404).end();
      return;
    }
    const fate = fateOf();
    fates[fate]++;
    answers[fate](response, number);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, fates, close };
}
