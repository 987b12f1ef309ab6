/** Tells apart, as structured clone does, what looks alike from outside. */
import { types } from 'node:util';

const typedArrayTag = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype) as object,
  Symbol.toStringTag,
)?.get as (this: unknown) => string | undefined;

/** The class name of a typed array or `DataView`, whatever it was subclassed to. */
export function viewName(view: ArrayBufferView): string {
  return typedArrayTag.call(view) ?? 'DataView';
}

const plain = new WeakMap<object, boolean>();

/**
 * Whether instances of this class arrive as plain objects. Only the platform knows which classes it clones in its own
 * way, so the first instance of each is tried; what cannot be cloned at all throws the platform's error.
 */
export function arrivesPlain(value: object, prototype: object): boolean {
  const known = plain.get(prototype);
  if (known !== undefined) return known;
  const clone: unknown = structuredClone(value);
  const verdict =
    typeof clone === 'object' && clone !== null && Object.getPrototypeOf(clone) === Object.prototype;
  plain.set(prototype, verdict);
  return verdict;
}

/** Whether this runtime's structured clone keeps of errors what the codec keeps: message, stack and cause. */
export const errorsAreOurs: boolean = (() => {
  try {
    const error = new TypeError('m', { cause: 1 });
    const clone = structuredClone(error);
    const names = Object.getOwnPropertyNames(clone).sort().join();
    return clone instanceof TypeError && clone.stack === error.stack && names === 'cause,message,stack';
  } catch {
    return false;
  }
})();

/** Throws what structured clone throws for a value that cannot be cloned. */
export function refuse(value: unknown): never {
  structuredClone(value);
  throw new DOMException('a value could not be cloned.', 'DataCloneError');
}

export { types };
