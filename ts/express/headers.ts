/** How a client is told its limit. */
import { createHash } from 'node:crypto';
import type { DraftHeaders, RateLimitInfo, RateLimitResponse } from './types.js';

/** Whole seconds until the window ends, rounded up. */
function resetSeconds({ resetTime }: RateLimitInfo, windowMs: number): number {
  const ms = resetTime === undefined ? windowMs : resetTime.getTime() - Date.now();
  return Math.max(0, Math.ceil(ms / 1000));
}

/** `X-RateLimit-*`: the reset is seconds since 1970. @internal */
export function setLegacyHeaders(response: RateLimitResponse, info: RateLimitInfo): void {
  response.setHeader('X-RateLimit-Limit', String(info.limit));
  response.setHeader('X-RateLimit-Remaining', String(info.remaining));
  if (info.resetTime === undefined) return;
  // So that a client whose clock is wrong can tell how long it is.
  response.setHeader('Date', new Date().toUTCString());
  response.setHeader('X-RateLimit-Reset', String(Math.ceil(info.resetTime.getTime() / 1000)));
}

/** A client's key without the key: 16 characters that tell clients apart. */
function partition(key: string): string {
  return createHash('sha256').update(key).digest().subarray(0, 12).toString('base64');
}

/** The headers of the IETF's draft. @internal */
export function setStandardHeaders(
  response: RateLimitResponse,
  draft: DraftHeaders,
  info: RateLimitInfo,
  windowMs: number,
  name: string,
): void {
  const { limit, remaining, key } = info;
  const window = Math.ceil(windowMs / 1000);
  const reset = resetSeconds(info, windowMs);
  if (draft === 'draft-8') {
    // Several limiters may each have a say.
    response.appendHeader('RateLimit', `"${name}"; r=${remaining}; t=${reset}`);
    response.appendHeader('RateLimit-Policy', `"${name}"; q=${limit}; w=${window}; pk=:${partition(key)}:`);
    return;
  }
  response.setHeader('RateLimit-Policy', `${limit};w=${window}`);
  if (draft === 'draft-7') {
    response.setHeader('RateLimit', `limit=${limit}, remaining=${remaining}, reset=${reset}`);
    return;
  }
  response.setHeader('RateLimit-Limit', String(limit));
  response.setHeader('RateLimit-Remaining', String(remaining));
  response.setHeader('RateLimit-Reset', String(reset));
}

/** When one who is refused may come again. @internal */
export function setRetryAfter(response: RateLimitResponse, info: RateLimitInfo, windowMs: number): void {
  response.setHeader('Retry-After', String(resetSeconds(info, windowMs)));
}

/** What a policy is called if nobody says: `100-in-15min`. @internal */
export function policyName(limit: number, windowMs: number): string {
  const units = [
    [86_400_000, 'day'],
    [3_600_000, 'hr'],
    [60_000, 'min'],
  ] as const;
  const [ms, unit] = units.find(([ms]) => windowMs >= ms) ?? [1000, 'sec'];
  const count = windowMs / ms;
  const plural = count > 1 && (unit === 'day' || unit === 'hr') ? 's' : '';
  return `${limit}-in-${count}${unit}${plural}`;
}
