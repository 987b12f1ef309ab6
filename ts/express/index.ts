/**
 * Rate limits for Express 4 and 5 that all threads share, with express-rate-limit's options.
 *
 * @packageDocumentation
 */

export type { CheckName, Validate } from './checks.js';
export { RateLimitValidationError } from './checks.js';
export { ipKeyGenerator } from './ip-key.js';
export type { RateLimitOptions } from './options.js';
export type { RateLimitMiddleware } from './rate-limit.js';
export { rateLimit, rateLimit as default } from './rate-limit.js';
export type { MillraceStoreOptions } from './store.js';
export { MillraceStore } from './store.js';
export type {
  ClientRateLimitInfo,
  DraftHeaders,
  ForRequest,
  RateLimitInfo,
  RateLimitLogger,
  RateLimitNext,
  RateLimitRequest,
  RateLimitResponse,
  Store,
} from './types.js';
