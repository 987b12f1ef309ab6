/** An Express server with the limiter that it is told. */
import { parentPort, workerData } from 'node:worker_threads';
import express from 'express';

const app = express();
const options = { windowMs: 60_000, limit: 1e9, standardHeaders: 'draft-8', legacyHeaders: false };
if (workerData === 'millrace') app.use((await import('millrace/express')).rateLimit(options));
if (workerData === 'express-rate-limit') app.use((await import('express-rate-limit')).rateLimit(options));
app.get('/', (_request, response) => {
  response.end('hello');
});
const server = app.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
