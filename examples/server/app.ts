/** The application: what it answers, and what stands before that. */
import { createServer, type Server } from 'node:http';
import express, { type ErrorHandler } from 'express5';
import {
  BulkheadCircuitBreaker,
  FixedWorkerPool,
  type GracefulShutdown,
  gracefulShutdown,
  isMillraceError,
  PatternRegistry,
} from 'millrace';
import { rateLimit } from 'millrace/express';
import type { Job } from './work.js';

/** How it is set up. */
export interface Settings {
  /** Worker threads. */
  workers: number;
  /** Requests of one client in a minute. */
  limit: number;
  /** Calls to the pool at once; as many again may wait for half a second. */
  concurrent: number;
  /** Milliseconds that a shutdown may take. */
  timeout: number;
}

const busy = new Set(['ERR_BULKHEAD_FULL', 'ERR_POOL_CLOSED', 'ERR_BULKHEAD_CLOSED']);

/** Refusals are answers too: 503, and come back later. */
const refused: ErrorHandler = (error, _request, response, next) => {
  if (!isMillraceError(error) || !busy.has(error.code)) return next(error);
  response.status(503).setHeader('Retry-After', '1');
  response.json({ error: error.code });
};

/** Makes the server and what it stands on. */
export function makeServer({ workers, limit, concurrent, timeout }: Settings): {
  server: Server;
  life: GracefulShutdown;
} {
  const pool = new FixedWorkerPool<Job, string | number>(workers, {
    name: 'work',
    processor: new URL('./work.js', import.meta.url),
  });
  const bulkhead = new BulkheadCircuitBreaker({
    name: 'work',
    maxConcurrentCalls: concurrent,
    maxWaitTime: 500,
    enableQueue: true,
    maxQueue: concurrent,
  });
  const registry = PatternRegistry.getInstance();
  registry.register(pool, { name: 'pool' });
  registry.register(bulkhead, { name: 'bulkhead', dependsOn: ['pool'] });
  const submit = (job: Job): Promise<string | number> =>
    bulkhead.call(({ signal }) => pool.submit(job, signal && { signal }));

  const app = express();
  const server = createServer(app);
  const life = gracefulShutdown({ servers: [server], timeout });

  app.get('/ready', (_request, response) => {
    response.status(life.shuttingDown ? 503 : 200).json({ ready: !life.shuttingDown });
  });
  app.get('/metrics', (_request, response) => response.json(registry.getGlobalMetrics()));
  app.use(rateLimit({ windowMs: 60_000, limit, standardHeaders: 'draft-8' }) as never);
  app.get('/hash/:password', async ({ params, query }, response) => {
    const rounds = Math.min(Number(query['rounds'] ?? 10_000) || 1, 10_000_000);
    const job: Job = { kind: 'hash', password: params['password'] ?? '', salt: query['salt'] ?? '', rounds };
    response.json({ hash: await submit(job) });
  });
  app.get('/primes/:below', async ({ params }, response) => {
    const below = Number(params['below']);
    if (!Number.isInteger(below) || below < 0 || below > 1e8)
      response.status(400).json({ error: 'up to 100000000' });
    else response.json({ primes: await submit({ kind: 'primes', below }) });
  });
  app.use(refused);
  return { server, life };
}
