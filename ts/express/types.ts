/** What requests, responses and stores are, in the shapes that Express, Connect and express-rate-limit have. */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** A request: of Express, or of any server built on `node:http`. */
export interface RateLimitRequest extends IncomingMessage {
  /** The client's address, as Express has it. */
  readonly ip?: string | undefined;
}

/** A response: of Express, or of any server built on `node:http`. */
export interface RateLimitResponse extends ServerResponse {
  /** Sends a body, as Express does. */
  send?(body?: unknown): unknown;
}

/** Hands on to what comes next. */
export type RateLimitNext = (error?: unknown) => void;

/** A value, or how to find it for a request. */
export type ForRequest<T, Request, Response> =
  | T
  | ((request: Request, response: Response) => T | PromiseLike<T>);

/** How often a client has come, and when that is forgotten. */
export interface ClientRateLimitInfo {
  totalHits: number;
  resetTime: Date | undefined;
}

/** Where hits are counted: the interface of express-rate-limit's stores. */
export interface Store {
  /** Called once with the limiter's options. */
  init?(options: never): void | PromiseLike<void>;
  /** How a client stands. */
  get?(key: string): PromiseLike<ClientRateLimitInfo | undefined> | ClientRateLimitInfo | undefined;
  /** Counts a hit. */
  increment(key: string): PromiseLike<ClientRateLimitInfo> | ClientRateLimitInfo;
  /** Takes a hit back. */
  decrement(key: string): PromiseLike<void> | void;
  /** Forgets a client. */
  resetKey(key: string): PromiseLike<void> | void;
  /** Forgets all clients. */
  resetAll?(): PromiseLike<void> | void;
  /** Lets go of what it holds. */
  shutdown?(): PromiseLike<void> | void;
  /** Whether what is counted here is counted in no other store. */
  localKeys?: boolean;
  /** What stands before its keys. */
  prefix?: string;
}

/** What a request finds as `request.rateLimit`. */
export interface RateLimitInfo {
  /** Hits per window. */
  limit: number;
  /** Hits in this window, this one included. */
  used: number;
  /** What is left. */
  remaining: number;
  /** When the window ends. */
  resetTime: Date | undefined;
  /** The client. */
  key: string;
}

/** Where what goes wrong is told. */
export interface RateLimitLogger {
  error(error: unknown, message?: string): void;
  warn(error: unknown, message?: string): void;
}

/** The drafts of the standard headers. */
export type DraftHeaders = 'draft-6' | 'draft-7' | 'draft-8';
