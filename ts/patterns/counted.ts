/** Who is told that a pattern has counted something. */
const listeners = new WeakMap<object, Set<() => void>>();

/** Calls a listener whenever the pattern has counted, until the function that it gives is called. */
export function onCounted(pattern: object, listener: () => void): () => void {
  const all = listeners.get(pattern) ?? new Set();
  listeners.set(pattern, all);
  all.add(listener);
  return () => void all.delete(listener);
}

/** The pattern has counted. */
export function counted(pattern: object): void {
  const all = listeners.get(pattern);
  if (all !== undefined) for (const listener of all) listener();
}
