/** How a value travels; the numbers are those of `src/codec.rs`. */
export const kind = {
  undefined: 0,
  null: 1,
  boolean: 2,
  number: 3,
  /** A string of characters below 256, one byte each. */
  latin1: 4,
  /** Any other string, two bytes a character, low one first. */
  utf16: 5,
  /** Everything else the codec knows, as a tagged stream. */
  graph: 6,
  /** A value that only the platform can clone; the number names it. */
  side: 7,
  /** One whose thread has ended. */
  lost: 8,
} as const;

/** What stands before each value of a graph. */
export const tag = {
  undefined: 0,
  null: 1,
  true: 2,
  false: 3,
  int: 4,
  double: 5,
  latin1: 6,
  utf16: 7,
  bigint: 8,
  object: 9,
  array: 10,
  sparse: 11,
  date: 12,
  regexp: 13,
  map: 14,
  set: 15,
  boxed: 16,
  buffer: 17,
  attachment: 18,
  view: 19,
  reference: 20,
  error: 21,
} as const;

/** The views of a buffer, by the number that stands for them. */
export const viewNames = [
  'DataView',
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
  'Float16Array',
] as const;

/** Binary bodies from this size on travel apart, copied once in and once out. */
export const attachmentSize = 16_384;

/** The error classes that structured clone tells apart; any other arrives as `Error`. */
export const errorNames = [
  'Error',
  'EvalError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
  'URIError',
] as const;
