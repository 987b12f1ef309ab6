/** Which errors say that a server has too much to do. */

/** Refusals and time-outs, of this package and of what calls servers in Node. */
const codes = new Set([
  'ERR_TIMEOUT',
  'ERR_TASK_TIMEOUT',
  'ERR_QUEUE_FULL',
  'ERR_BULKHEAD_FULL',
  'ERR_ADAPTIVE_LIMIT',
  'ERR_LOAD_SHED',
  'ETIMEDOUT',
  'ESOCKETTIMEDOUT',
  'ECONNREFUSED',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);
const statuses = new Set([429, 503, 504]);

/** Whether an error, or its cause, is a time-out, a refusal, or an answer of 429, 503 or 504. @internal */
export function isDropByDefault(error: unknown, depth = 0): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { name, code, status, statusCode, cause } = error as Record<string, unknown>;
  if (name === 'TimeoutError' || codes.has(code as string)) return true;
  if (statuses.has(status as number) || statuses.has(statusCode as number)) return true;
  return depth < 3 && isDropByDefault(cause, depth + 1);
}
