/** Timers without the platform's limit, beyond which they would ring at once. */

/** The longest that a timer of the platform waits. */
const longest = 2 ** 31 - 1;

/** Calls after so many milliseconds, unless what this gives is called before. It keeps the event loop alive. */
export function alarm(ms: number, ring: () => void): () => void {
  let timer: NodeJS.Timeout;
  const wait = (left: number): void => {
    if (left <= longest) timer = setTimeout(ring, left);
    else timer = setTimeout(() => wait(left - longest), longest);
  };
  wait(ms);
  return () => clearTimeout(timer);
}
