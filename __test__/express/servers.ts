/** Real servers, and real requests to them over loopback. */

import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { after } from 'node:test';
import type { RateLimitNext, RateLimitRequest, RateLimitResponse } from 'millrace/express';

type Handler = (request: RateLimitRequest, response: ExpressResponse, next: RateLimitNext) => unknown;

/** What Express adds to a response. */
export interface ExpressResponse extends RateLimitResponse {
  status(code: number): this;
  send(body?: unknown): this;
}

/** As much of an Express application as the tests need. */
export interface App {
  (request: IncomingMessage, response: ServerResponse): void;
  use(...handlers: Handler[]): App;
  get(path: string, ...handlers: Handler[]): App;
  set(name: string, value: unknown): App;
}

const require = createRequire(import.meta.url);
/** The two versions of Express. */
export const versions: Record<'express4' | 'express5', () => App> = {
  express4: require('express4') as () => App,
  express5: require('express5') as () => App,
};

const open = new Set<Server>();
after(() => {
  for (const server of open) {
    server.close();
    server.closeAllConnections();
  }
});

/** Starts a server, and gives its port. */
export async function listen(app: RequestListener, host = '127.0.0.1'): Promise<number> {
  const server = createServer(app);
  open.add(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return (server.address() as AddressInfo).port;
}

/** An answer. */
export interface Answered {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/** Asks a server. */
export function ask(port: number, path = '/', headers: Record<string, string> = {}): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const asking = request({ port, path, headers, host: '127.0.0.1', agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
    });
    asking.on('error', reject).end();
  });
}

/** The statuses of so many requests, one after the other. */
export async function statuses(port: number, count: number, path = '/'): Promise<number[]> {
  const all: number[] = [];
  for (let at = 0; at < count; at++) all.push((await ask(port, path)).status);
  return all;
}
