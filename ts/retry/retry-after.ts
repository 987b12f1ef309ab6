/** When the other side has said to come back: on errors and responses of ours, fetch's, undici's and axios's shapes. */

type Headers = Record<string, unknown> | { get(name: string): unknown } | readonly unknown[];

/** Milliseconds that a `Retry-After` header asks for: seconds, or a date. `undefined` if it is neither. */
export function parseRetryAfter(header: unknown, now: number = Date.now()): number | undefined {
  const text = String(Array.isArray(header) ? header[0] : header).trim();
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  // What Date.parse takes for a date is generous: `-1` is one.
  if (!/^[A-Za-z]{3,9},? |^\d{4}-\d\d-\d\d/.test(text)) return undefined;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function header(headers: Headers): unknown {
  if (typeof (headers as { get?: unknown }).get === 'function')
    return (headers as { get(name: string): unknown }).get('retry-after');
  // Undici's raw ones: name, value, name, value.
  if (Array.isArray(headers)) {
    const at = headers.findIndex((name, i) => i % 2 === 0 && /^retry-after$/i.test(String(name)));
    return at < 0 ? undefined : headers[at + 1];
  }
  const name = Object.keys(headers).find((key) => key.toLowerCase() === 'retry-after');
  return name === undefined ? undefined : (headers as Record<string, unknown>)[name];
}

/** Milliseconds after which a failure, or a response, wants to be tried again; `undefined` if it does not say. Never throws. */
export function retryAfterOf(failure: unknown): number | undefined {
  if (typeof failure !== 'object' || failure === null) return undefined;
  try {
    const { retryAfter, headers, response } = failure as {
      retryAfter?: unknown;
      headers?: Headers;
      response?: { headers?: Headers };
    };
    if (typeof retryAfter === 'number' && retryAfter >= 0) return retryAfter;
    for (const some of [headers, response?.headers]) {
      if (typeof some !== 'object' || some === null) continue;
      const value = header(some);
      const after = value === undefined || value === null ? undefined : parseRetryAfter(value);
      if (after !== undefined) return after;
    }
  } catch {
    // Somebody's getter: it says nothing.
  }
  return undefined;
}
