/**
 * An Express server whose CPU work runs in a worker pool behind a bulkhead, limited by client, and which ends well:
 * `node build/examples/server/main.js [--port N] [--workers N] [--limit N] [--concurrent N] [--timeout MS]`, then
 * `curl localhost:3000/primes/1000000`, and Ctrl-C.
 */
import type { AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { read, run, whole } from '../command-line.js';
import { makeServer } from './app.js';

const usage = `Serves hashes and primes, worked out in threads: main [options]
  --port N        where it listens; 0 for any (3000)
  --workers N     worker threads (as many as there are cores)
  --limit N       requests of one client in a minute (100)
  --concurrent N  calls to the workers at once; as many again may wait (twice as many as there are workers)
  --timeout MS    how long a shutdown may take (10000)

  GET /hash/PASSWORD?salt=…&rounds=…   GET /primes/BELOW   GET /ready   GET /metrics
`;

await run(usage, async () => {
  const text = { type: 'string' } as const;
  const { values } = read({ port: text, workers: text, limit: text, concurrent: text, timeout: text });
  const workers = whole('workers', values.workers, 1, 1024, availableParallelism());
  const { server } = makeServer({
    workers,
    limit: whole('limit', values.limit, 1, 1e9, 100),
    concurrent: whole('concurrent', values.concurrent, 1, 10_000, workers * 2),
    timeout: whole('timeout', values.timeout, 0, 2 ** 31 - 1, 10_000),
  });
  server.listen(whole('port', values.port, 0, 65_535, 3000), () => {
    process.stdout.write(`listening on port ${(server.address() as AddressInfo).port}\n`);
  });
  server.on('close', () => process.stdout.write('all requests are answered\n'));
});
