/**
 * What a worker's code throws, on its way to the submitter: class name, message, own properties, cause, both as far as they
 * can be cloned, and the worker's stack.
 */
import { type CapturedOutput, errorFrom, isMillraceError } from './errors.js';
import { encoded, put } from './values.js';

/** An error as plain data. */
export interface Packed {
  thrown?: unknown;
  name?: string;
  className?: string;
  message?: string;
  stack?: string;
  /** It is one of the package's own errors. */
  ours?: boolean;
  own?: Record<string, unknown>;
  cause?: Packed;
  errors?: Packed[];
  output?: CapturedOutput;
}

/** Causes and parts deeper than this are left out: somebody builds them in a circle. */
const maxDepth = 8;

function clonable(value: unknown): boolean {
  try {
    return put(value);
  } catch {
    return false;
  }
}

/** Takes an error, or whatever was thrown, apart. Never throws, whatever the error's properties do. */
export function pack(thrown: unknown, depth = 0): Packed {
  try {
    if (!(thrown instanceof Error)) return { thrown: clonable(thrown) ? thrown : String(thrown) };
    const packed: Packed = {
      name: String(thrown.name),
      className: thrown.constructor.name,
      message: String(thrown.message),
    };
    if (isMillraceError(thrown)) packed.ours = true;
    if (typeof thrown.stack === 'string') packed.stack = thrown.stack;
    for (const key of Object.keys(thrown)) {
      if (key === 'name' || key === 'message' || key === 'stack' || key === 'cause' || key === 'errors')
        continue;
      const value = (thrown as unknown as Record<string, unknown>)[key];
      if (clonable(value)) (packed.own ??= {})[key] = value;
    }
    if (depth < maxDepth) {
      if ('cause' in thrown) packed.cause = pack(thrown.cause, depth + 1);
      if ('errors' in thrown && Array.isArray(thrown.errors)) {
        packed.errors = thrown.errors.map((part) => pack(part, depth + 1));
      }
    }
    return packed;
  } catch (failure) {
    return { name: 'Error', message: `a thrown value that cannot be described: ${String(failure)}` };
  }
}

const builtIn: Record<string, new (message?: string) => Error> = {
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};

/** Puts an error together again: an instance of the built-in class of its name, or an `Error` that bears its name. */
export function unpack(packed: Packed): unknown {
  if (typeof packed !== 'object' || packed === null) return packed;
  if (packed.name === undefined) return packed.thrown;
  const message = packed.message ?? '';
  const Type = builtIn[packed.className ?? ''] ?? builtIn[packed.name];
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  let error: Error;
  if (Type !== undefined) error = new Type(message);
  else if (packed.errors !== undefined) error = new AggregateError([], message);
  else if (packed.ours === true) error = errorFrom(String(packed.own?.['code']), message);
  else error = new Error(message);
  Error.stackTraceLimit = limit;
  const hidden = (key: string, value: unknown): void => {
    Object.defineProperty(error, key, { value, writable: true, enumerable: false, configurable: true });
  };
  const name = packed.name === 'Error' && packed.className ? packed.className : packed.name;
  if (error.name !== name) hidden('name', name);
  hidden('stack', packed.stack ?? `${name}: ${message}`);
  if (packed.own !== undefined) {
    for (const [key, value] of Object.entries(packed.own)) {
      Object.defineProperty(error, key, { value, writable: true, enumerable: true, configurable: true });
    }
  }
  if (packed.cause !== undefined) hidden('cause', unpack(packed.cause));
  if (packed.errors !== undefined) hidden('errors', packed.errors.map(unpack));
  return error;
}

/** An error as bytes, for native code to keep until somebody must be told. */
export function packBytes(thrown: unknown, output?: CapturedOutput): Uint8Array | undefined {
  const packed = pack(thrown);
  if (output !== undefined) packed.output = output;
  try {
    return encoded(packed);
  } catch {
    return encoded({ name: packed.name, message: packed.message, stack: packed.stack });
  }
}
