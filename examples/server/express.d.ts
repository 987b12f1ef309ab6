/** As much of Express as the example needs. In an application of your own it is `express`, with `@types/express`. */
declare module 'express5' {
  import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

  export interface Request extends IncomingMessage {
    params: Record<string, string>;
    query: Record<string, string | undefined>;
    ip?: string;
  }

  export interface Response extends ServerResponse {
    status(code: number): this;
    json(body: unknown): this;
  }

  export type Next = (error?: unknown) => void;
  export type Handler = (request: Request, response: Response, next: Next) => unknown;
  export type ErrorHandler = (error: unknown, request: Request, response: Response, next: Next) => unknown;

  export interface Application extends RequestListener {
    get(path: string, ...handlers: Handler[]): this;
    use(...handlers: (Handler | ErrorHandler)[]): this;
  }

  export default function express(): Application;
}
